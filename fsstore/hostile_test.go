//go:build unix

package fsstore

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// TestNoTemplate puts what is no template where one should be. Nothing blocks,
// nothing is recorded or replaced, and the error says where and what to do.
func TestNoTemplate(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		make func(t *testing.T, path string)
		want string // in the message
	}{
		{"folder", func(t *testing.T, p string) { must(t, os.MkdirAll(filepath.Join(p, "x"), 0o777)) }, "is a folder"},
		{"named pipe", func(t *testing.T, p string) { must(t, syscall.Mkfifo(p, 0o666)) }, "is a named pipe"},
		{"socket", func(t *testing.T, p string) {
			// A socket's path may only be short.
			dir, err := os.MkdirTemp("/tmp", "s")
			must(t, err)
			t.Cleanup(func() { os.RemoveAll(dir) })
			l, err := net.Listen("unix", dir+"/s")
			must(t, err)
			l.(*net.UnixListener).SetUnlinkOnClose(false)
			must(t, l.Close())
			if os.Rename(dir+"/s", p) != nil {
				t.Skip("the system's temporary folder is on another file system")
			}
		}, "is a socket"},
		{"device", func(t *testing.T, p string) {
			if err := syscall.Mknod(p, syscall.S_IFCHR|0o666, 1<<8|5); err != nil { // /dev/zero
				t.Skipf("devices cannot be made here: %v", err)
			}
		}, "is a device"},
		{"invalid UTF-8", func(t *testing.T, p string) { writeFile(t, p, "Gr\xfc\xdfe") }, "not valid UTF-8 at byte 2"},
		{"NUL", func(t *testing.T, p string) { writeFile(t, p, "abc\x00") }, "NUL at byte 3"},
		{"1 GiB", func(t *testing.T, p string) { writeFile(t, p, ""); must(t, os.Truncate(p, 1<<30)) }, "has 1073741824 bytes"},
		{"text over the limit", func(t *testing.T, p string) { writeFile(t, p, strings.Repeat("x", prompty.MaxSourceBytes+1)) }, "the limit is 16777216"},
		{"link out of the folder", func(t *testing.T, p string) { must(t, os.Symlink("/etc/hostname", p)) }, "out of the folder"},
		{"link up", func(t *testing.T, p string) { must(t, os.Symlink("../../../../../etc/hostname", p)) }, "out of the folder"},
		{"loop", func(t *testing.T, p string) { must(t, os.Symlink(filepath.Base(p), p)) }, "symbolic link"},
		{"link to nowhere", func(t *testing.T, p string) { must(t, os.Symlink("nowhere", p)) }, "leads nowhere"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := newStore(t, dir, Options{Sync: SyncNone})
			mustSave(t, s, "good", "good")
			mustSave(t, s, "a", "one")
			mustSave(t, s, "a", "two")
			p := filepath.Join(dir, "a.prompty")
			must(t, os.Remove(p))
			tc.make(t, p)
			before, err := os.Lstat(p)
			must(t, err)

			_, err = s.Get(t.Context(), "a")
			if !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "a.prompty") {
				t.Errorf("Get = %v, want ErrInvalidTemplate that says a.prompty and %q", err, tc.want)
			}
			if ok, err := s.Exists(t.Context(), "a"); ok || !errors.Is(err, prompty.ErrInvalidTemplate) {
				t.Errorf("Exists = %v, %v, want ErrInvalidTemplate", ok, err)
			}
			if _, err := s.LatestID(t.Context(), "a"); !errors.Is(err, prompty.ErrInvalidTemplate) {
				t.Errorf("LatestID: %v, want ErrInvalidTemplate", err)
			}
			for name, err := range map[string]error{
				"Save":          s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "new"}),
				"Delete":        s.Delete(t.Context(), "a"),
				"DeleteVersion": s.DeleteVersion(t.Context(), "a", 2),
			} {
				if !errors.Is(err, prompty.ErrInvalidTemplate) {
					t.Errorf("%s: %v, want ErrInvalidTemplate", name, err)
				}
			}
			if got, err := s.GetVersion(t.Context(), "a", 2); err != nil || got.Source != "two" {
				t.Errorf("GetVersion(2) = %v, %v, want the recorded version", got, err)
			}
			if _, err := s.GetVersion(t.Context(), "a", 3); !errors.Is(err, prompty.ErrVersionNotFound) {
				t.Errorf("GetVersion(3): %v, want ErrVersionNotFound", err)
			}
			if got, err := s.ListVersions(t.Context(), "a"); err != nil || !slices.Equal(got, []int{2, 1}) {
				t.Errorf("ListVersions = %v, %v, want [2 1]", got, err)
			}
			if got, err := s.History(t.Context(), "a"); err != nil || len(got) != 2 {
				t.Errorf("History = %v, %v, want two entries", got, err)
			}
			if got, err := s.List(t.Context(), nil); err != nil || len(got) != 1 || got[0].Name != "good" {
				t.Errorf("List = %v, %v, want good alone", got, err)
			}
			d, err := s.Describe(t.Context())
			if err != nil || !slices.ContainsFunc(d.Problems, func(p string) bool { return strings.Contains(p, "a.prompty "+"") && strings.Contains(p, tc.want) }) {
				t.Errorf("Describe = %+v, %v, want a problem that says a.prompty and %q", d, err, tc.want)
			}
			after, err := os.Lstat(p)
			if err != nil || !os.SameFile(before, after) {
				t.Errorf("what was there has been replaced: %v, %v", after, err)
			}
			must(t, os.RemoveAll(p))
			writeFile(t, p, "mended")
			if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != 3 || got.Source != "mended" {
				t.Errorf("Get after mending = %+v, %v, want version 3", got, err)
			}
		})
	}
}

// TestOddTree has everything in the tree that is not ours to serve.
func TestOddTree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	outside := t.TempDir()
	writeFile(t, filepath.Join(outside, "secret.prompty"), "secret")
	writeFile(t, filepath.Join(dir, "good.prompty"), "good")
	writeFile(t, filepath.Join(dir, "sub/deep/good.prompty"), "deep")
	for _, odd := range []string{"a:b", "trailing ", "dot.", "con", "e\u0301", "line\nbreak", "b\xffad", "@acme", "x|y"} {
		writeFile(t, filepath.Join(dir, odd+".prompty"), "odd")
	}
	for _, other := range []string{".hidden.prompty", ".git/config.prompty", "README.md", "noext", ".prompty/x.prompty", "good.prompty~"} {
		writeFile(t, filepath.Join(dir, other), "other")
	}
	must(t, os.Symlink(outside, filepath.Join(dir, "out")))
	must(t, os.Symlink(".", filepath.Join(dir, "loop")))
	must(t, os.Symlink("sub", filepath.Join(dir, "alias")))
	must(t, os.Symlink("sub/deep/good.prompty", filepath.Join(dir, "linked.prompty")))
	writeFile(t, filepath.Join(dir, "folder.prompty/x.prompty"), "x")

	list, err := s.List(t.Context(), nil)
	must(t, err)
	var names []string
	for _, tmpl := range list {
		names = append(names, tmpl.Name)
	}
	if want := []string{"good", "linked", "sub/deep/good"}; !slices.Equal(names, want) {
		t.Errorf("List = %q, want %q", names, want)
	}
	d, err := s.Describe(t.Context())
	must(t, err)
	for _, want := range []string{"a:b", "trailing ", "dot.", "con", "@acme", "loop", "alias", "folder.prompty"} {
		if !slices.ContainsFunc(d.Problems, func(p string) bool { return strings.Contains(p, want) }) {
			t.Errorf("Describe has no problem about %q:\n%s", want, strings.Join(d.Problems, "\n"))
		}
	}
	for _, name := range []string{"out/secret", "loop/good", "alias/deep/good"} {
		if got, err := s.Get(t.Context(), name); !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("Get(%s) = %v, %v, want an error about the link", name, got, err)
		}
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "x"}); !errors.Is(err, prompty.ErrInvalidTemplate) {
			t.Errorf("Save(%s): %v, want ErrInvalidTemplate", name, err)
		}
	}
	if data, err := os.ReadFile(filepath.Join(outside, "secret.prompty")); err != nil || string(data) != "secret" {
		t.Errorf("the file outside: %q, %v", data, err)
	}
	if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "noext/x", Source: "x"}); err == nil || !strings.Contains(err.Error(), "noext is a file where a folder should be") {
		t.Errorf("Save below a file: %v", err)
	}
	if _, err := s.Get(t.Context(), "noext/x"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Get below a file: %v, want ErrTemplateNotFound", err)
	}
}

// TestLinkedFile reads through a link, follows what it leads to, and does not
// write through or over it.
func TestLinkedFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	// As Kubernetes lays out a ConfigMap.
	writeFile(t, filepath.Join(dir, "..v1/a.prompty"), "one")
	writeFile(t, filepath.Join(dir, "..v2/a.prompty"), "two")
	must(t, os.Symlink("..v1", filepath.Join(dir, "..data")))
	must(t, os.Symlink("..data/a.prompty", filepath.Join(dir, "a.prompty")))
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "one" {
		t.Fatalf("Get = %v, %v, want one", got, err)
	}
	must(t, os.Symlink("..v2", filepath.Join(dir, "..new")))
	must(t, os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")))
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "two" || got.Version != 2 {
		t.Fatalf("Get after the swap = %v, %v, want two", got, err)
	}
	for _, err := range []error{s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}), s.DeleteVersion(t.Context(), "a", 2)} {
		if err == nil || !strings.Contains(err.Error(), "is a symbolic link; edit") && !strings.Contains(err.Error(), "replace the link") {
			t.Errorf("writing to a link: %v", err)
		}
	}
	must(t, s.DeleteVersion(t.Context(), "a", 1))
	must(t, s.Delete(t.Context(), "a"))
	if _, err := os.Lstat(filepath.Join(dir, "a.prompty")); !os.IsNotExist(err) {
		t.Errorf("the link after Delete: %v", err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "..v2/a.prompty")); err != nil || string(data) != "two" {
		t.Errorf("what it led to: %q, %v", data, err)
	}
}

// TestStateInTheWay has something else where our own files should be.
func TestStateInTheWay(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(dir string) error{
		"the state is a file": func(dir string) error { return os.WriteFile(filepath.Join(dir, stateDir), nil, 0o666) },
		"the state leads out": func(dir string) error { return os.Symlink(t.TempDir(), filepath.Join(dir, stateDir)) },
		"the lock is a pipe": func(dir string) error {
			os.Mkdir(filepath.Join(dir, stateDir), 0o777)
			return syscall.Mkfifo(filepath.Join(dir, lockPath), 0o666)
		},
		"the lock is a folder": func(dir string) error { return os.MkdirAll(filepath.Join(dir, lockPath), 0o777) },
		"the versions are a file": func(dir string) error {
			os.Mkdir(filepath.Join(dir, stateDir), 0o777)
			return os.WriteFile(filepath.Join(dir, versionsDir), nil, 0o666)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := newStore(t, dir, Options{Sync: SyncNone})
			must(t, spoil(dir))
			err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"})
			if err == nil || !strings.Contains(err.Error(), stateDir) {
				t.Errorf("Save: %v, want an error that says %s", err, stateDir)
			}
			if _, err := os.Lstat(filepath.Join(dir, "a.prompty")); err == nil {
				t.Error("the file was written all the same")
			}
		})
	}
}

// TestCase keeps apart what some systems cannot.
func TestCase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "Team/Foo", "x")
	for _, name := range []string{"team/foo", "Team/foo", "TEAM/FOO"} {
		err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "y"})
		if !errors.Is(err, prompty.ErrConflict) || !strings.Contains(err.Error(), "Team/Foo") {
			t.Errorf("Save(%s): %v, want ErrConflict that names Team/Foo", name, err)
		}
	}
	for i := range 5 { // names that appear one by one
		mustSave(t, s, fmt.Sprintf("Team/n%d", i), "x")
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: fmt.Sprintf("Team/N%d", i), Source: "y"}); !errors.Is(err, prompty.ErrConflict) {
			t.Errorf("Save(Team/N%d): %v, want ErrConflict", i, err)
		}
	}
	writeFile(t, filepath.Join(dir, "Team/foo.prompty"), "by hand")
	for name, want := range map[string]string{"Team/Foo": "x", "Team/foo": "by hand"} {
		if got, err := s.Get(t.Context(), name); err != nil || got.Source != want {
			t.Errorf("Get(%s) = %v, %v, want %q", name, got, err, want)
		}
	}
	mustSave(t, s, "Team/foo", "saved")
	d, err := s.Describe(t.Context())
	must(t, err)
	if len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "Team/Foo and Team/foo differ only in case") {
		t.Errorf("Describe = %+v, want the two names as a problem", d)
	}
	must(t, s.Delete(t.Context(), "Team/Foo"))
	must(t, s.Delete(t.Context(), "Team/foo"))
	mustSave(t, s, "team/FOO", "z")
}

// TestUnsteady reads a file that somebody rewrites in place without a pause:
// what is read is always one whole text.
func TestUnsteady(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	p := filepath.Join(dir, "a.prompty")
	texts := []string{strings.Repeat("a", 200_000), strings.Repeat("b", 100_000), strings.Repeat("c", 200_000)}
	writeFile(t, p, texts[0])
	stop, stopped := make(chan struct{}), make(chan struct{})
	var last, slowest atomic.Int64 // when the writer last did something, and its longest pause
	step := func() {
		now := time.Now().UnixNano()
		if was := last.Swap(now); was != 0 {
			slowest.Store(max(slowest.Load(), now-was))
		}
	}
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			f, err := os.OpenFile(p, os.O_WRONLY|os.O_TRUNC, 0)
			if err != nil {
				t.Error(err)
				return
			}
			for text := texts[i%3]; text != ""; text = text[min(len(text), 50_000):] {
				step()
				f.WriteString(text[:min(len(text), 50_000)])
			}
			step()
			f.Close()
		}
	}()
	for deadline := time.Now().Add(time.Second); time.Now().Before(deadline); {
		got, err := s.Get(t.Context(), "a")
		if err != nil {
			t.Errorf("Get: %v", err)
			break
		}
		if !slices.Contains(texts, got.Source) {
			if pause := max(slowest.Load(), time.Now().UnixNano()-last.Load()); pause > int64(patience) {
				t.Logf("the writer paused for %v, which is taken for its end", time.Duration(pause))
				break
			}
			t.Errorf("Get returned half a text: %d bytes", len(got.Source))
			break
		}
	}
	close(stop)
	<-stopped
}

// TestOpenWriter serves a file that somebody keeps open for writing.
func TestOpenWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	p := filepath.Join(dir, "a.prompty")
	writeFile(t, p, "open")
	f, err := os.OpenFile(p, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "open" {
		t.Errorf("Get = %v, %v, want the text as it stands", got, err)
	}
	if n := mustSave(t, s, "a", "saved"); n != 2 {
		t.Errorf("Save = %d, want 2", n)
	}
}
