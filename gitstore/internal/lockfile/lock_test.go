package lockfile_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
)

func open(t *testing.T, dir string) *lockfile.Owner {
	t.Helper()
	o, err := lockfile.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func acquire(t *testing.T, o *lockfile.Owner, path string) *lockfile.Lock {
	t.Helper()
	l, err := o.Acquire(t.Context(), path, 0)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func writeText(text string) func(*os.File) error {
	return func(f *os.File) error {
		_, err := f.WriteString(text)
		return err
	}
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
}

func wantGone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v, want it gone", path, err)
	}
}

// names lists what is left in the folder of owner files.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "prompty", "owners"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestReplace(t *testing.T) {
	t.Parallel()
	for _, flush := range []lockfile.Flush{lockfile.NoFlush, lockfile.FlushOnce, lockfile.FlushEach} {
		dir := t.TempDir()
		file := filepath.Join(dir, "index")
		o := open(t, dir)
		l := acquire(t, o, file)
		if l.Path() != file {
			t.Errorf("Path = %q, want %q", l.Path(), file)
		}
		if !l.Lasts() {
			t.Error("a lock that is held does not last")
		}
		if err := l.Replace(writeText("one\n"), 0o640, flush); err != nil {
			t.Fatal(err)
		}
		if l.Lasts() {
			t.Error("a lock that was released lasts")
		}
		wantFile(t, file, "one\n")
		wantGone(t, file+".lock")
		if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o640 {
			t.Errorf("mode = %v, %v; want 0640", fi.Mode(), err)
		}
		if err := l.Replace(writeText("two\n"), 0, flush); err == nil {
			t.Error("Replace worked after the lock was released")
		}
		if err := l.Release(); err != nil {
			t.Errorf("Release after Replace = %v", err)
		}
		wantFile(t, file, "one\n")
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		if left := names(t, dir); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

func TestReplaceFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "index")
	o := open(t, dir)
	if err := os.WriteFile(file, []byte("old\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := acquire(t, o, file).Replace(func(f *os.File) error {
		f.WriteString("half")
		return boom
	}, 0, lockfile.FlushEach)
	if !errors.Is(err, boom) || errors.Is(err, lockfile.ErrInPlace) {
		t.Errorf("Replace = %v, want %v", err, boom)
	}
	wantFile(t, file, "old\n")
	wantGone(t, file+".lock")
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("left behind: %q, want the owner file only", left)
	}

	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := acquire(t, o, filepath.Join(dir, "folder")).Replace(writeText("x"), 0, lockfile.NoFlush); err == nil {
		t.Error("Replace put a file in the place of a folder")
	}
	wantGone(t, filepath.Join(dir, "folder.lock"))
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("left behind: %q, want the owner file only", left)
	}
}

func TestHeldByGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	file := filepath.Join(dir, "index")
	if err := os.WriteFile(file+".lock", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	_, err := o.Acquire(t.Context(), file, 30*time.Millisecond)
	var held *lockfile.HeldError
	if !errors.As(err, &held) || held.By != "" || held.Since.IsZero() {
		t.Fatalf("Acquire = %v, want a HeldError of git's", err)
	}
	for _, want := range []string{file + ".lock", " since 2", "remove the file"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := o.Acquire(ctx, file, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("Acquire = %v, want %v", err, context.Canceled)
	}
	if _, err := o.Acquire(ctx, filepath.Join(dir, "free"), 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Acquire with an ended context = %v", err)
	}
	wantFile(t, file+".lock", "")

	// Released while we wait.
	time.AfterFunc(10*time.Millisecond, func() { os.Remove(file + ".lock") })
	if err := acquire(t, o, file).Release(); err != nil {
		t.Error(err)
	}
	if _, err := o.Acquire(t.Context(), filepath.Join(dir, "no", "folder"), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Acquire in a folder that does not exist = %v", err)
	}
}

func TestHeldByUs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := open(t, dir), open(t, dir)
	file := filepath.Join(dir, "index")
	l := acquire(t, one, file)
	_, err := two.Acquire(t.Context(), file, -1)
	var held *lockfile.HeldError
	if !errors.As(err, &held) || !strings.HasPrefix(held.By, fmt.Sprintf("prompty (pid %d on ", os.Getpid())) {
		t.Fatalf("Acquire = %v, want a HeldError of ours", err)
	}
	if !strings.Contains(err.Error(), held.By) {
		t.Errorf("error %q does not say whose the lock is", err)
	}
	text, err := os.ReadFile(file + ".lock")
	if err != nil || !strings.Contains(string(text), "prompty") {
		t.Errorf("the lock file says %q, %v", text, err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if err := acquire(t, two, file).Release(); err != nil {
		t.Fatal(err)
	}
}

// A lock file that someone removed by hand and git made anew is git's.
func TestLockRemovedByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	file := filepath.Join(dir, "index")
	for name, end := range map[string]func(*lockfile.Lock) error{
		"Release": func(l *lockfile.Lock) error { return l.Release() },
		"Replace": func(l *lockfile.Lock) error {
			if err := l.Replace(writeText("x"), 0, lockfile.NoFlush); err == nil {
				return errors.New("Replace worked without its lock")
			}
			return nil
		},
	} {
		l := acquire(t, o, file)
		if err := os.Remove(file + ".lock"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+".lock", []byte("git"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := end(l); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantFile(t, file+".lock", "git")
		wantGone(t, file)
		os.Remove(file + ".lock")
	}
	l := acquire(t, o, file)
	os.Remove(file + ".lock")
	if err := l.Release(); err != nil {
		t.Errorf("Release of a lock file that is gone = %v", err)
	}
}

// After "rm -r .git/prompty" everything goes on.
func TestStateRemovedByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	file := filepath.Join(dir, "index")
	rm := func() {
		if err := os.RemoveAll(filepath.Join(dir, "prompty")); err != nil {
			t.Fatal(err)
		}
	}
	if err := acquire(t, o, file).Release(); err != nil {
		t.Fatal(err)
	}
	rm()
	l := acquire(t, o, file)
	rm()
	if err := l.Replace(writeText("one"), 0, lockfile.NoFlush); err != nil {
		t.Fatal(err)
	}
	wantFile(t, file, "one")
	wantGone(t, file+".lock")
	release, err := o.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	rm()
	if release, err = o.Queue(t.Context()); err != nil {
		t.Fatal(err)
	}
	release()
	release()
}

// TestLeave: a lock that is left keeps git out and lets ours in.
func TestLeave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := open(t, dir), open(t, dir)
	path := filepath.Join(dir, "index")
	l := acquire(t, a, path)
	if err := l.Leave(); err != nil {
		t.Fatal(err)
	}
	if f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_EXCL, 0o666); err == nil {
		f.Close()
		t.Error("git could have taken the lock")
	}
	if err := l.Release(); err != nil || l.Lasts() || l.Leave() == nil {
		t.Errorf("a lock that was left is still there: %v", err)
	}
	for _, o := range []*lockfile.Owner{b, a} { // both live on
		l, err := o.Acquire(t.Context(), path, -1)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Leave(); err != nil {
			t.Fatal(err)
		}
	}
	l = acquire(t, b, path)
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	if err := l.Leave(); err == nil {
		t.Error("a lock that was removed by hand could be left")
	}
	wantGone(t, path+".lock")
	if list := names(t, dir); len(list) != 2 {
		t.Errorf("owner files %q, want those of the two owners", list)
	}
}

func TestExclusion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "counter")
	var wg sync.WaitGroup
	for range 4 {
		o := open(t, dir)
		wg.Go(func() {
			for range 50 {
				l, err := o.Acquire(t.Context(), file, time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				old, _ := os.ReadFile(file)
				if err := l.Replace(writeText(string(old)+"x"), 0, lockfile.NoFlush); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantFile(t, file, strings.Repeat("x", 200))
}

func TestQueue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var inside, turns atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		o := open(t, dir)
		for range 2 {
			wg.Go(func() {
				for range 20 {
					release, err := o.Queue(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					if n := inside.Add(1); n != 1 {
						t.Errorf("%d are through at once", n)
					}
					turns.Add(1)
					inside.Add(-1)
					release()
				}
			})
		}
	}
	wg.Wait()
	if turns.Load() != 160 {
		t.Errorf("%d turns, want 160", turns.Load())
	}

	one, two := open(t, dir), open(t, dir)
	release, err := one.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*lockfile.Owner{one, two} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, err := o.Queue(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Queue = %v, want %v", err, context.DeadlineExceeded)
		}
		if _, err := o.Queue(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Queue = %v, want %v", err, context.DeadlineExceeded)
		}
		cancel()
	}
	release()
}

// After "rm -r .git/prompty" there is still one queue.
func TestQueueRemovedByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := open(t, dir), open(t, dir)
	release, err := one.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "prompty")); err != nil {
		t.Fatal(err)
	}
	releaseTwo, err := two.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := one.Queue(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Queue beside another's = %v, want %v", err, context.DeadlineExceeded)
	}
	releaseTwo()
	if release, err = one.Queue(t.Context()); err != nil {
		t.Fatal(err)
	}
	release()
}

func TestClosed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := open(t, dir)
	for range 2 {
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Acquire(t.Context(), filepath.Join(dir, "x"), 0); err == nil {
		t.Error("Acquire worked after Close")
	}
	if _, err := o.Queue(t.Context()); err == nil {
		t.Error("Queue worked after Close")
	}
	if _, err := lockfile.Open(filepath.Join(dir, "nowhere")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open = %v, want %v", err, fs.ErrNotExist)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("Open and Close wrote %v, %v", entries, err)
	}
}

// Whoever shares the git directory shares our files in it.
func TestSharedMode(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "git")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o770|fs.ModeSetgid); err != nil {
		t.Fatal(err)
	}
	o := open(t, dir)
	release, err := o.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	release()
	defer acquire(t, o, filepath.Join(dir, "x")).Release()
	for path, want := range map[string]fs.FileMode{
		"prompty":                            fs.ModeDir | fs.ModeSetgid | 0o770,
		"prompty/owners":                     fs.ModeDir | fs.ModeSetgid | 0o770,
		"prompty/owners/" + names(t, dir)[0]: 0o660,
		"prompty/lock":                       0o660,
		"x.lock":                             0o660,
	} {
		if fi, err := os.Stat(filepath.Join(dir, path)); err != nil || fi.Mode() != want {
			t.Errorf("%s has mode %v, %v; want %v", path, fi.Mode(), err, want)
		}
	}
}
