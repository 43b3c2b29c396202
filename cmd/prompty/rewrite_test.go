package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplaceFile finds a file that somebody has written meanwhile, or that is
// gone, and leaves everything as it is.
func TestReplaceFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.prompty")
	if err := os.WriteFile(path, []byte("theirs"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(path, []byte("old"), []byte("new")); err == nil || !strings.Contains(err.Error(), "has changed meanwhile") {
		t.Errorf("replaceFile of a file that has changed gives %v", err)
	}
	if err := replaceFile(filepath.Join(dir, "gone"), nil, nil); !os.IsNotExist(err) {
		t.Errorf("replaceFile of a file that is gone gives %v", err)
	}
	if text, err := os.ReadFile(path); string(text) != "theirs" || err != nil {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if list, err := os.ReadDir(dir); len(list) != 1 || err != nil {
		t.Errorf("%v was left behind: %v", list, err)
	}
}
