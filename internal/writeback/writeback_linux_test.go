package writeback

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOrdered(t *testing.T) {
	t.Parallel()
	for dir, want := range map[string]bool{"/proc": false, filepath.Join(t.TempDir(), "none"): false, "/dev/shm": true} {
		var fs unix.Statfs_t
		if want && (unix.Statfs(dir, &fs) != nil || int64(fs.Type) != unix.TMPFS_MAGIC) {
			continue // not here
		}
		if got := Ordered(dir); got != want {
			t.Errorf("Ordered(%s) = %v, want %v", dir, got, want)
		}
	}
	dir := t.TempDir()
	first := Ordered(dir)
	if again := Ordered(dir); again != first {
		t.Errorf("Ordered(%s) = %v, then %v", dir, first, again)
	}
}

// TestAwait is about what can be seen without pulling the plug: that it works on
// any file, also where the system has to flush instead, and tells of errors.
func TestAwait(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("text"); err != nil {
		t.Fatal(err)
	}
	Start(f)
	if err := Await(f); err != nil {
		t.Errorf("Await = %v", err)
	}
	f.Close()
	if err := Await(f); err == nil {
		t.Error("Await of a closed file succeeded")
	}
}
