package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
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

// TestSweep leaves nothing of a run that was killed, and all that is not its.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.prompty")
	killed, fresh := tempName(path), tempName(path)
	kept := []string{fresh, path, filepath.Join(dir, ".a.prompty.tmp"), filepath.Join(dir, ".notes.prompty.tmp")}
	for _, p := range append(kept, killed) {
		if err := os.WriteFile(p, []byte("old"), 0o666); err != nil {
			t.Fatal(err)
		}
		if old := time.Now().Add(-time.Hour); p != fresh {
			if err := os.Chtimes(p, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := new(app).write(t.Context(), nil, &rewrite{name: path, old: "old", new: "new"}, ""); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(kept, filepath.Join(dir, e.Name())) {
			t.Errorf("%s was left", e.Name())
		}
	}
	if len(entries) != len(kept) {
		t.Errorf("%v are left, want %v", entries, kept)
	}
}

// TestWrite saves on the version that was read, and where there are no
// conditions at all.
func TestWrite(t *testing.T) {
	t.Parallel()
	a := &app{}
	s := prompty.NewMemoryStorage()
	defer s.Close()
	for _, source := range []string{"one", "two"} {
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: source, CreatedBy: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	old, err := s.GetVersion(t.Context(), "a", 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.write(t.Context(), s, &rewrite{name: "a", new: "mine", stored: old}, ""); !errors.Is(err, prompty.ErrConflict) {
		t.Errorf("writing over a version that is not read gives %v", err)
	}
	latest, err := s.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	plain := struct{ prompty.TemplateStorage }{s}
	now, err := a.write(t.Context(), plain, &rewrite{name: "a", new: "mine", stored: latest}, "")
	if err != nil || now.Version != 3 || now.Source != "mine" || now.CreatedBy != "ann" || latest.Source != "two" {
		t.Errorf("write = %+v, %v", now, err)
	}
}
