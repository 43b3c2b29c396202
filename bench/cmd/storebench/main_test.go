package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-rounds 0", "-files 1", "-saves 0", "-calls 0", "-run (", "-dir none/such", "more"} {
		if err := measure(t.Context(), strings.Fields(args)); err == nil {
			t.Errorf("storebench %s succeeded", args)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	doc := filepath.Join(dir, "doc.md")
	const before, after = "# Speed\n<!-- storebench: begin; written by bench/cmd/storebench -->\n", "<!-- storebench: end -->\nMore.\n"
	if err := os.WriteFile(doc, []byte(before+"What was.\n"+after), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-files", "20", "-folders", "2", "-rounds", "1", "-run", "list", "-dir", dir, "-write", doc}
	if err := measure(t.Context(), args); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || strings.Count(got, "\n| filesystem: List") != 1 || strings.Contains(got, dir) || strings.Contains(got, "What was") {
		t.Errorf("written:\n%s", got)
	}
	if svg, err := os.ReadFile(filepath.Join(dir, "doc-storage.svg")); err != nil || !strings.HasSuffix(string(svg), "</svg>\n") {
		t.Errorf("chart %q, %v", svg, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "storebench*")); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}
