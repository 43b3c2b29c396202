package mongostore

import (
	"context"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
)

// collectionName is that of the one collection, without the prefix.
const collectionName = "templates"

// store implements backend.Backend and backend.Batcher.
type store struct {
	place
	server
	client      *mongo.Client
	admin       *mongo.Database
	database    *mongo.Database
	events      *mongo.Collection
	tidying     *mongo.Collection // the same, without waiting for a majority
	readConcern *readconcern.ReadConcern
	clock       *clock

	batchPatience time.Duration

	heads   headCache
	batches decisions
	names   nameLocks
	tidy    *tidier

	life   context.Context // ends with the store
	cancel context.CancelFunc
	work   sync.WaitGroup // writes under way whose caller has gone
}

func newStore(client *mongo.Client, p place) *store {
	s := &store{place: p, client: client, admin: client.Database("admin"), database: client.Database(p.database), readConcern: p.client.ReadConcern, clock: new(clock), batchPatience: standardBatchPatience}
	s.use()
	s.life, s.cancel = context.WithCancel(context.Background())
	s.tidy = newTidier(s)
	return s
}

// closePatience is how long Close tidies up and waits for the server.
const closePatience = 2 * time.Second

func (s *store) Close() error {
	s.tidy.end(closePatience)
	s.cancel()
	s.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	return s.client.Disconnect(ctx)
}

// bounded is ctx, but ends when a command has taken too long.
func (s *store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}

// grace is how long a write that was sent may still answer when its context has
// ended: most do, and then the caller learns what has happened.
const grace = 500 * time.Millisecond

// detached runs fn, which changes something, in a context that does not end with
// ctx: a command that is broken off may happen after all, and later.
func detached[T any](s *store, ctx context.Context, fn func(context.Context) (T, error)) (result T, err error) {
	if err := ctx.Err(); err != nil {
		return result, err
	}
	type answer struct {
		result T
		err    error
	}
	done := make(chan answer, 1)
	s.work.Go(func() {
		inner, cancel := s.bounded(s.life)
		defer cancel()
		result, err := fn(inner)
		done <- answer{result, err}
	})
	select {
	case a := <-done:
		return a.result, a.err
	case <-ctx.Done():
	}
	last := time.NewTimer(grace)
	defer last.Stop()
	select {
	case a := <-done:
		return a.result, a.err
	case <-last.C:
		return result, ctx.Err()
	}
}

// nameLocks lets the savers of one name in this process take turns: they would
// only take the place from each other.
type nameLocks struct {
	mu    sync.Mutex // guards locks
	locks map[string]*nameLock
}

type nameLock struct {
	turn    chan struct{}
	waiting int
}

// lock waits for the turn of a name.
func (l *nameLocks) lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	if l.locks == nil {
		l.locks = make(map[string]*nameLock)
	}
	n := l.locks[name]
	if n == nil {
		n = &nameLock{turn: make(chan struct{}, 1)}
		l.locks[name] = n
	}
	n.waiting++
	l.mu.Unlock()
	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if n.waiting--; n.waiting == 0 {
			delete(l.locks, name)
		}
	}
	select {
	case n.turn <- struct{}{}:
		return func() { <-n.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// headCache remembers the newest event of names, without its text. It may be
// outdated: what is built on it is inserted only if it is not.
type headCache struct {
	mu    sync.Mutex // guards heads
	heads map[string]head
}

// head is a name's state: the newest event that has happened, nil if there is
// none, and the number of the last key taken, which an aborted batch may hold.
type head struct {
	event *event
	slot  int64
}

// mostHeads is when the cache starts anew.
const mostHeads = 10_000

func (c *headCache) get(name string) (head, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.heads[name]
	return h, ok
}

// put remembers a head, unless a newer one is known.
func (c *headCache) put(name string, h head) {
	if e := h.event; e != nil && e.Source != nil {
		short := *e
		short.Source, short.Metadata, short.Tags = nil, nil, nil
		h.event = &short
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heads == nil || len(c.heads) >= mostHeads {
		c.heads = make(map[string]head)
	}
	if c.heads[name].slot <= h.slot {
		c.heads[name] = h
	}
}
