package watch

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/go-prompty/prompty/watch/internal/notify"
)

var workTree = map[string]string{".git/HEAD": "ref: refs/heads/main\n", "p/a": "1", "p/b": "1", "p/c": "1"}

func (r *rig) lock() {
	r.write(".git/index.lock", "")
	r.say(r.event(".git/index.lock", notify.Create))
}

func (r *rig) unlock() {
	r.must(os.Rename(r.path(".git/index.lock"), r.path(".git/index")))
	r.say(r.event(".git/index.lock", notify.MovedFrom), r.event(".git/index", notify.MovedTo))
}

func TestGitIsOneStep(t *testing.T) {
	bubble(t, workTree, Options{}, func(r *rig) {
		r.lock()
		r.save("p/a", "2")
		r.pass(staleLock - ms)
		r.save("p/new", "1")
		r.pass(staleLock - ms)
		r.must(os.Remove(r.path("p/b")))
		r.say(r.event("p/b", notify.Delete))
		r.want()
		r.unlock()
		r.pass(hastyGrace)
		r.want("changed p/a, deleted p/b, created p/new")
		r.save("p/a", "3")
		r.want("changed p/a")
	})
}

func TestStaleLock(t *testing.T) {
	bubble(t, workTree, Options{}, func(r *rig) {
		r.lock()
		r.save("p/a", "2")
		r.pass(staleLock - ms)
		r.want()
		r.pass(ms)
		r.want("changed p/a")
		r.say(notify.Event{Op: notify.Overflow})
		r.next()
		r.save("p/a", "3") // it counts no more
		r.want("changed p/a")
		r.must(os.Remove(r.path(".git/index.lock")))
		r.say(r.event(".git/index.lock", notify.Delete))
		r.lock()
		r.save("p/a", "4")
		r.want()
		r.unlock()
		r.want("changed p/a")
	})
}

func TestSyncWaitsForGit(t *testing.T) {
	bubble(t, workTree, Options{}, func(r *rig) {
		r.lock()
		r.save("p/a", "2")
		synced := make(chan error, 1)
		go func() { synced <- r.f.Sync(r.Context()) }()
		r.want()
		r.pass(staleLock / 2)
		select {
		case <-synced:
			t.Error("Sync returned while git was at work")
		default:
		}
		r.unlock()
		r.must(<-synced)
		r.want("changed p/a")
	})
}

func TestNoGit(t *testing.T) {
	bubble(t, workTree, Options{NoGit: true}, func(r *rig) {
		r.lock()
		r.save("p/a", "2")
		r.want("changed p/a")
	})
}

func TestGitBelowAndBefore(t *testing.T) { // the root is in a work tree that git is changing already
	files := map[string]string{".git/index.lock": ""}
	for name, text := range workTree {
		files[name] = text
	}
	bubble(t, files, Options{}, func(r *rig) {
		r.must(r.f.Close())
		top := r.root
		r.root, r.src = r.path("p"), newScript()
		r.open(Options{Mode: Inotify}, func(r *rig) {
			r.holds(map[string]string{"a": "1", "b": "1", "c": "1"})
			r.save("a", "2")
			r.want()
			r.must(os.Remove(filepath.Join(top, ".git/index.lock")))
			r.say(r.event(filepath.Join(top, ".git/index.lock"), notify.Delete))
			r.want("changed a")
		})
	})
}

func TestGitComes(t *testing.T) {
	bubble(t, map[string]string{"a": "1"}, Options{}, func(r *rig) {
		r.write(".git/HEAD", "ref: refs/heads/main\n")
		r.say(r.event(".git", notify.Create))
		r.want()
		r.lock()
		r.save("a", "2")
		r.want()
		gone := r.event(".git/HEAD", notify.Gone)
		r.must(os.RemoveAll(r.path(".git")))
		r.say(gone)
		r.want("changed a")
		r.save("a", "3")
		r.want("changed a")
	})
}

func TestGitDir(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"repo/.git/HEAD":                  "x",
		"repo/.git/worktrees/linked/HEAD": "x",
		"repo/sub/deep/x":                 "x",
		"linked/.git":                     "gitdir: " + dir + "/repo/.git/worktrees/linked\n",
		"repo/module/.git":                "gitdir: ../.git/modules/module\n",
		"repo/.git/modules/module/HEAD":   "x",
		"broken/.git":                     "what?",
		"dangling/.git":                   "gitdir: ../nowhere",
		"notgit/.git/x":                   "no HEAD",
		"repo/.git/refs/heads/x":          "x",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for root, want := range map[string]string{
		"repo": "repo/.git", "repo/sub/deep": "repo/.git", "linked": "repo/.git/worktrees/linked",
		"repo/module": "repo/.git/modules/module", "broken": "", "dangling": "", "notgit": "", "repo/.git/refs": "", "repo/.git": "",
	} {
		if want != "" {
			want = filepath.Join(dir, want)
		}
		if got := gitDir(filepath.Join(dir, root)); got != want {
			t.Errorf("gitDir(%q) = %q, want %q", root, got, want)
		}
	}
}

func TestGitPolled(t *testing.T) {
	bubble(t, workTree, Options{Mode: Poll}, func(r *rig) {
		r.write(".git/index.lock", "")
		r.write("p/a", "2")
		r.pass(minPoll + ms)
		r.want()
		r.must(os.Remove(r.path(".git/index.lock")))
		r.pass(minPoll + ms)
		r.want("changed p/a")
	})
}

// TestGitBetweenPolls has git at work while nothing tells of it: what a poll
// finds of it waits for the rest.
func TestGitBetweenPolls(t *testing.T) {
	bubble(t, workTree, Options{Mode: Poll}, func(r *rig) {
		r.write(".git/index.lock", "")
		r.write("p/a", "2")
		r.pass(2 * minPoll)
		r.want()
		r.write("p/b", "2")
		r.pass(2 * minPoll)
		r.want()
		r.write("p/c", "2")
		r.must(os.Rename(r.path(".git/index.lock"), r.path(".git/index")))
		r.pass(2 * minPoll)
		r.want("changed p/a, changed p/b, changed p/c")

		r.write(".git/index.lock", "") // left behind
		r.write("p/a", "3")
		r.pass(2 * minPoll)
		r.want()
		r.pass(3 * minPoll)
		r.want("changed p/a")
	})
}

// TestGitDuringPoll has git come and go while a round of polling is under way.
func TestGitDuringPoll(t *testing.T) {
	var r *rig
	var come atomic.Bool
	match := func(name string) bool {
		if name == "new" && come.CompareAndSwap(true, false) { // the root has been read, p has not
			r.write(".git/index", "new")
			r.write("before", "1")
			r.write("p/a", "2")
		}
		return true
	}
	bubble(t, workTree, Options{Mode: Poll, Match: match}, func(opened *rig) {
		r = opened
		r.pass(2 * minPoll)
		r.want()
		come.Store(true)
		r.write("new", "1")
		r.pass(minPoll)
		if got := r.next(); len(got) != 1 || got[0] != "created before, created new, changed p/a" {
			t.Errorf("published %q, want it in one batch", got)
		}
	})
}
