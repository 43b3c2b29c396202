package watch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/watch/internal/steady"
)

const (
	rootEvery   = time.Second            // between looks at a root that is there: what is mounted over it makes no event
	rootSoon    = 100 * time.Millisecond // before the first look for a lost one
	fillSame    = time.Second            // for an empty folder in the place of a full one to be filled
	fillMounted = 10 * time.Second       // the same, if it is on another device: something was unmounted
)

// loss is what is known of a root that is not the one that was opened. What was
// published stays until there is another to compare it with.
type loss struct {
	reason string        // "": the root stands
	next   time.Time     // when to look at it
	delay  time.Duration // to the look after that

	empty      steady.Identity // an empty folder that is in its place
	emptySince time.Time
	filling    bool // it is given time to be filled
}

func (l *loss) lost() bool { return l.reason != "" }

// locate finds what the root's path leads to.
func locate(given string) (real string, id steady.Identity, err error) {
	real, err = filepath.EvalSymlinks(given)
	if err != nil {
		return "", id, err
	}
	id, mode, err := steady.Lstat(real)
	if err == nil && !mode.IsDir() {
		err = syscall.ENOTDIR
	}
	return real, id, err
}

func sameInode(a, b steady.Identity) bool { return a.Dev == b.Dev && a.Ino == b.Ino }

// suspectRoot has the root looked at now.
func (r *reconciler) suspectRoot() { r.loss.next = r.now }

// rootStands reports whether the root is still the one that is watched.
func (r *reconciler) rootStands() bool {
	given, _, err := steady.Stat(r.given)
	if err != nil || !sameInode(given, r.rootID) {
		return false
	}
	real, mode, err := steady.Lstat(r.real)
	return err == nil && mode.IsDir() && sameInode(real, r.rootID) && r.root.spot != (spot{})
}

// checkRoot looks whether the root is there, and takes up another one in its
// place.
func (r *reconciler) checkRoot() {
	l := &r.loss
	if !l.lost() && r.rootStands() {
		l.next = r.now.Add(rootEvery)
		return
	}
	real, id, err := locate(r.given)
	if !l.lost() {
		r.lose()
		l.delay = rootSoon
	}
	l.next = r.now.Add(l.delay)
	l.delay = min(l.delay*3/2, rootEvery)
	switch {
	case errors.Is(err, syscall.ENOTDIR):
		l.reason = fmt.Sprintf("%s is no folder any more; what it held is served until it is one again", r.given)
	case err != nil:
		l.reason = fmt.Sprintf("%v; what the folder held is served until it is back", err)
	case r.isFilling(real, id):
		l.reason = fmt.Sprintf("%s is another folder now, and empty; what the old one held is served for a while", r.given)
		return
	default:
		_ = r.adopt(real, id) // parked, if it could not be listed
		return
	}
	l.filling = false
	r.refuse(fmt.Errorf("watch: %s", l.reason))
}

// isFilling reports whether a folder in the place of the root is empty and may
// not stay so.
func (r *reconciler) isFilling(real string, id steady.Identity) bool {
	l := &r.loss
	if !sameInode(l.empty, id) {
		l.empty, l.emptySince = id, r.now
	}
	patience := fillSame
	if id.Dev != r.rootID.Dev {
		patience = fillMounted
	}
	l.filling = false
	if len(r.folder.published) > 0 && r.now.Sub(l.emptySince) < patience {
		entries, err := readDir(real)
		l.filling = err == nil && len(entries) == 0
	}
	return l.filling
}

// lose forgets everything but what was published.
func (r *reconciler) lose() {
	r.loss.reason = "the folder is gone"
	for s := range r.nodes {
		delete(r.nodes, s)
		r.remove(s)
	}
	r.root, r.polled = nil, 0
	clear(r.limited)
	clear(r.dirty)
	clear(r.pending)
	clear(r.failing)
	r.hardlinks = newHardlinks()
	r.due = nil
	r.dropLinks()
	r.dropGit()
	r.scan.queue, r.scan.done, r.scan.wanted = nil, r.scan.begun, false
}

// adopt watches a folder as the root, lists it and compares it with what was
// published.
func (r *reconciler) adopt(real string, id steady.Identity) error {
	r.loss = loss{next: r.now.Add(rootEvery)}
	r.real, r.rootID = real, id
	r.root = &node{dev: id.Dev}
	if r.auto {
		fsType, yes, err := r.makers.remote(real)
		if r.root.remote = err == nil && yes; r.root.remote {
			r.remote = fsType
		}
	}
	r.followRoot()
	r.findGit() // before anything is listed: what git does is then held from the start
	err := r.list(r.root)
	r.sweep()
	r.scan.next = r.now.Add(jitter(resync))
	r.scan.last = r.now.Round(0)
	for _, a := range r.asks {
		r.reach(a)
	}
	return err
}

// sweep suspects what is published but in no folder that is known.
func (r *reconciler) sweep() {
	for name := range r.folder.published {
		dir, base := split(name)
		if n := r.find(dir); n == nil {
			r.suspectGone(name)
		} else if _, ok := n.files[base]; !ok {
			r.suspectGone(name)
		}
	}
}

// begin lists the root for the first time.
func (r *reconciler) begin(ctx context.Context) error {
	real, id, err := locate(r.given)
	if err != nil {
		return err
	}
	if err := r.openSource(); err != nil {
		return err
	}
	r.opening = true
	if err := r.adopt(real, id); err != nil {
		return err
	}
	// What is being written now can be young or open for a moment. That is
	// waited for a little, but whoever writes all the time cannot keep us.
	for by := r.now.Add(gather); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.now = time.Now()
		r.look()
		if r.settled() || !r.now.Before(by) && !r.due.ready(r.now) {
			break
		}
		if d := time.Until(r.due.first()); d > 0 {
			r.pause(ctx, d)
		}
	}
	r.publish()
	r.shrink()
	r.report()
	r.opening = false
	return nil
}

// settled reports whether nothing is dirty but what cannot be read.
func (r *reconciler) settled() bool {
	for _, d := range r.dirty {
		if !d.parked {
			return false
		}
	}
	return true
}

// pause waits for a time, or the end of ctx.
func (r *reconciler) pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
