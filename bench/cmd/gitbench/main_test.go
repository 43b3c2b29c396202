package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-rounds 0", "-templates 1", "-run (", "more"} {
		if err := measure(t.Context(), strings.Fields(args)); err == nil {
			t.Errorf("gitbench %s succeeded", args)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	doc, profile := filepath.Join(dir, "doc.md"), filepath.Join(dir, "cpu")
	const before, after = "# Speed\n<!-- gitbench: begin; written by bench/cmd/gitbench -->\n", "<!-- gitbench: end -->\nMore.\n"
	if err := os.WriteFile(doc, []byte(before+after), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-templates", "110", "-commits", "30", "-rounds", "1", "-run", "warm get", "-dir", filepath.Join(dir, "repos"), "-cpuprofile", profile, "-write", doc}
	if err := measure(t.Context(), args); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	got := string(data)
	if !strings.HasPrefix(got, before) || !strings.HasSuffix(got, after) || strings.Count(got, "\n| warm Get") != 2 || strings.Contains(got, dir) {
		t.Errorf("written:\n%s", got)
	}
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("profile: %v, %v", info, err)
	}
}
