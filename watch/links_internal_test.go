package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-prompty/prompty/watch/internal/notify"
)

// configMap lays out a volume as the kubelet does.
func (r *rig) configMap(state string, files map[string]string) {
	for name, text := range files {
		r.write("..state"+state+"/"+name, text)
	}
}

func TestConfigMap(t *testing.T) {
	bubble(t, nil, Options{}, func(r *rig) {
		r.must(r.f.Close())
		r.configMap("1", map[string]string{"a": "1", "b": "1", "c": "1"})
		r.must(os.Symlink("..state1", r.path("..data")))
		for _, name := range []string{"a", "b", "c"} {
			r.must(os.Symlink("..data/"+name, r.path(name)))
		}
		r.src = newScript()
		r.open(Options{Mode: Inotify}, func(r *rig) {
			r.holds(map[string]string{"a": "1", "b": "1", "c": "1"})
			for _, text := range []string{"2", "3"} { // the way of a link is watched anew each time
				r.configMap(text, map[string]string{"a": text, "b": text, "c": "1"})
				r.must(os.Symlink("..state"+text, r.path("..data_tmp")))
				r.must(os.Rename(r.path("..data_tmp"), r.path("..data")))
				r.say(r.event("..data_tmp", notify.MovedFrom), r.event("..data", notify.MovedTo))
				r.want("changed a, changed b")
			}
			r.must(os.Symlink("..state2", r.path("..data_tmp")))
			r.must(os.Rename(r.path("..data_tmp"), r.path("..data")))
			r.must(os.Remove(r.path("..state2/c")))
			r.say(r.event("..data", notify.MovedTo))
			r.pass(grace)
			r.want("changed a, changed b, deleted c")
			if n := r.src.watching(); n != 2 {
				t.Errorf("%d folders are watched, want the root and the state of now", n)
			}
		})
	})
}

func TestLinkToOutside(t *testing.T) {
	out := t.TempDir()
	target := filepath.Join(out, "d", "x")
	bubble(t, map[string]string{"own": "1"}, Options{}, func(r *rig) {
		r.must(os.Symlink(target, r.path("l"))) // leads nowhere
		r.say(r.event("l", notify.Create))
		r.want()
		r.must(os.Mkdir(filepath.Join(out, "d"), 0o755))
		r.say(r.event(filepath.Join(out, "d"), notify.Create))
		r.next()
		r.must(os.WriteFile(target, []byte("1"), 0o644))
		r.say(r.event(target, notify.CloseWrite))
		r.want("created l")
		r.must(os.WriteFile(target, []byte("2"), 0o644))
		r.say(r.event(target, notify.Modify))
		r.pass(quiet)
		r.want("changed l")
		r.must(os.Remove(target))
		r.say(r.event(target, notify.Delete))
		r.pass(grace)
		r.want("deleted l")
		r.must(os.Remove(r.path("l")))
		r.say(r.event("l", notify.Delete))
		r.pass(grace)
		r.want()
		if n := r.src.watching(); n != 1 {
			t.Errorf("%d folders are watched, want only the root", n)
		}
	})
}

func TestLinksThatLeadToNoFile(t *testing.T) {
	bubble(t, map[string]string{"d/x": "1"}, Options{}, func(r *rig) {
		r.must(os.Symlink("loop2", r.path("loop1")))
		r.must(os.Symlink("loop1", r.path("loop2")))
		r.must(os.Symlink(".", r.path("here")))
		r.must(os.Symlink("d", r.path("folder")))
		for _, name := range []string{"loop1", "loop2", "here", "folder"} {
			e := r.event(name, notify.Create)
			e.Dir = false
			r.say(e)
		}
		r.pass(time.Second)
		r.want()
		r.must(r.f.Sync(r.Context()))
		r.save("d/x", "2")
		r.want("changed d/x")
	})
}

func TestFolderTurnsIntoALink(t *testing.T) {
	out := t.TempDir()
	bubble(t, map[string]string{"d/x": "1"}, Options{}, func(r *rig) {
		r.must(os.WriteFile(filepath.Join(out, "x"), []byte("1"), 0o644))
		r.must(os.RemoveAll(r.path("d")))
		r.must(os.Symlink(out, r.path("d")))
		e := r.event("d", notify.Delete)
		e.Dir = true
		r.say(e, r.event("d", notify.Create))
		r.pass(grace)
		r.want("deleted d/x")
	})
}

func TestSyncLooksAtLinks(t *testing.T) { // what happens under other names, or above the folders that are watched, makes no event
	out := t.TempDir()
	bubble(t, nil, Options{}, func(r *rig) {
		for _, name := range []string{"soft", "hard"} {
			r.must(os.WriteFile(filepath.Join(out, name), []byte("1"), 0o644))
		}
		r.must(os.Symlink(filepath.Join(out, "soft"), r.path("soft")))
		r.must(os.Link(filepath.Join(out, "hard"), r.path("hard")))
		r.say(r.event("soft", notify.Create), r.event("hard", notify.Create))
		r.want("created hard, created soft")
		for _, name := range []string{"soft", "hard"} {
			r.must(os.WriteFile(filepath.Join(out, name), []byte("2"), 0o644))
		}
		r.must(r.f.Sync(r.Context()))
		r.want("changed hard, changed soft")
	})
}

func TestHardLinkThatGoes(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.must(os.Link(r.path("a"), r.path("b")))
		r.say(r.event("b", notify.Create))
		r.want("created b")
		r.write("b", "2")
		r.must(os.Remove(r.path("b")))
		r.say(r.event("b", notify.CloseWrite), r.event("b", notify.Delete))
		r.pass(grace)
		r.next()
		r.holds(map[string]string{"a": "2"})

		r.must(os.Link(r.path("a"), r.path("b"))) // and nobody ever sees it
		r.write("b", "3")
		r.must(os.Remove(r.path("b")))
		r.say(r.event("b", notify.Create), r.event("b", notify.CloseWrite), r.event("b", notify.Delete))
		r.want()
		r.must(r.f.Sync(r.Context()))
		r.want("changed a")
	})
}
