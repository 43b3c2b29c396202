package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-rounds 0", "-slice 0s", "-run (", "-show nothing", "more"} {
		if err := measure(t.Context(), strings.Fields(args), &bytes.Buffer{}); err == nil {
			t.Errorf("langbench %s succeeded", args)
		}
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := measure(t.Context(), []string{"-show", "liquid"}, &out); err != nil || !strings.Contains(out.String(), "{% for p in people %}") {
		t.Errorf("-show liquid: %v\n%s", err, out.String())
	}
	out.Reset()
	args := []string{"-run", "WE.*append", "-rounds", "1", "-slice", "1us"}
	if err := measure(t.Context(), args, &out); err != nil || !strings.Contains(out.String(), "\n| WE, beside expr-lang | ") {
		t.Errorf("%q: %v\n%s", args, err, out.String())
	}
	doc := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(doc, []byte("<!-- langbench: begin; written by bench/cmd/langbench -->\n<!-- langbench: end -->\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := measure(t.Context(), append(args, "-write", doc), &out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); !strings.Contains(got, "\n| WE, a condition | ") || strings.Contains(got, doc) {
		t.Errorf("written:\n%s", got)
	}
}
