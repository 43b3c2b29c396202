package fsstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/watch"
)

// TestWatchSyncCancelled cancels a Sync when it has looked at half of what was
// changed: watchers are told of both halves all the same.
func TestWatchSyncCancelled(t *testing.T) {
	t.Parallel()
	for _, cause := range []string{"a.prompty", noticePath} {
		dir := t.TempDir()
		s, other := newStore(t, dir, Options{Sync: SyncNone}), newStore(t, dir, Options{Sync: SyncNone})
		for _, text := range []string{"one", "two"} {
			mustSave(t, other, "a", text)
			mustSave(t, other, "b", text)
		}
		h := hear(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		f := s.follower.Load()
		must(t, f.takeTurn(t.Context()))
		mustSave(t, other, "a", "three")
		mustSave(t, other, "b", "three")
		if cause == noticePath {
			must(t, os.RemoveAll(filepath.Join(dir, noticePath)))
			f.list = &notices{list: "another", first: 7}
		}
		must(t, f.folder.Sync(t.Context()))
		s.disk.fault = func(op, path string) error {
			if op == "open" && path == cause {
				cancel()
			}
			return nil
		}
		_, files := f.folder.List()
		if err := f.lookNow(ctx, f.differences(files)); err != context.Canceled {
			t.Errorf("Sync: %v, want context.Canceled bare", err)
		}
		s.disk.fault = nil
		f.endTurn()
		if cause == noticePath {
			if b := h.next(); !b.All {
				t.Errorf("the batch is %q, want all", show(b))
			}
		} else {
			h.wantsAll("changed a, changed b")
		}
	}
}

// TestWatchBesideSync has a Sync that waits for a lock which somebody holds for
// long. What needs no lock is reported meanwhile.
func TestWatchBesideSync(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	holder, s := newStore(t, dir, Options{}), newStore(t, dir, Options{})
	mustSave(t, s, "a", "one")
	mustSave(t, s, "b", "one")
	var tries atomic.Int32
	s.disk.fault = func(op, path string) error {
		if op == "flock" {
			tries.Add(1)
		}
		return nil
	}
	h := hear(t, s)
	must(t, holder.acquire(t.Context()))
	writeFile(t, filepath.Join(dir, "a.prompty"), "two")
	h.status(func(st *prompty.WatchStatus) bool { return strings.Contains(st.LastError, "lock") })
	synced := make(chan error, 1)
	go func() { synced <- s.Sync(t.Context()) }()
	for before := tries.Load(); tries.Load() < before+300; { // more than who gives up makes
		time.Sleep(time.Millisecond)
	}
	writeFile(t, filepath.Join(dir, "b.prompty"), "no text \xff")
	h.wants("changed b")
	select {
	case err := <-synced:
		t.Errorf("Sync returned %v while the edit could not be recorded", err)
	default:
	}
	holder.release()
	h.wants("changed a")
	must(t, <-synced)
}

// TestWatchSyncBackAgain removes a file and puts it back as it was, time and
// all. Sync knows of both by itself, should the batches be late.
func TestWatchSyncBackAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	p := filepath.Join(dir, "a.prompty")
	then := time.Now().Add(-time.Hour).Truncate(time.Second)
	must(t, os.Chtimes(p, then, then))
	h := hear(t, s)
	f := s.follower.Load()
	for _, way := range []struct {
		do   func()
		want string
	}{
		{func() { must(t, os.Rename(p, p+".away")) }, "deleted a"},
		{func() { must(t, os.Rename(p+".away", p)) }, "created a"},
		{func() { mustSave(t, s, "a", "two") }, "changed a"},
		{func() { writeFile(t, p, "one"); must(t, os.Chtimes(p, then, then)) }, "changed a"},
	} {
		must(t, f.takeTurn(t.Context())) // batches wait
		way.do()
		must(t, f.folder.Sync(t.Context()))
		_, files := f.folder.List()
		must(t, f.lookNow(t.Context(), f.differences(files)))
		told := f.revision
		f.endTurn()
		h.wants(way.want)
		must(t, s.Sync(t.Context()))
		if f.revision != told {
			t.Errorf("%s was told by the batch of the folder, not by Sync", way.want)
		}
	}
}

// TestWatchRecordedElsewhere has an edit that this store may not record. That
// another one does makes it no other edit.
func TestWatchRecordedElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, other := newStore(t, dir, Options{Sync: SyncNone}), newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, other, "a", "one")
	s.disk.fault = func(op, path string) error {
		switch op {
		case "stat", "lstat", "open", "list":
			return nil
		}
		return syscall.EROFS
	}
	h := hear(t, s)
	writeFile(t, filepath.Join(dir, "a.prompty"), "two")
	h.wants("changed a")
	if got, err := other.Get(t.Context(), "a"); err != nil || got.Version != 2 {
		t.Fatalf("Get = %+v, %v, want version 2", got, err)
	}
	must(t, s.Sync(t.Context()))
	mustSave(t, other, "b", "one")
	h.wants("created b")
}

// TestReplacedUnwatched puts another folder in the place of one that nobody
// watches: what is written then goes there.
func TestReplacedUnwatched(t *testing.T) {
	t.Parallel()
	for _, do := range []struct {
		what string
		call func(*Store) error
	}{
		{"Save", func(s *Store) error {
			return s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "three"})
		}},
		{"Delete", func(s *Store) error { return s.Delete(t.Context(), "a") }},
		{"DeleteVersion", func(s *Store) error { return s.DeleteVersion(t.Context(), "a", 1) }},
	} {
		dir := filepath.Join(t.TempDir(), "prompts")
		s := newStore(t, dir, Options{Sync: SyncNone})
		mustSave(t, s, "a", "one")
		must(t, os.Rename(dir, dir+".old"))
		if err := do.call(s); err == nil || !strings.Contains(err.Error(), "moved away") {
			t.Errorf("%s in a folder that is away: %v, want an error that says so", do.what, err)
		}
		writeFile(t, filepath.Join(dir, "a.prompty"), "two")
		must(t, do.call(s))
		if text, err := os.ReadFile(filepath.Join(dir+".old", "a.prompty")); err != nil || string(text) != "one" {
			t.Errorf("%s changed the folder that was moved away: %q, %v", do.what, text, err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, "a.prompty")); string(text) == "two" {
			t.Errorf("%s changed nothing in the folder that is there now: %q, %v", do.what, text, err)
		}
	}
}

// TestReplacedBesideHolder puts another folder in the place of one whose lock
// somebody holds for good, while a Save waits for it: that goes to the new
// folder, and holds up nobody, not even who reads what is yet to be recorded.
func TestReplacedBesideHolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "prompts")
	holder, s := newStore(t, dir, Options{Sync: SyncNone}), newStore(t, dir, Options{Sync: SyncNone})
	mustSave(t, s, "a", "one")
	must(t, holder.acquire(t.Context()))
	defer holder.release()
	waits := make(chan struct{})
	var once sync.Once
	s.disk.fault = func(op, path string) error {
		if op == "flock" {
			once.Do(func() { close(waits) })
		}
		return nil
	}
	saved, listed := make(chan error, 1), make(chan error, 1)
	go func() { saved <- s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "three"}) }()
	<-waits
	writeFile(t, filepath.Join(dir, "b.prompty"), "b")
	read := make(chan error, 1)
	go func() {
		_, err := s.Get(t.Context(), "b")
		if errors.Is(err, prompty.ErrTemplateNotFound) { // it was looked for in the new folder
			err = nil
		}
		read <- err
	}()
	must(t, os.Rename(dir, dir+".old"))
	writeFile(t, filepath.Join(dir, "a.prompty"), "two")
	go func() {
		_, err := s.List(t.Context(), nil)
		listed <- err
	}()
	for _, done := range []chan error{saved, listed, read} {
		select {
		case err := <-done:
			must(t, err)
		case <-time.After(20 * time.Second): // not to hang
			t.Fatal("a call waits for the lock of the folder that was moved away")
		}
	}
	if got, err := s.Get(t.Context(), "a"); err != nil || got.Source != "three" || got.Version != 2 {
		t.Errorf("Get = %+v, %v, want what was saved as version 2", got, err)
	}
}

// TestWatchStatus is known without being told.
func TestWatchStatus(t *testing.T) {
	t.Parallel()
	for _, mode := range []watch.Mode{watch.Auto, watch.Poll} {
		s := newStore(t, t.TempDir(), Options{Watch: mode})
		if st := s.WatchStatus(); st != (prompty.WatchStatus{}) {
			t.Errorf("before somebody watches: %+v", st)
		}
		hear(t, s)
		st := s.WatchStatus()
		if st.Mode == "" || mode == watch.Poll && st.Mode != "poll" || st.LastSync.IsZero() {
			t.Errorf("with watch=%s the status is %+v, want how it is watched and when all was compared", mode, st)
		}
	}
}
