package watch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/watch/internal/notify"
)

func TestRootGone(t *testing.T) {
	bubble(t, map[string]string{"a": "1", "d/b": "1"}, Options{}, func(r *rig) {
		self := r.event("a", notify.Self)
		self.Name = ""
		away := r.root + "-away"
		r.must(os.Rename(r.root, away))
		defer os.RemoveAll(away)
		r.say(self)
		r.want()
		r.wantStatus("inotify", "served until it is back")
		if err := r.f.Sync(r.Context()); err == nil || !strings.Contains(err.Error(), "served until") {
			t.Errorf("Sync: %v, want an error that says what is served", err)
		}
		r.pass(2 * rootEvery)
		r.want()
		r.holds(map[string]string{"a": "1", "d/b": "1"})
		if n := r.src.watching(); n != 0 {
			t.Errorf("%d folders of the old root are watched", n)
		}

		r.write("a", "2") // makes the root again
		r.write("c", "1")
		r.pass(rootEvery + grace)
		r.want("changed a, created c, deleted d/b")
		r.wantStatus("inotify", "")
		r.save("a", "3")
		r.want("changed a")
	})
}

func TestRootAFile(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.must(os.RemoveAll(r.root))
		r.must(os.WriteFile(r.root, nil, 0o644))
		r.pass(rootEvery) // no event tells, as when something is mounted over it
		r.want()
		r.wantStatus("inotify", "no folder any more")
		r.must(os.Remove(r.root))
		r.write("a", "1")
		r.pass(rootEvery + grace)
		r.want()
		r.wantStatus("inotify", "")
	})
}

func TestRootEmptyForAWhile(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.must(os.Rename(r.root, r.root+"-old"))
		defer os.RemoveAll(r.root + "-old")
		r.must(os.Mkdir(r.root, 0o755))
		r.pass(rootEvery)
		r.want()
		r.wantStatus("inotify", "empty")
		synced := make(chan error, 1)
		go func() { synced <- r.f.Sync(r.Context()) }()
		r.pass(fillSame / 2)
		r.want()
		r.pass(rootEvery + grace)
		r.want("deleted a")
		r.must(<-synced)
		r.wantStatus("inotify", "")
	})
}

func TestDeletionsNeedTheRoot(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		e := r.event("a", notify.Delete)
		r.must(os.Rename(r.root, r.root+"-away"))
		r.say(e) // and nothing of the root
		r.pass(grace)
		r.want()
		r.holds(map[string]string{"a": "1"})
		r.must(os.Rename(r.root+"-away", r.root))
		r.pass(rootEvery + grace)
		r.want()
		r.wantStatus("inotify", "")
	})
}

func TestRootIsALink(t *testing.T) {
	bubble(t, map[string]string{"one/a": "1", "one/b": "1", "two/a": "2", "two/b": "1"}, Options{}, func(r *rig) {
		r.must(r.f.Close())
		base := r.root
		r.root = filepath.Join(base, "current")
		r.must(os.Symlink("one", r.root))
		r.src = newScript()
		r.open(Options{Mode: Inotify}, func(r *rig) {
			r.must(os.Symlink("two", filepath.Join(base, "next")))
			r.must(os.Rename(filepath.Join(base, "next"), r.root))
			r.say(r.event(filepath.Join(base, "current"), notify.MovedTo))
			r.want("changed a")
			r.save("b", "2")
			r.want("changed b")
			r.holds(map[string]string{"a": "2", "b": "2"})
		})
	})
}

func TestSyncWaitsForEvents(t *testing.T) {
	bubble(t, map[string]string{"a": "1", "b": "1"}, Options{}, func(r *rig) {
		r.src.hold(true)
		r.save("a", "2")
		r.must(os.Remove(r.path("b")))
		r.say(r.event("b", notify.Delete))
		synced := make(chan error, 1)
		go func() { synced <- r.f.Sync(r.Context()) }()
		r.want()
		r.src.hold(false)
		select {
		case <-synced:
			t.Error("Sync returned before a removed file had its time to come back")
		default:
		}
		r.pass(grace)
		r.want("changed a, deleted b")
		r.must(<-synced)
	})
}

func TestSyncWithoutEvents(t *testing.T) {
	bubble(t, map[string]string{"a": "1", "d/b": "1"}, Options{Mode: Poll}, func(r *rig) {
		r.write("a", "2")
		r.write("n/x", "1")
		r.must(r.f.Sync(r.Context()))
		r.want("changed a, created n/x")
		r.must(r.f.Sync(r.Context()))
		r.want()
	})
}

func TestSyncOutlivesAnOverflow(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.src.hold(true)
		synced := make(chan error, 1)
		go func() { synced <- r.f.Sync(r.Context()) }()
		r.next()
		r.src.mu.Lock()
		r.src.kept = []notify.Event{{Op: notify.Overflow}} // the marker's event is among the lost
		r.src.mu.Unlock()
		r.write("a", "2")
		r.src.hold(false)
		r.must(<-synced)
		r.want("changed a")
	})
}

func TestSyncWaitsForOpenFiles(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		w, err := os.OpenFile(r.path("a"), os.O_WRONLY|os.O_TRUNC, 0)
		r.must(err)
		r.say(r.event("a", notify.Modify))
		synced := make(chan error, 1)
		go func() { synced <- r.f.Sync(r.Context()) }()
		r.pass(openQuiet / 2)
		select {
		case <-synced:
			t.Error("Sync returned while a file was being written")
		default:
		}
		_, err = w.WriteString("2")
		r.must(err)
		r.must(w.Close())
		r.say(r.event("a", notify.CloseWrite))
		r.must(<-synced)
		r.want("changed a")
	})
}
