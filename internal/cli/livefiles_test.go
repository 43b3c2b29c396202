package cli

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/watch"
)

func TestWatchedFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "data.yaml")
	other := dir + "/./data.yaml" // the same, by another path
	if err := os.WriteFile(file, []byte("one"), 0o666); err != nil {
		t.Fatal(err)
	}
	w, err := watchFiles(t.Context(), &app{stdin: strings.NewReader("input")}, []string{"", file, "-", other})
	if err != nil {
		t.Fatal(err)
	}
	wantRead := func(path, want string) {
		t.Helper()
		if got, err := w.read(path, 10); err != nil || string(got) != want {
			t.Errorf("read %s = %q, %v, want %q", path, got, err, want)
		}
	}
	wantRead(file, "one")
	wantRead("-", "input")
	wantRead("-", "input") // though it is at its end
	if _, err := w.read(file, 2); err == nil {
		t.Error("a file above the limit is read")
	}

	// What is there now is not what the watch has verified: nothing changes.
	sum := sha256.Sum256([]byte("half"))
	if w.take(file, watch.Hash(sum[:16])) {
		t.Error("a content was taken that nobody verified")
	}
	wantRead(file, "one")

	if err := os.WriteFile(file, []byte("two"), 0o666); err != nil {
		t.Fatal(err)
	}
	<-w.changed
	<-w.changed
	wantRead(file, "two")
	wantRead(other, "two")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	<-w.changed
	<-w.changed
	if _, err := w.read(file, 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading a removed file: %v", err)
	}
	if err := w.close(); err != nil {
		t.Error(err)
	}
}
