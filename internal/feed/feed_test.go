package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A change in these tests is "name kind".
type change struct{ name, kind string }

func newFeed(ring int) *Feed[change] {
	return New(func(c change) string { return c.name }, func(before, after change) (change, bool) {
		kind := MergeKinds(before.kind, after.kind)
		if kind == "" {
			return after, false
		}
		return change{after.name, kind}, true
	}, ring, "0")
}

func changes(list ...string) (cs []change) {
	for _, s := range list {
		name, kind, _ := strings.Cut(s, " ")
		cs = append(cs, change{name, kind})
	}
	return cs
}

func publish(f *Feed[change], to string, list ...string) {
	f.Publish(Batch[change]{To: to, Changes: changes(list...)})
}

func subscribe(t *testing.T, f *Feed[change], from string) *Subscription[change] {
	t.Helper()
	s, err := f.Subscribe(from)
	if err != nil {
		t.Fatalf("Subscribe(%q) = %v", from, err)
	}
	return s
}

// show is a batch as "from>to: name kind, …", with All as "*".
func show(b Batch[change]) string {
	var parts []string
	for _, c := range b.Changes {
		parts = append(parts, c.name+" "+c.kind)
	}
	if b.All {
		parts = append(parts, "*")
	}
	if b.Status != nil {
		parts = append(parts, fmt.Sprintf("(%v)", b.Status))
	}
	return b.From + ">" + b.To + ": " + strings.Join(parts, ", ")
}

func wantNext(t *testing.T, s *Subscription[change], want string) Batch[change] {
	t.Helper()
	b, err := s.Next(t.Context())
	if got := show(b); err != nil || got != want {
		t.Errorf("Next = %q, %v, want %q", got, err, want)
	}
	return b
}

// wantNothing must run in a synctest bubble, where waiting costs no time.
func wantNothing(t *testing.T, s *Subscription[change]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if b, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Next = %q, %v, want nothing for an hour", show(b), err)
	}
}

func TestSlowReaderGetsMergedBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(10)
		slow, quick := subscribe(t, f, ""), subscribe(t, f, "")
		publish(f, "1", "a created", "old deleted")
		wantNext(t, quick, "0>1: a created, old deleted")
		publish(f, "2", "z changed", "a changed")
		wantNext(t, quick, "1>2: a changed, z changed")
		publish(f, "3", "passing created")
		publish(f, "4", "passing deleted", "old created")
		publish(f, "5", "z deleted")
		wantNext(t, quick, "2>5: old created, passing deleted, z deleted")
		wantNext(t, slow, "0>5: a created, old changed, passing deleted, z deleted")
		wantNothing(t, slow)
		if got := f.Revision(); got != "5" {
			t.Errorf("Revision = %q, want 5", got)
		}
	})
}

// A reader of batches may have looked at a name at any time, so it must hear of
// what came and went.
func TestChangesThatCancelOut(t *testing.T) {
	t.Parallel()
	f := newFeed(10)
	s := subscribe(t, f, "")
	publish(f, "1", "a created", "b deleted")
	publish(f, "2", "a deleted")
	wantNext(t, s, "0>2: a deleted, b deleted")
	publish(f, "3", "a created")
	publish(f, "4", "a deleted")
	publish(f, "5", "a created")
	wantNext(t, s, "2>5: a created")
	publish(f, "6", "c created")
	publish(f, "7", "c deleted")
	publish(f, "8", "c created")
	publish(f, "9", "c deleted")
	wantNext(t, s, "5>9: c deleted")
	wantNext(t, subscribe(t, f, "2"), "2>9: a created, c deleted")
}

// Two changes of one name in one batch are one as well.
func TestOneChangeAName(t *testing.T) {
	t.Parallel()
	f := newFeed(10)
	s := subscribe(t, f, "")
	publish(f, "1", "z created", "a changed", "z changed")
	wantNext(t, s, "0>1: a changed, z created")
}

func TestEverythingAndNames(t *testing.T) {
	t.Parallel()
	f := newFeed(10)
	s := subscribe(t, f, "")
	publish(f, "1", "a created")
	f.Publish(Batch[change]{To: "2", All: true})
	publish(f, "3", "b deleted")
	wantNext(t, s, "0>3: a created, b deleted, *")
	publish(f, "4", "c changed")
	wantNext(t, s, "3>4: c changed")
}

func TestStatusAndSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(10)
		s := subscribe(t, f, "")
		f.Publish(Batch[change]{Status: "degraded"})
		f.Publish(Batch[change]{Status: "polling"})
		wantNext(t, s, "0>0: (polling)")

		start := time.Now()
		publish(f, "1", "unknown since changed")
		f.Publish(Batch[change]{To: "2", Changes: changes("a changed"), Since: start.Add(2 * time.Second)})
		f.Publish(Batch[change]{To: "3", Changes: changes("b changed"), Since: start.Add(time.Second), Status: "well"})
		f.Publish(Batch[change]{To: "4", Changes: changes("c changed"), Since: start.Add(3 * time.Second)})
		if b := wantNext(t, s, "0>4: a changed, b changed, c changed, unknown since changed, (well)"); !b.Since.Equal(start.Add(time.Second)) {
			t.Errorf("Since = %v, want the earliest, %v", b.Since, start.Add(time.Second))
		}

		f.Publish(Batch[change]{To: "5"}) // says nothing, but has a revision
		wantNothing(t, s)
		publish(f, "6", "d changed")
		wantNext(t, s, "4>6: d changed")
		wantNext(t, subscribe(t, f, "5"), "5>6: d changed")
		wantNext(t, subscribe(t, f, "4"), "4>6: d changed")
	})
}

func TestResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(4)
		publish(f, "1", "a created")
		publish(f, "2", "b created")
		f.Publish(Batch[change]{Status: "news"})
		publish(f, "3", "a deleted", "c created")
		wantNothing(t, subscribe(t, f, ""))
		wantNothing(t, subscribe(t, f, "3"))
		wantNext(t, subscribe(t, f, "2"), "2>3: a deleted, c created")
		wantNext(t, subscribe(t, f, "1"), "1>3: a deleted, b created, c created")
		wantNext(t, subscribe(t, f, "0"), "0>3: a deleted, b created, c created")
		wantNext(t, subscribe(t, f, "elsewhere"), "elsewhere>3: *")

		s := subscribe(t, f, "2") // what is published later comes with it
		publish(f, "4", "c deleted")
		wantNext(t, s, "2>4: a deleted, c deleted")
		wantNext(t, subscribe(t, f, "0"), "0>4: *") // four changes is all that is held
		wantNext(t, subscribe(t, f, "1"), "1>4: a deleted, b created, c deleted")

		publish(f, "3", "d created") // a state that was there before
		publish(f, "5", "e created")
		wantNext(t, subscribe(t, f, "3"), "3>5: e created")

		publish(f, "6", "1 created", "2 created", "3 created", "4 created", "5 created")
		wantNext(t, subscribe(t, f, "5"), "5>6: *") // larger than the history
		wantNothing(t, subscribe(t, f, "6"))
	})
}

func TestOffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(4)
		s, other := subscribe(t, f, ""), subscribe(t, f, "")
		s.Offer(Batch[change]{From: "older", Changes: changes("a changed"), Status: "degraded"})
		wantNext(t, s, "older>0: a changed, (degraded)")
		publish(f, "1", "a deleted")
		s.Offer(Batch[change]{From: "ignored, as something is pending", All: true})
		wantNext(t, s, "0>1: a deleted, *")
		wantNext(t, other, "0>1: a deleted")
		s.Close()
		s.Offer(Batch[change]{All: true})
		if b, err := s.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("Next after Close = %q, %v, want ErrClosed", show(b), err)
		}
	})
}

func TestNextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(4)
		ctx, cancel := context.WithCancel(t.Context())
		byContext, byClose, byFeed := subscribe(t, f, ""), subscribe(t, f, ""), subscribe(t, f, "")
		var wg sync.WaitGroup
		for _, c := range []struct {
			s    *Subscription[change]
			ctx  context.Context
			want error
		}{{byContext, ctx, context.Canceled}, {byClose, t.Context(), ErrClosed}, {byFeed, t.Context(), ErrClosed}} {
			wg.Go(func() {
				if b, err := c.s.Next(c.ctx); !errors.Is(err, c.want) {
					t.Errorf("Next = %q, %v, want %v", show(b), err, c.want)
				}
			})
		}
		synctest.Wait()
		cancel()
		byClose.Close()
		byClose.Close()
		synctest.Wait()
		f.Close()
		f.Close()
		wg.Wait()
		publish(f, "2", "b created")
		for _, s := range []*Subscription[change]{byContext, byClose, byFeed} {
			if b, err := s.Next(t.Context()); !errors.Is(err, ErrClosed) {
				t.Errorf("Next after the feed's Close = %q, %v, want ErrClosed", show(b), err)
			}
			s.Close()
		}
		if _, err := f.Subscribe(""); !errors.Is(err, ErrClosed) {
			t.Errorf("Subscribe after Close = %v, want ErrClosed", err)
		}
	})
}

// A reader whose time is over gets nothing more, and loses nothing of what the
// next one should get.
func TestNextTakesNothingWhenOver(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 30 { // a select would choose either
		f := newFeed(4)
		s := subscribe(t, f, "")
		publish(f, "1", "a created")
		if b, err := s.Next(over); !errors.Is(err, context.Canceled) {
			t.Fatalf("Next = %q, %v, want Canceled", show(b), err)
		}
		wantNext(t, s, "0>1: a created")
		publish(f, "2", "b created")
		f.Close()
		if b, err := s.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Fatalf("Next = %q, %v, want ErrClosed", show(b), err)
		}
	}
}

func TestChan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(4)
		ctx, cancel := context.WithCancel(t.Context())
		closing := subscribe(t, f, "")
		byContext := Chan(ctx, subscribe(t, f, ""), show)
		byClose := Chan(t.Context(), closing, show)
		byFeed := Chan(t.Context(), subscribe(t, f, ""), show)
		abandoned := Chan(t.Context(), subscribe(t, f, ""), show)
		publish(f, "1", "a created")
		synctest.Wait() // it is on its way in each
		publish(f, "2", "b created")
		publish(f, "3", "b changed")
		for _, ch := range []<-chan string{byContext, byFeed} {
			if got, want := []string{<-ch, <-ch}, []string{"0>1: a created", "1>3: b created"}; !cmp.Equal(got, want) {
				t.Errorf("received %q, want %q", got, want)
			}
		}
		cancel()
		closing.Close()
		for range byContext {
		}
		for range byClose {
		}
		if n := len(f.subs); n != 2 {
			t.Errorf("%d subscriptions are left, want 2", n)
		}
		f.Close() // waits for the goroutines, though nobody reads abandoned
		for range byFeed {
		}
		for range abandoned {
		}
		if _, open := <-Chan(t.Context(), closing, show); open {
			t.Error("Chan on a closed feed gives a batch")
		}
	})
}

func TestCloseWaitsForConversions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed(4)
		release, closed := make(chan struct{}), false
		Chan(t.Context(), subscribe(t, f, ""), func(Batch[change]) string { <-release; return "" })
		publish(f, "1", "a created")
		synctest.Wait()
		go func() {
			f.Close()
			closed = true
		}()
		synctest.Wait()
		if closed {
			t.Error("Close returned while a batch was being converted")
		}
		close(release)
		synctest.Wait()
		if !closed {
			t.Error("Close did not return")
		}
	})
}

func TestMergeKinds(t *testing.T) {
	t.Parallel()
	for both, want := range map[string]string{
		"created changed": "created", "created deleted": "", "created created": "created",
		"changed changed": "changed", "changed deleted": "deleted", "changed created": "changed",
		"deleted created": "changed", "deleted changed": "changed", "deleted deleted": "deleted",
		" created": "created", " deleted": "deleted", "changed ": "changed", " ": "",
	} {
		before, after, _ := strings.Cut(both, " ")
		if got := MergeKinds(before, after); got != want {
			t.Errorf("MergeKinds(%q, %q) = %q, want %q", before, after, got, want)
		}
	}
}

// TestModel has readers of every pace, who come and go, keep a copy of the state
// by what they are told. Each copy is the state of the revision it was told of.
// Beside it they cache what they look at, and drop what they are told of: what is
// left when all was told is true.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := newFeed(8)
		state := map[string]int{}
		states := map[string]map[string]int{"0": {}}
		type reader struct {
			s        *Subscription[change]
			copy     map[string]int
			cache    map[string]int // 0: it is not there
			revision string
		}
		join := func(revision string, copy map[string]int) *reader {
			s, err := f.Subscribe(revision)
			if err != nil {
				t.Fatal(err)
			}
			return &reader{s, clone(copy), map[string]int{}, revision}
		}
		readers := []*reader{join("0", nil), join("0", nil), join("0", nil)}
		version := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			r := readers[rapid.IntRange(0, len(readers)-1).Draw(t, "reader")]
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1: // something changes
				version++
				var list []change
				for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 3).Draw(t, "names") {
					kind := "changed"
					_, there := state[name]
					switch gone := rapid.Bool().Draw(t, "deleted"); {
					case there && gone:
						kind = "deleted"
						delete(state, name)
					case !there:
						kind = "created"
						fallthrough
					default:
						state[name] = version
					}
					list = append(list, change{name, kind})
				}
				to := fmt.Sprint(version)
				states[to] = clone(state)
				f.Publish(Batch[change]{To: to, Changes: list})
			case 2: // a reader reads, if there is something
				b, ok := r.s.Pending()
				for _, c := range b.Changes {
					delete(r.cache, c.name)
				}
				if b.All {
					clear(r.cache)
				}
				for name, v := range r.cache {
					if v != state[name] {
						t.Fatalf("nobody told a reader that %s is not %d any more, but %d", name, v, state[name])
					}
				}
				if !ok {
					continue
				}
				if b.From != r.revision {
					t.Fatalf("a batch from %q for a reader at %q", b.From, r.revision)
				}
				now := states[b.To]
				if b.All {
					r.copy = clone(now)
				}
				for _, c := range b.Changes {
					// Deleted may be what came and went, in case it was looked at.
					if _, had := r.copy[c.name]; !b.All && c.kind != "deleted" && had == (c.kind == "created") {
						t.Fatalf("%s was reported as %s to a reader who had it: %v", c.name, c.kind, had)
					}
					if v, there := now[c.name]; there {
						r.copy[c.name] = v
					} else {
						delete(r.copy, c.name)
					}
				}
				r.revision = b.To
				if diff := cmp.Diff(now, r.copy); diff != "" {
					t.Fatalf("the copy differs from the state %s (-state +copy):\n%s", b.To, diff)
				}
			case 3: // a reader leaves and comes back
				r.s.Close()
				cache := r.cache
				*r = *join(r.revision, r.copy)
				r.cache = cache
			case 4: // a reader looks at something
				name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "look")
				r.cache[name] = state[name]
			}
		}
	})
}

func clone(m map[string]int) map[string]int {
	c := make(map[string]int)
	for k, v := range m {
		c[k] = v
	}
	return c
}

func TestPublishBesideReaders(t *testing.T) {
	t.Parallel()
	f := newFeed(100)
	const writers, each = 4, 500
	var readers, done sync.WaitGroup
	for range 3 {
		s := subscribe(t, f, "")
		readers.Go(func() {
			seen := make(map[string]bool)
			for len(seen) < writers*each {
				b, err := s.Next(t.Context())
				if err != nil {
					t.Errorf("Next = %v with %d of %d names seen", err, len(seen), writers*each)
					return
				}
				for _, c := range b.Changes {
					seen[c.name] = true
				}
			}
		})
	}
	for w := range writers {
		done.Go(func() {
			for i := range each {
				name := fmt.Sprintf("%d-%d", w, i)
				publish(f, name, name+" created")
			}
		})
	}
	done.Wait()
	readers.Wait()
	f.Close()
}
