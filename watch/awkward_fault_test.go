//go:build linux

package watch_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/go-prompty/prompty/watch"
)

// TestStoppedWriter stops a process between truncating a file and writing it,
// and again in the middle: meanwhile the old content is what is served.
func TestStoppedWriter(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		path := filepath.Join(root, "x.txt")
		put(t, path, "old")
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		cmd := awkward(t, "stop", path)
		must(t, cmd.Start())
		whole := map[watch.Hash]bool{hashOf("old"): true, hashOf(stoppedText): true}
		for n := range 3 {
			untilStopped(t, cmd.Process.Pid, n == 2)
			// Other files are served while this one is not ready.
			body := fmt.Sprint("other ", n)
			whole[hashOf(body)] = true
			put(t, filepath.Join(root, "other.txt"), body)
			st.untilHas("other.txt", body)
			if n < 2 {
				if got := listed(f)["x.txt"]; got != hashOf("old") {
					t.Errorf("while its writer has stopped, the file has hash %v, want that of its old content", got)
				}
				must(t, cmd.Process.Signal(unix.SIGCONT))
			}
		}
		must(t, cmd.Wait())
		st.untilHas("x.txt", stoppedText)
		st.settle(root)
		st.wantWhole(whole)
	})
}

// untilStopped waits until a process has stopped, or ended.
func untilStopped(t testing.TB, pid int, ended bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		must(t, err)
		state := string(stat[strings.LastIndexByte(string(stat), ')')+2:][:1])
		if !ended && state == "T" || ended && state == "Z" {
			return
		}
	}
	t.Fatalf("process %d did not stop", pid)
}

// TestAlwaysWritten keeps one file in the state of being written: the others
// are served, and so is that one in the end.
func TestAlwaysWritten(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		put(t, filepath.Join(root, "other.txt"), "other")
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		cmd := awkward(t, "always", filepath.Join(root, "x.txt"))
		stdin, err := cmd.StdinPipe()
		must(t, err)
		must(t, cmd.Start())
		for n := range 5 {
			body := fmt.Sprint("other ", n)
			put(t, filepath.Join(root, "other.txt"), body)
			st.untilHas("other.txt", body)
		}
		must(t, stdin.Close())
		must(t, cmd.Wait())
		st.untilHas("x.txt", stoppedText)
		st.settle(root)
	})
}

// TestClock sets the times of files to what a clock that jumps would.
func TestClock(t *testing.T) {
	t.Parallel()
	times := []time.Time{time.Unix(0, 0), time.Unix(1, 1), time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2107, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2261, 1, 1, 0, 0, 0, 0, time.UTC)}
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		path := filepath.Join(root, "x.txt")
		put(t, path, "text 0")
		must(t, os.Chtimes(path, times[3], times[3]))
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		st.settle(root)
		for n, at := range slices.Concat(times, times) {
			for _, name := range []string{"x.txt", fmt.Sprintf("y%d.txt", n)} {
				put(t, filepath.Join(root, name), fmt.Sprint("text ", n+1))
				must(t, os.Chtimes(filepath.Join(root, name), at, at))
			}
			if mode == watch.Poll {
				st.settle(root)
			}
			st.untilEqual(root)
		}
		st.settle(root)
		if s := f.Status(); s.Degraded != "" {
			t.Errorf("degraded: %s", s.Degraded)
		}
	})
}

// TestNames has names that nobody likes to see.
func TestNames(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		names := []string{"new\nline.txt", "tab\t.txt", " space", "-dash", "quote'\".txt", "\\back", "...", "e\u0301.txt", "\u00e9.txt", "日本/語\n/x", strings.Repeat("n", 255), "*", "\x01\x7f", "~", "#", "a#", "%s%n"}
		for _, name := range names {
			put(t, filepath.Join(root, name), "name "+name)
		}
		st.untilEqual(root)
		// What is no UTF-8 disturbs nobody, and is served if it is told of.
		bad := []string{"bad\xff.txt", "dir\xfe/x.txt", "dir\xfe/sub/y.txt"}
		for _, name := range bad {
			put(t, filepath.Join(root, name), "bad "+name)
		}
		put(t, filepath.Join(root, "good.txt"), "good")
		st.untilHas("good.txt", "good")
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		must(t, f.Sync(ctx))
		st.arrive()
		got := listed(f)
		served := 0
		for name, hash := range walk(t, root) {
			if h, ok := got[name]; ok && h == hash {
				served++
			} else if ok || !slices.Contains(bad, name) {
				t.Errorf("%q: hash %v, want %v", name, h, hash)
			}
		}
		if served != len(got) {
			t.Errorf("%d files listed, %d of them are there", len(got), served)
		}
		if s := f.Status(); served < len(walk(t, root)) && s.LastError == "" {
			t.Errorf("files are left out, and the status %+v does not say so", s)
		}
		for _, name := range names {
			put(t, filepath.Join(root, name), "changed "+name)
		}
		for _, name := range bad {
			must(t, os.RemoveAll(filepath.Join(root, strings.Split(name, "/")[0])))
		}
		st.untilEqual(root)
		st.settle(root)
	})
}

// TestTooDeep makes folders so deep that their path has 1 MiB.
func TestTooDeep(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		put(t, filepath.Join(root, "x.txt"), "one")
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		fd, err := unix.Open(root, unix.O_DIRECTORY|unix.O_RDONLY, 0)
		must(t, err)
		name := strings.Repeat("d", 250)
		const levels = 1 << 20 / 251
		t.Cleanup(func() { run(t, root, "rm", "-rf", name) }) // os.RemoveAll recurses once a level
		for range levels {
			must(t, unix.Mkdirat(fd, name, 0o777))
			next, err := unix.Openat(fd, name, unix.O_DIRECTORY|unix.O_RDONLY, 0)
			must(t, err)
			file, err := unix.Openat(next, "f.txt", unix.O_CREAT|unix.O_WRONLY, 0o666)
			must(t, err)
			must(t, unix.Close(file))
			must(t, unix.Close(fd))
			fd = next
		}
		must(t, unix.Close(fd))
		put(t, filepath.Join(root, "x.txt"), "two")
		put(t, filepath.Join(root, "y/z.txt"), "three")
		st.until("what is not so deep", func(v view) bool {
			return v["x.txt"] == hashOf("two") && v["y/z.txt"] == hashOf("three") && v[strings.Repeat(name+"/", 10)+"f.txt"] == hashOf("")
		})
		st.until("what the system can still name", func(v view) bool {
			return v[strings.Repeat(name+"/", 15)+"f.txt"] == hashOf("") || len(root)+16*251 > 4090
		})
		if s := f.Status(); s.LastError == "" {
			t.Errorf("status %+v, want one that says what cannot be read", s)
		}
		run(t, root, "rm", "-rf", name)
		st.untilEqual(root)
		st.settle(root)
	})
}

// TestSpecialFiles has what is no file: nothing may wait for its other end.
func TestSpecialFiles(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		must(t, os.Mkdir(filepath.Join(root, "before"), 0o777))
		must(t, unix.Mkfifo(filepath.Join(root, "before", "pipe.txt"), 0o666))
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		st.settle(root)
		must(t, unix.Mkfifo(filepath.Join(root, "pipe.txt"), 0o666))
		must(t, os.Symlink("/dev/zero", filepath.Join(root, "zero.txt")))
		must(t, os.Symlink("/dev/tty", filepath.Join(root, "tty.txt")))
		must(t, os.Symlink("pipe.txt", filepath.Join(root, "link.txt")))
		// Somebody writes to the pipe: that is no change of a file.
		end, err := os.OpenFile(filepath.Join(root, "pipe.txt"), os.O_RDWR, 0)
		must(t, err)
		_, err = end.WriteString("into the pipe")
		must(t, err)
		must(t, end.Close())
		put(t, filepath.Join(root, "x.txt"), "a file")
		st.untilHas("x.txt", "a file")
		// A pipe in the place of a file, and a file in the place of a pipe.
		must(t, os.Remove(filepath.Join(root, "x.txt")))
		must(t, unix.Mkfifo(filepath.Join(root, "x.txt"), 0o666))
		must(t, os.Remove(filepath.Join(root, "pipe.txt")))
		put(t, filepath.Join(root, "pipe.txt"), "now a file")
		st.untilEqual(root)
		st.settle(root)
	})
}

// TestLinkLoop has links that lead back to where they lie.
func TestLinkLoop(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		root := t.TempDir()
		put(t, filepath.Join(root, "a/x.txt"), "one")
		for link, to := range map[string]string{"self": "self", "a/up": "..", "a/here": ".", "ping": "pong", "pong": "ping", "b": "a", "a/root": root, "dangling": "nothing", "slash": "a/"} {
			must(t, os.Symlink(to, filepath.Join(root, link)))
		}
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		st.settle(root)
		put(t, filepath.Join(root, "a/x.txt"), "two")
		must(t, os.Mkdir(filepath.Join(root, "c"), 0o777))
		must(t, os.Symlink("../a", filepath.Join(root, "c/a")))
		must(t, os.Symlink("../c", filepath.Join(root, "a/c")))
		must(t, os.Symlink("c/a/x.txt", filepath.Join(root, "x.txt")))
		st.untilEqual(root)
		st.settle(root)
		put(t, filepath.Join(root, "a/x.txt"), "three")
		st.untilEqual(root)
		st.settle(root)
		must(t, os.Remove(filepath.Join(root, "a/c")))
		must(t, os.Remove(filepath.Join(root, "a/up")))
		must(t, os.RemoveAll(filepath.Join(root, "b")))
		put(t, filepath.Join(root, "a/x.txt"), "four")
		st.untilEqual(root)
		st.settle(root)
	})
}

// TestUnreadable has folders and files that this user may not read.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	if os.Getuid() == 0 || os.Getenv(childEnv) != "" { // root may read everything
		if base, _ = unprivileged(t); base == "" {
			return
		}
	}
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify, watch.Poll} {
		t.Run(string(mode), func(t *testing.T) {
			root := filepath.Join(base, string(mode))
			put(t, filepath.Join(root, "open/x.txt"), "one")
			put(t, filepath.Join(root, "shut/y.txt"), "two")
			put(t, filepath.Join(root, "shut/sub/z.txt"), "three")
			put(t, filepath.Join(root, "file.txt"), "four")
			t.Cleanup(func() { os.Chmod(filepath.Join(root, "shut"), 0o777) })
			must(t, os.Chmod(filepath.Join(root, "shut"), 0))
			f := openFolder(t, root, watch.Options{Mode: mode})
			st := follow(t, f)
			if s := f.Status(); !strings.Contains(s.LastError, "shut") {
				t.Errorf("status %+v, want an error that names the folder", s)
			}
			must(t, os.Chmod(filepath.Join(root, "file.txt"), 0))
			put(t, filepath.Join(root, "open/x.txt"), "one more")
			st.untilHas("open/x.txt", "one more")
			// It may be read again.
			must(t, os.Chmod(filepath.Join(root, "shut"), 0o777))
			must(t, os.Chmod(filepath.Join(root, "file.txt"), 0o666))
			st.untilEqual(root)
			put(t, filepath.Join(root, "shut/sub/z.txt"), "and followed")
			st.untilEqual(root)
			st.settle(root)
			// What was read once and cannot be now keeps its last good state.
			good := listed(f)
			must(t, os.Chmod(filepath.Join(root, "shut"), 0))
			put(t, filepath.Join(root, "open/x.txt"), "five")
			st.untilHas("open/x.txt", "five")
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			must(t, f.Sync(ctx))
			if got := listed(f); len(got) != len(good) || got["shut/sub/z.txt"] != good["shut/sub/z.txt"] {
				t.Errorf("listed %v, want the last good state of what cannot be read: %v", got, good)
			}
			must(t, os.Chmod(filepath.Join(root, "shut"), 0o777))
			st.untilEqual(root)
			st.settle(root)
		})
	}
}

// TestNoLease watches files of another user, so that the system does not tell
// whether they are being written; and their times are those of a wrong clock.
func TestNoLease(t *testing.T) {
	t.Parallel()
	base, su := unprivileged(t)
	if base == "" {
		return
	}
	future := time.Now().AddDate(50, 0, 0)
	for _, mode := range []watch.Mode{watch.Inotify, watch.Fsnotify, watch.Poll} {
		t.Run(string(mode), func(t *testing.T) {
			root := filepath.Join(base, string(mode))
			must(t, os.Mkdir(root, 0o777))
			su.put(filepath.Join(root, "x.txt"), "one", time.Time{})
			su.put(filepath.Join(root, "future.txt"), "one", future)
			f := openFolder(t, root, watch.Options{Mode: mode})
			st := follow(t, f)
			for n := range 5 {
				su.put(filepath.Join(root, "x.txt"), fmt.Sprint("text ", n), time.Time{})
				su.put(filepath.Join(root, "future.txt"), fmt.Sprint("text ", n), future)
				su.put(filepath.Join(root, fmt.Sprintf("new%d.txt", n)), fmt.Sprint("text ", n), future)
				st.untilEqual(root)
			}
			st.settle(root)
		})
	}
}
