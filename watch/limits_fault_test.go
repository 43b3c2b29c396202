//go:build linux

package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/go-prompty/prompty/watch"
)

// TestWatchLimit allows ten watches in a tree of forty folders.
func TestWatchLimit(t *testing.T) {
	t.Parallel()
	if !inChild(t, "userns", ownNamespace(syscall.CLONE_NEWUSER)) {
		return
	}
	const limit = "/proc/sys/user/max_inotify_watches"
	if err := os.WriteFile(limit, []byte("10"), 0); err != nil {
		t.Skip(err)
	}
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify} {
		t.Run(string(mode), func(t *testing.T) {
			root := t.TempDir()
			for i := range 40 {
				put(t, filepath.Join(root, fmt.Sprintf("d%d/sub/f.txt", i)), "one")
			}
			f := openFolder(t, root, watch.Options{Mode: mode})
			st := follow(t, f)
			if s := f.Status(); s.Degraded == "" || s.Mode != string(mode)+"+poll" || s.Polled == 0 || s.Watches == 0 || s.Watches > 10 {
				t.Errorf("status %+v, want a degraded one that polls what cannot be watched", s)
			} else if !strings.Contains(s.Degraded, "max_") {
				t.Errorf("degraded says %q, want what to do about it", s.Degraded)
			}
			if got := listed(f); len(got) != 40 {
				t.Errorf("%d files listed, want 40", len(got))
			}
			for i := range 40 {
				put(t, filepath.Join(root, fmt.Sprintf("d%d/sub/f.txt", i)), fmt.Sprint("two ", i))
				put(t, filepath.Join(root, fmt.Sprintf("new%d/sub/f.txt", i)), fmt.Sprint("new ", i))
			}
			st.untilEqual(root)
			st.settle(root)
			for i := range 40 { // what is no longer there needs no watch
				must(t, os.RemoveAll(filepath.Join(root, fmt.Sprintf("d%d", i))))
				must(t, os.Rename(filepath.Join(root, fmt.Sprintf("new%d", i)), filepath.Join(root, fmt.Sprintf("newer%d", i))))
			}
			st.untilEqual(root)
			st.settle(root)
			for i := range 40 {
				must(t, os.RemoveAll(filepath.Join(root, fmt.Sprintf("newer%d", i))))
			}
			put(t, filepath.Join(root, "a/f.txt"), "there is room again")
			st.untilEqual(root)
			st.settle(root)
		})
	}
	t.Run("raised", func(t *testing.T) {
		root := t.TempDir()
		for i := range 40 {
			put(t, filepath.Join(root, fmt.Sprintf("d%d/f.txt", i)), "one")
		}
		f := openFolder(t, root, watch.Options{Mode: watch.Inotify})
		st := follow(t, f)
		if s := f.Status(); s.Degraded == "" {
			t.Errorf("status %+v, want a degraded one", s)
		}
		must(t, os.WriteFile(limit, []byte("1000"), 0))
		st.untilStatus("healthy", healthy) // it tries again every half a minute
		if s := f.Status(); s.Mode != string(watch.Inotify) || s.Polled != 0 || s.Watches < 41 {
			t.Errorf("status %+v, want each folder watched", s)
		}
		for i := range 40 {
			put(t, filepath.Join(root, fmt.Sprintf("d%d/f.txt", i)), "two")
		}
		st.untilEqual(root)
		st.settle(root)
	})
}

// TestQueueOverflow lets the system lose events: its queue holds 1,000, and the
// process that watches is stopped while 10,000 files are written.
func TestQueueOverflow(t *testing.T) {
	t.Parallel()
	if !inChild(t, "max_queued_events", nil) {
		return
	}
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify} {
		t.Run(string(mode), func(t *testing.T) {
			root := memoryDir(t)
			for i := range floodFiles {
				if i%2 == 0 || i < 50 {
					put(t, filepath.Join(root, floodName(i)), "before")
				}
			}
			f := openWithQueue(t, root, mode, 1000)
			st := follow(t, f)
			cmd := awkward(t, "flood", root)
			must(t, cmd.Run())
			st.untilEqual(root)
			st.settle(root)
			if s := f.Status(); s.Overflows == 0 {
				t.Errorf("status %+v: no overflow was noticed", s)
			} else if s.Degraded != "" {
				t.Errorf("degraded says %q after everything was compared", s.Degraded)
			}
			put(t, filepath.Join(root, "late/a/b/f.txt"), "later") // a folder whose events were lost
			st.untilHas("late/a/b/f.txt", "later")
			st.settle(root)
		})
	}
}

// TestCheckoutOverflows checks out 10,000 files with git, with a queue of
// 1,000 events.
func TestCheckoutOverflows(t *testing.T) {
	t.Parallel()
	need(t, "git")
	root := memoryDir(t)
	for i := range floodFiles {
		put(t, filepath.Join(root, floodName(i)), floodText(i))
	}
	git(t, root, "init", "-q", "-b", "main")
	git(t, root, "add", "-A")
	git(t, root, "commit", "-qm", "full")
	git(t, root, "checkout", "-q", "--orphan", "empty")
	git(t, root, "rm", "-rqf", ".")
	put(t, filepath.Join(root, "only.txt"), "only")
	git(t, root, "add", "-A")
	git(t, root, "commit", "-qm", "empty")
	f := openWithQueue(t, root, watch.Inotify, 1000)
	st := follow(t, f)
	git(t, root, "checkout", "-q", "main")
	st.untilEqual(root)
	st.settle(root)
	git(t, root, "checkout", "-q", "empty")
	st.untilEqual(root)
	st.settle(root)
	t.Logf("%d batches, status %+v", len(st.since(0)), f.Status())
}

// memoryDir is a temporary folder in memory, where there is such a place: for
// tests that make tens of thousands of files.
func memoryDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "Test-watch")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// openWithQueue opens a folder while the system allows new inotify queues only
// so many events, as an inotify queue keeps the size that it was made with.
func openWithQueue(t testing.TB, root string, mode watch.Mode, events int) *watch.Folder {
	t.Helper()
	const sysctl = "/proc/sys/fs/inotify/max_queued_events"
	knob, err := os.OpenFile(sysctl, os.O_WRONLY, 0)
	if err != nil {
		lacking(t, "max_queued_events", err)
	}
	must(t, knob.Close())
	lock, err := os.Create(filepath.Join(os.TempDir(), "prompty-watch-max_queued_events.lock"))
	must(t, err)
	defer lock.Close()
	must(t, unix.Flock(int(lock.Fd()), unix.LOCK_EX))
	old, err := os.ReadFile(sysctl)
	must(t, err)
	if strings.TrimSpace(string(old)) == fmt.Sprint(events) {
		old = []byte("16384") // left by a test that was killed here: the kernel's own value
	}
	must(t, os.WriteFile(sysctl, fmt.Append(nil, events), 0))
	defer func() { must(t, os.WriteFile(sysctl, old, 0)) }()
	return openFolder(t, root, watch.Options{Mode: mode})
}

// git runs git in a folder.
func git(t testing.TB, dir string, args ...string) {
	t.Helper()
	run(t, dir, "git", append([]string{"-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "protocol.file.allow=always"}, args...)...)
}
