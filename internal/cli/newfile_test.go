package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWriteNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := writeNew(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over a file: %v, want %v", err, fs.ErrExist)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("the file has %q, %v", got, err)
	}
	missing := filepath.Join(dir, "none", "a")
	fault, ok := errors.AsType[*fs.PathError](writeNew(missing, nil))
	if !ok || fault.Path != missing || !errors.Is(fault, fs.ErrNotExist) {
		t.Errorf("without a folder: %v", fault)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 1 {
		t.Errorf("%v, %v is left in the folder, want the one file", list, err)
	}
}

func TestMakeFolders(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "a", "b")
	made, err := makeFolders(b)
	if err != nil || !slices.Equal(made, []string{a, b}) {
		t.Errorf("makeFolders = %q, %v", made, err)
	}
	if made, err = makeFolders(b); err != nil || len(made) != 0 {
		t.Errorf("of what is there: %q, %v", made, err)
	}
	if err := os.WriteFile(filepath.Join(b, "f"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	made, err = makeFolders(filepath.Join(b, "f", "g", "h"))
	if _, ok := errors.AsType[*inTheWay](err); !ok || len(made) != 0 {
		t.Errorf("below a file: %q, %v", made, err)
	}
}

// TestSetupUndo stops init in the middle: what it has made goes, what somebody
// else has put there stays.
func TestSetupUndo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s := &setup{dir: dir}
	s.add("x/first", "1", "")
	s.add("y/second", "2", "")
	s.add("file", "3", "")
	if err := s.write(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "y", "mine"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	s.undo()
	for name, want := range map[string]bool{"x": false, "y/second": false, "y/mine": true, "file": true} {
		if _, err := os.Lstat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s is there: %t, want %t", name, err == nil, want)
		}
	}
}
