// Package feed hands batches of changes to subscribers that may be slow. Each
// has a set of pending changes, one a name, so that it takes no more room than
// there are names, never holds up who publishes and never misses a name. A
// bounded history lets a subscriber go on from a revision that it knows.
//
// What a change is, and what two of one name amount to, is the user's to say.
package feed

import (
	"errors"
	"sync"
	"time"
)

// ErrClosed is what a subscriber gets when the feed, or its subscription, was
// closed.
var ErrClosed = errors.New("the feed is closed")

// Batch is a set of changes that belong to one state.
type Batch[C any] struct {
	From, To string // opaque revisions of the state before and after

	Changes []C       // sorted by key, one a key
	All     bool      // everything may have changed, beside what Changes names
	Since   time.Time // when the first of it was noticed; zero: unknown
	Status  any       // news of how changes are found out, the latest; nil: none
}

func (b *Batch[C]) isEmpty() bool { return len(b.Changes) == 0 && !b.All && b.Status == nil }

// Feed passes on what is published to all who have subscribed. Its methods are
// safe for concurrent use.
type Feed[C any] struct {
	key   func(C) string
	merge func(before, after C) (C, bool)
	room  int

	mu       sync.Mutex // guards the fields below; taken before a subscription's
	subs     map[*Subscription[C]]struct{}
	history  []Batch[C] // oldest first, without Status
	weight   int        // of history
	revision string
	closed   bool

	done chan struct{}  // closed by Close
	work sync.WaitGroup // the goroutines of Chan
}

// New returns a feed at the given revision. key names what a change speaks of;
// merge says what two changes of one key amount to for a reader who was told of
// neither. If it says that they amount to nothing, the reader is told of its
// result all the same, as it may have looked in between; a third change then is
// to it like the first. ring is how many changes the history holds: a batch
// counts at least as one, and 0 means no history.
func New[C any](key func(C) string, merge func(before, after C) (C, bool), ring int, revision string) *Feed[C] {
	return &Feed[C]{
		key: key, merge: merge, room: ring, revision: revision,
		subs: make(map[*Subscription[C]]struct{}), done: make(chan struct{}),
	}
}

// Publish merges b into what each subscriber has yet to read, and never waits
// for one. From is filled in. An empty To leaves the revision as it is. A batch
// that says nothing reaches nobody, but its To is a revision to resume from.
// The feed keeps b.Changes. After Close it does nothing.
func (f *Feed[C]) Publish(b Batch[C]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	b.From = f.revision
	if b.To == "" {
		b.To = f.revision
	}
	f.revision = b.To
	f.remember(b)
	for s := range f.subs {
		s.take(b)
	}
}

// remember appends b to the history and cuts that to its room. Under mu.
func (f *Feed[C]) remember(b Batch[C]) {
	b.Status = nil
	if b.From == b.To && b.isEmpty() {
		return
	}
	f.history = append(f.history, b)
	f.weight += weight(b)
	for f.weight > f.room { // append makes room anew now and then, without what was cut off
		f.weight -= weight(f.history[0])
		f.history[0] = Batch[C]{}
		f.history = f.history[1:]
	}
}

func weight[C any](b Batch[C]) int { return max(1, len(b.Changes)) }

// Revision returns the To of the last batch.
func (f *Feed[C]) Revision() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revision
}

// Subscribe returns a subscription to everything that is published from now on
// and, unless from is "", to what came after the revision from: merged, as for
// a reader who was slow. If the history does not reach back to it, a batch with
// All set comes first.
func (f *Feed[C]) Subscribe(from string) (*Subscription[C], error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, ErrClosed
	}
	s := &Subscription[C]{
		feed: f, pending: make(map[string]pending[C]), from: f.revision, to: f.revision,
		wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if from != "" && from != f.revision {
		s.from = from
		// The last batch that starts there: a revision may come back.
		i := len(f.history) - 1
		for i >= 0 && f.history[i].From != from {
			i--
		}
		if i < 0 {
			s.take(Batch[C]{To: f.revision, All: true})
		} else {
			for _, b := range f.history[i:] {
				s.take(b)
			}
		}
	}
	f.subs[s] = struct{}{}
	return s, nil
}

// Close ends every subscription and waits for the goroutines of [Chan]. What
// nobody has read yet is lost. It may be called again.
func (f *Feed[C]) Close() {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.done)
		f.history = nil
	}
	f.mu.Unlock()
	f.work.Wait()
}

// MergeKinds is what a reader who saw neither of two changes of one name should
// be told, of the kinds "created", "changed" and "deleted"; "" is nothing.
func MergeKinds[K ~string](before, after K) K {
	switch {
	case before == "":
		return after
	case after == "":
		return before
	case before == "created" && after == "deleted":
		return ""
	case before == "created":
		return before
	case after == "deleted":
		return after
	}
	return "changed"
}

// MergeFresh is [MergeKinds] for a reader who is told of what came and went, too,
// as deleted. fresh says that it had not been told that the name exists: what is
// there after all that is new to it.
func MergeFresh[K ~string](before, after K, fresh bool) K {
	switch {
	case !fresh:
		return MergeKinds(before, after)
	case after == "changed":
		return "created"
	}
	return after
}
