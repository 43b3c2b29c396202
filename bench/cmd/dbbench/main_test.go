package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/bench/dbbench"
)

func TestMain(m *testing.M) {
	if dbbench.Follow() {
		return
	}
	os.Exit(m.Run())
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-rounds 0", "-millis 0", "-saves 0", "-pushes 0", "-run (", "more"} {
		if err := measure(t.Context(), strings.Fields(args)); err == nil {
			t.Errorf("dbbench %s succeeded", args)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	doc := filepath.Join(dir, "doc.md")
	const before, after = "# Speed\n<!-- dbbench: begin; written by bench/cmd/dbbench -->\n", "<!-- dbbench: end -->\nMore.\n"
	if err := os.WriteFile(doc, []byte(before+"What was.\n"+after), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := measure(t.Context(), []string{"-rounds", "1", "-millis", "1", "-run", "sqlite get", "-write", doc}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || strings.Count(got, "\n| sqlite: Get |") != 1 || strings.Contains(got, "What was") {
		t.Errorf("written:\n%s", got)
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "doc-databases.svg")); err != nil || !strings.HasSuffix(string(svg), "</svg>\n") {
		t.Errorf("chart %q, %v", svg, err)
	}
}
