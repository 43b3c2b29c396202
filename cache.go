package prompty

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// CacheConfig configures a [CachedStorage]; zero means [DefaultCacheConfig]'s.
type CacheConfig struct {
	TTL              time.Duration // how long a latest version is served without asking again
	MaxEntries       int           // beyond it the least recently used goes
	NegativeCacheTTL time.Duration // how long "not found" is believed; negative: never. No other error is cached.
	StaleOnError     time.Duration // how long past its time an entry still answers while the storage fails; 0: never
}

// DefaultCacheConfig returns 5 minutes, 10,000 entries, 5 seconds, and 0.
func DefaultCacheConfig() CacheConfig {
	return CacheConfig{TTL: 5 * time.Minute, MaxEntries: 10_000, NegativeCacheTTL: 5 * time.Second}
}

// CacheStats is what a [CachedStorage] has done so far.
type CacheStats struct {
	Entries, Negative int   // kept now, and those of them that say "not found"
	Hits, Misses      int64 // answered without the storage, and by it or its error
	Stale             int64 // answered by an entry past its time, as the storage failed
	Evictions         int64 // entries that went for want of room
	Following         bool  // the storage can watch, and the cache follows it
}

// CachedStorage is a [TemplateStorage] that answers Get, GetVersion and GetByID
// from memory where it can; a hit takes no lock. A version stays until evicted,
// the latest for the TTL. Reads of one key at one time are one. Changes made
// through it show at once, others when the storage's [Watcher] says so, or after
// the TTL. It has all capabilities of the storage it wraps.
type CachedStorage struct {
	cacheMethods
	c *cache
}

type cacheMethods interface {
	TemplateStorage
	ConditionalSaver
	BatchSaver
	Prober
	Watcher
	Resumer
	Syncer
	changeCounter
	watchStatuser
	expirer
}

// NewCachedStorage returns storage behind a cache. Closing it closes storage.
func NewCachedStorage(storage TemplateStorage, config CacheConfig) *CachedStorage {
	c := newCache(storage, config)
	return &CachedStorage{c, c}
}

// Invalidate drops all of one template; reads under way are not cached.
func (s *CachedStorage) Invalidate(name string) { s.c.forget(name) }

// InvalidateAll drops everything.
func (s *CachedStorage) InvalidateAll() { s.c.forgetAll(false) }

// Stats returns the counts so far.
func (s *CachedStorage) Stats() CacheStats { return s.c.stats() }

// Unwrap returns the storage behind the cache; see [As].
func (s *CachedStorage) Unwrap() TemplateStorage { return s.c.inner }

// cache is what a CachedStorage does.
type cache struct {
	inner  TemplateStorage
	config CacheConfig
	born   time.Time

	entries sync.Map // cacheKey → *cacheEntry; written under mu
	hits    stripedCount
	stale   atomic.Int64
	oldest  atomic.Int64 // the lowest rank in order; written under mu

	mu        sync.Mutex // guards the fields below
	order     evictionHeap
	byName    map[string]map[cacheKey]*cacheEntry // what is in entries, by its name()
	flights   map[cacheKey]*flight
	misses    int64
	evictions int64
	closed    bool

	following atomic.Bool   // the follower is at work
	changes   atomic.Uint64 // moves after what Get would return may have

	life   context.Context // ends with Close; flights and the follower end with it
	cancel context.CancelFunc
	work   sync.WaitGroup // flights and the follower
}

// cacheKey is one of: name and version 0 (latest); name and version; id.
type cacheKey struct {
	name    string
	version int
	id      TemplateID
}

// cacheEntry never changes but for its atomics.
type cacheEntry struct {
	key     cacheKey
	tmpl    *StoredTemplate // nil: not found
	err     error           // what the storage said then
	expires atomic.Int64    // on the cache's clock; 0: never
	used    atomic.Int64    // when it last answered
	retry   atomic.Int64    // until when it answers, stale, without asking a storage that failed
	rank    int64           // used, as the heap last saw it; under mu
	slot    int             // place in the heap; under mu
}

// name is the template the entry speaks of; "" if unknown.
func (e *cacheEntry) name() string {
	if e.tmpl != nil {
		return e.tmpl.Name
	}
	return e.key.name
}

// longest stands for all longer times, so that adding two cannot overflow.
const longest = 100 * 365 * 24 * time.Hour

func newCache(storage TemplateStorage, config CacheConfig) *cache {
	standard := DefaultCacheConfig()
	if config.TTL <= 0 {
		config.TTL = standard.TTL
	}
	if config.MaxEntries <= 0 {
		config.MaxEntries = standard.MaxEntries
	}
	if config.NegativeCacheTTL == 0 {
		config.NegativeCacheTTL = standard.NegativeCacheTTL
	}
	config.TTL, config.NegativeCacheTTL, config.StaleOnError = min(config.TTL, longest), min(config.NegativeCacheTTL, longest), min(config.StaleOnError, longest)
	c := &cache{inner: storage, config: config, born: time.Now(), flights: make(map[cacheKey]*flight), byName: make(map[string]map[cacheKey]*cacheEntry)}
	c.life, c.cancel = context.WithCancel(context.Background())
	if w, ok := As[Watcher](storage); ok {
		c.work.Go(func() { c.follow(w) })
	}
	return c
}

// clock is monotonic, in nanoseconds since the cache was made, and never 0.
func (c *cache) clock() int64 { return int64(time.Since(c.born)) + 1 }

func (c *cache) Get(ctx context.Context, name string) (*StoredTemplate, error) {
	e, err := c.entry(ctx, cacheKey{name: name})
	if err != nil {
		return nil, err
	}
	return e.tmpl.Clone(), nil
}

// LatestID implements [Prober]: the ID that Get would return.
func (c *cache) LatestID(ctx context.Context, name string) (TemplateID, error) {
	e, err := c.entry(ctx, cacheKey{name: name})
	if err != nil {
		return "", err
	}
	return e.tmpl.ID, nil
}

func (c *cache) GetVersion(ctx context.Context, name string, version int) (*StoredTemplate, error) {
	if version < 1 { // would be the key of the latest
		return c.inner.GetVersion(ctx, name, version)
	}
	e, err := c.entry(ctx, cacheKey{name: name, version: version})
	if err != nil {
		return nil, err
	}
	return e.tmpl.Clone(), nil
}

func (c *cache) GetByID(ctx context.Context, id TemplateID) (*StoredTemplate, error) {
	e, err := c.entry(ctx, cacheKey{id: id, version: -1})
	if err != nil {
		return nil, err
	}
	return e.tmpl.Clone(), nil
}

// entry finds the entry of key or fetches it. Its template is not nil.
func (c *cache) entry(ctx context.Context, key cacheKey) (*cacheEntry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if c.life.Err() != nil {
		return nil, NewStorageClosedError()
	}
	var old *cacheEntry
	if found, ok := c.entries.Load(key); ok {
		e := found.(*cacheEntry)
		now := c.clock()
		if expires := e.expires.Load(); expires == 0 || now < expires {
			c.hits.add()
			c.touch(e, now)
			if e.tmpl == nil {
				return nil, e.err
			}
			return e, nil
		} else if now < e.retry.Load() {
			c.stale.Add(1)
			return e, nil
		}
		old = e
	}
	return c.fetch(ctx, key, old)
}

// touch notes a hit, as exactly as matters: to a hundredth of the time that the
// oldest entry has been here. So an entry that many cores read is seldom written,
// and stays in the memory near each of them.
func (c *cache) touch(e *cacheEntry, now int64) {
	if now-e.used.Load() > (now-c.oldest.Load())/100 {
		e.used.Store(now)
	}
}

// retryAfter is how long a failing storage is left alone by the entries that
// can answer for it.
const retryAfter = time.Second

// answerStale returns old if the configuration lets it stand in for err.
func (c *cache) answerStale(old *cacheEntry, err error) *cacheEntry {
	if old == nil || old.tmpl == nil {
		return nil
	}
	now, end := c.clock(), old.expires.Load()+int64(c.config.StaleOnError)
	if now >= end {
		return nil
	}
	for _, answer := range []error{ErrTemplateNotFound, ErrInvalidName, ErrInvalidTemplate, ErrClosed, context.Canceled} {
		if errors.Is(err, answer) {
			return nil
		}
	}
	old.retry.Store(min(now+int64(retryAfter), end))
	c.stale.Add(1)
	return old
}

func (c *cache) Save(ctx context.Context, tmpl *StoredTemplate) error {
	defer c.forgetSaved(tmpl)
	return c.inner.Save(ctx, tmpl)
}

// SaveIf implements [ConditionalSaver] if the storage does.
func (c *cache) SaveIf(ctx context.Context, tmpl *StoredTemplate, base int) error {
	defer c.forgetSaved(tmpl)
	return SaveIf(ctx, c.inner, tmpl, base)
}

// SaveAll implements [BatchSaver] if the storage does.
func (c *cache) SaveAll(ctx context.Context, tmpls []*StoredTemplate) error {
	defer c.forgetSaved(tmpls...)
	return SaveAll(ctx, c.inner, tmpls)
}

func (c *cache) forgetSaved(tmpls ...*StoredTemplate) {
	for _, t := range tmpls {
		if t != nil {
			c.forget(t.Name)
		}
	}
}

func (c *cache) Delete(ctx context.Context, name string) error {
	defer c.forget(name)
	return c.inner.Delete(ctx, name)
}

func (c *cache) DeleteVersion(ctx context.Context, name string, version int) error {
	defer c.forget(name)
	return c.inner.DeleteVersion(ctx, name, version)
}

// List asks the storage.
func (c *cache) List(ctx context.Context, query *TemplateQuery) ([]*StoredTemplate, error) {
	return c.inner.List(ctx, query)
}

// Exists answers from the cache like Get, but never fetches a source.
func (c *cache) Exists(ctx context.Context, name string) (bool, error) {
	if e, ok := c.entries.Load(cacheKey{name: name}); ok && ctx.Err() == nil && c.life.Err() == nil {
		if e := e.(*cacheEntry); c.clock() < e.expires.Load() {
			return e.tmpl != nil, nil
		}
	}
	return c.inner.Exists(ctx, name)
}

// ListVersions asks the storage.
func (c *cache) ListVersions(ctx context.Context, name string) ([]int, error) {
	return c.inner.ListVersions(ctx, name)
}

func (c *cache) stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := CacheStats{
		Entries: len(c.order), Hits: c.hits.sum(), Misses: c.misses,
		Stale: c.stale.Load(), Evictions: c.evictions, Following: c.following.Load(),
	}
	for _, e := range c.order {
		if e.tmpl == nil {
			s.Negative++
		}
	}
	return s
}

// Close ends the reads under way with [ErrClosed] and closes the storage.
func (c *cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.work.Wait()
	c.dropAll(false)
	return c.inner.Close()
}

// expire implements expirer: the next answer for name is the storage's, or a
// stale one if the storage fails.
func (c *cache) expire(name string) { c.dropName(name, true) }
