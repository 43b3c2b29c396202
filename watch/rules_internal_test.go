package watch

import (
	"crypto/sha256"
	"os"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch/internal/notify"
)

func hashOf(text string) Hash {
	sum := sha256.Sum256([]byte(text))
	return Hash(sum[:16])
}

const ms = time.Millisecond

func TestClosedFileAtOnce(t *testing.T) {
	bubble(t, map[string]string{"a": "one"}, Options{}, func(r *rig) {
		r.save("a", "two")
		r.want("changed a")
		r.write("b", "new")
		r.say(r.event("b", notify.Create), r.event("b", notify.CloseWrite))
		r.want("created b")
		r.write("c.part", "moved")
		r.must(os.Rename(r.path("c.part"), r.path("c")))
		r.say(r.event("c.part", notify.MovedFrom), r.event("c", notify.MovedTo))
		r.want("created c")
		r.holds(map[string]string{"a": "two", "b": "new", "c": "moved"})
	})
}

func TestModifiedFileAfterQuiet(t *testing.T) {
	bubble(t, map[string]string{"a": "one"}, Options{}, func(r *rig) {
		r.write("a", "two")
		r.say(r.event("a", notify.Modify))
		r.pass(quiet - ms)
		r.want()
		r.say(r.event("a", notify.Modify))
		r.pass(quiet - ms)
		r.want()
		r.pass(ms)
		r.want("changed a")
	})
}

func TestOpenFileIsWaitedFor(t *testing.T) {
	bubble(t, map[string]string{"a": "old text"}, Options{}, func(r *rig) {
		w, err := os.OpenFile(r.path("a"), os.O_WRONLY|os.O_TRUNC, 0)
		r.must(err)
		r.say(r.event("a", notify.Modify))
		r.pass(time.Second)
		_, err = w.WriteString("half")
		r.must(err)
		r.say(r.event("a", notify.Modify))
		r.pass(openQuiet - ms)
		r.want()
		_, err = w.WriteString(" and half")
		r.must(err)
		r.must(w.Close()) // and no event tells
		r.pass(2 * quiet)
		r.want("changed a")
		r.holds(map[string]string{"a": "half and half"})
	})
}

func TestFileThatStaysOpen(t *testing.T) {
	bubble(t, nil, Options{}, func(r *rig) {
		w, err := os.Create(r.path("log"))
		r.must(err)
		defer w.Close()
		_, err = w.WriteString("line\n")
		r.must(err)
		r.say(r.event("log", notify.Create), r.event("log", notify.Modify))
		r.pass(openQuiet - ms)
		r.want()
		r.pass(2 * quiet)
		r.want("created log")
	})
}

func TestGrace(t *testing.T) {
	bubble(t, map[string]string{"gone": "1", "back": "2", "same": "3"}, Options{}, func(r *rig) {
		for _, name := range []string{"gone", "back", "same"} {
			r.must(os.Rename(r.path(name), r.path(name)+"~"))
			r.say(r.event(name, notify.MovedFrom), r.event(name+"~", notify.MovedTo))
		}
		r.pass(grace - ms)
		r.want()
		r.write("back", "another")
		r.write("same", "3")
		r.say(r.event("back", notify.CloseWrite), r.event("same", notify.CloseWrite))
		r.pass(ms)
		r.want("changed back, deleted gone")
	})
}

func TestExchangedFileAtOnce(t *testing.T) {
	bubble(t, map[string]string{"a": "one"}, Options{}, func(r *rig) {
		r.write("a", "two")
		r.say(r.event("a", notify.MovedTo), r.event("a", notify.MovedFrom))
		r.want("changed a")
	})
}

func TestTemporaryFileIsNothing(t *testing.T) {
	bubble(t, map[string]string{"a": "one"}, Options{}, func(r *rig) {
		r.say(r.event("t", notify.Create), r.event("t", notify.CloseWrite), r.event("t", notify.Delete))
		r.save("a", "two")
		r.want("changed a")
	})
}

func TestEmptiedFile(t *testing.T) {
	bubble(t, map[string]string{"a": "one", "b": "one", "never": ""}, Options{}, func(r *rig) {
		r.save("a", "")
		r.save("b", "")
		r.save("never", "")
		r.pass(grace - ms)
		r.want()
		r.save("a", "two")
		r.pass(ms)
		r.want("changed a, changed b")
		r.holds(map[string]string{"a": "two", "b": "", "never": ""})
	})
}

func TestNewEmptyFile(t *testing.T) {
	bubble(t, nil, Options{}, func(r *rig) {
		r.write("a", "")
		r.write("stays", "")
		r.say(r.event("a", notify.Create), r.event("stays", notify.Create))
		r.pass(birth - ms)
		r.want()
		r.save("a", "1")
		r.pass(ms)
		r.want("created a, created stays")
		r.holds(map[string]string{"a": "1", "stays": ""})
	})
}

func TestLinkedFileAtOnce(t *testing.T) {
	bubble(t, map[string]string{"a": "one"}, Options{}, func(r *rig) {
		r.must(os.Link(r.path("a"), r.path("b")))
		r.say(r.event("b", notify.Create)) // and no close
		r.want("created b")
		r.save("a", "two")
		r.want("changed a, changed b")
	})
}

func TestTogether(t *testing.T) {
	bubble(t, map[string]string{"a": "1", "b": "1", "c": "1"}, Options{}, func(r *rig) {
		w, err := os.OpenFile(r.path("b"), os.O_WRONLY, 0)
		r.must(err)
		r.say(r.event("b", notify.Modify))
		r.pass(10 * ms)
		r.save("a", "2")
		r.want() // b is dirty
		r.pass(40 * ms)
		r.save("c", "2")
		r.pass(gather - 50*ms + 9*ms)
		r.want()
		r.pass(ms)
		r.want("changed a, changed c") // b has had its time
		r.save("a", "3")
		r.want("changed a") // and holds up nobody any more
		r.must(w.Close())
		r.say(r.event("b", notify.CloseWrite))
		r.want()
	})
}

func TestDirtyAgainIsNotPublished(t *testing.T) {
	bubble(t, map[string]string{"a": "1", "b": "1", "c": "1"}, Options{}, func(r *rig) {
		for _, name := range []string{"b", "a"} {
			w, err := os.OpenFile(r.path(name), os.O_WRONLY, 0)
			r.must(err)
			defer w.Close()
			if name == "b" { // keeps a and c from being published
				r.say(r.event("b", notify.Modify))
				r.pass(ms)
				r.save("a", "2")
				r.save("c", "2")
				r.want()
				r.pass(100 * ms)
				continue
			}
			_, err = w.WriteString("half")
			r.must(err)
			r.say(r.event("a", notify.Modify))
		}
		r.pass(gather)
		r.want("changed c")
		r.write("a", "whole")
		r.pass(starve) // it is still open, but its last whole state is better than none
		r.want("changed a")
		r.holds(map[string]string{"a": "2", "b": "1", "c": "2"})
	})
}

func TestNoChange(t *testing.T) {
	bubble(t, map[string]string{"a": "one"}, Options{}, func(r *rig) {
		r.must(os.Chmod(r.path("a"), 0o600))
		r.say(r.event("a", notify.Attrib))
		r.must(os.Chtimes(r.path("a"), time.Now(), time.Now()))
		r.say(r.event("a", notify.Attrib))
		r.save("a", "one")
		r.write("t", "one")
		r.must(os.Rename(r.path("t"), r.path("a")))
		r.say(r.event("a", notify.MovedTo), r.event("a", notify.MovedTo))
		r.pass(time.Second)
		r.want()
		fi, err := os.Stat(r.path("a"))
		r.must(err)
		if _, files := r.f.List(); !files[0].ModTime.Equal(fi.ModTime()) {
			t.Errorf("ModTime is %v, want %v", files[0].ModTime, fi.ModTime())
		}
	})
}

func TestReplaced(t *testing.T) {
	bubble(t, map[string]string{"a": "one"}, Options{Replaced: true}, func(r *rig) {
		r.must(os.Chmod(r.path("a"), 0o600))
		r.say(r.event("a", notify.Attrib))
		r.want()
		r.write("t", "one")
		r.must(os.Rename(r.path("t"), r.path("a")))
		r.say(r.event("a", notify.MovedTo))
		r.want("changed a")
		r.write("a", "seen by nobody")
		r.save("a", "one")
		r.want("changed a")
		for i := range 2 {
			if c := r.batches[i].Changes[0]; c.Hash != c.PrevHash || c.Hash != hashOf("one") {
				t.Errorf("change %v, want both hashes to be those of the content", c)
			}
		}
		r.say(r.event("t", notify.Create), r.event("t", notify.CloseWrite), r.event("t", notify.Delete))
		r.want("deleted t")
		r.must(r.f.Sync(r.Context()))
		r.want()
	})
}

func TestHiddenWrite(t *testing.T) { // by who restores size and times, and no event but that of the times
	bubble(t, map[string]string{"a": "one"}, Options{}, func(r *rig) {
		fi, err := os.Stat(r.path("a"))
		r.must(err)
		r.write("a", "two")
		r.must(os.Chtimes(r.path("a"), fi.ModTime(), fi.ModTime()))
		r.say(r.event("a", notify.Modify), r.event("a", notify.Attrib), r.event("a", notify.CloseWrite))
		r.want("changed a")
		r.write("a", "one")
		r.must(os.Chtimes(r.path("a"), fi.ModTime(), fi.ModTime()))
		r.say(notify.Event{Op: notify.Overflow})
		r.want("changed a")
	})
}

func TestBigFile(t *testing.T) {
	bubble(t, map[string]string{"a": "12345"}, Options{MaxFile: 4}, func(r *rig) {
		_, files := r.f.List()
		r.write("a", "12346")
		r.say(r.event("a", notify.CloseWrite))
		r.want("changed a")
		if _, now := r.f.List(); now[0].Hash == files[0].Hash || now[0].Hash == hashOf("12346") {
			t.Errorf("hash %v, before %v; want another that is not of the content", now[0].Hash, files[0].Hash)
		}
	})
}

func TestSourceWithoutCloses(t *testing.T) {
	files := func(name string) bool { return name == "a" || name == "d/b" }
	bubble(t, map[string]string{"a": "one"}, Options{Mode: Fsnotify, Match: files}, func(r *rig) {
		r.src.closeWrites = false
		r.write("a", "two")
		r.say(r.event("a", notify.Modify))
		r.pass(quiet / 20)
		r.want("changed a")
		r.must(os.Mkdir(r.path("d"), 0o755))
		r.write("d/b", "x")
		e := r.event("d", notify.Create)
		e.Dir = false // it cannot tell
		r.say(e)
		r.want("created d/b")
		r.write("d/b", "")
		w, err := os.OpenFile(r.path("d/b"), os.O_WRONLY, 0)
		r.must(err)
		r.say(r.event("d/b", notify.Modify))
		r.pass(200 * ms)
		r.want()
		_, err = w.WriteString("y")
		r.must(err)
		r.must(w.Close())
		r.pass(quiet + ms)
		r.want("changed d/b")
	})
}
