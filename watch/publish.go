package watch

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"syscall"
	"time"

	"errors"

	"github.com/go-prompty/prompty/internal/feed"
)

// flushDue is when flush has something to do if nothing else happens.
func (r *reconciler) flushDue() time.Time {
	if len(r.pending) == 0 || r.git.held {
		return time.Time{}
	}
	if r.git.draining {
		return r.git.drainBy
	}
	return r.flushBy
}

// flush publishes what is verified: at once if nothing else is dirty, later what
// is clean of it.
func (r *reconciler) flush() {
	if len(r.pending) == 0 {
		if r.git.draining && !r.blocks() {
			r.git.draining = false
		}
		r.report()
		return
	}
	if !r.opening && (r.git.held || r.loss.lost()) {
		r.report()
		return
	}
	if r.blocks() && r.now.Before(r.flushDue()) || !r.opening && r.gitCame() {
		return
	}
	r.git.draining = false
	r.publish()
	r.flushBy = r.now.Add(gather)
	r.shrink()
	r.report()
}

// shrink gives back the room that a great change took: a map keeps that of its
// largest day.
func (r *reconciler) shrink() {
	if len(r.pending) > 0 || len(r.dirty) > 0 || cap(r.due) < 1000 || r.scan.active() {
		return
	}
	r.pending, r.dirty, r.due = make(map[string]verified), make(map[string]*dirt), nil
	r.scan.queue = nil
}

func (r *reconciler) publish() {
	changes := make([]Change, 0, len(r.pending))
	var since time.Time
	deleted := false
	for name, v := range r.pending {
		if d := r.dirty[name]; d != nil && !d.parked && r.now.Sub(v.since) < starve {
			continue
		}
		deleted = deleted || v.known == nil
		if since.IsZero() || v.since.Before(since) {
			since = v.since
		}
		changes = append(changes, r.change(name, v.known))
	}
	if len(changes) == 0 {
		return
	}
	if deleted && !r.rootStands() { // then what looks deleted need not be
		r.suspectRoot()
		return
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.Name, b.Name) })
	r.folder.publish(changes, r.pending, since, !r.opening)
	for _, c := range changes {
		delete(r.pending, c.Name)
	}
	if r.opening {
		return
	}
	m := r.opts.Metrics
	m.Count("watch_batches", 1)
	m.Count("watch_changes", int64(len(changes)))
	m.Observe("watch_publish", time.Since(since))
}

func (r *reconciler) change(name string, k *known) Change {
	before := r.folder.published[name]
	switch {
	case k == nil && before == nil: // it came and went
		return Change{Name: name, Kind: Deleted}
	case k == nil:
		return Change{Name: name, Kind: Deleted, PrevHash: before.hash}
	case before == nil:
		return Change{Name: name, Kind: Created, Hash: k.hash}
	}
	return Change{Name: name, Kind: Changed, Hash: k.hash, PrevHash: before.hash}
}

// publish makes what is verified of the changed names public.
func (f *Folder) publish(changes []Change, verified map[string]verified, since time.Time, tell bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range changes {
		if k := verified[c.Name].known; k != nil {
			f.published[c.Name] = k
		} else {
			delete(f.published, c.Name)
		}
	}
	if tell {
		f.count++
		f.feed.Publish(feed.Batch[Change]{To: f.revision(), Changes: changes, Since: since})
	}
}

// revision names the state after count batches. Under mu.
func (f *Folder) revision() string { return f.nonce + "." + strconv.FormatUint(f.count, 36) }

// refresh replaces what is known of a file whose content is the same.
func (f *Folder) refresh(name string, k *known) {
	if k == nil || f.published[name] == nil || *f.published[name] == *k {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.published[name] = k
}

// mergeChanges is what two changes of one name amount to for who saw neither.
// It is never nothing: such a reader may have looked in between.
func mergeChanges(before, after Change) (Change, bool) {
	c := Change{Name: after.Name, Kind: Changed, Hash: after.Hash, PrevHash: before.PrevHash}
	switch none := (Hash{}); {
	case c.Hash == none:
		c.Kind = Deleted
	case c.PrevHash == none:
		c.Kind = Created
	}
	return c, true
}

// maxFailing is how many paths that cannot be read are told apart.
const maxFailing = 1000

// eventSource stands for the source of events among the paths that fail.
const eventSource = "\x00events"

// report makes the status public.
func (r *reconciler) report() {
	s := Status{
		Mode:      r.modeName(),
		Degraded:  r.degraded(),
		LastError: r.trouble(),
		LastSync:  r.scan.last,
		Overflows: r.overflows,
		Watches:   len(r.nodes) - r.polled,
		Polled:    r.polled,
	}
	before := r.folder.Status()
	if s == before {
		return
	}
	if s.Degraded != before.Degraded {
		r.opts.Metrics.Degraded(s.Degraded)
	}
	r.folder.setStatus(s, !r.opening && (s.Mode != before.Mode || s.Degraded != before.Degraded ||
		s.LastError != before.LastError || s.Overflows != before.Overflows || s.Polled != before.Polled))
}

func (f *Folder) setStatus(s Status, tell bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status = s
	if tell {
		f.feed.Publish(feed.Batch[Change]{Status: &s})
	}
}

// trouble is one of the errors that stand, and how many more there are.
func (r *reconciler) trouble() string {
	if len(r.failing) == 0 {
		return ""
	}
	if _, ok := r.failing[r.lastError]; !ok {
		for name := range r.failing {
			if _, ok := r.failing[r.lastError]; !ok || name < r.lastError {
				r.lastError = name
			}
		}
	}
	text := r.failing[r.lastError]
	if n := len(r.failing) - 1; n > 0 {
		text = fmt.Sprintf("%s (and %d more)", text, n)
	}
	return text
}

// explain says what to do about an error.
func explain(name string, err error) string {
	text := err.Error()
	advice := ""
	switch {
	case name == eventSource:
		return "the source of events: " + text
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		advice = "; make it readable"
	case errors.Is(err, syscall.ENAMETOOLONG):
		advice = "; it is too deep down to be read: move it up"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		advice = "; raise the limit of open files"
	}
	return strconv.Quote(name) + ": " + text + advice
}
