package fsstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-prompty/prompty"
)

// TestReloadErrorsSayWhere edits a file so that it no longer parses: the engine
// goes on with the version before and names the place in the file.
func TestReloadErrorsSayWhere(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	file := filepath.Join(dir, "page.prompty")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir, Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan *prompty.ReloadError, 10)
	se := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{
		Storage: s, OnReloadError: func(err *prompty.ReloadError) { heard <- err },
	})
	defer se.Close()
	write("---\ntags: [a]\n---\ngood")
	if out, err := se.Execute(ctx, "page", nil); err != nil || out != "good" {
		t.Fatalf("Execute = %q, %v", out, err)
	}
	write("---\ntags:\n  - a\n  - b\ndescription: x\n---\nline\n  {~prompty.vra /~}\n")
	if err := se.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if out, err := se.Execute(ctx, "page", nil); err != nil || out != "good" {
		t.Fatalf("Execute after a bad edit = %q, %v, want the version before", out, err)
	}
	if told, want := <-heard, fmt.Sprintf("%s:8:3", file); told.Place != want || told.Serving != 1 {
		t.Errorf("OnReloadError heard %v, want an error at %s", told, want)
	}
	if len(heard) > 0 {
		t.Errorf("OnReloadError heard of the same version again: %v", <-heard)
	}
	if got, line, err := s.Locate(ctx, "page", 1, 1); err != nil || line != 4 || got != filepath.Join(dir, ".prompty", "versions", "page", "1.prompty") {
		t.Errorf("Locate(page, 1, 1) = %s:%d, %v, want line 4 of the version's file", got, line, err)
	}
	if _, _, err := s.Locate(ctx, "page", 3, 1); !errors.Is(err, prompty.ErrVersionNotFound) {
		t.Errorf("Locate(page, 3) = %v, want ErrVersionNotFound", err)
	}
	if _, _, err := s.Locate(ctx, "../page", 1, 1); !errors.Is(err, prompty.ErrInvalidName) {
		t.Errorf("Locate(../page) = %v, want ErrInvalidName", err)
	}
}
