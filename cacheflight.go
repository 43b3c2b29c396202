package prompty

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// A flight is one read of the storage that any number of callers wait for.
type flight struct {
	ctx     context.Context
	cancel  context.CancelFunc
	waiters int  // under cache.mu; the last to leave cancels
	void    bool // under cache.mu: invalidated since it began
	done    chan struct{}
	entry   *cacheEntry // set before done is closed; nil on err
	err     error
}

// fetch joins the flight of key, or starts it, and waits for it.
func (c *cache) fetch(ctx context.Context, key cacheKey, old *cacheEntry) (*cacheEntry, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, NewStorageClosedError()
	}
	c.misses++
	f := c.flights[key]
	if f == nil {
		f = &flight{done: make(chan struct{})}
		f.ctx, f.cancel = context.WithCancel(c.life)
		c.flights[key] = f
		c.work.Go(func() { c.fly(f, key) })
	}
	f.waiters++
	c.mu.Unlock()

	select {
	case <-f.done:
	case <-ctx.Done():
		c.leave(f, key)
		return nil, ctx.Err()
	}
	switch {
	case f.err == nil:
		return f.entry, nil
	case c.life.Err() != nil:
		return nil, NewStorageClosedError()
	}
	if e := c.answerStale(old, f.err); e != nil {
		return e, nil
	}
	return nil, f.err
}

// leave takes one waiter off a flight that is still under way.
func (c *cache) leave(f *flight, key cacheKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiters--; f.waiters == 0 {
		f.cancel()
		if c.flights[key] == f {
			delete(c.flights, key)
		}
	}
}

func (c *cache) fly(f *flight, key cacheKey) {
	defer f.cancel()
	e := &cacheEntry{key: key, err: errNoAnswer}
	defer c.land(f, e)
	e.tmpl, e.err = checked(c.read(f.ctx, key))
}

func (c *cache) read(ctx context.Context, key cacheKey) (*StoredTemplate, error) {
	switch {
	case key.id != "" || key.version < 0:
		return c.inner.GetByID(ctx, key.id)
	case key.version > 0:
		return c.inner.GetVersion(ctx, key.name, key.version)
	}
	return c.inner.Get(ctx, key.name)
}

// land is deferred by what reads e, so that a panic of the storage, which no
// caller could recover from here, is an error to all who wait.
func (c *cache) land(f *flight, e *cacheEntry) {
	if r := recover(); r != nil {
		e.tmpl, e.err = nil, &StorageError{Op: "get", Name: e.key.name, Err: fmt.Errorf("the storage panicked: %v", r)}
	}
	key, err := e.key, e.err
	f.entry, f.err = e, err

	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	if c.flights[key] == f {
		delete(c.flights, key)
	}
	if c.closed {
		return
	}
	if f.void {
		c.doubt(e)
		return
	}
	defer c.noteOther(c.held(key), e)
	switch now := c.clock(); {
	case err == nil && key.version == 0:
		e.expires.Store(now + int64(c.config.TTL))
		c.store(e)
	case err == nil:
		c.store(e)
	case errors.Is(err, ErrTemplateNotFound) && c.config.NegativeCacheTTL > 0:
		e.tmpl = nil
		e.expires.Store(now + int64(c.config.NegativeCacheTTL))
		c.store(e)
	case errors.Is(err, ErrTemplateNotFound):
		c.removeKey(key)
	}
}

// held returns what key has, or nil. Under mu.
func (c *cache) held(key cacheKey) *cacheEntry {
	if e, ok := c.entries.Load(key); ok {
		return e.(*cacheEntry)
	}
	return nil
}

// noteOther counts a change that shows only in what was read again.
func (c *cache) noteOther(held, read *cacheEntry) {
	answers := read.err == nil || errors.Is(read.err, ErrTemplateNotFound)
	if held != nil && held.key.version == 0 && answers && !alike(held, read) {
		c.changes.Add(1)
	}
}

// alike reports whether two entries of one key say the same.
func alike(a, b *cacheEntry) bool {
	return a.tmpl == nil && b.tmpl == nil || a.tmpl != nil && b.tmpl != nil && a.tmpl.ID == b.tmpl.ID
}

// doubt drops what might be older than the latest version that a voided flight
// hands to its callers: they would see time run backwards. The flight began
// before the change that voided it, but may have read the storage after what was
// asked since. Under mu.
func (c *cache) doubt(e *cacheEntry) {
	latest := e.key.version == 0
	if !latest || e.err != nil && !errors.Is(e.err, ErrTemplateNotFound) {
		return
	}
	if f := c.flights[e.key]; f != nil {
		c.void(e.key, f)
	}
	held := c.held(e.key)
	if held == nil || alike(held, e) {
		return
	}
	if c.config.StaleOnError > 0 && held.tmpl != nil {
		held.expires.Store(min(c.clock(), held.expires.Load()))
	} else {
		c.remove(held)
	}
	c.changes.Add(1)
}

// store puts e in the place of what its key had. Under mu.
func (c *cache) store(e *cacheEntry) {
	c.removeKey(e.key)
	for len(c.order) >= c.config.MaxEntries {
		c.evict()
	}
	now := c.clock()
	e.used.Store(now)
	e.rank = now
	heap.Push(&c.order, e)
	keys := c.byName[e.name()]
	if keys == nil {
		keys = make(map[cacheKey]*cacheEntry)
		c.byName[e.name()] = keys
	}
	keys[e.key] = e
	c.oldest.Store(c.order[0].rank)
	c.entries.Store(e.key, e)
}

// removeKey takes out what key has, if anything. Under mu.
func (c *cache) removeKey(key cacheKey) {
	if e := c.held(key); e != nil {
		c.remove(e)
	}
}

// remove takes e out. Under mu.
func (c *cache) remove(e *cacheEntry) {
	c.entries.Delete(e.key)
	heap.Remove(&c.order, e.slot)
	if len(c.order) > 0 {
		c.oldest.Store(c.order[0].rank)
	}
	keys := c.byName[e.name()]
	if delete(keys, e.key); len(keys) == 0 {
		delete(c.byName, e.name())
	}
}

// evict removes the least recently used entry. Hits don't move entries in the
// heap; one that was used since it was ranked is ranked anew when it comes to
// the top, and as a rank is never later than the use, the first entry whose
// rank is up to date is the right one. Under mu.
func (c *cache) evict() {
	for {
		e := c.order[0]
		if used := e.used.Load(); used > e.rank {
			e.rank = used
			heap.Fix(&c.order, 0)
			continue
		}
		c.remove(e)
		c.evictions++
		return
	}
}

// dropName drops what is cached of one template and voids its flights, so that
// they answer who waits but are not kept. What was asked by ID and not found
// is of no known name and goes with every name. keepStale lets latest versions
// stay, past their time, for StaleOnError.
func (c *cache) dropName(name string, keepStale bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, f := range c.flights {
		if key.name == name || key.id != "" {
			c.void(key, f)
		}
	}
	c.dropEntries(name, keepStale)
	c.dropEntries("", keepStale)
}

// dropAll is dropName for every name.
func (c *cache) dropAll(keepStale bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, f := range c.flights {
		c.void(key, f)
	}
	for name := range c.byName {
		c.dropEntries(name, keepStale)
	}
}

func (c *cache) void(key cacheKey, f *flight) {
	f.void = true
	delete(c.flights, key)
}

func (c *cache) dropEntries(name string, keepStale bool) {
	now := c.clock()
	for key, e := range c.byName[name] {
		if keepStale && e.tmpl != nil && key.version == 0 {
			e.expires.Store(min(now, e.expires.Load()))
			e.retry.Store(0)
		} else {
			c.remove(e)
		}
	}
}

// evictionHeap has the entry of the lowest rank first.
type evictionHeap []*cacheEntry

func (h evictionHeap) Len() int           { return len(h) }
func (h evictionHeap) Less(i, j int) bool { return h[i].rank < h[j].rank }
func (h evictionHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].slot, h[j].slot = i, j
}

func (h *evictionHeap) Push(x any) {
	e := x.(*cacheEntry)
	e.slot = len(*h)
	*h = append(*h, e)
}

func (h *evictionHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return e
}

// stripedCount counts hits without one cache line that all cores write: a pool
// keeps what was put into it with the processor that put it there.
type stripedCount struct {
	stripes [32]stripe
	next    atomic.Uint32
	mine    sync.Pool // of *stripe
}

type stripe struct {
	n atomic.Int64
	_ [120]byte // processors fetch cache lines in pairs
}

func (s *stripedCount) add() {
	own, _ := s.mine.Get().(*stripe)
	if own == nil {
		own = &s.stripes[s.next.Add(1)%uint32(len(s.stripes))]
	}
	own.n.Add(1)
	s.mine.Put(own)
}

func (s *stripedCount) sum() (n int64) {
	for i := range s.stripes {
		n += s.stripes[i].n.Load()
	}
	return n
}
