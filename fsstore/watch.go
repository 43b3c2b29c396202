package fsstore

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/feed"
	"github.com/go-prompty/prompty/watch"
)

// Watch reports every change, whoever makes it: see [prompty.Watcher]. The
// first call begins to watch the folder, which goes on until Close. With
// [NoWatch] the error is [errors.ErrUnsupported].
func (s *Store) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	return s.WatchFrom(ctx, "")
}

// WatchFrom is Watch from the state that a batch of this store gave the
// revision of: see [prompty.Resumer]. One of another store, or of long ago,
// gives a batch with All first.
func (s *Store) WatchFrom(ctx context.Context, revision string) (<-chan prompty.ChangeBatch, error) {
	f, err := atItsPath(s, func() (*follower, error) {
		if err := s.begin(ctx); err != nil {
			return nil, err
		}
		defer s.end()
		f, err := s.follow(ctx)
		return f, s.fail(ctx, "watch", "", 0, err)
	})
	if err != nil {
		return nil, err
	}
	f.caughtUp(ctx) // in no call: it may have to move
	sub, err := f.feed.Subscribe(revision)
	if err != nil { // it is only ever closed
		return nil, prompty.NewStorageClosedError()
	}
	if st := f.status.Load(); st.Degraded != "" {
		sub.Offer(feed.Batch[change]{Status: st})
	}
	return feed.Chan(ctx, sub, changeBatch), nil
}

func changeBatch(b feed.Batch[change]) prompty.ChangeBatch {
	c := prompty.ChangeBatch{Revision: b.To, All: b.All, Since: b.Since}
	for _, x := range b.Changes {
		c.Changes = append(c.Changes, x.Change)
	}
	c.Watch, _ = b.Status.(*prompty.WatchStatus)
	return c
}

// Sync returns when every change made before the call, by anyone, has been
// published to those who watch: see [prompty.Syncer]. Editors are given the
// time that they need to finish a save.
func (s *Store) Sync(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	f := s.follower.Load()
	s.end()
	if f == nil {
		return nil
	}
	return s.fail(ctx, "sync", "", 0, f.sync(ctx))
}

// ChangeCount returns a number that moves whenever what Get returns may have
// changed: before a call of this store that changes it returns, and before a
// batch that reports a change by others is published. ok is false while the
// folder is not watched: then it does not tell what others change.
func (s *Store) ChangeCount() (n uint64, ok bool) {
	return s.count.Load(), s.follower.Load() != nil
}

// WatchStatus is how the folder is watched; zero while nobody watches.
func (s *Store) WatchStatus() prompty.WatchStatus {
	f := s.follower.Load()
	if f == nil {
		return prompty.WatchStatus{}
	}
	st := *f.status.Load()
	st.LastSync = f.folder.Status().LastSync
	return st
}

// follow returns the follower, which the first call makes.
func (s *Store) follow(ctx context.Context) (*follower, error) {
	if s.mode == NoWatch {
		return nil, errors.ErrUnsupported
	}
	s.starting.Lock()
	defer s.starting.Unlock()
	if f := s.follower.Load(); f != nil {
		return f, nil
	}
	if err := s.inPlace(); err != nil {
		return nil, err
	}
	s.early.open()
	defer s.early.close()
	began := time.Now()
	folder, err := watch.Open(ctx, s.dir, watch.Options{
		Mode: s.mode, Match: s.layout.watched, Enter: s.layout.entered, Replaced: true,
	})
	if err != nil {
		return nil, err
	}
	if err := s.inPlace(); err != nil { // still: what is watched has to be what is open
		folder.Close()
		return nil, err
	}
	f, err := newFollower(s, folder, began)
	if err != nil {
		folder.Close()
		return nil, err
	}
	s.early.mu.Lock()
	defer s.early.mu.Unlock()
	s.follower.Store(f)
	for name := range s.early.names {
		f.touched(name)
	}
	return f, nil
}

// early is what this store changes while its follower is made.
type early struct {
	mu    sync.Mutex      // guards names
	names map[string]bool // nil while none is made
}

func (e *early) open() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.names = map[string]bool{}
}

func (e *early) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.names = nil
}

// touched notes that this store changed what Get returns.
func (s *Store) touched(name string) {
	s.count.Add(1)
	if f := s.follower.Load(); f != nil {
		f.touched(name)
		return
	}
	s.early.mu.Lock()
	defer s.early.mu.Unlock()
	if f := s.follower.Load(); f != nil {
		f.touched(name)
	} else if s.early.names != nil {
		s.early.names[name] = true
	}
}

// watched reports whether a file can tell of a change: a template's, and the
// notices.
func (l layout) watched(p string) bool {
	if strings.HasPrefix(p, stateDir+"/") {
		return p == noticePath
	}
	name, ok := l.named(p)
	return ok && prompty.CheckName(name) == nil
}

// entered reports whether a folder can hold what is watched. Versions come and
// go only with the files in the tree, and with the notices.
func (l layout) entered(dir string) bool {
	if dir == stateDir || strings.HasPrefix(dir, stateDir+"/") {
		return dir == stateDir
	}
	base := path.Base(dir)
	return !l.hiddenFolder(base) && (base[0] == '.' || !strings.HasSuffix(base, l.ext))
}
