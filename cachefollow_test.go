package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// count is what a storage that counts its changes says.
func count(t *testing.T, s prompty.TemplateStorage) (n uint64, ok bool) {
	t.Helper()
	c, counts := s.(interface{ ChangeCount() (uint64, bool) })
	if !counts {
		t.Fatalf("%T does not count its changes", s)
	}
	return c.ChangeCount()
}

func TestCacheCountsChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := &scripted{backend: newBackend()}
		c := prompty.NewCachedStorage(s, prompty.CacheConfig{TTL: time.Minute})
		defer c.Close()
		synctest.Wait()
		save(t, s.s, "a", "1")
		last, ok := count(t, c)
		if !ok {
			t.Error("it follows, but cannot tell what changed")
		}
		step := func(what string, want bool, do func()) {
			t.Helper()
			do()
			synctest.Wait()
			if n, ok := count(t, c); !ok || n != last != want {
				t.Errorf("%s: the count went from %d to %d, %v; want it to move: %v", what, last, n, ok, want)
			}
			last, _ = count(t, c)
		}
		step("the first Get", false, func() { wantSource(t, c, "a", "1") })
		step("a hit", false, func() { wantSource(t, c, "a", "1") })
		step("Save", true, func() { save(t, c, "a", "2") })
		step("Get", false, func() { wantSource(t, c, "a", "2") })
		step("DeleteVersion", true, func() { c.DeleteVersion(ctx, "a", 2) })
		step("Delete", true, func() { c.Delete(ctx, "a") })
		step("Get of what is missing", false, func() { wantMissing(t, c, "a") })
		step("Invalidate", true, func() { c.Invalidate("a") })
		step("InvalidateAll", true, func() { c.InvalidateAll() })
		step("a batch", true, func() { s.tell(prompty.ChangeBatch{Changes: changed("a")}) })
		step("a batch of everything", true, func() { s.tell(prompty.ChangeBatch{All: true}) })
		step("news of the watch", false, func() { s.tell(prompty.ChangeBatch{Watch: &prompty.WatchStatus{}}) })

		save(t, s.s, "b", "1")
		wantSource(t, c, "b", "1")
		wantMissing(t, c, "c")
		step("Get after the TTL", false, func() {
			time.Sleep(time.Minute)
			wantSource(t, c, "b", "1")
			wantMissing(t, c, "c")
		})
		save(t, s.s, "b", "2") // the watch says nothing
		step("Get after the TTL of another version", true, func() {
			time.Sleep(time.Minute)
			wantSource(t, c, "b", "2")
		})
		save(t, s.s, "c", "1")
		step("Get after the TTL of what was missing", true, func() {
			time.Sleep(time.Minute)
			wantSource(t, c, "c", "1")
		})
		if err := s.s.Delete(ctx, "c"); err != nil {
			t.Fatal(err)
		}
		step("Get after the TTL of what is gone", true, func() {
			time.Sleep(time.Minute)
			wantMissing(t, c, "c")
		})

		s.end()
		if _, ok := count(t, c); ok {
			t.Error("the watch ended, but the cache says that it can tell what changes")
		}
		if _, ok := count(t, prompty.NewCachedStorage(newBackend(), prompty.CacheConfig{})); ok {
			t.Error("the storage cannot watch, but the cache says that it can tell what changes")
		}
	})
}

func TestCachePassesBatchesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{backend: newBackend()}
		c := prompty.NewCachedStorage(s, prompty.CacheConfig{})
		defer c.Close()
		synctest.Wait()
		save(t, s.s, "a", "1")
		wantSource(t, c, "a", "1")
		changes, err := c.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		save(t, s.s, "a", "2")
		want := prompty.ChangeBatch{Revision: "7", Changes: changed("a"), Since: time.Now(), Watch: &prompty.WatchStatus{Mode: "poll"}}
		s.tell(want) // and not yet the cache's own watch
		if got := <-changes; !cmp.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		wantSource(t, c, "a", "2")
		s.end()
		for range changes { // ends
		}
	})
}

// A watch that cannot be had now may be had later.
func TestCacheWatchesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("no watches left")
		s := &scripted{backend: newBackend(), refuse: full}
		c := prompty.NewCachedStorage(s, prompty.CacheConfig{})
		synctest.Wait()
		if _, err := c.Watch(t.Context()); !errors.Is(err, full) || c.Stats().Following {
			t.Errorf("Watch = %v, following %v, want the storage's error and not to follow", err, c.Stats().Following)
		}
		s.refuseWith(nil)
		for i := range 3 {
			save(t, s.s, "a", fmt.Sprint(i))
			wantSource(t, c, "a", fmt.Sprint(i)) // read while nobody says what changes
			text := fmt.Sprint("new ", i)
			save(t, s.s, "a", text)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if !c.Stats().Following {
				t.Error("the cache does not follow a storage that can be watched again")
			}
			wantSource(t, c, "a", text)
			s.end()
			if c.Stats().Following {
				t.Error("the cache follows a watch that ended")
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Watch(t.Context()); !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("Watch after Close = %v, want ErrClosed", err)
		}
	})
}

// The cache hears of what came and went, as it may have been read in between.
func TestCacheHearsOfWhatCameAndWent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := prompty.NewMemoryStorage()
		late := make(chan struct{})
		c := prompty.NewCachedStorage(told{&backend{plain: plain{m}}, func(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
			in, err := m.(prompty.Watcher).Watch(ctx)
			out := make(chan prompty.ChangeBatch)
			go func() {
				defer close(out)
				<-late
				for b := range in {
					out <- b
				}
			}()
			return out, err
		}}, prompty.CacheConfig{})
		synctest.Wait()
		save(t, m, "first", "on its way")
		synctest.Wait()
		save(t, m, "a", "1")
		wantSource(t, c, "a", "1")
		if err := m.Delete(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		close(late)
		synctest.Wait()
		wantMissing(t, c, "a")
		if err := errors.Join(m.Close(), c.Close()); err != nil {
			t.Fatal(err)
		}
	})
}

func TestCacheOverASlowWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := prompty.NewCachedStorage(told{newBackend(), func(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, prompty.CacheConfig{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Watch(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Watch = %v, want its context's error", err)
		}
		done := make(chan error)
		go func() {
			_, err := c.Watch(t.Context())
			done <- err
		}()
		synctest.Wait()
		if err := c.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
		if err := <-done; !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("Watch during Close = %v, want ErrClosed", err)
		}
	})
}

// resumers are ways to a memory storage, with how to name a template there.
var resumers = map[string]func(m prompty.TemplateStorage) (s prompty.TemplateStorage, beneath string){
	"memory": func(m prompty.TemplateStorage) (prompty.TemplateStorage, string) { return m, "" },
	"cache": func(m prompty.TemplateStorage) (prompty.TemplateStorage, string) {
		return prompty.NewCachedStorage(m, prompty.CacheConfig{}), ""
	},
	"tenant": func(m prompty.TemplateStorage) (prompty.TemplateStorage, string) {
		return prompty.ForTenant(m, "acme"), "@acme/"
	},
}

func TestResumeAndSync(t *testing.T) {
	t.Parallel()
	for kind, open := range resumers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				m := prompty.NewMemoryStorage()
				s, beneath := open(m)
				r, ok := prompty.As[prompty.Resumer](s)
				if !ok {
					t.Fatal("no Resumer")
				}
				sy, ok := prompty.As[prompty.Syncer](s)
				if !ok {
					t.Fatal("no Syncer")
				}
				from := func(revision string) <-chan prompty.ChangeBatch {
					t.Helper()
					changes, err := r.WatchFrom(ctx, revision)
					if err != nil {
						t.Fatalf("WatchFrom(%q) = %v", revision, err)
					}
					return changes
				}
				live := from("")
				save(t, m, beneath+"a", "1")
				first := <-live
				wantSource(t, s, "a", "1")
				save(t, m, "others/b", "1")
				save(t, m, beneath+"a", "2")
				save(t, m, beneath+"c", "1")
				if err := m.Delete(ctx, "others/b"); err != nil {
					t.Fatal(err)
				}
				want := []prompty.Change{{Name: "a", Kind: prompty.Changed}, {Name: "c", Kind: prompty.Created}}
				if beneath == "" {
					want = append(want, prompty.Change{Name: "others/b", Kind: prompty.Deleted}) // it came and went
				}
				if b := <-from(first.Revision); !cmp.Equal(b.Changes, want) || b.All || b.Since.IsZero() {
					t.Errorf("resumed from %q: %+v, want %+v", first.Revision, b, want)
				}
				wantSource(t, s, "a", "2")
				for _, unknown := range []string{"1.of another storage", "nonsense"} {
					if b := <-from(unknown); !b.All {
						t.Errorf("resumed from %q: %+v, want All", unknown, b)
					}
				}
				for range 5 {
					last := save(t, m, beneath+"a", "new")
					if err := sy.Sync(ctx); err != nil {
						t.Errorf("Sync = %v", err)
					}
					if got, err := s.Get(ctx, "a"); err != nil || got.Version != last.Version {
						t.Errorf("Get after Sync = %+v, %v, want version %d", got, err, last.Version)
					}
				}
				cancel()
				if _, err := r.WatchFrom(ctx, ""); !errors.Is(err, context.Canceled) {
					t.Errorf("WatchFrom with a cancelled context = %v", err)
				}
				if err := sy.Sync(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("Sync with a cancelled context = %v", err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if _, err := r.WatchFrom(t.Context(), ""); !errors.Is(err, prompty.ErrClosed) {
					t.Errorf("WatchFrom after Close = %v, want ErrClosed", err)
				}
				if err := sy.Sync(t.Context()); !errors.Is(err, prompty.ErrClosed) {
					t.Errorf("Sync after Close = %v, want ErrClosed", err)
				}
			})
		})
	}
}

// A history that is long forgotten is everything.
func TestMemoryForgetsOldChanges(t *testing.T) {
	t.Parallel()
	m := prompty.NewMemoryStorage()
	defer m.Close()
	changes, err := m.(prompty.Watcher).Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	save(t, m, "first", "1")
	old := (<-changes).Revision
	for i := range 5000 {
		save(t, m, fmt.Sprint("t", i%10), "x")
	}
	again, err := m.(prompty.Resumer).WatchFrom(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	if b := <-again; !b.All || len(b.Changes) != 0 {
		t.Errorf("resumed %d changes later: All %v with %d names, want All alone", 5000, b.All, len(b.Changes))
	}
}

// failing has every way of watching, but none works.
type failing struct {
	plain
	err error
}

func (f failing) Watch(context.Context) (<-chan prompty.ChangeBatch, error) { return nil, f.err }
func (f failing) WatchFrom(context.Context, string) (<-chan prompty.ChangeBatch, error) {
	return nil, f.err
}
func (f failing) Sync(context.Context) error { return f.err }

func TestErrorsOfWatching(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	gone := errors.New("gone")
	m := prompty.NewMemoryStorage()
	defer m.Close()
	for what, c := range map[string]struct {
		s    prompty.TemplateStorage
		want error
	}{
		"a storage that cannot": {plain{m}, errors.ErrUnsupported},
		"one that fails":        {failing{plain{m}, gone}, gone},
	} {
		cached := prompty.NewCachedStorage(c.s, prompty.CacheConfig{})
		defer cached.Close()
		for _, s := range []prompty.TemplateStorage{cached, prompty.ForTenant(c.s, "acme")} {
			if _, err := s.(prompty.Watcher).Watch(ctx); !errors.Is(err, c.want) {
				t.Errorf("%T over %s: Watch = %v, want %v", s, what, err, c.want)
			}
			if _, err := s.(prompty.Resumer).WatchFrom(ctx, "7"); !errors.Is(err, c.want) {
				t.Errorf("%T over %s: WatchFrom = %v, want %v", s, what, err, c.want)
			}
			if err := s.(prompty.Syncer).Sync(ctx); !errors.Is(err, c.want) {
				t.Errorf("%T over %s: Sync = %v, want %v", s, what, err, c.want)
			}
		}
		se := newEngine(t, prompty.StorageEngineConfig{Storage: c.s})
		err := se.Sync(ctx)
		if what == "one that fails" && !errors.Is(err, gone) || what != "one that fails" && err != nil {
			t.Errorf("an engine over %s: Sync = %v", what, err)
		}
	}
}

// A storage that went down, and its watch with it, is what StaleOnError is for.
func TestStaleWhenTheWatchEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{backend: newBackend()}
		c := prompty.NewCachedStorage(s, prompty.CacheConfig{StaleOnError: time.Hour})
		defer c.Close()
		synctest.Wait()
		save(t, s.s, "a", "1")
		wantSource(t, c, "a", "1")
		down := errors.New("the storage is down")
		s.refuseWith(down)
		s.before = func(context.Context) error { return down }
		s.end()
		wantSource(t, c, "a", "1")
		s.before = nil
		save(t, s.s, "a", "2")
		time.Sleep(time.Second)
		wantSource(t, c, "a", "2") // it is asked as long as nobody says what changes
	})
}
