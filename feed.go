package prompty

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// feed hands change batches to subscribers. Each has a set of pending names
// that grows with the names, not with the changes, so publishing never blocks.
// The zero value is ready.
type feed struct {
	mu     sync.Mutex // guards the fields below
	subs   map[*subscription]struct{}
	done   chan struct{} // closed by close; made by the first subscriber
	closed bool
	wg     sync.WaitGroup // the subscribers' goroutines
}

type subscription struct {
	mu       sync.Mutex // guards the fields below
	pending  map[string]ChangeKind
	all      bool
	revision string
	wake     chan struct{} // holds one token while something is pending
}

func (f *feed) subscribe(ctx context.Context) <-chan ChangeBatch {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make(chan ChangeBatch)
	if f.closed {
		close(out)
		return out
	}
	if f.subs == nil {
		f.subs, f.done = make(map[*subscription]struct{}), make(chan struct{})
	}
	s := &subscription{pending: make(map[string]ChangeKind), wake: make(chan struct{}, 1)}
	f.subs[s] = struct{}{}
	f.wg.Go(func() {
		defer close(out)
		s.deliver(ctx, f.done, out)
		f.mu.Lock()
		delete(f.subs, s)
		f.mu.Unlock()
	})
	return out
}

// publish merges a batch into what each subscriber has yet to read.
func (f *feed) publish(b ChangeBatch) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		s.merge(b)
	}
}

// close ends every subscription and waits for it.
func (f *feed) close() {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		if f.done != nil {
			close(f.done)
		}
	}
	f.mu.Unlock()
	f.wg.Wait()
}

func (s *subscription) merge(b ChangeBatch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision = b.Revision
	s.all = s.all || b.All
	for _, c := range b.Changes {
		if kind := mergeKinds(s.pending[c.Name], c.Kind); kind == "" {
			delete(s.pending, c.Name)
		} else {
			s.pending[c.Name] = kind
		}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// mergeKinds is what a reader who saw neither change should be told; "" for
// nothing.
func mergeKinds(before, after ChangeKind) ChangeKind {
	switch {
	case before == "":
		return after
	case before == Created && after == Deleted:
		return ""
	case before == Created:
		return Created
	case after == Deleted:
		return Deleted
	}
	return Changed
}

func (s *subscription) deliver(ctx context.Context, done <-chan struct{}, out chan<- ChangeBatch) {
	for {
		select {
		case <-s.wake:
		case <-ctx.Done():
			return
		case <-done:
			return
		}
		b := s.take()
		if !b.All && len(b.Changes) == 0 {
			continue
		}
		select {
		case out <- b:
		case <-ctx.Done():
			return
		case <-done:
			return
		}
	}
}

func (s *subscription) take() ChangeBatch {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := ChangeBatch{Revision: s.revision, All: s.all}
	for _, name := range slices.Sorted(maps.Keys(s.pending)) {
		b.Changes = append(b.Changes, Change{name, s.pending[name]})
	}
	clear(s.pending)
	s.all = false
	return b
}

// relay watches w and hands on what edit makes of each batch, merged for a slow
// reader, so that w's channel is always read. It ends with ctx, with life or
// with w's channel, and then calls ended, on an error too.
func relay(ctx, life context.Context, w Watcher, ended func(), edit func(ChangeBatch) ChangeBatch) (<-chan ChangeBatch, error) {
	ctx, cancel := context.WithCancel(ctx)
	in, err := w.Watch(ctx)
	if err != nil {
		cancel()
		ended()
		return nil, err
	}
	stop := context.AfterFunc(life, cancel)
	var shown feed
	out := shown.subscribe(ctx)
	go func() {
		defer ended()
		defer stop()
		defer cancel()
		defer shown.close()
		for {
			select {
			case b, ok := <-in:
				if !ok {
					return
				}
				shown.publish(edit(b))
			case <-ctx.Done(): // w may be slow to close its channel
				return
			}
		}
	}()
	return out, nil
}
