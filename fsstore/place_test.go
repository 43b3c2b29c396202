//go:build linux

package fsstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/flock"
)

// mount mounts something for the test, or skips it where that is not permitted.
func mount(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("mount", args...).CombinedOutput(); err != nil {
		t.Skipf("mount is not permitted here: %v %s", err, out)
	}
	dir := args[len(args)-1]
	t.Cleanup(func() {
		if err := exec.Command("umount", dir).Run(); err != nil {
			t.Errorf("umount %s: %v", dir, err)
		}
	})
}

// TestReadOnly opens a folder that was edited and then can be read only.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	rw, ro := filepath.Join(top, "rw"), filepath.Join(top, "ro")
	s := newStore(t, rw, Options{})
	mustSave(t, s, "same", "one")
	mustSave(t, s, "edited", "one")
	mustSave(t, s, "gone", "one")
	mustSave(t, s, "hidden", "one")
	mustSave(t, s, "hidden", "two")
	must(t, s.DeleteVersion(t.Context(), "hidden", 2))
	must(t, s.Close())
	writeFile(t, filepath.Join(rw, "edited.prompty"), "by hand")
	writeFile(t, filepath.Join(rw, "made.prompty"), "by hand")
	removeFile(t, filepath.Join(rw, "gone.prompty"))
	past := time.Now().Add(-time.Minute)
	must(t, os.Chtimes(rw, past, past))
	must(t, os.Mkdir(ro, 0o777))
	mount(t, "--bind", rw, ro)
	if out, err := exec.Command("mount", "-o", "remount,bind,ro", ro).CombinedOutput(); err != nil {
		t.Skipf("a read-only mount is not permitted here: %v %s", err, out)
	}

	r := newStore(t, ro, Options{NoCreate: true})
	defer r.Close()
	for range 2 { // the second time from the cache
		for name, want := range map[string]string{"same": "1 one", "edited": "2 by hand", "made": "1 by hand", "hidden": "1 one"} {
			got, err := r.Get(t.Context(), name)
			if err != nil || fmt.Sprint(got.Version, " ", got.Source) != want {
				t.Errorf("Get(%s) = %+v, %v, want %s", name, got, err, want)
			}
		}
	}
	if _, err := r.Get(t.Context(), "gone"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Get(gone): %v, want ErrTemplateNotFound", err)
	}
	if got, err := r.ListVersions(t.Context(), "edited"); err != nil || !slices.Equal(got, []int{2, 1}) {
		t.Errorf("ListVersions(edited) = %v, %v, want [2 1]", got, err)
	}
	if got, err := r.GetVersion(t.Context(), "edited", 2); err != nil || got.Source != "by hand" {
		t.Errorf("GetVersion(edited, 2) = %v, %v", got, err)
	}
	if got, err := r.GetVersion(t.Context(), "edited", 1); err != nil || got.Source != "one" {
		t.Errorf("GetVersion(edited, 1) = %v, %v", got, err)
	}
	if got, err := r.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true}); err != nil || len(got) != 5 {
		t.Errorf("List = %v, %v, want 5 versions", got, err)
	}
	if d, err := r.Describe(t.Context()); err != nil || d.State != "4 templates, read-only" {
		t.Errorf("Describe = %+v, %v, want read-only", d, err)
	}
	for name, err := range map[string]error{
		"Save":          r.Save(t.Context(), &prompty.StoredTemplate{Name: "same", Source: "new"}),
		"Save new":      r.Save(t.Context(), &prompty.StoredTemplate{Name: "new", Source: "new"}),
		"Delete":        r.Delete(t.Context(), "same"),
		"DeleteVersion": r.DeleteVersion(t.Context(), "same", 1),
	} {
		if !errors.Is(err, prompty.ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", name, err)
		}
	}
}

// TestReadOnlyHalfDone reads, without writing, every state that a crash can
// leave behind: before or after.
func TestReadOnlyHalfDone(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			before, after, ops := st.ends(t)
			for i := range ops {
				if i > 0 && ops[i-1].changesNothing() {
					continue
				}
				k := 0
				dir, _ := st.perform(t, func(_, op, path string) error {
					if k++; k > i {
						return errInjected
					}
					return nil
				})
				s, err := Open(dir, Options{Sync: SyncNone})
				must(t, err)
				s.disk.fault = func(op, path string) error {
					switch op {
					case "stat", "lstat", "open", "list":
						return nil
					}
					return syscall.EROFS
				}
				got := view{Live: map[int]string{}, Next: -1}
				latest, err := s.Get(t.Context(), "d/a")
				if err == nil {
					got.Latest = latest.Version
				} else if !errors.Is(err, prompty.ErrTemplateNotFound) {
					t.Errorf("crash after %d: Get: %v", i, err)
				}
				numbers, err := s.ListVersions(t.Context(), "d/a")
				must(t, err)
				for _, n := range numbers {
					if got.Latest == n {
						got.Live[n] = latest.Source
					} else if v, err := s.GetVersion(t.Context(), "d/a", n); err != nil {
						t.Errorf("crash after %d: GetVersion(%d): %v", i, n, err)
					} else {
						got.Live[n] = v.Source
					}
				}
				same := func(v view) bool {
					return v.Latest == got.Latest && fmt.Sprint(v.Live) == fmt.Sprint(got.Live)
				}
				if !same(before) && !same(after) {
					t.Errorf("crash after %d: got %+v\nbefore %+v\nafter %+v", i, got, before, after)
				}
				s.Close()
				os.RemoveAll(dir)
			}
		})
	}
}

// TestFullDisk saves until the disk is full: each Save is done whole or not at
// all, and there is room again after a Delete by hand.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mount(t, "-t", "tmpfs", "-o", "size=256k", "none", dir)
	s := newStore(t, dir, Options{})
	defer s.Close()
	text := strings.Repeat("x", 10_000)
	saved := 0
	var err error
	for err == nil && saved < 100 {
		if err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: fmt.Sprint(saved+1, text)}); err == nil {
			saved++
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, prompty.ErrReadOnly) {
		t.Fatalf("Save on a full disk: %v, want ENOSPC", err)
	}
	if got := observe(t, dir, "a"); got.Latest != saved || len(got.Live) != saved || got.Next != saved+1 {
		t.Errorf("after %d Saves there are %d, the latest %d, next %d", saved, len(got.Live), got.Latest, got.Next)
	}
	if left, err := os.ReadDir(filepath.Join(dir, tmpDir)); err != nil || len(left) != 0 {
		t.Errorf("tmp holds %v, %v", left, err)
	}
	// Fill the rest, so that not even an edit by hand can be recorded.
	filler := filepath.Join(dir, "filler")
	for size := 10_000; size > 0; size /= 2 {
		f, err := os.OpenFile(filler, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
		must(t, err)
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		f.Close()
	}
	must(t, os.Truncate(filepath.Join(dir, "a.prompty"), 5000))
	filler2, _ := os.Create(filepath.Join(dir, "filler2"))
	for err = nil; err == nil; {
		_, err = filler2.Write(make([]byte, 4096))
	}
	filler2.Close()
	if got, err := s.Get(t.Context(), "a"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Get of an edit that cannot be recorded = %v, %v, want ENOSPC", got, err)
	}
	if got, err := s.GetVersion(t.Context(), "a", saved); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("GetVersion = %v, %v, want ENOSPC", got, err)
	}
	must(t, os.Remove(filler))
	must(t, os.Remove(filepath.Join(dir, "filler2")))
	if n := mustSave(t, s, "a", "room again"); n != saved+2 {
		t.Errorf("Save = %d, want %d, after the edit", n, saved+2)
	}
}

// TestUnprivileged runs as a user who may read a folder but not write it, and
// may not even read one of its files.
func TestUnprivileged(t *testing.T) {
	if dir := os.Getenv("FSSTORE_TEST_UNPRIVILEGED"); dir != "" {
		s := newStore(t, dir, Options{})
		if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "edited" || got.Version != 2 {
			t.Errorf("Get = %+v, %v, want the edit", got, err)
		}
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a"}); !errors.Is(err, prompty.ErrReadOnly) {
			t.Errorf("Save: %v, want ErrReadOnly", err)
		}
		if _, err := s.Get(t.Context(), "secret"); !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("Get(secret): %v, want an error about permission", err)
		}
		if list, err := s.List(t.Context(), nil); err != nil || len(list) != 1 {
			t.Errorf("List = %v, %v, want a alone", list, err)
		}
		if d, err := s.Describe(t.Context()); err != nil || len(d.Problems) != 2 {
			t.Errorf("Describe = %+v, %v, want two problems", d, err)
		}
		return
	}
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can become someone else")
	}
	dir, err := os.MkdirTemp("/tmp", "fsstore") // t.TempDir is closed to others
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o755))
	s := newStore(t, dir, Options{})
	mustSave(t, s, "a", "one")
	mustSave(t, s, "secret", "x")
	mustSave(t, s, "closed/x", "x")
	writeFile(t, filepath.Join(dir, "a.prompty"), "edited")
	must(t, os.Chmod(filepath.Join(dir, "secret.prompty"), 0o600))
	must(t, os.Chmod(filepath.Join(dir, "closed"), 0o700))

	// Copied by a process of its own: while this one has a program open for
	// writing, another test's fork may inherit that, and it cannot be run.
	exe := filepath.Join(dir, "test.bin")
	if out, err := exec.Command("install", "-m", "755", os.Args[0], exe).CombinedOutput(); err != nil {
		t.Fatalf("install: %v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.run=^TestUnprivileged$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "FSSTORE_TEST_UNPRIVILEGED="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestWithoutExchange works where the system can neither exchange files nor
// make links, crashes included.
func TestWithoutExchange(t *testing.T) {
	t.Parallel()
	for _, st := range steps {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			before, after, ops := st.ends(t)
			for i := range len(ops) + 5 {
				k := 0
				dir, err := st.perform(t, func(_, op, path string) error {
					if k++; k > i {
						return errInjected
					}
					switch op {
					case "exchange":
						return errNoExchange
					case "link":
						return syscall.EPERM
					}
					return nil
				})
				got := observe(t, dir, "d/a")
				if fmt.Sprint(got) != fmt.Sprint(after) && (fmt.Sprint(got) != fmt.Sprint(before) || err == nil && k > len(ops)+5) {
					t.Errorf("crash after %d: got %+v\nbefore %+v\nafter %+v", i, got, before, after)
				}
				os.RemoveAll(dir)
			}
		})
	}
}

// TestNoLocks has a file system without flock: reading works, writing says why not.
func TestNoLocks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a.prompty"), "one")
	s := newStore(t, dir, Options{})
	s.disk.fault = func(op, _ string) error {
		if op == "flock" {
			return flock.ErrUnsupported
		}
		return nil
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != 1 {
		t.Errorf("Get = %v, %v", got, err)
	}
	err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a"})
	if !errors.Is(err, prompty.ErrReadOnly) || !strings.Contains(err.Error(), "flock") {
		t.Errorf("Save: %v, want ErrReadOnly that says flock", err)
	}
}

// TestWaiting ends the wait for the lock with the context and with Close.
func TestWaiting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	holder, s := newStore(t, dir, Options{}), newStore(t, dir, Options{})
	must(t, holder.acquire(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	tmpl := &prompty.StoredTemplate{Name: "a", Source: "x"}
	go func() { done <- s.Save(ctx, tmpl) }() // waits for the other process
	for len(s.lock.sem) == 0 {
		time.Sleep(time.Millisecond)
	}
	second, cancel2 := context.WithCancel(t.Context())
	go func() { done <- s.Save(second, &prompty.StoredTemplate{Name: "b"}) }() // waits for the first
	cancel2()
	if err := <-done; err != context.Canceled {
		t.Errorf("Save = %v, want context.Canceled", err)
	}
	cancel()
	if err := <-done; err != context.Canceled {
		t.Errorf("Save = %v, want context.Canceled", err)
	}
	go func() { done <- s.Save(t.Context(), tmpl) }()
	for len(s.lock.sem) == 0 {
		time.Sleep(time.Millisecond)
	}
	must(t, s.Close())
	if err := <-done; !errors.Is(err, prompty.ErrClosed) {
		t.Errorf("Save = %v, want ErrClosed", err)
	}
	holder.release()
	if _, err := holder.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrTemplateNotFound) || tmpl.Version != 0 {
		t.Errorf("Get = %v, and the template has version %d; nothing should have been saved", err, tmpl.Version)
	}
}

// TestReadingBesideWriter reads, lists and describes while another process
// holds the lock, which may be stopped and hold it for good.
func TestReadingBesideWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	holder, s := newStore(t, dir, Options{}), newStore(t, dir, Options{})
	mustSave(t, s, "a", "x")
	must(t, holder.acquire(t.Context()))
	defer holder.release()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // not to hang
	defer cancel()
	if got, err := s.Get(ctx, "a"); err != nil || got.Source != "x" {
		t.Errorf("Get = %+v, %v", got, err)
	}
	if list, err := s.List(ctx, nil); err != nil || len(list) != 1 {
		t.Errorf("List = %v, %v", list, err)
	}
	if d, err := s.Describe(ctx); err != nil || d.State != "1 template" {
		t.Errorf("Describe = %+v, %v", d, err)
	}
}

// TestFirstSaveFlushesEveryFolder saves into a folder that has the template's
// own folder, but none for versions: each folder that gets an entry is flushed.
func TestFirstSaveFlushesEveryFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "d"), 0o777))
	s := newStore(t, dir, Options{})
	flushed := map[string]bool{}
	s.disk.fault = func(op, p string) error {
		if rel, err := filepath.Rel(dir, p); op == "fsync" && err == nil {
			flushed[rel] = true
		}
		return nil
	}
	mustSave(t, s, "d/a", "x")
	for _, want := range []string{".", ".prompty", ".prompty/versions", ".prompty/versions/d", ".prompty/versions/d/a", "d"} {
		if !flushed[filepath.FromSlash(want)] {
			t.Errorf("%s was not flushed", want)
		}
	}
}

// TestVersionsStayOutOfGit saves in a work tree: git sees the prompt alone.
func TestVersionsStayOutOfGit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("git init: %v: %s", err, out)
	}
	s, err := Open(dir, Options{Sync: SyncNone})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("git", "-C", dir, "status", "--porcelain", "-uall").Output()
	if err != nil || string(out) != "?? a.prompty\n" {
		t.Errorf("git status = %q, %v, want a.prompty alone", out, err)
	}
}
