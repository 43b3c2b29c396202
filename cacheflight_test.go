package prompty_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-prompty/prompty"
)

// While one read is under way, a second caller shares it, a change voids it,
// and a caller that gives up does not take the others with it.
func TestCacheFlights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBackend()
		c := prompty.NewCachedStorage(b, prompty.CacheConfig{})
		defer c.Close()
		save(t, b.s, "a", "one")
		gate := make(chan struct{})
		b.after = func() { <-gate }

		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { wantSource(t, c, "a", "one") })
		}
		impatient, giveUp := context.WithCancel(t.Context())
		wg.Go(func() {
			if _, err := c.Get(impatient, "a"); !errors.Is(err, context.Canceled) {
				t.Errorf("Get of a cancelled caller = %v, want context.Canceled", err)
			}
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		b.wantReads(t, 1, "11 readers at once")

		save(t, c, "a", "two") // the flight has read "one" already
		b.after = nil
		close(gate)
		wg.Wait()
		wantSource(t, c, "a", "two")
		b.wantReads(t, 1, "a save in the middle of a read")

		// The last to leave takes the flight down.
		ended := make(chan error, 1)
		b.before = func(ctx context.Context) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.GetVersion(ctx, "a", 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("GetVersion = %v, want DeadlineExceeded", err)
		}
		if err := <-ended; err == nil {
			t.Error("the read goes on though nobody waits for it")
		}
	})
}

// A read that a change voided may have seen what came after reads that began
// later: nobody gets an older version after it.
func TestCacheNeverGoesBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a later read was kept", "a later read is under way"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBackend()
			c := prompty.NewCachedStorage(b, prompty.CacheConfig{})
			defer c.Close()
			save(t, b.s, "a", "one")
			var wg sync.WaitGroup
			defer wg.Wait()

			slow := make(chan struct{})
			b.before = func(context.Context) error { <-slow; return nil }
			read := make(chan string)
			wg.Go(func() {
				got, err := c.Get(t.Context(), "a")
				if err != nil {
					t.Error(err)
				}
				read <- got.Source
			})
			synctest.Wait()
			c.Invalidate("a")
			b.before = nil
			if name == "a later read was kept" {
				wantSource(t, c, "a", "one")
			} else {
				late := make(chan struct{})
				defer close(late)
				b.after = func() { <-late }
				wg.Go(func() { wantSource(t, c, "a", "one") })
				synctest.Wait()
				b.after = nil
			}
			save(t, b.s, "a", "two") // by someone else, or a Save that has not returned yet
			close(slow)
			if got := <-read; got != "two" {
				t.Errorf("%s: the voided read gave %q, want two", name, got)
			}
			wantSource(t, c, "a", "two")
		})
	}
}
