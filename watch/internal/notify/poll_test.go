package notify

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPoll tells to look at each folder, once an interval that is asked for
// each time.
func TestPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var interval, asked atomic.Int64
		interval.Store(int64(100 * time.Millisecond))
		src := Poll(func() time.Duration { asked.Add(1); return time.Duration(interval.Load()) })
		defer src.Close()
		if src.CloseWrites() {
			t.Error("CloseWrites is true")
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if asked.Load() != 0 || len(src.Events()) != 0 {
			t.Errorf("without a folder the interval was asked for %d times", asked.Load())
		}

		a, err := src.Add("/a")
		must(t, err)
		b, err := src.Add("/nowhere")
		must(t, err)
		if again, err := src.Add("/a/"); err != nil || again != a || b == a || a <= 0 {
			t.Errorf("the handles are %d, %d and, added again, %d, %v", a, b, again, err)
		}
		expect := func(after time.Duration, handles ...Handle) {
			t.Helper()
			var want []Event
			for _, h := range handles {
				want = append(want, Event{Handle: h, Op: Rescan})
			}
			start := time.Now()
			if got := <-src.Events(); !slices.Equal(got, want) || time.Since(start) != after {
				t.Errorf("after %v: %+v, want %+v after %v", time.Since(start), got, want, after)
			}
		}
		expect(100*time.Millisecond, a, b)
		expect(100*time.Millisecond, a, b)
		synctest.Wait() // the next round has begun: it keeps its interval
		interval.Store(int64(time.Second))
		expect(100*time.Millisecond, a, b)
		expect(time.Second, a, b)

		time.Sleep(10*time.Second + time.Millisecond) // nobody listens: a look now is as good as ten
		must(t, src.Remove(a))
		must(t, src.Remove(a))
		expect(0, a, b)
		expect(999*time.Millisecond, b)
		if again, err := src.Add("/a"); err != nil || again == a || again == b {
			t.Errorf("the handle %d was used before, %v", again, err)
		} else {
			expect(time.Second, b, again)
			must(t, src.Remove(again))
		}
		must(t, src.Remove(b))
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(src.Events()); n != 0 {
			t.Errorf("%d batches wait of no folder", n)
		}
	})
}

// TestPollNoInterval does not take a whole core.
func TestPollNoInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		src := Poll(func() time.Duration { asked.Add(1); return -1 })
		_, err := src.Add("/a")
		must(t, err)
		time.Sleep(minInterval + minInterval/2)
		if n := asked.Load(); n > 2 {
			t.Errorf("%d rounds in a round and a half", n)
		}
		must(t, src.Close())
	})
}

// TestPollClose ends rounds and the channel, once.
func TestPollClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, folders := range [][]string{nil, {"/a"}} {
			src := Poll(func() time.Duration { return time.Hour })
			for _, path := range folders {
				_, err := src.Add(path)
				must(t, err)
			}
			synctest.Wait()
			go src.Close()
			must(t, src.Close())
			if events, ok := <-src.Events(); ok {
				t.Errorf("events %+v, want a closed channel", events)
			}
			if _, err := src.Add("/a"); !errors.Is(err, ErrClosed) {
				t.Errorf("Add after Close: %v, want ErrClosed", err)
			}
			if err := src.Remove(1); !errors.Is(err, ErrClosed) {
				t.Errorf("Remove after Close: %v, want ErrClosed", err)
			}
			must(t, src.Close())
		}
	})
}

// TestMailbox fills one that nobody empties.
func TestMailbox(t *testing.T) {
	t.Parallel()
	m := newMailbox()
	m.put(nil)
	if len(m) != 0 {
		t.Error("an empty batch was handed over")
	}
	for i := range maxPending {
		m.put([]Event{{Handle: Handle(i)}})
	}
	m.put(nil)
	got := <-m
	if len(got) != maxPending {
		t.Fatalf("%d events, want %d", len(got), maxPending)
	}
	for i, e := range got {
		if e.Handle != Handle(i) {
			t.Fatalf("event %d is %+v", i, e)
		}
	}
	m.put(got)
	m.put([]Event{{Handle: 1}})
	if got, want := <-m, []Event{{Op: Overflow}}; !slices.Equal(got, want) {
		t.Errorf("%d events, want one overflow", len(got))
	}
}

func TestOpString(t *testing.T) {
	t.Parallel()
	for op, want := range map[Op]string{0: "", Create: "create", Modify | Failed: "modify|failed", Self | Gone: "self|gone"} {
		if got := op.String(); got != want {
			t.Errorf("%d is %q, want %q", op, got, want)
		}
	}
}
