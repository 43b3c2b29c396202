//go:build linux

package watch_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-prompty/prompty/watch"
)

// everyMode runs a test in each mode.
func everyMode(t *testing.T, test func(t *testing.T, mode watch.Mode)) {
	t.Helper()
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify, watch.Poll} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			test(t, mode)
		})
	}
}

// A rooted is a watched folder with three files in it.
type rooted struct {
	t    *testing.T
	base string // what the root lies in
	root string
	f    *watch.Folder
	st   *stream
	good view
}

func openRooted(t *testing.T, mode watch.Mode) *rooted {
	t.Helper()
	base := t.TempDir()
	r := &rooted{t: t, base: base, root: filepath.Join(base, "root")}
	r.fill(r.root, "one")
	r.f = openFolder(t, r.root, watch.Options{Mode: mode})
	r.st = follow(t, r.f)
	r.good = walk(t, r.root)
	return r
}

func (r *rooted) fill(root, text string) {
	r.t.Helper()
	for _, name := range []string{"x.txt", "a/y.txt", "a/b/z.txt"} {
		put(r.t, filepath.Join(root, name), text+" "+name)
	}
}

// lost waits until the root is missed, and wants the last good state served.
func (r *rooted) lost() {
	r.t.Helper()
	r.st.untilStatus("degraded", degraded)
	if got := listed(r.f); !maps.Equal(got, r.good) {
		r.t.Errorf("without its root, the watch serves %d files, want the last good state of %d", len(got), len(r.good))
	}
	if got, _, _ := r.st.copy(); !maps.Equal(got, r.good) {
		r.t.Errorf("without its root, the watch told of %d files, want the last good state of %d", len(got), len(r.good))
	}
	if err := r.f.Sync(r.t.Context()); err == nil {
		r.t.Error("Sync without a root: no error")
	}
}

// found waits until the root is served again, and healthy; and then follows
// changes as ever.
func (r *rooted) found() {
	r.t.Helper()
	r.st.untilEqual(r.root)
	r.st.untilStatus("healthy", healthy)
	r.st.settle(r.root)
	put(r.t, filepath.Join(r.root, "a/b/z.txt"), "after it came back")
	put(r.t, filepath.Join(r.root, "new/n.txt"), "new, after it came back")
	r.st.untilEqual(r.root)
	r.st.settle(r.root)
	if s := r.f.Status(); s.Degraded != "" {
		r.t.Errorf("status %+v, want a healthy one", s)
	}
	r.good = walk(r.t, r.root)
}

func TestRootMoved(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		r := openRooted(t, mode)
		moved := filepath.Join(r.base, "moved")
		must(t, os.Rename(r.root, moved))
		r.lost()
		put(t, filepath.Join(moved, "x.txt"), "written while it was elsewhere")
		must(t, os.Rename(moved, r.root))
		r.found()
	})
}

func TestRootReplaced(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		r := openRooted(t, mode)
		next := filepath.Join(r.base, "next")
		r.fill(next, "two")
		must(t, exchange(r.root, next))
		r.found()
		must(t, os.Rename(r.root, filepath.Join(r.base, "old")))
		must(t, os.Rename(next, r.root))
		r.found()
	})
}

func TestRootDeletedAndMade(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		r := openRooted(t, mode)
		// Moved away first: otherwise its files may be told to be deleted, one
		// by one, before the folder is missed.
		gone := filepath.Join(r.base, "gone")
		must(t, os.Rename(r.root, gone))
		must(t, os.RemoveAll(gone))
		r.lost()
		r.fill(r.root, "two")
		r.found()

		must(t, os.RemoveAll(r.root))
		r.st.untilStatus("degraded", degraded)
		must(t, os.MkdirAll(r.root, 0o777))
		r.found()

		for i := range 20 { // as fast as it goes
			must(t, os.RemoveAll(r.root))
			r.fill(r.root, fmt.Sprint(i))
		}
		r.found()
	})
}

func TestRootReplacedByFile(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		r := openRooted(t, mode)
		moved := filepath.Join(r.base, "moved")
		must(t, os.Rename(r.root, moved))
		put(t, r.root, "I am a file")
		r.lost()
		must(t, os.Remove(r.root))
		must(t, os.Rename(moved, r.root))
		r.found()
	})
}

// TestRootAboveMoved moves the folder that the root lies in: nothing tells of
// it, but the path leads nowhere.
func TestRootAboveMoved(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		base := t.TempDir()
		r := &rooted{t: t, base: base, root: filepath.Join(base, "above", "root")}
		r.fill(r.root, "one")
		r.f = openFolder(t, r.root, watch.Options{Mode: mode})
		r.st = follow(t, r.f)
		must(t, os.Rename(filepath.Join(base, "above"), filepath.Join(base, "elsewhere")))
		r.fill(r.root, "two")
		r.found()
	})
}

// TestRootIsLink follows a root that is a link, as deployments switch releases.
func TestRootIsLink(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		base := t.TempDir()
		r := &rooted{t: t, base: base, root: filepath.Join(base, "current")}
		r.fill(filepath.Join(base, "r1"), "one")
		r.fill(filepath.Join(base, "r2"), "two")
		must(t, os.Symlink("r1", r.root))
		r.f = openFolder(t, r.root, watch.Options{Mode: mode})
		r.st = follow(t, r.f)
		r.st.settle(r.root)
		must(t, os.Symlink("r2", r.root+".new"))
		must(t, os.Rename(r.root+".new", r.root))
		r.found()
	})
}

// TestRootMounted mounts something over the root, and takes it away again.
func TestRootMounted(t *testing.T) {
	t.Parallel()
	if !inChild(t, "mount", ownNamespace(syscall.CLONE_NEWNS)) {
		return
	}
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		r := openRooted(t, mode)
		if err := unix.Mount("none", r.root, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("mount: %v", err)
		}
		mounted := true
		t.Cleanup(func() {
			if mounted {
				unix.Unmount(r.root, unix.MNT_DETACH)
			}
		})
		r.fill(r.root, "mounted over")
		r.found()
		must(t, unix.Unmount(r.root, 0)) // no folder or file below it may be held open
		mounted = false
		r.found()
	})
}

// TestRootRelative opens a folder by a relative path and goes elsewhere.
func TestRootRelative(t *testing.T) {
	base := t.TempDir()
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify, watch.Poll} {
		put(t, filepath.Join(base, "root/x.txt"), "one")
		t.Chdir(base)
		f := openFolder(t, "./root/../root", watch.Options{Mode: mode})
		st := follow(t, f)
		t.Chdir("/")
		put(t, filepath.Join(base, "root/x.txt"), "two")
		put(t, filepath.Join(base, "root", string(mode), "y.txt"), "three")
		st.untilEqual(filepath.Join(base, "root"))
		st.settle(filepath.Join(base, "root"))
	}
}

// TestUnmountedBelow takes away a file system from a folder in the tree. (That
// one was mounted there the system tells nobody.)
func TestUnmountedBelow(t *testing.T) {
	t.Parallel()
	if !inChild(t, "mount", ownNamespace(syscall.CLONE_NEWNS)) {
		return
	}
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		base := t.TempDir()
		r := &rooted{t: t, base: base, root: filepath.Join(base, "root")}
		r.fill(r.root, "one")
		a := filepath.Join(r.root, "a")
		if err := unix.Mount("none", a, "tmpfs", 0, "size=1m"); err != nil {
			t.Skipf("mount: %v", err)
		}
		mounted := true
		t.Cleanup(func() {
			if mounted {
				unix.Unmount(a, unix.MNT_DETACH)
			}
		})
		put(t, filepath.Join(a, "y.txt"), "in the mount")
		r.f = openFolder(t, r.root, watch.Options{Mode: mode})
		r.st = follow(t, r.f)
		put(t, filepath.Join(a, "y.txt"), "changed in the mount")
		r.st.untilEqual(r.root)
		must(t, unix.Unmount(a, 0))
		mounted = false
		if mode == watch.Fsnotify { // which keeps it to itself
			r.st.settle(r.root)
		}
		r.found()
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		dir := t.TempDir()
		file := filepath.Join(dir, "file")
		put(t, file, "x")
		for what, root := range map[string]string{"nothing": filepath.Join(dir, "nothing"), "a file": file, "an empty path": ""} {
			if f, err := watch.Open(t.Context(), root, watch.Options{Mode: mode}); err == nil {
				f.Close()
				t.Errorf("Open of %s: no error", what)
			}
		}
		if f, err := watch.Open(t.Context(), dir, watch.Options{Mode: "hope"}); err == nil {
			f.Close()
			t.Error("Open with an unknown mode: no error")
		}
	})
}
