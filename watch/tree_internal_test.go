package watch

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch/internal/notify"
)

func TestNewFolder(t *testing.T) {
	bubble(t, nil, Options{}, func(r *rig) {
		r.write("a/b/c/x", "1") // all is there when the event of the first comes
		r.say(r.event("a", notify.Create))
		r.want("created a/b/c/x")
		r.save("a/b/c/x", "2")
		r.want("changed a/b/c/x")
		if n := r.f.Status().Watches; n != 4 {
			t.Errorf("%d folders are watched, want 4", n)
		}
	})
}

func TestFolderMoves(t *testing.T) {
	bubble(t, map[string]string{"a/s/x": "1", "a/y": "1", "b/z": "1"}, Options{}, func(r *rig) {
		inA, inS := r.event("a/y", notify.CloseWrite), r.event("a/s/x", notify.CloseWrite)
		from := r.event("a", notify.MovedFrom)
		r.must(os.Rename(r.path("a"), r.path("n")))
		r.write("n/y", "2")
		r.write("n/s/x", "2")
		// The events of what is in it were under way when it moved.
		r.say(inA, from, r.event("n", notify.MovedTo), inS)
		r.pass(grace)
		r.want("deleted a/s/x, deleted a/y, created n/s/x, created n/y")
		r.save("n/s/x", "3")
		r.want("changed n/s/x")
		if n := r.src.watching(); n != 4 {
			t.Errorf("%d folders are watched, want 4", n)
		}
	})
}

func TestFoldersSwap(t *testing.T) {
	bubble(t, map[string]string{"a/s/x": "in a", "b/s/x": "in b", "b/s/only": "b"}, Options{}, func(r *rig) {
		fromA, fromB := r.event("a", notify.MovedFrom), r.event("b", notify.MovedFrom)
		r.must(os.Rename(r.path("a"), r.path("t")))
		r.must(os.Rename(r.path("b"), r.path("a")))
		r.must(os.Rename(r.path("t"), r.path("b")))
		// As renameat2 with RENAME_EXCHANGE tells it.
		r.say(fromA, r.event("b", notify.MovedTo), fromB, r.event("a", notify.MovedTo))
		r.pass(grace)
		r.want("created a/s/only, changed a/s/x, deleted b/s/only, changed b/s/x")
		r.save("a/s/x", "again")
		r.save("b/s/x", "too")
		r.pass(ms)
		if got := r.next(); len(got) == 0 {
			t.Error("what was swapped is no longer watched")
		}
		r.holds(map[string]string{"a/s/x": "again", "b/s/x": "too", "a/s/only": "b"})
	})
}

// TestFoldersSwapUnheard has a folder move below the one that took its place,
// and only a scan to find that out.
func TestFoldersSwapUnheard(t *testing.T) {
	bubble(t, map[string]string{"a/x": "1", "b/y": "1", "z/x": "1"}, Options{}, func(r *rig) {
		r.must(os.Rename(r.path("a"), r.path("t")))
		r.must(os.Rename(r.path("b"), r.path("a")))
		r.must(os.Rename(r.path("t"), r.path("a/n")))
		r.must(os.Rename(r.path("z"), r.path("t")))
		r.must(os.Rename(r.path("a/n"), r.path("z")))
		r.must(os.Rename(r.path("t"), r.path("a/n")))
		r.say(notify.Event{Op: notify.Overflow})
		r.must(r.f.Sync(r.Context()))
		r.holds(map[string]string{"a/y": "1", "a/n/x": "1", "z/x": "1"})
		r.save("a/n/x", "2")
		r.save("z/x", "3")
		r.pass(ms)
		r.next()
		r.holds(map[string]string{"a/y": "1", "a/n/x": "2", "z/x": "3"})
		if n := r.src.watching(); n != 4 {
			t.Errorf("%d folders are watched, want 4", n)
		}
	})
}

func TestFolderLeaves(t *testing.T) {
	bubble(t, map[string]string{"a/s/x": "1", "y": "1"}, Options{}, func(r *rig) {
		out := t.TempDir()
		from := r.event("a", notify.MovedFrom)
		r.must(os.Rename(r.path("a"), out+"/a"))
		r.say(from)
		r.pass(grace)
		r.want("deleted a/s/x")
		if n := r.src.watching(); n != 1 {
			t.Errorf("%d folders are watched still, want only the root", n)
		}
	})
}

func TestFileAndFolderInTurn(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.must(os.Remove(r.path("a")))
		r.write("a/x", "1")
		r.say(r.event("a", notify.Create))
		r.pass(grace)
		r.want("deleted a, created a/x")
		r.must(os.RemoveAll(r.path("a")))
		r.write("a", "2")
		r.say(r.event("a", notify.Create), r.event("a", notify.CloseWrite))
		r.pass(grace)
		r.want("created a, deleted a/x")
	})
}

func TestMatchAndEnter(t *testing.T) {
	opts := Options{
		Match: func(name string) bool { return strings.HasSuffix(name, ".md") },
		Enter: func(dir string) bool { return dir != "no" },
	}
	bubble(t, map[string]string{"a.md": "1", "a.txt": "1", "no/a.md": "1", "yes/a.md": "1"}, opts, func(r *rig) {
		r.holds(map[string]string{"a.md": "1", "yes/a.md": "1"})
		r.save("a.txt", "2")
		r.save("b.md", "1")
		r.want("created b.md")
		if n := r.f.Status().Watches; n != 2 {
			t.Errorf("%d folders are watched, want 2", n)
		}
	})
}

func TestDropping(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"4913", "d/x.md~", ".x.md.swp", ".x.swo", ".#x.md", "#x.md#", "x.md___jb_tmp___", "x.md___jb_old___", "x.tmp", ".goutputstream-ABC123"} {
		if !Dropping(name) {
			t.Errorf("Dropping(%q) = false, want true", name)
		}
	}
	for _, name := range []string{"x.md", ".hidden", "swp", ".swp", "x.swp", "#", "4913/x", "tmp", ".x.svg"} {
		if Dropping(name) {
			t.Errorf("Dropping(%q) = true, want false", name)
		}
	}
}

func TestOverflow(t *testing.T) {
	bubble(t, map[string]string{"a/x": "1", "b/x": "1", "c": "1"}, Options{}, func(r *rig) {
		r.write("a/x", "2")
		r.must(os.RemoveAll(r.path("b")))
		r.write("d/e/x", "new")
		r.say(notify.Event{Op: notify.Overflow})
		r.pass(grace)
		r.want("changed a/x, deleted b/x, created d/e/x")
		r.next()
		if r.status.Overflows != 1 {
			t.Errorf("%d overflows were told, want 1", r.status.Overflows)
		}
		r.save("d/e/x", "2")
		r.want("changed d/e/x")
	})
}

func TestTroubleOfTheSource(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.write("a", "2")
		r.say(notify.Event{Op: notify.Failed, Err: os.ErrDeadlineExceeded})
		r.want("changed a")
	})
}

func TestMissedEventHeals(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.write("a", "2")
		r.pass(resync*9/10 - ms)
		r.want()
		for _, text := range []string{"3", "4"} {
			r.pass(resync * 11 / 10)
			r.want("changed a")
			r.write("a", text)
		}
	})
}

func TestLimitOfWatches(t *testing.T) {
	bubble(t, map[string]string{"a/x": "1", "b/x": "1"}, Options{Mode: Auto}, func(r *rig) {
		r.src.mu.Lock()
		r.src.limit = 3
		r.src.mu.Unlock()
		r.write("c/x", "1")
		r.say(r.event("c", notify.Create))
		r.want("created c/x")
		r.wantStatus("inotify+poll", "1 folders are looked at every 1s")
		r.write("c/x", "2")
		r.pass(minPoll + ms)
		r.want("changed c/x")
		r.src.mu.Lock()
		r.src.limit = 0
		r.src.mu.Unlock()
		r.pass(minPoll)
		r.wantStatus("inotify", "")
		r.save("c/x", "3")
		r.want("changed c/x")
	})
}

func TestNoSource(t *testing.T) {
	var allowed atomic.Bool
	bubble(t, map[string]string{"a": "1"}, Options{Mode: Poll}, func(r *rig) {
		r.must(r.f.Close())
		r.makers.inotify = func() (notify.Source, error) {
			if allowed.Load() {
				return r.src, nil
			}
			return nil, notify.ErrLimit
		}
		if _, err := open(r.Context(), r.root, Options{Mode: Inotify}, r.makers); err == nil {
			t.Error("a mode that was asked for cannot be had, and Open gives no error")
		}
		r.open(Options{Mode: Auto}, func(r *rig) {
			if s := r.f.Status(); s.Mode != "poll" || s.Degraded == "" {
				t.Errorf("status %+v, want poll and the reason", s)
			}
			r.write("a", "2")
			r.pass(minPoll + ms)
			r.want("changed a")
			allowed.Store(true)
			r.pass(retryLimit * 12 / 10)
			r.wantStatus("inotify", "")
			r.save("a", "3")
			r.want("changed a")
		})
	})
}

func TestRemote(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{Mode: Poll}, func(r *rig) {
		r.must(r.f.Close())
		r.makers.remote = func(string) (string, bool, error) { return "nfs", true, nil }
		r.open(Options{Mode: Auto}, func(r *rig) {
			if s := r.f.Status(); s.Mode != "poll" || !strings.Contains(s.Degraded, "nfs") {
				t.Errorf("status %+v, want poll because of nfs", s)
			}
			r.write("a", "2")
			r.pass(minPoll + ms)
			r.want("changed a")
		})
	})
}

func TestPoll(t *testing.T) {
	bubble(t, map[string]string{"a/x": "1", "b": "1"}, Options{Mode: Poll}, func(r *rig) {
		if s := r.f.Status(); s.Mode != "poll" || s.Degraded != "" || s.Polled != 2 {
			t.Errorf("status %+v, want poll of 2 folders, which is no degradation if it was asked for", s)
		}
		r.write("a/x", "2")
		r.write("n/x", "1")
		r.must(os.Remove(r.path("b")))
		r.pass(minPoll + grace)
		r.want("changed a/x, deleted b, created n/x")
	})
}

func TestPollGivesWay(t *testing.T) { // to a folder that takes long to look at
	slow := func(name string) bool {
		time.Sleep(100 * time.Millisecond)
		return name == "a"
	}
	bubble(t, map[string]string{"a": "1", "b": "1", "c": "1"}, Options{Mode: Poll, Match: slow}, func(r *rig) {
		r.pass(2*minPoll + 200*ms) // the second round was begun when the first was not measured yet
		r.write("a", "2")
		r.pass(pollShare*200*ms - 600*ms)
		r.want()
		r.pass(600 * ms)
		r.want("changed a")
	})
}

func TestNamesThatCannotBe(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		if err := os.WriteFile(r.path("\xff"), nil, 0o644); err != nil {
			t.Skip("the file system wants UTF-8")
		}
		r.say(r.event("\xff", notify.Create), r.event("\xff", notify.CloseWrite))
		r.save("a", "2")
		r.want("changed a")
		if r.next(); !strings.Contains(r.status.LastError, "not UTF-8") {
			t.Errorf("last error %q, want it to say that a name is not UTF-8", r.status.LastError)
		}
		r.must(os.Remove(r.path("\xff")))
		r.say(r.event("\xff", notify.Delete))
		if r.next(); r.status.LastError != "" {
			t.Errorf("last error %q after the file was removed, want none", r.status.LastError)
		}
	})
}

func TestSlowReader(t *testing.T) {
	bubble(t, map[string]string{"a": "1", "b": "1", "c": "1"}, Options{Ring: 6}, func(r *rig) {
		start, _ := r.f.List()
		slow := r.f.Watch(r.Context(), "")
		r.save("a", "2")
		r.want("changed a")
		second, _ := r.f.List()
		r.save("a", "1")
		r.want("changed a")
		r.save("n", "1")
		r.want("created n")
		r.write("n", "2")
		r.must(os.Remove(r.path("b")))
		r.say(r.event("n", notify.CloseWrite), r.event("b", notify.Delete))
		r.pass(grace)
		r.want("deleted b, changed n")
		latest, _ := r.f.List()
		first := func(from Revision) Batch {
			seq := r.f.Watch(r.Context(), from)
			if from == "slow" {
				seq = slow
			}
			for b := range seq {
				return b
			}
			t.Fatal("no batch")
			return Batch{}
		}
		for _, from := range []Revision{"slow", start} { // a is as it was, but the reader may have looked
			b := first(from)
			if len(b.Changes) != 3 || b.Changes[0] != (Change{"a", Changed, hashOf("1"), hashOf("1")}) ||
				b.Changes[1] != (Change{"b", Deleted, Hash{}, hashOf("1")}) ||
				b.Changes[2] != (Change{"n", Created, hashOf("2"), Hash{}}) || b.From != start || b.To != latest || b.Resync || b.Since.IsZero() {
				t.Errorf("from %s: %+v", from, b)
			}
		}
		if b := first(second); len(b.Changes) != 3 || b.Changes[0].Hash != hashOf("1") || b.Changes[0].PrevHash != hashOf("2") {
			t.Errorf("from the second: %+v", b)
		}
		if b := first("foreign"); !b.Resync || b.To != latest {
			t.Errorf("from a foreign revision: %+v, want Resync", b)
		}
		for n := range 6 {
			r.save("a", strings.Repeat("x", n+5))
			r.next()
		}
		if b := first(start); !b.Resync {
			t.Errorf("from a revision that is too old: %+v, want Resync", b)
		}
	})
}

func TestEnds(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		seq := r.f.Watch(r.Context(), "")
		r.must(r.f.Close())
		r.must(r.f.Close())
		for b := range seq {
			t.Errorf("after Close: %v", b)
		}
		for b := range r.f.Watch(r.Context(), "") {
			t.Errorf("after Close: %v", b)
		}
		if err := r.f.Sync(r.Context()); err != ErrClosed {
			t.Errorf("Sync after Close: %v, want ErrClosed", err)
		}
		r.holds(map[string]string{"a": "1"})
		r.src.closed = true
	})
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := dir + "/file"
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for root, want := range map[string]string{"": "no folder is named", dir + "/none": "no such file", file: "not a directory"} {
		if _, err := Open(t.Context(), root, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v, want an error that says %q", root, err, want)
		}
	}
	if _, err := Open(t.Context(), dir, Options{Mode: "psychic"}); err == nil || !strings.Contains(err.Error(), `unknown mode "psychic"`) {
		t.Errorf("Open with an unknown mode: %v", err)
	}
}

type counts struct{ numbers map[string]int64 }

func (c counts) Count(name string, n int64)           { c.numbers[name] += n }
func (c counts) Observe(name string, d time.Duration) { c.numbers[name]++ }
func (c counts) Degraded(reason string)               { c.numbers["degraded"]++ }

func TestMetrics(t *testing.T) {
	c := counts{make(map[string]int64)}
	bubble(t, map[string]string{"a": "1", "b": "1"}, Options{Metrics: c}, func(r *rig) {
		r.save("a", "2")
		r.save("b", "2")
		r.next()
		r.say(notify.Event{Op: notify.Overflow})
		r.next()
		r.must(os.RemoveAll(r.root))
		r.pass(2 * rootEvery)
		r.next()
		for name, min := range map[string]int64{"watch_batches": 1, "watch_changes": 2, "watch_overflows": 1, "watch_scans": 1, "watch_publish": 1, "watch_scan": 1, "degraded": 1} {
			if c.numbers[name] < min {
				t.Errorf("%s is %d, want at least %d", name, c.numbers[name], min)
			}
		}
		if c.numbers["watch_changes"] != 2 {
			t.Errorf("watch_changes is %d, want 2", c.numbers["watch_changes"])
		}
	})
}
