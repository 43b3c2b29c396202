package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-prompty/prompty"
)

// backend is a plain storage that counts its reads and does as it is told.
type backend struct {
	plain
	reads  atomic.Int64
	before func(ctx context.Context) error // runs before each read; an error is the answer
	after  func()                          // runs after each read, before it is answered
}

func (b *backend) read(ctx context.Context, get func() (*prompty.StoredTemplate, error)) (*prompty.StoredTemplate, error) {
	b.reads.Add(1)
	if b.before != nil {
		if err := b.before(ctx); err != nil {
			return nil, err
		}
	}
	t, err := get()
	if b.after != nil {
		b.after()
	}
	return t, err
}

func (b *backend) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	return b.read(ctx, func() (*prompty.StoredTemplate, error) { return b.s.Get(ctx, name) })
}

func (b *backend) GetVersion(ctx context.Context, name string, v int) (*prompty.StoredTemplate, error) {
	return b.read(ctx, func() (*prompty.StoredTemplate, error) { return b.s.GetVersion(ctx, name, v) })
}

func (b *backend) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	return b.read(ctx, func() (*prompty.StoredTemplate, error) { return b.s.GetByID(ctx, id) })
}

func newBackend() *backend { return &backend{plain: plain{prompty.NewMemoryStorage()}} }

// wantReads fails unless the backend was read n times since the last call.
func (b *backend) wantReads(t *testing.T, n int64, after string) {
	t.Helper()
	if got := b.reads.Swap(0); got != n {
		t.Errorf("after %s: the storage was read %d times, want %d", after, got, n)
	}
}

func wantSource(t *testing.T, s prompty.TemplateStorage, name, want string) {
	t.Helper()
	got, err := s.Get(t.Context(), name)
	if err != nil || got.Source != want {
		t.Errorf("Get(%q) = %+v, %v, want source %q", name, got, err, want)
	}
}

func wantMissing(t *testing.T, s prompty.TemplateStorage, name string) {
	t.Helper()
	if got, err := s.Get(t.Context(), name); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Get(%q) = %+v, %v, want ErrTemplateNotFound", name, got, err)
	}
}

func TestCacheTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := prompty.NewCachedStorage(b, prompty.CacheConfig{TTL: time.Minute, NegativeCacheTTL: time.Second})
		defer c.Close()
		v1 := save(t, c, "a", "one")
		for range 3 {
			wantSource(t, c, "a", "one")
		}
		b.wantReads(t, 1, "three reads")

		save(t, b.s, "a", "two") // beside the cache
		wantSource(t, c, "a", "one")
		time.Sleep(time.Minute - time.Nanosecond)
		wantSource(t, c, "a", "one")
		b.wantReads(t, 0, "reads within the TTL")
		time.Sleep(time.Nanosecond)
		wantSource(t, c, "a", "two")
		b.wantReads(t, 1, "the TTL")

		for range 2 { // pinned versions stay
			if got, err := c.GetVersion(t.Context(), "a", 1); err != nil || got.Source != "one" {
				t.Errorf("GetVersion(a, 1) = %+v, %v", got, err)
			}
			if got, err := c.GetByID(t.Context(), v1.ID); err != nil || got.Source != "one" {
				t.Errorf("GetByID(%q) = %+v, %v", v1.ID, got, err)
			}
			time.Sleep(time.Hour)
		}
		b.wantReads(t, 2, "two reads each of a version and an ID")

		wantMissing(t, c, "b")
		wantMissing(t, c, "b")
		b.wantReads(t, 1, "two reads of what is missing")
		save(t, b.s, "b", "new")
		time.Sleep(time.Second)
		wantSource(t, c, "b", "new")
	})
}

func TestCacheShowsOwnWritesAtOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := newBackend()
	c := prompty.NewCachedStorage(struct {
		*backend
		prompty.ConditionalSaver
		prompty.BatchSaver
	}{b, b.s.(prompty.ConditionalSaver), b.s.(prompty.BatchSaver)}, prompty.CacheConfig{})
	defer c.Close()
	wantMissing(t, c, "a")
	save(t, c, "a", "one")
	wantSource(t, c, "a", "one")
	if err := c.SaveIf(ctx, &prompty.StoredTemplate{Name: "a", Source: "two"}, 1); err != nil {
		t.Fatal(err)
	}
	wantSource(t, c, "a", "two")
	if err := c.SaveIf(ctx, &prompty.StoredTemplate{Name: "a", Source: "no"}, 1); !errors.Is(err, prompty.ErrConflict) {
		t.Errorf("SaveIf on an old base = %v, want ErrConflict", err)
	}
	if err := c.SaveAll(ctx, []*prompty.StoredTemplate{{Name: "a", Source: "three"}, {Name: "b", Source: "b"}}); err != nil {
		t.Fatal(err)
	}
	wantSource(t, c, "a", "three")
	wantSource(t, c, "b", "b")
	if err := c.DeleteVersion(ctx, "a", 3); err != nil {
		t.Fatal(err)
	}
	wantSource(t, c, "a", "two")
	if _, err := c.GetVersion(ctx, "a", 3); !errors.Is(err, prompty.ErrVersionNotFound) {
		t.Errorf("GetVersion(a, 3) after DeleteVersion = %v, want ErrVersionNotFound", err)
	}
	if err := c.Delete(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	wantMissing(t, c, "a")
	if found, err := c.Exists(ctx, "a"); err != nil || found {
		t.Errorf("Exists(a) = %v, %v, want false", found, err)
	}
	if found, err := c.Exists(ctx, "b"); err != nil || !found {
		t.Errorf("Exists(b) = %v, %v, want true", found, err)
	}
	if list, err := c.List(ctx, nil); err != nil || len(list) != 1 {
		t.Errorf("List = %v, %v, want b", list, err)
	}
	if list, err := c.ListVersions(ctx, "b"); err != nil || len(list) != 1 {
		t.Errorf("ListVersions(b) = %v, %v", list, err)
	}
}

func TestCacheEvictsLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := prompty.NewCachedStorage(b, prompty.CacheConfig{MaxEntries: 3})
		defer c.Close()
		for i := range 5 {
			save(t, b.s, fmt.Sprint("t", i), "x")
		}
		for _, name := range []string{"t0", "t1", "t2", "t0", "t1", "t3", "t0", "t4"} {
			wantSource(t, c, name, "x")
			time.Sleep(time.Millisecond)
		}
		b.wantReads(t, 5, "five names") // t3 took t2's place, t4 took t1's
		for _, name := range []string{"t0", "t3", "t4"} {
			wantSource(t, c, name, "x")
		}
		b.wantReads(t, 0, "the three used last")
		wantSource(t, c, "t1", "x")
		b.wantReads(t, 1, "the one that was evicted")
		if s := c.Stats(); s.Entries != 3 || s.Evictions != 3 || s.Misses != 6 || s.Hits != 6 || s.Following {
			t.Errorf("Stats = %+v, want 3 entries, 3 evictions, 6 misses, 6 hits", s)
		}
	})
}

func TestCacheNeverKeepsOtherErrors(t *testing.T) {
	t.Parallel()
	b := newBackend()
	c := prompty.NewCachedStorage(b, prompty.CacheConfig{})
	defer c.Close()
	save(t, b.s, "a", "one")
	broken := errors.New("connection refused")
	b.before = func(context.Context) error { return broken }
	if _, err := c.Get(t.Context(), "a"); !errors.Is(err, broken) {
		t.Errorf("Get from a broken storage = %v, want its error", err)
	}
	b.before = nil
	wantSource(t, c, "a", "one")
	if s := c.Stats(); s.Negative != 0 || s.Entries != 1 {
		t.Errorf("Stats = %+v, want one entry, none negative", s)
	}
	none := prompty.NewCachedStorage(b, prompty.CacheConfig{NegativeCacheTTL: -1})
	wantMissing(t, none, "z")
	save(t, b.s, "z", "there")
	wantSource(t, none, "z", "there")
}

func TestCacheStaleOnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := prompty.NewCachedStorage(b, prompty.CacheConfig{TTL: time.Minute, StaleOnError: time.Hour})
		defer c.Close()
		save(t, b.s, "a", "one")
		wantSource(t, c, "a", "one")
		down := errors.New("connection refused")
		b.before = func(context.Context) error { return down }
		time.Sleep(2 * time.Minute)
		b.wantReads(t, 1, "the first read")
		for range 5 {
			wantSource(t, c, "a", "one")
		}
		b.wantReads(t, 1, "five reads while it is down") // asked once, then left alone for a while
		if s := c.Stats(); s.Stale != 5 {
			t.Errorf("Stats.Stale = %d, want 5", s.Stale)
		}
		time.Sleep(time.Hour)
		if _, err := c.Get(t.Context(), "a"); !errors.Is(err, down) {
			t.Errorf("Get an hour later = %v, want the storage's error", err)
		}
		b.before = nil
		wantSource(t, c, "a", "one")
		if err := b.s.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		wantMissing(t, c, "a") // "not found" is an answer, not a failure
	})
}

func TestCacheFollowsWatcher(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := prompty.NewMemoryStorage()
		c := prompty.NewCachedStorage(m, prompty.CacheConfig{TTL: 1000 * time.Hour, NegativeCacheTTL: 1000 * time.Hour})
		wantMissing(t, c, "a")
		for i := range 3 {
			source := fmt.Sprint("version ", i+1)
			save(t, m, "a", source)
			synctest.Wait()
			wantSource(t, c, "a", source)
		}
		if !c.Stats().Following {
			t.Error("Stats.Following = false over a storage that can watch")
		}
		if err := m.Close(); err != nil { // the watch ends; nothing may be believed for long
			t.Fatal(err)
		}
		synctest.Wait()
		if _, err := c.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("Get after the storage closed = %v, want ErrClosed", err)
		}
		if c.Stats().Following {
			t.Error("Stats.Following = true after the watch ended")
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// everything is a watcher that can say "everything may have changed".
type everything struct {
	plain
	batches chan prompty.ChangeBatch
}

func (e everything) Watch(context.Context) (<-chan prompty.ChangeBatch, error) { return e.batches, nil }

func TestCacheDropsEverythingWhenToldTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		batches := make(chan prompty.ChangeBatch)
		c := prompty.NewCachedStorage(everything{plain{b}, batches}, prompty.CacheConfig{StaleOnError: time.Hour})
		synctest.Wait() // it follows
		save(t, b.s, "a", "one")
		wantSource(t, c, "a", "one")
		save(t, b.s, "a", "two")
		batches <- prompty.ChangeBatch{All: true}
		synctest.Wait()
		wantSource(t, c, "a", "two")
		b.before = func(context.Context) error { return errors.New("down") }
		batches <- prompty.ChangeBatch{Changes: []prompty.Change{{Name: "a", Kind: prompty.Changed}}}
		synctest.Wait()
		wantSource(t, c, "a", "two") // known to be old, but the best there is
		close(batches)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCacheClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := prompty.NewCachedStorage(b, prompty.CacheConfig{})
		save(t, b.s, "a", "one")
		b.before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := c.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrClosed) {
				t.Errorf("Get during Close = %v, want ErrClosed", err)
			}
		})
		synctest.Wait()
		for range 2 {
			if err := c.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
		}
		wg.Wait()
		if _, err := c.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("Get after Close = %v, want ErrClosed", err)
		}
	})
}

// TestCacheModel holds a cache that follows its storage against the storage,
// while several writers change it, beside the cache and through it.
func TestCacheModel(t *testing.T) {
	t.Parallel()
	m := prompty.NewMemoryStorage()
	c := prompty.NewCachedStorage(m, prompty.CacheConfig{MaxEntries: 5})
	defer c.Close()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			name := fmt.Sprint("t", w)
			for i := range 200 {
				source := fmt.Sprint(i)
				save(t, c, name, source)
				wantSource(t, c, name, source) // no other writer of this name
				if other, err := c.Get(t.Context(), fmt.Sprint("t", (w+1)%4)); err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
					t.Errorf("Get = %+v, %v", other, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCacheHitCosts(t *testing.T) {
	c := prompty.NewCachedStorage(newBackend(), prompty.CacheConfig{})
	defer c.Close()
	save(t, c, "some/name", "one")
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		if _, err := c.LatestID(ctx, "some/name"); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("LatestID of a cached template allocates %v times, want 0", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := c.Get(ctx, "some/name"); err != nil {
			t.Fatal(err)
		}
	}); n > 1 {
		t.Errorf("Get of a cached template allocates %v times, want its result alone", n)
	}
}

func BenchmarkCacheHit(b *testing.B) {
	c := prompty.NewCachedStorage(newBackend(), prompty.CacheConfig{})
	defer c.Close()
	save(b, c, "some/name", "one")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.Get(b.Context(), "some/name"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A panic in the caller's goroutine could be recovered there; one in a flight's
// would end the process.
func TestCacheOverStorageThatPanics(t *testing.T) {
	t.Parallel()
	for what, bad := range map[string]func(context.Context) error{
		"panic":  func(context.Context) error { panic("index out of range") },
		"Goexit": func(context.Context) error { runtime.Goexit(); return nil },
	} {
		t.Run(what, func(t *testing.T) {
			b := newBackend()
			c := prompty.NewCachedStorage(b, prompty.CacheConfig{})
			defer c.Close()
			save(t, b.s, "a", "one")
			b.before = bad
			if got, err := c.Get(t.Context(), "a"); err == nil || errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("Get = %+v, %v, want an error that blames the storage", got, err)
			}
			b.before = nil
			wantSource(t, c, "a", "one")
		})
	}
}

func TestCacheForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := prompty.NewCachedStorage(b, prompty.CacheConfig{TTL: math.MaxInt64, NegativeCacheTTL: math.MaxInt64, StaleOnError: math.MaxInt64})
		defer c.Close()
		save(t, b.s, "a", "one")
		for range 2 {
			wantSource(t, c, "a", "one")
			wantMissing(t, c, "b")
			time.Sleep(10_000 * time.Hour)
		}
		b.wantReads(t, 2, "two reads of two names")
		short := prompty.NewCachedStorage(b, prompty.CacheConfig{TTL: time.Second, StaleOnError: math.MaxInt64})
		wantSource(t, short, "a", "one")
		b.before = func(context.Context) error { return errors.New("down") }
		time.Sleep(time.Hour)
		wantSource(t, short, "a", "one")
	})
}

// Who is told of a change and reads it from the cache gets what is new.
func TestCacheWatchTellsAfterItDrops(t *testing.T) {
	t.Parallel()
	m := prompty.NewMemoryStorage()
	c := prompty.NewCachedStorage(m, prompty.CacheConfig{})
	w, ok := prompty.As[prompty.Watcher](c)
	if !ok {
		t.Fatal("no Watcher through the cache")
	}
	changes, err := w.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		source := fmt.Sprint("version ", i+1)
		save(t, m, "a", source)
		<-changes
		wantSource(t, c, "a", source)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range changes { // ends
	}
	if _, err := w.Watch(t.Context()); !errors.Is(err, prompty.ErrClosed) {
		t.Errorf("Watch after Close = %v, want ErrClosed", err)
	}
}

// Close does not wait for a storage that leaves its channel open.
func TestCacheCloseEndsWatches(t *testing.T) {
	t.Parallel()
	c := prompty.NewCachedStorage(everything{plain{prompty.NewMemoryStorage()}, make(chan prompty.ChangeBatch)}, prompty.CacheConfig{})
	changes, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for range changes { // ends
	}
}

// A change that the storage reports ends the time for which it is left alone
// after it failed.
func TestCacheAsksAgainAfterAChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		batches := make(chan prompty.ChangeBatch)
		c := prompty.NewCachedStorage(everything{plain{b}, batches}, prompty.CacheConfig{TTL: time.Minute, StaleOnError: time.Hour})
		synctest.Wait() // it follows
		save(t, b.s, "a", "one")
		wantSource(t, c, "a", "one")
		time.Sleep(time.Minute)
		b.before = func(context.Context) error { return errors.New("down") }
		wantSource(t, c, "a", "one")
		b.before = nil
		save(t, b.s, "a", "two")
		batches <- prompty.ChangeBatch{Changes: []prompty.Change{{Name: "a", Kind: prompty.Changed}}}
		synctest.Wait()
		wantSource(t, c, "a", "two")
		close(batches)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
