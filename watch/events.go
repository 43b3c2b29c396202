package watch

import (
	"time"
	"unicode/utf8"

	"github.com/go-prompty/prompty/watch/internal/notify"
	"github.com/go-prompty/prompty/watch/internal/steady"
)

// apply notes what events say may have changed. Which folder an event is about
// is found out only here: between the system and this point folders can have
// moved.
func (r *reconciler) apply(events []notify.Event, polled bool) {
	r.now = time.Now()
	seq := r.seq
	if polled {
		r.pollGit()
		defer func() { r.every.Store(int64(max(minPoll, pollShare*time.Since(r.now)))) }()
	}
	for i := range events {
		e := &events[i]
		switch {
		case e.Op.Has(notify.Overflow):
			r.overflow()
			continue
		case e.Op.Has(notify.Failed):
			r.fail(eventSource, e.Err)
			r.rescan()
			continue
		}
		s := spot{e.Handle, polled}
		if e.Op.Has(notify.Gone) && r.reached(s) {
			continue
		}
		if r.git.held && !polled { // a round of polling alone is no news
			r.git.stir(r.now)
		}
		if n := r.nodes[s]; n != nil {
			r.applyTo(n, e)
		}
		if len(r.links.spots) > 0 {
			r.applyToLinks(s, e)
		}
		if s == r.git.spot && s.handle != 0 {
			r.applyToGit(e)
		}
	}
	if polled && r.git.held && r.seq != seq {
		r.git.stir(r.now)
	}
}

func (r *reconciler) applyTo(n *node, e *notify.Event) {
	switch {
	case e.Op.Has(notify.Rescan):
		_ = r.list(n)
	case e.Op.Has(notify.Gone):
		r.dead(n)
	case e.Name == "":
		if n.parent == nil && e.Op.Has(notify.Self) {
			r.suspectRoot()
		} else if d := r.dirty[n.name]; d != nil && d.parked { // it may be readable now
			r.suspect(n.name)
		}
	case e.Dir:
		r.applyDir(n, e)
	default:
		r.applyFile(n, e)
	}
	if e.Name == ".git" && n.parent == nil {
		r.findGit()
	}
}

// dead is for a folder whose watch ended by itself. If it was removed its
// parent says so, too; if it was unmounted, another one is in its place.
func (r *reconciler) dead(n *node) {
	delete(r.nodes, n.spot)
	n.spot = spot{}
	if n.parent == nil {
		r.suspectRoot()
		return
	}
	_, base := split(n.name)
	for _, child := range n.dirs {
		r.leave(child)
	}
	r.enter(n.parent, base)
}

func (r *reconciler) applyDir(n *node, e *notify.Event) {
	child := n.dirs[e.Name]
	if e.Op.Has(notify.MovedFrom|notify.Delete) && child != nil {
		r.leave(child)
	}
	r.enter(n, e.Name)
	if _, ok := n.files[e.Name]; ok { // a folder in the place of a file, or a file in that of a folder
		r.suspect(join(n.name, e.Name))
	}
}

func (r *reconciler) applyFile(n *node, e *notify.Event) {
	const moves = notify.Create | notify.MovedTo | notify.MovedFrom | notify.Delete
	name := join(n.name, e.Name)
	if e.Op.Has(moves) {
		if child := n.dirs[e.Name]; child != nil { // it was a folder, or is one and the source cannot tell
			r.leave(child)
			r.enter(n, e.Name)
		} else if e.Op.Has(notify.Create|notify.MovedTo) && !r.closeWrites() {
			if _, mode, err := steady.Lstat(r.abs(name)); err == nil && mode.IsDir() {
				r.enter(n, e.Name)
			}
		}
	}
	if !r.opts.Match(name) {
		return
	}
	if !utf8.ValidString(e.Name) {
		if r.fail(name, errNotUTF8); e.Op.Has(notify.MovedFrom | notify.Delete) {
			r.heal(name)
		}
		return
	}
	if r.touched(name, e.Op) {
		n.addFile(e.Name)
	}
}

// touched makes a file dirty by what an event says of it. It says whether it
// is.
func (r *reconciler) touched(name string, op notify.Op) bool {
	switch {
	case op.Has(notify.CloseWrite | notify.MovedTo):
		r.written(name)
	case op.Has(notify.MovedFrom | notify.Delete):
		r.suspectGone(name)
	case op.Has(notify.Create):
		r.created(name)
	case op.Has(notify.Modify):
		r.beingWritten(name)
	case op.Has(notify.Attrib):
		r.stamped(name)
		return true
	default:
		return false
	}
	d := r.dirty[name]
	d.told = true
	d.removed = d.removed || op.Has(notify.Delete)
	return true
}

// overflow makes up for events that were lost by looking at everything.
func (r *reconciler) overflow() {
	r.overflows++
	r.opts.Metrics.Count("watch_overflows", 1)
	r.marksLost()
	r.rescan()
}
