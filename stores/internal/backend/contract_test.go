package backend

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/storetest"
)

// shelf is a Backend over prompty's memory storage: the least that a database
// can be. Tests make it slow, mute or broken.
type shelf struct {
	prompty.TemplateStorage

	mu      sync.Mutex // guards the fields below; held during changes
	heads   map[string]Head
	changed map[string]int64 // name → when, in changes
	seq     int64
	broken  error // what Heads gives
	whole   int   // comparisons of all heads
	ears    map[chan struct{}]bool
	lost    bool // the server forgets to tell
}

func newShelf() *shelf {
	return &shelf{TemplateStorage: prompty.NewMemoryStorage(), heads: make(map[string]Head), changed: make(map[string]int64), ears: make(map[chan struct{}]bool)}
}

// Close closes one handle's connection, and not the database.
func (s *shelf) Close() error { return nil }

func (s *shelf) LatestVersion(ctx context.Context, name string) (int, error) {
	t, err := s.TemplateStorage.Get(ctx, name)
	if errors.Is(err, prompty.ErrTemplateNotFound) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	return t.Version, nil
}

func (s *shelf) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	return prompty.History(ctx, s.TemplateStorage, name)
}

func (s *shelf) change(names []string, do func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	for _, name := range names {
		s.seq++
		version, err := s.LatestVersion(context.Background(), name)
		if err != nil {
			return err
		}
		s.heads[name] = Head{Name: name, Version: version, Change: s.seq}
		s.changed[name] = s.seq
	}
	for ear := range s.ears {
		select {
		case ear <- struct{}{}:
		default:
		}
	}
	return nil
}

func (s *shelf) Save(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	return s.change([]string{t.Name}, func() error {
		if base == AnyVersion {
			return s.TemplateStorage.Save(ctx, t)
		}
		return prompty.SaveIf(ctx, s.TemplateStorage, t, base)
	})
}

func (s *shelf) Delete(ctx context.Context, name string) error {
	return s.change([]string{name}, func() error { return s.TemplateStorage.Delete(ctx, name) })
}

func (s *shelf) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.change([]string{name}, func() error { return s.TemplateStorage.DeleteVersion(ctx, name, version) })
}

func (s *shelf) Heads(ctx context.Context, since string) (heads []Head, position string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return nil, "", s.broken
	}
	after, _ := strconv.ParseInt(since, 10, 64)
	if since == "" {
		s.whole++
	}
	for name, h := range s.heads {
		if !s.lost && s.changed[name] >= after || since == "" { // the last one again: it is told twice
			heads = append(heads, h)
		}
	}
	return heads, strconv.FormatInt(s.seq, 10), nil
}

func (s *shelf) Describe(context.Context) (prompty.Description, error) {
	return prompty.Description{Location: "here", State: "fine"}, nil
}

// batcher is a shelf that can save many, freezer one that can be frozen, and
// teller one that tells of changes.
type (
	batcher struct{ *shelf }
	freezer struct{ *shelf }
	both    struct {
		*shelf
		batcher2
		freezer2
	}
	batcher2 struct{ s *shelf }
	freezer2 struct{ s *shelf }
	teller   struct{ *shelf }
)

func (b batcher2) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	var names []string
	for _, t := range list {
		names = append(names, t.Name)
	}
	return b.s.change(names, func() error { return prompty.SaveAll(ctx, b.s.TemplateStorage, list) })
}

func (b batcher) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	return batcher2{b.shelf}.SaveAll(ctx, list)
}

// frozenShelf is a Snapshot of a shelf.
type frozenShelf struct{ *shelf }

func (f frozenShelf) Close() error { return f.TemplateStorage.Close() }

func (b freezer2) Snapshot(ctx context.Context) (Snapshot, error) {
	c, _ := prompty.As[prompty.Snapshotter](b.s.TemplateStorage)
	state, err := c.Snapshot(ctx)
	return frozenShelf{&shelf{TemplateStorage: state}}, err
}

func (b freezer) Snapshot(ctx context.Context) (Snapshot, error) {
	return freezer2{b.shelf}.Snapshot(ctx)
}

func (s teller) Listen(ctx context.Context, armed, changed func()) error {
	ear := make(chan struct{}, 1)
	s.mu.Lock()
	if err := s.broken; err != nil {
		s.mu.Unlock()
		return err
	}
	s.ears[ear] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.ears, ear)
	}()
	armed()
	for {
		select {
		case _, open := <-ear:
			if !open {
				return errors.New("the line was cut")
			}
			changed()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

var testOptions = Options{Driver: "shelf", Watch: WatchOptions{Poll: 2 * time.Millisecond}}

func TestStorage(t *testing.T) {
	common := []storetest.Claim{
		storetest.Has[prompty.ConditionalSaver](), storetest.Has[prompty.Historian](), storetest.Has[prompty.Prober](),
		storetest.Has[prompty.Describer](), storetest.Has[prompty.Watcher](), storetest.Has[prompty.Syncer](),
	}
	for name, kind := range map[string]struct {
		make   func(*shelf) Backend
		claims []storetest.Claim
	}{
		"polled": {func(s *shelf) Backend { return both{s, batcher2{s}, freezer2{s}} },
			[]storetest.Claim{storetest.Has[prompty.BatchSaver](), storetest.Has[prompty.Snapshotter]()}},
		"pushed": {func(s *shelf) Backend { return teller{s} }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(testing.TB) storetest.Place {
				s := newShelf()
				return func() (prompty.TemplateStorage, error) { return New(kind.make(s), testOptions), nil }
			}, append(kind.claims, common...)...)
		})
	}
}

// A capability is found only where the backend has it.
func TestCapabilities(t *testing.T) {
	s := newShelf()
	for _, c := range []struct {
		b                  Backend
		batches, snapshots bool
	}{{s, false, false}, {batcher{s}, true, false}, {freezer{s}, false, true}, {both{s, batcher2{s}, freezer2{s}}, true, true}} {
		storage := New(c.b, testOptions)
		if _, ok := prompty.As[prompty.BatchSaver](storage); ok != c.batches {
			t.Errorf("%T: As[BatchSaver] = %v, want %v", c.b, ok, c.batches)
		}
		if _, ok := prompty.As[prompty.Snapshotter](storage); ok != c.snapshots {
			t.Errorf("%T: As[Snapshotter] = %v, want %v", c.b, ok, c.snapshots)
		}
		storage.Close()
	}
}
