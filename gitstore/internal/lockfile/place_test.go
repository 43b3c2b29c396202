//go:build unix

package lockfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
)

// A file to lock that is on another file system than the git directory.
func TestOtherFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	far, err := os.MkdirTemp("/dev/shm", "lockfile")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(far) })
	here, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	there, err := os.Stat(far)
	if err != nil {
		t.Fatal(err)
	}
	if here.Sys().(*syscall.Stat_t).Dev == there.Sys().(*syscall.Stat_t).Dev {
		t.Skip("there is only one file system here")
	}
	o := open(t, dir)
	file := filepath.Join(far, "index")
	l := acquire(t, o, file)
	var held *lockfile.HeldError
	if _, err := o.Acquire(t.Context(), file, -1); !errors.As(err, &held) {
		t.Errorf("second Acquire = %v", err)
	}
	if err := l.Replace(writeText("x"), 0o640, lockfile.FlushEach); err != nil {
		t.Fatal(err)
	}
	wantFile(t, file, "x")
	wantGone(t, file+".lock")
	l = acquire(t, o, file)
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	wantGone(t, file+".lock")
	wantFile(t, file, "x")
}

// Things in the places of our files are errors that name them.
func TestInTheWay(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(dir string) error{
		"prompty": func(dir string) error { return os.WriteFile(filepath.Join(dir, "prompty"), nil, 0o666) },
		"prompty/owners": func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "prompty"), 0o777), os.WriteFile(filepath.Join(dir, "prompty/owners"), nil, 0o666))
		},
	} {
		dir := t.TempDir()
		if err := place(dir); err != nil {
			t.Fatal(err)
		}
		o := open(t, dir)
		if _, err := o.Acquire(t.Context(), filepath.Join(dir, "x"), 0); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("Acquire = %v, want an error that names %s", err, name)
		}
	}
	dir := t.TempDir()
	lock := filepath.Join(dir, "prompty", "lock")
	if err := os.MkdirAll(filepath.Dir(lock), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(lock, 0o666); err != nil {
		t.Skip(err)
	}
	if _, err := open(t, dir).Queue(t.Context()); err == nil || !strings.Contains(err.Error(), lock) {
		t.Errorf("Queue = %v, want an error that names %s", err, lock)
	}
	os.Remove(lock)
	if err := os.Mkdir(lock, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Queue(t.Context()); err == nil || !strings.Contains(err.Error(), lock) {
		t.Errorf("Queue = %v, want an error that names %s", err, lock)
	}
	// Strange things among the owner files neither stop nor harm anyone.
	owners := filepath.Join(dir, "prompty", "owners")
	if err := os.MkdirAll(filepath.Join(owners, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	victim := filepath.Join(dir, "victim")
	os.WriteFile(victim, []byte("mine"), 0o666)
	os.Symlink(victim, filepath.Join(owners, "link"))
	syscall.Mkfifo(filepath.Join(owners, "pipe"), 0o666)
	o := open(t, dir)
	if err := acquire(t, o, filepath.Join(dir, "x")).Release(); err != nil {
		t.Error(err)
	}
	wantFile(t, victim, "mine")
}

// A file of someone else's that is a hard link, and looks like a lock.
func TestForeignLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	if err := acquire(t, o, filepath.Join(dir, "other")).Release(); err != nil { // there are owner files now
		t.Fatal(err)
	}
	file := filepath.Join(dir, "index")
	os.WriteFile(file+".lock", []byte("git"), 0o666)
	if err := os.Link(file+".lock", filepath.Join(dir, "again")); err != nil {
		t.Skip(err)
	}
	var held *lockfile.HeldError
	if _, err := o.Acquire(t.Context(), file, -1); !errors.As(err, &held) || held.By != "" {
		t.Errorf("Acquire = %v, want a HeldError of someone else's", err)
	}
	wantFile(t, file+".lock", "git")
}
