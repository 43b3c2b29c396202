package lockfile

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Where there is no flock, locks are git's own: exclusive, but not known to be
// ours.
func TestWithoutFlock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	o.noLinks = true
	file := filepath.Join(dir, "index")
	l, err := o.Acquire(t.Context(), file, 0)
	if err != nil {
		t.Fatal(err)
	}
	if l.Lasts() {
		t.Error("a lock that nobody would take over lasts")
	}
	var held *HeldError
	if _, err := o.Acquire(t.Context(), file, -1); !errors.As(err, &held) || held.By != "" {
		t.Errorf("second Acquire = %v", err)
	}
	if err := l.Replace(func(f *os.File) error { _, err := f.WriteString("x"); return err }, 0o600, FlushEach); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file); string(text) != "x" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if l, err = o.Acquire(t.Context(), file, 0); err != nil {
		t.Fatal(err)
	}
	if err := l.Replace(func(*os.File) error { return errors.New("boom") }, 0, NoFlush); err == nil {
		t.Error("Replace worked")
	}
	if _, err := os.Lstat(file + ".lock"); !os.IsNotExist(err) {
		t.Errorf("the lock file is left: %v", err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Acquire(t.Context(), file, 0); err == nil {
		t.Error("Acquire worked after Close")
	}
}

// Owner files that are just being made are not swept away, and those of the
// living are not, however many come and go.
func TestSweepBesideCreation(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "counter")
	var busy sync.WaitGroup
	for range 8 {
		busy.Go(func() {
			for range 20 {
				o, err := Open(dir)
				if err != nil {
					t.Error(err)
					return
				}
				l, err := o.Acquire(t.Context(), file, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				old, _ := os.ReadFile(file)
				if err := l.Replace(func(f *os.File) error { _, err := f.Write(append(old, 'x')); return err }, 0, NoFlush); err != nil {
					t.Error(err)
				}
				if err := o.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	busy.Wait()
	if text, err := os.ReadFile(file); string(text) != strings.Repeat("x", 160) {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "prompty", "owners")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// lockOfDead makes what a process leaves that was killed with a lock in hand.
func lockOfDead(t *testing.T, dir, name, host, file string) (lock string) {
	t.Helper()
	owner := filepath.Join(dir, "prompty", "owners", name)
	if err := os.MkdirAll(filepath.Dir(owner), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(owner, []byte("prompty (pid 1 on "+host+") holds this lock.\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	lock = filepath.Join(dir, file+".lock")
	if err := os.Link(owner, lock); err != nil {
		t.Skip(err)
	}
	return lock
}

// While a dead process's lock is taken over nobody finds it free, as git tries
// to all the time.
func TestTakeOverWithoutGap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var owners []*Owner
	for range 3 {
		o, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Close()
		owners = append(owners, o)
	}
	for round := range 200 {
		lock := lockOfDead(t, dir, "dead"+strconv.Itoa(round), hostname(), "index")
		var done atomic.Bool
		var git, busy sync.WaitGroup
		git.Go(func() {
			for !done.Load() {
				if f, err := os.OpenFile(lock, os.O_CREATE|os.O_EXCL, 0o666); err == nil {
					t.Error("git found the lock free")
					f.Close()
					return
				}
			}
		})
		var holders atomic.Int32
		var last *Lock
		for _, o := range owners {
			busy.Go(func() {
				l, err := o.Acquire(t.Context(), strings.TrimSuffix(lock, ".lock"), -1)
				if err == nil {
					last = l
					holders.Add(1)
				} else if !errors.As(err, new(*HeldError)) {
					t.Error(err)
				}
			})
		}
		busy.Wait()
		done.Store(true)
		git.Wait()
		if t.Failed() {
			return
		}
		if n := holders.Load(); n != 1 {
			t.Fatalf("%d hold the lock", n)
		}
		if err := last.Release(); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, "prompty", "owners")); err != nil || len(left) != len(owners) {
		t.Errorf("owner files: %v, %v; want %d", left, err, len(owners))
	}
}

// A lock that is another one by the time that it would be replaced is left
// alone, and so is one whose taker died before it was replaced.
func TestInherit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock := lockOfDead(t, dir, "dead", hostname(), "index")
	dead, err := os.Lstat(lock)
	if err != nil {
		t.Fatal(err)
	}
	// This one was killed with its own link made already.
	taker := lockOfDead(t, dir, "taker", hostname(), "config")
	if err := os.Rename(taker, filepath.Join(dir, "prompty", "owners", "taker.1")); err != nil {
		t.Fatal(err)
	}
	o, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(lock)
	if err := os.WriteFile(lock, []byte("git"), 0o666); err != nil {
		t.Fatal(err)
	}
	if l := o.inherit(filepath.Join(dir, "index"), dead); l != nil {
		t.Error("took git's lock over")
	}
	if text, err := os.ReadFile(lock); string(text) != "git" {
		t.Errorf("git's lock holds %q, %v", text, err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if l := o.inherit(filepath.Join(dir, "index"), dead); l != nil {
		t.Error("took a lock over after Close")
	}
	if o, err = Open(dir); err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if left, err := os.ReadDir(filepath.Join(dir, "prompty", "owners")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A lock that was made on another machine is not taken over where flock may
// not reach it; on a file system of this machine alone it is.
func TestOtherMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	owner := filepath.Join(dir, "prompty", "owners", "dead")
	lock := lockOfDead(t, dir, "dead", "elsewhere", "config")
	if who, host := readSignature(lock); who != "prompty (pid 1 on elsewhere)" || host != "elsewhere" {
		t.Errorf("readSignature = %q, %q", who, host)
	}
	f, err := os.Open(owner)
	if err != nil {
		t.Fatal(err)
	}
	far := remote(f)
	f.Close()
	o, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	_, lockErr := os.Lstat(lock)
	_, ownerErr := os.Lstat(owner)
	if (lockErr == nil) != far || (ownerErr == nil) != far {
		t.Errorf("remote: %t; lock file: %v, owner file: %v", far, lockErr, ownerErr)
	}
	if far {
		t.Skip("the temporary folder is on a remote file system")
	}
}

func TestSignature(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "lock")
	for text, want := range map[string]string{
		"": "", "hello": "", "prompty (pid 5 on host) holds this lock.\nmore": "prompty (pid 5 on host)", "prompty holds this lock": "", "x (pid 5 on host) holds this lock": "",
		signature() + " holds this lock.": signature(),
	} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, _ := readSignature(file); got != want {
			t.Errorf("readSignature of %q = %q, want %q", text, got, want)
		}
		if got := Ours(file); got != (want != "") {
			t.Errorf("Ours of %q = %v", text, got)
		}
	}
	if got, _ := readSignature(file + "x"); got != "" {
		t.Errorf("readSignature of nothing = %q", got)
	}
}
