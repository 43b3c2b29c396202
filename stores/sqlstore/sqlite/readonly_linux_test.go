package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// asNobody runs fn on a temporary folder without the rights of root, on a thread
// that ends with it.
func asNobody(t *testing.T, folder string, fn func()) {
	t.Helper()
	if err := os.Chmod(filepath.Dir(folder), 0o755); err != nil { // which is the test's own
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		fn()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		fn()
	}()
	<-done
}

func TestReadOnlyFile(t *testing.T) {
	path := made(t)
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	asNobody(t, filepath.Dir(path), func() { readsOnly(t, path, "the file cannot be written by this user") })
}

func TestReadOnlyFolder(t *testing.T) {
	path := made(t)
	if err := os.Chmod(filepath.Dir(path), 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Dir(path), 0o755)
	asNobody(t, filepath.Dir(path), func() {
		readsOnly(t, path, "neither the file nor its folder can be written by this user")
		_, err := Open(filepath.Join(filepath.Dir(path), "new.db"))
		wantError(t, "Open of a new file in a read-only folder", err, "cannot be opened: see to the owner and the mode")
		_, err = Open(path + "?table_prefix=other_")
		if !errors.Is(err, prompty.ErrReadOnly) {
			t.Errorf("Open of another prefix in a read-only file: %v, want ErrReadOnly", err)
		}
	})
}

func readsOnly(t *testing.T, path, why string) {
	s, err := Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	if got, err := s.Get(t.Context(), "doc"); err != nil || got.Source != "text" {
		t.Errorf("Get of what cannot be written: %v, %v", got, err)
	}
	batch, _ := prompty.As[prompty.BatchSaver](s)
	for call, err := range map[string]error{
		"Save":          s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "new"}),
		"SaveIf":        prompty.SaveIf(t.Context(), s, &prompty.StoredTemplate{Name: "doc", Source: "new"}, 1),
		"SaveAll":       batch.SaveAll(t.Context(), []*prompty.StoredTemplate{{Name: "doc", Source: "new"}}),
		"Delete":        s.Delete(t.Context(), "doc"),
		"DeleteVersion": s.DeleteVersion(t.Context(), "doc", 1),
	} {
		if !errors.Is(err, prompty.ErrReadOnly) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s of what cannot be written: %v, want ErrReadOnly since %s", call, err, why)
		}
	}
	describer, _ := prompty.As[prompty.Describer](s)
	got, err := describer.Describe(t.Context())
	want := prompty.Description{Driver: "sqlite", Location: path, State: "1 templates, read-only: " + why}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Describe: %v (-want +got):\n%s", err, diff)
	}
	if _, err := s.Get(t.Context(), "doc"); err != nil {
		t.Errorf("Get after all that: %v", err)
	}
}

// A new file that was put in place of one that could only be read is noticed.
func TestReadOnlyReplaced(t *testing.T) {
	path, other := made(t), made(t)
	fresh := mustOpen(t, other)
	save(t, fresh, "doc", "another text")
	if err := fresh.Close(); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path+"?immutable=1")
	if got, err := s.Get(t.Context(), "doc"); err != nil || got.Source != "text" {
		t.Fatalf("Get: %v, %v", got, err)
	}
	watcher, _ := prompty.As[prompty.Watcher](s)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // or else the stream ends, and Get tells
	defer cancel()
	batches, err := watcher.Watch(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	for batch := range batches {
		if len(batch.Changes) > 0 {
			break
		}
	}
	if got, err := s.Get(t.Context(), "doc"); err != nil || got.Source != "another text" {
		t.Errorf("Get of a file that was replaced: %v, %v", got, err)
	}
}

// What stands in the log only is not passed over in silence.
func TestReadOnlyWithLog(t *testing.T) {
	path := made(t)
	s := mustOpen(t, path)
	save(t, s, "doc", "in the log")
	dir := t.TempDir()
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "copy.db"+end), data, 0o444); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	asNobody(t, dir, func() {
		s, err := Open(filepath.Join(dir, "copy.db"))
		if err == nil {
			s.Close()
		}
		wantError(t, "Open of a log in a read-only folder", err, "copy.db-wal holds changes", "open the database once where it can be written")
	})
}

// On a full disk nothing that was acknowledged is lost, and saving goes on when
// there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300<<10), 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "prompts.db")
	s := mustOpen(t, path)
	saved := 0
	var err error
	for source := strings.Repeat("0123456789", 500); err == nil && saved < 1000; {
		if err = s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: source}); err == nil {
			saved++
		}
	}
	wantError(t, "Save on a full disk", err, path, "disk")
	if list, err := s.ListVersions(t.Context(), "doc"); err != nil || len(list) != saved {
		t.Errorf("on a full disk there are %d versions, %v, want %d", len(list), err, saved)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if got := save(t, s, "doc", "room").Version; got != saved+1 {
		t.Errorf("with room again the next version is %d, want %d", got, saved+1)
	}
	other := mustOpen(t, path)
	if list, err := other.ListVersions(t.Context(), "doc"); err != nil || len(list) != saved+1 {
		t.Errorf("there are %d versions, %v, want %d", len(list), err, saved+1)
	}
}
