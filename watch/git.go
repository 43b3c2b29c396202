package watch

import (
	"container/heap"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-prompty/prompty/watch/internal/notify"
	"github.com/go-prompty/prompty/watch/internal/steady"
)

const (
	gitLock    = "index.lock"
	staleLock  = time.Second           // without an event, before a lock is taken for one that was left behind
	drain      = time.Second           // at most, for what git did to be verified before it is published
	hastyGrace = 20 * time.Millisecond // instead of grace, for what happened while git was at work
)

// git holds back what happens while git is at work in the tree, so that a
// checkout is one batch. git creates index.lock before it touches the first file,
// and renames or removes it after the last.
type git struct {
	dir  string // where index.lock appears; "": the root is in no work tree
	spot spot

	held     bool
	heldSeq  uint64 // the last dirt before
	stirred  time.Time
	spent    bool            // the lock was there for too long: it no longer counts
	index    steady.Identity // of git's index when polled folders were last looked at
	draining bool            // git is done; what it did is being verified
	drainSeq uint64
	drainBy  time.Time
}

// findGit finds the place of index.lock, and watches it.
func (r *reconciler) findGit() {
	dir := ""
	if !r.opts.NoGit {
		dir = gitDir(r.real)
	}
	g := &r.git
	if dir == g.dir && (dir == "" || g.spot != (spot{})) {
		return
	}
	r.dropGit()
	if dir == "" {
		return
	}
	s, err := r.add(dir, r.root.remote)
	if err != nil { // tried again with the next look at everything
		return
	}
	g.dir, g.spot = dir, s
	r.checkLock()
	r.pollGit()
}

func (r *reconciler) dropGit() {
	s := r.git.spot
	r.git = git{}
	if s != (spot{}) {
		r.remove(s)
	}
}

// gitDir returns the folder in which git locks the index of the work tree that
// root is in, "" if it is in none.
func gitDir(root string) string {
	for top := root; ; {
		path := filepath.Join(top, ".git")
		if _, mode, err := steady.Lstat(path); err == nil {
			if mode.IsRegular() { // a linked work tree, or a submodule
				text, err := os.ReadFile(path)
				to, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), "gitdir: ")
				if err != nil || !ok {
					return ""
				}
				if path = filepath.FromSlash(to); !filepath.IsAbs(path) {
					path = filepath.Join(top, path)
				}
			}
			path, err = filepath.EvalSymlinks(path)
			if err != nil || within(root, path) {
				return ""
			}
			if _, _, err := steady.Stat(filepath.Join(path, "HEAD")); err != nil {
				return ""
			}
			return path
		}
		parent := filepath.Dir(top)
		if parent == top {
			return ""
		}
		top = parent
	}
}

// within reports whether path is dir or in it.
func within(path, dir string) bool {
	return path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}

// checkLock looks whether the lock is there.
func (r *reconciler) checkLock() {
	if r.git.dir == "" {
		return
	}
	if _, _, err := steady.Lstat(filepath.Join(r.git.dir, gitLock)); err == nil {
		r.hold()
	} else if gone(err) {
		r.letGo()
	}
}

func (r *reconciler) applyToGit(e *notify.Event) {
	switch {
	case e.Op.Has(notify.Gone):
		r.letGo()
		r.git.spot = spot{}
		r.findGit()
	case e.Op.Has(notify.Rescan):
		r.checkLock()
	case e.Name != gitLock:
	case e.Op.Has(notify.Create | notify.MovedTo):
		r.hold()
	case e.Op.Has(notify.Delete | notify.MovedFrom):
		r.letGo()
	}
}

// hold keeps everything from being published.
func (r *reconciler) hold() {
	if g := &r.git; !g.held && !g.spent {
		g.held, g.heldSeq, g.stirred, g.draining = true, r.seq, r.now, false
	}
}

// letGo ends hold: git is done.
func (r *reconciler) letGo() {
	r.git.spent = false
	r.release()
}

// release has everything published as soon as it is verified.
func (r *reconciler) release() {
	g := &r.git
	if !g.held {
		return
	}
	g.held, g.draining, g.drainSeq, g.drainBy = false, true, r.seq, r.now.Add(drain)
	for _, d := range r.dirty {
		if d.parked || d.seq <= g.heldSeq {
			continue
		}
		d.hasty = true
		if d.goneAt.IsZero() {
			d.due = r.now
		} else if at := d.goneAt.Add(hastyGrace); at.Before(d.due) {
			d.due = at
		}
	}
	heap.Init(&r.due)
}

// checkGit lets go of a lock that was left behind.
func (r *reconciler) checkGit() {
	if at := r.gitWake(); !at.IsZero() && !at.After(r.now) {
		r.git.spent = true
		r.release()
	}
}

// stir notes that something happens while the lock is there.
func (g *git) stir(now time.Time) { g.stirred = now }

// gitWake is when a lock counts as left behind. Where folders are polled, what
// git does is seen in the next round only.
func (r *reconciler) gitWake() time.Time {
	g := &r.git
	switch {
	case !g.held:
		return time.Time{}
	case g.spot.polled:
		return g.stirred.Add(staleLock + 2*time.Duration(r.every.Load()))
	}
	return g.stirred.Add(staleLock)
}

// pollGit looks at git before polled folders are looked at.
func (r *reconciler) pollGit() {
	if r.git.spot.polled {
		r.checkLock()
		r.git.index = r.gitIndex()
	}
}

// gitCame reports whether git has been at work since pollGit. Then what is
// verified may be a part of what it did, and is held back, or looked at again.
func (r *reconciler) gitCame() bool {
	g := &r.git
	if !g.spot.polled {
		return false
	}
	r.checkLock()
	if g.held {
		return true
	}
	now := r.gitIndex()
	if now == g.index {
		return false
	}
	g.index, r.flushBy = now, r.now.Add(gather)
	r.rescan()
	return true
}

// gitIndex is the identity of git's index, which it replaces when it is done;
// zero if there is none.
func (r *reconciler) gitIndex() steady.Identity {
	id, _, err := steady.Lstat(filepath.Join(r.git.dir, "index"))
	if err != nil {
		return steady.Identity{}
	}
	return id
}
