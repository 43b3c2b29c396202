package fsstore

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// status waits for news of the watch itself.
func (h *hearing) status(ok func(*prompty.WatchStatus) bool) {
	h.t.Helper()
	for {
		b := h.any()
		if b.Watch != nil && ok(b.Watch) {
			return
		}
		if b.All || len(b.Changes) > 0 {
			h.t.Errorf("while the watch's own state is waited for: %q", show(b))
		}
	}
}

func degraded(st *prompty.WatchStatus) bool { return st.Degraded != "" }
func well(st *prompty.WatchStatus) bool     { return st.Degraded == "" }

// TestWatchRootMovedAway moves the folder away and back. Watchers keep what
// they have, and are told what was changed meanwhile.
func TestWatchRootMovedAway(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "prompts")
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	mustSave(t, s, "b", "one")
	h := hear(t, s)
	must(t, os.Rename(dir, dir+".old"))
	h.status(degraded)
	if _, err := s.Describe(t.Context()); err == nil || !strings.Contains(err.Error(), "moved away") {
		t.Errorf("Describe: %v, want an error that says so", err)
	}
	writeFile(t, filepath.Join(dir+".old", "a.prompty"), "two")
	must(t, os.Rename(dir+".old", dir))
	b := h.wants("changed a")
	if b.Watch == nil {
		h.status(well)
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != 2 {
		t.Errorf("Get = %+v, %v, want version 2", got, err)
	}
	h.silent("moving the folder away and back")
}

// TestWatchRootReplaced puts another folder in its place: everything may have
// changed, and the store serves that one.
func TestWatchRootReplaced(t *testing.T) {
	t.Parallel()
	for _, pause := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "prompts")
		s := newStore(t, dir, Options{Sync: SyncNone})
		mustSave(t, s, "a", "one")
		mustSave(t, s, "a", "two")
		writeFile(t, filepath.Join(dir+".new", "a.prompty"), "two")
		writeFile(t, filepath.Join(dir+".new", "b.prompty"), "b")
		h := hear(t, s)
		count, _ := s.ChangeCount()
		if pause {
			must(t, os.RemoveAll(dir))
			for b := h.any(); b.Watch == nil || !degraded(b.Watch); b = h.any() { // it may have been seen half removed
			}
		} else {
			must(t, os.Rename(dir, dir+".old"))
		}
		must(t, os.Rename(dir+".new", dir))
		for b := h.next(); !b.All; b = h.next() {
		}
		if n, ok := s.ChangeCount(); n == count || !ok {
			t.Errorf("the count is %d, %v, and was %d", n, ok, count)
		}
		if got, err := s.Get(t.Context(), "a"); err != nil || got.Version != 1 {
			t.Errorf("Get(a) = %+v, %v, want version 1 of the new folder", got, err)
		}
		if got, err := s.Get(t.Context(), "b"); err != nil || got.Source != "b" {
			t.Errorf("Get(b) = %+v, %v", got, err)
		}
		must(t, s.Sync(t.Context()))
		writeFile(t, filepath.Join(dir, "b.prompty"), "two")
		for b := h.next(); show(b) != "changed b"; b = h.next() { // told more than once is no harm here
		}
		if n := mustSave(t, s, "c", "x"); n != 1 {
			t.Errorf("Save = %d, want 1", n)
		}
		if _, err := os.Stat(filepath.Join(dir, "c.prompty")); err != nil {
			t.Errorf("what was saved is not in the new folder: %v", err)
		}
		for b := h.next(); show(b) != "created c"; b = h.next() {
		}
	}
}

// TestWatchStateRemoved takes the versions away: everything may have changed.
func TestWatchStateRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := newStore(t, dir, Options{Sync: SyncNone}), newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	mustSave(t, s, "a", "two")
	must(t, other.DeleteVersion(t.Context(), "a", 1))
	h := hear(t, s)
	must(t, os.RemoveAll(filepath.Join(dir, stateDir)))
	h.wants("all")
	if got, err := s.ListVersions(t.Context(), "a"); err != nil || len(got) != 1 || got[0] != 1 {
		t.Errorf("ListVersions = %v, %v, want 1", got, err)
	}
	mustSave(t, other, "a", "two")
	h.wants("changed a")
	must(t, other.DeleteVersion(t.Context(), "a", 1))
	h.wants("changed a")
}

// TestWatchReadOnly has edits that nobody can record: each is reported once,
// though all have the same number.
func TestWatchReadOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	s.disk.fault = func(op, path string) error {
		switch op {
		case "stat", "lstat", "open", "list":
			return nil
		}
		return syscall.EROFS
	}
	h := hear(t, s)
	for _, text := range []string{"by hand", "again"} {
		writeFile(t, filepath.Join(dir, "a.prompty"), text)
		h.wants("changed a")
		if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != text || got.Version != 2 {
			t.Errorf("Get = %+v, %v, want %s as version 2", got, err, text)
		}
		must(t, s.Sync(t.Context()))
	}
	must(t, os.Chtimes(filepath.Join(dir, "a.prompty"), time.Time{}, time.Now()))
	must(t, s.Sync(t.Context()))
	writeFile(t, filepath.Join(dir, "b.prompty"), "new")
	h.wants("created b")
}

// TestWatchFullDisk has an edit that cannot be recorded now: the status says
// why, and it is reported when it can.
func TestWatchFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	var full atomic.Bool
	s.disk.fault = func(op, path string) error {
		if op == "create" && full.Load() {
			return syscall.ENOSPC
		}
		return nil
	}
	h := hear(t, s)
	full.Store(true)
	writeFile(t, filepath.Join(dir, "a.prompty"), "two")
	h.status(func(st *prompty.WatchStatus) bool {
		return strings.Contains(st.LastError, "a.prompty") && strings.Contains(st.LastError, syscall.ENOSPC.Error())
	})
	if err := s.Sync(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Sync: %v, want ENOSPC", err)
	}
	full.Store(false)
	if b := h.wants("changed a"); b.Watch == nil || b.Watch.LastError != "" {
		t.Errorf("the batch says of the watch: %+v, want that all is well again", b.Watch)
	}
	h.silent("recording it")
}

// TestWatchBesideHolder has a process that holds the lock for good. What needs
// no lock is reported all the same; the rest when it can.
func TestWatchBesideHolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	holder, s := newStore(t, dir, Options{}), newStore(t, dir, Options{})
	mustSave(t, s, "a", "one")
	mustSave(t, s, "b", "one")
	h := hear(t, s)
	must(t, holder.acquire(t.Context()))
	writeFile(t, filepath.Join(dir, "a.prompty"), "two")
	h.status(func(st *prompty.WatchStatus) bool { return strings.Contains(st.LastError, "lock") })
	writeFile(t, filepath.Join(dir, "b.prompty"), "no text \xff")
	h.wants("changed b")
	holder.release()
	h.wants("changed a")
	h.silent("the lock was given back")
}
