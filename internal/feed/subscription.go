package feed

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// Subscription is one reader's part of a feed. Its methods are safe for
// concurrent use; of several readers each batch goes to one.
type Subscription[C any] struct {
	feed *Feed[C]

	mu       sync.Mutex // guards the fields below
	pending  map[string]pending[C]
	all      bool
	status   any
	since    time.Time
	from, to string
	closed   bool

	wake chan struct{} // holds one token while something is pending
	done chan struct{} // closed by Close
}

// pending is what a reader has yet to be told of one name.
type pending[C any] struct {
	change  C
	nothing bool // all that happened amounts to nothing
}

// Offer is Publish for this subscriber alone, such as the status of now, or how
// the present state differs from one that only the publisher remembers. The
// revision stays; b.From, unless empty, is where the reader stood.
func (s *Subscription[C]) Offer(b Batch[C]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.From != "" && s.nothing() {
		s.from = b.From
	}
	b.To = s.to
	s.add(b)
}

// take merges b into what is pending.
func (s *Subscription[C]) take(b Batch[C]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(b)
}

// add is take under mu.
func (s *Subscription[C]) add(b Batch[C]) {
	s.to = b.To
	if b.isEmpty() || s.closed {
		return
	}
	if s.nothing() || !b.Since.IsZero() && (s.since.IsZero() || b.Since.Before(s.since)) {
		s.since = b.Since
	}
	s.all = s.all || b.All
	if b.Status != nil {
		s.status = b.Status
	}
	for _, c := range b.Changes {
		key := s.feed.key(c)
		now := pending[C]{change: c}
		if before, ok := s.pending[key]; ok && !before.nothing {
			merged, amounts := s.feed.merge(before.change, c)
			now = pending[C]{merged, !amounts}
		}
		s.pending[key] = now
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// nothing reports whether nothing is pending. Under mu.
func (s *Subscription[C]) nothing() bool {
	return len(s.pending) == 0 && !s.all && s.status == nil
}

// Next waits for something to read and returns all of it, merged. The error is
// ctx.Err() or [ErrClosed], and then nothing is taken out.
func (s *Subscription[C]) Next(ctx context.Context) (Batch[C], error) {
	for {
		select { // it ends, though something may be pending
		case <-s.feed.done:
			return Batch[C]{}, ErrClosed
		case <-s.done:
			return Batch[C]{}, ErrClosed
		case <-ctx.Done():
			return Batch[C]{}, ctx.Err()
		default:
		}
		select {
		case <-s.feed.done:
			return Batch[C]{}, ErrClosed
		case <-s.done:
			return Batch[C]{}, ErrClosed
		case <-ctx.Done():
			return Batch[C]{}, ctx.Err()
		case <-s.wake:
			if b, ok := s.Pending(); ok {
				return b, nil
			}
		}
	}
}

// Pending is Next without waiting; false: nothing is pending.
func (s *Subscription[C]) Pending() (Batch[C], bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nothing() || s.closed {
		return Batch[C]{}, false
	}
	b := Batch[C]{From: s.from, To: s.to, All: s.all, Since: s.since, Status: s.status}
	if len(s.pending) > 0 {
		b.Changes = make([]C, 0, len(s.pending))
		for _, key := range slices.Sorted(maps.Keys(s.pending)) {
			b.Changes = append(b.Changes, s.pending[key].change)
		}
		s.pending = make(map[string]pending[C]) // a map keeps the room of its largest day
	}
	s.from, s.all, s.since, s.status = s.to, false, time.Time{}, nil
	return b, true
}

// Close ends the subscription, and a Next under way. It may be called again.
func (s *Subscription[C]) Close() {
	s.feed.mu.Lock()
	delete(s.feed.subs, s)
	s.feed.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		s.pending = nil
		close(s.done)
	}
}

// Chan turns a subscription into a channel of what convert makes of each batch.
// The channel is closed, and the subscription too, when ctx ends or the feed or
// the subscription is closed.
func Chan[C, B any](ctx context.Context, s *Subscription[C], convert func(Batch[C]) B) <-chan B {
	out := make(chan B)
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if s.feed.closed {
		close(out)
		return out
	}
	s.feed.work.Go(func() {
		defer close(out)
		defer s.Close()
		for {
			b, err := s.Next(ctx)
			if err != nil {
				return
			}
			select {
			case out <- convert(b):
			case <-ctx.Done():
				return
			case <-s.done:
				return
			case <-s.feed.done:
				return
			}
		}
	})
	return out
}
