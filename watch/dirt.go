package watch

import (
	"container/heap"
	"time"

	"github.com/go-prompty/prompty/watch/internal/steady"
)

// dirt is a name that may have changed. It is dirty until a look at it gave
// something to rely on.
type dirt struct {
	name  string
	due   time.Time // when to look
	since time.Time // when it was noticed
	seq   uint64    // in the order in which names became dirty
	index int       // in the schedule

	need    need // how to look
	told    bool // an event named it
	removed bool // an event said that it was
	again   bool // touched since it was last looked at
	newborn bool // it has just been made, and is not yet written perhaps
	hasty   bool // git is done, and will not bring it back
	parked  bool // it cannot be read. Nothing waits for it

	goneAt  time.Time // since when it is not there
	emptyAt time.Time // since when it is empty
	seen    steady.Identity
	seenAt  time.Time // since when it is as seen
	looks   int       // in vain
}

// need is what it takes to know that a file is the same as before.
type need int

const (
	notWritten   need = iota // only its mode, owner or links may be others
	sameIdentity             // no event said that it was written, but events can be lost
	sameBytes                // it was written
)

// touch makes a name dirty, to be looked at by due at the latest if it was not
// dirty before. The caller may move due.
func (r *reconciler) touch(name string, due time.Time) *dirt {
	d := r.dirty[name]
	if d == nil {
		r.seq++
		d = &dirt{name: name, due: due, since: r.now, seq: r.seq}
		r.dirty[name] = d
		heap.Push(&r.due, d)
		return d
	}
	d.again = true
	if d.parked {
		d.parked, d.since, d.looks = false, r.now, 0
		r.seq++
		d.seq = r.seq
		r.postpone(d, due)
	}
	return d
}

func (r *reconciler) postpone(d *dirt, due time.Time) {
	if d.due != due {
		d.due = due
		heap.Fix(&r.due, d.index)
	}
}

// clean ends that a name is dirty.
func (r *reconciler) clean(name string) {
	if d := r.dirty[name]; d != nil {
		delete(r.dirty, name)
		heap.Remove(&r.due, d.index)
	}
	r.heal(name)
}

// park is for what cannot be read: it is tried again, ever less often.
func (r *reconciler) park(name string, err error) {
	d := r.dirty[name]
	if d == nil {
		d = r.touch(name, r.now)
	}
	d.parked = true
	d.looks++
	r.postpone(d, r.now.Add(min(time.Second<<min(d.looks-1, 10), resync)))
	r.fail(name, err)
}

// suspect has a file looked at, if only by its Identity.
func (r *reconciler) suspect(name string) {
	d := r.touch(name, r.now)
	d.need = max(d.need, sameIdentity)
}

// stamped has it looked whether there is more to it than another mode or time.
func (r *reconciler) stamped(name string) {
	if d := r.touch(name, r.now); !r.closeWrites() { // who hides events may hide that it was written, too
		d.need = max(d.need, sameIdentity)
	}
}

// written has a file read at once.
func (r *reconciler) written(name string) {
	d := r.touch(name, r.now)
	d.need, d.newborn, d.goneAt = sameBytes, false, time.Time{}
	r.postpone(d, r.now)
}

// beingWritten has a file read when nothing more is written, or when it is
// closed.
func (r *reconciler) beingWritten(name string) {
	wait := quiet
	if !r.closeWrites() {
		wait = quiet / 20 // no event will tell that it was closed: look who has it open
	}
	d := r.dirty[name]
	if d != nil && !d.parked && d.need == sameBytes && !d.due.After(r.now) {
		return // it is about to be read, and whoever writes will be seen
	}
	d = r.touch(name, r.now)
	d.need, d.goneAt = sameBytes, time.Time{}
	r.postpone(d, r.now.Add(wait))
}

// created has a new file read, unless it is yet to be written.
func (r *reconciler) created(name string) {
	d := r.touch(name, r.now)
	d.need, d.newborn, d.goneAt = sameBytes, true, time.Time{}
	r.postpone(d, r.now)
}

// suspectGone has it looked whether a file is gone.
func (r *reconciler) suspectGone(name string) {
	d := r.touch(name, r.now)
	d.need = max(d.need, sameIdentity)
	r.postpone(d, r.now)
}

// blocks reports whether what is verified should wait for something dirty: what
// is done to files together is to be published together. What takes longer
// than that may take is not waited for at all.
func (r *reconciler) blocks() bool {
	if r.scan.active() {
		return true
	}
	checked := 0
	for _, d := range r.dirty {
		switch {
		case d.parked:
		case r.git.draining && d.seq <= r.git.drainSeq, r.now.Sub(d.since) < gather:
			return true
		}
		if checked++; checked == 64 { // enough to tell one from many
			return true
		}
	}
	return false
}

// schedule is a heap of what is dirty by when to look at it.
type schedule []*dirt

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].due.Before(s[j].due) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].index, s[j].index = i, j
}

// Push is for package heap.
func (s *schedule) Push(x any) {
	d := x.(*dirt)
	d.index = len(*s)
	*s = append(*s, d)
}

// Pop is for package heap.
func (s *schedule) Pop() any {
	old := *s
	d := old[len(old)-1]
	old[len(old)-1] = nil
	*s = old[:len(old)-1]
	return d
}

func (s schedule) first() time.Time {
	if len(s) == 0 {
		return time.Time{}
	}
	return s[0].due
}

func (s schedule) ready(now time.Time) bool { return len(s) > 0 && !s[0].due.After(now) }
