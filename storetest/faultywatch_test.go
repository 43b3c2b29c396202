package storetest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/go-prompty/prompty"
)

// subscriber merges what it is told until its reader takes it.
type subscriber struct {
	mu      sync.Mutex // guards the fields below
	pending map[string]prompty.ChangeKind
	more    chan struct{}
	ended   chan struct{}
	end     func()
	out     chan prompty.ChangeBatch
}

func (f *faulty) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	if err := f.enter(ctx); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	sub := &subscriber{pending: make(map[string]prompty.ChangeKind), more: make(chan struct{}, 1), ended: make(chan struct{}), out: make(chan prompty.ChangeBatch)}
	sub.end = sync.OnceFunc(func() { close(sub.ended) })
	if f.has("arms its watch late") {
		f.ticks = -1 // the next change goes by unseen
	}
	f.subs[sub] = true
	go func() {
		sub.run(ctx, f.flaw)
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subs, sub)
	}()
	return sub.out, nil
}

func (s *subscriber) run(ctx context.Context, flaw string) {
	if flaw != "leaves the channel open" {
		defer close(s.out)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case <-s.more:
		}
		s.mu.Lock()
		var b prompty.ChangeBatch
		for _, name := range slices.Sorted(maps.Keys(s.pending)) {
			b.Changes = append(b.Changes, prompty.Change{Name: name, Kind: s.pending[name]})
		}
		if flaw == "does not sort a batch" {
			slices.Reverse(b.Changes)
		}
		clear(s.pending)
		s.mu.Unlock()
		if len(b.Changes) == 0 {
			continue // taken with the batch before
		}
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case s.out <- b:
		}
	}
}

// tell reports a change to all handles' subscribers. The disk is locked.
func (f *faulty) tell(changed map[string]prompty.ChangeKind) {
	if f.has("arms its watch late") && f.ticks <= 0 {
		f.ticks = 1
		return
	}
	for h := range f.handles {
		if h != f && f.has("reports its own changes only") {
			continue
		}
		for sub := range h.subs {
			sub.add(changed, f.flaw)
		}
	}
}

func (s *subscriber) add(changed map[string]prompty.ChangeKind, flaw string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if flaw == "drops batches for a slow reader" && len(s.pending) > 0 {
		return
	}
	for name, kind := range changed {
		if flaw == "calls everything changed" {
			kind = prompty.Changed
		}
		switch before, ok := s.pending[name]; {
		case ok && before == prompty.Created && kind == prompty.Changed:
			kind = prompty.Created
		case ok && before == prompty.Deleted && kind == prompty.Created:
			kind = prompty.Changed
		}
		s.pending[name] = kind
	}
	select {
	case s.more <- struct{}{}:
	default:
	}
}
