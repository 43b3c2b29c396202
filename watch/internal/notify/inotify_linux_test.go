package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var byInotify = sources[0]

// TestCookie ties the two ends of a move together.
func TestCookie(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	a, b := filepath.Join(root, "a"), filepath.Join(root, "b")
	must(t, os.Mkdir(a, 0o777))
	must(t, os.Mkdir(b, 0o777))
	e := byInotify.listen(t)
	from, to := e.add(a), e.add(b)
	writeFile(t, filepath.Join(a, "x"), "")
	must(t, os.Rename(filepath.Join(a, "x"), filepath.Join(b, "y")))
	events := e.mark(to, b)
	i := slices.IndexFunc(events, func(ev Event) bool { return ev.Op == MovedFrom })
	if i < 0 || i+2 != len(events) {
		t.Fatalf("events are %+v, want a move at the end", events)
	}
	cookie := events[i].Cookie
	want := []Event{{Handle: from, Name: "x", Op: MovedFrom, Cookie: cookie}, {Handle: to, Name: "y", Op: MovedTo, Cookie: cookie}}
	if !slices.Equal(events[i:], want) || cookie == 0 {
		t.Errorf("events are %+v, want %+v with a cookie", events[i:], want)
	}
}

// TestMovedFolderKeepsHandle hears of a folder that moved without adding it
// again, and of it and of nothing else once its old name is used anew.
func TestMovedFolderKeepsHandle(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	a, b := filepath.Join(root, "a"), filepath.Join(root, "b")
	must(t, os.Mkdir(a, 0o777))
	e := byInotify.listen(t)
	h := e.add(a)
	must(t, os.Rename(a, b))
	must(t, os.Mkdir(a, 0o777))
	writeFile(t, filepath.Join(a, "other"), "")
	if got, want := show(e.mark(h, b)), "self ."; got != want {
		t.Errorf("events are\n%s\nwant\n%s", got, want)
	}
	if again := e.add(a); again == h {
		t.Errorf("a new folder has the handle %d of the old one", h)
	}
}

// queueLength is how many events the kernel keeps for a source.
func queueLength(t *testing.T) int {
	t.Helper()
	limit, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(limit)))
	must(t, err)
	if n > 1<<20 {
		t.Skipf("the queue holds %d events, which takes too long to fill", n)
	}
	return n
}

// TestQueueOverflow makes more events than the kernel's queue holds before the
// first is read.
func TestQueueOverflow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := queueLength(t)
	src, err := newInotify()
	must(t, err)
	for n != queueLength(t) { // another test changed it for a moment
		n = queueLength(t)
		must(t, src.file.Close())
		src, err = newInotify()
		must(t, err)
	}
	h, err := src.Add(dir)
	must(t, err)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	writeFile(t, a, "")
	for range n/4 + 10 { // of four events each
		must(t, os.Rename(a, b))
		must(t, os.Rename(b, a))
	}
	go src.read()
	t.Cleanup(func() { must(t, src.Close()) })
	e := &ears{t: t, src: src}
	events := e.until(func(ev Event) bool { return ev.Op.Has(Overflow) })
	if got, want := events[len(events)-1], (Event{Op: Overflow}); got != want {
		t.Errorf("event %+v, want %+v", got, want)
	}
	if len(events) != n+1 {
		t.Errorf("%d events before the overflow, want %d", len(events)-1, n)
	}
	e.mark(h, dir) // it goes on
}

// TestReadFails makes reading fail for a while.
func TestReadFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := byInotify.listen(t)
	h := e.add(dir)
	file := e.src.(*inotify).file
	must(t, file.SetReadDeadline(time.Now()))
	failed := e.until(func(ev Event) bool { return ev.Op == Failed })
	if err := failed[len(failed)-1].Err; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the error is %v, want ErrDeadlineExceeded", err)
	}
	must(t, file.SetReadDeadline(time.Time{}))
	e.mark(h, dir)

	must(t, file.SetReadDeadline(time.Now()))
	e.until(func(ev Event) bool { return ev.Op == Failed })
	must(t, e.src.Close()) // does not wait for the next try
}

// TestNothingLeaks counts what sources leave behind. It does not run beside
// other tests, which have sources of their own.
func TestNothingLeaks(t *testing.T) {
	dir := t.TempDir()
	open := append(slices.Clone(sources), source{"poll", func() (Source, error) {
		return Poll(func() time.Duration { return time.Millisecond }), nil
	}})
	count := func() (fds, goroutines int) {
		entries, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(entries), runtime.NumGoroutine()
	}
	use := func() {
		for _, s := range open {
			src, err := s.open()
			must(t, err)
			_, err = src.Add(dir)
			must(t, err)
			must(t, os.Mkdir(filepath.Join(dir, "a"), 0o777))
			must(t, os.Remove(filepath.Join(dir, "a")))
			must(t, src.Close())
		}
	}
	use() // what the runtime makes once
	fds, goroutines := count()
	for range 20 {
		use()
	}
	for start := time.Now(); ; runtime.Gosched() { // a goroutine ends a moment after it said so
		moreFDs, more := count()
		if moreFDs <= fds && more <= goroutines {
			return
		}
		if time.Since(start) > patience {
			t.Fatalf("%d descriptors and %d goroutines became %d and %d", fds, goroutines, moreFDs, more)
		}
	}
}

// inNamespace runs a test again, in a process that is root of a user namespace
// of its own: limits that it sets and file systems that it mounts are there
// alone.
func inNamespace(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Getenv("PROMPTY_TEST_NAMESPACE") == t.Name() {
		test(t)
		return
	}
	t.Parallel()
	exe, err := os.Executable()
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "PROMPTY_TEST_NAMESPACE="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		t.Skipf("no user namespace can be had here: %v", err)
	}
	if strings.Contains(string(out), "--- SKIP: "+t.Name()) {
		t.Skipf("%s", out)
	}
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%v\n%s", err, out)
	}
}

func setLimit(t *testing.T, name string, n int) {
	t.Helper()
	must(t, os.WriteFile("/proc/sys/user/"+name, fmt.Append(nil, n), 0))
}

// TestWatchLimit has ten watches and needs more.
func TestWatchLimit(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		setLimit(t, "max_inotify_watches", 10)
		for _, s := range sources {
			root := t.TempDir()
			e := s.listen(t)
			at := func(i int) string {
				dir := filepath.Join(root, fmt.Sprint(i))
				must(t, os.MkdirAll(dir, 0o777))
				return dir
			}
			handles := make([]Handle, 10)
			for i := range handles {
				handles[i] = e.add(at(i))
			}
			for range 3 {
				if h, err := e.src.Add(at(10)); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), at(10)) || !strings.Contains(err.Error(), "max_user_watches") {
					t.Fatalf("%s: Add = %d, %v, want ErrLimit, with where and what to do", s.name, h, err)
				}
			}
			if h := e.add(at(3)); h != handles[3] {
				t.Errorf("%s: what is watched has the handle %d, want %d", s.name, h, handles[3])
			}
			e.mark(handles[0], at(0))
			must(t, e.src.Remove(handles[1]))
			must(t, os.Remove(at(2)))
			e.until(func(ev Event) bool { return ev.Handle == handles[2] && ev.Op.Has(Gone|Self) })
			for i := range 2 {
				e.mark(e.add(at(10+i)), at(10+i))
			}
			must(t, e.src.Close())
		}
	})
}

// TestSourceLimit may have no source at all.
func TestSourceLimit(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		setLimit(t, "max_inotify_instances", 1)
		one := byInotify.listen(t)
		for _, s := range sources {
			if _, err := s.open(); !errors.Is(err, ErrLimit) || !strings.Contains(err.Error(), "max_user_instances") {
				t.Errorf("%s: %v, want ErrLimit and what to do", s.name, err)
			}
		}
		must(t, one.src.Close())
		byInotify.listen(t)
	})
}

// TestUnmount takes the file system away.
func TestUnmount(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		dir := t.TempDir()
		e := byInotify.listen(t)
		below := e.add(dir)
		must(t, unix.Mount("none", dir, "tmpfs", 0, ""))
		h := e.add(dir)
		if h == below {
			t.Errorf("what is mounted has the handle %d of what lies below", h)
		}
		e.mark(h, dir)
		must(t, unix.Unmount(dir, 0))
		events := e.until(func(ev Event) bool { return ev.Op.Has(Gone) })
		for _, ev := range events {
			if ev.Handle != h {
				t.Errorf("event %+v, want handle %d", ev, h)
			}
		}
		if got, want := show(events), "self .\ngone ."; got != want {
			t.Errorf("events are\n%s\nwant\n%s", got, want)
		}
		e.mark(below, dir)
	})
}
