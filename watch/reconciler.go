package watch

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/watch/internal/steady"
)

// How long things take. Each comes from a way of saving that was seen to need it.
const (
	quiet      = 100 * time.Millisecond // without another write, before a file that was not closed is looked at
	birth      = 20 * time.Millisecond  // for a new empty file to be written
	grace      = 50 * time.Millisecond  // for a file that was moved away, removed or emptied to come back
	gather     = 250 * time.Millisecond // for which what is verified waits for what is not
	starve     = time.Second            // after which a file is published although it is changing again
	openQuiet  = 5 * time.Second        // without a change, before a file that is open for writing is taken as it is
	resync     = time.Minute            // between looks at everything
	retryLimit = 30 * time.Second       // before a source that could not be had is tried again
)

// known is a file as it was verified. It is never changed.
type known struct {
	steady.Identity
	hash Hash
	sure bool // what has the same Identity has the same content
}

// verified is a file that is to be published. known is nil if there is none.
type verified struct {
	known *known
	since time.Time // when the change was noticed
	seq   uint64    // of the dirt that it comes from
}

// A reconciler finds out what the events in a folder amount to. They are hints
// and no more: they say which names may have changed, and those are dirty until
// their content has been looked at. What was found and differs from what was
// published waits in pending until nothing is dirty, so that what belongs
// together comes in one batch.
//
// All of it belongs to one goroutine.
type reconciler struct {
	folder *Folder
	opts   Options
	sources

	given  string // the root as it was opened, made absolute
	real   string // the same without symbolic links
	rootID steady.Identity
	root   *node
	nodes  map[spot]*node

	dirty     map[string]*dirt
	due       schedule // of dirty, by when to look
	seq       uint64   // of the last dirt
	pending   map[string]verified
	flushBy   time.Time // when pending is published in any case
	failing   map[string]string
	lastError string // a key of failing

	scan  scan
	links links
	hardlinks
	git  git
	loss loss
	asks []*ask

	opening   bool // nobody can be told yet
	overflows int
	unseen    bool // a file was written and removed before anybody looked. It may have had other names, which changed
	buffers   [readers][]byte
	now       time.Time // when the present step began
}

func newReconciler(f *Folder, root string, opts Options, makers makers) *reconciler {
	r := &reconciler{
		folder:  f,
		opts:    opts,
		given:   root,
		sources: sources{makers: makers},
		nodes:   make(map[spot]*node),
		dirty:   make(map[string]*dirt),
		pending: make(map[string]verified),
		failing: make(map[string]string),
		links:   newLinks(),

		hardlinks: newHardlinks(),
		now:       time.Now(),
	}
	for i := range r.buffers {
		r.buffers[i] = make([]byte, readBuffer)
	}
	return r
}

// latest is what was last verified of a file, nil if it is not there.
func (r *reconciler) latest(name string) *known {
	if v, ok := r.pending[name]; ok {
		return v.known
	}
	return r.folder.published[name] // only this goroutine writes it
}

// run works until quit is closed.
func (r *reconciler) run(quit <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		r.work(quit)
		timer.Reset(time.Until(r.wake()))
		select {
		case events := <-r.events():
			r.apply(events, false)
		case events := <-r.polls():
			r.apply(events, true)
		case a := <-r.folder.asks:
			r.ask(a)
		case <-timer.C:
		case <-quit:
			return
		}
	}
}

// work does everything that can be done without waiting.
func (r *reconciler) work(quit <-chan struct{}) {
	for {
		r.now = time.Now()
		r.rounds()
		r.scanSome()
		r.look()
		more := r.drain()
		r.now = time.Now()
		r.flush()
		r.answer()
		if !more && !r.scan.active() && !r.due.ready(time.Now()) {
			return
		}
		select {
		case <-quit:
			return
		default:
		}
	}
}

// drain applies the events that are there already, and says whether there were
// any.
func (r *reconciler) drain() (any bool) {
	for {
		select {
		case events := <-r.events():
			r.apply(events, false)
		case events := <-r.polls():
			r.apply(events, true)
		default:
			return any
		}
		any = true
	}
}

// wake is when there is something to do even if nothing happens.
func (r *reconciler) wake() time.Time {
	at := r.scan.next
	for _, t := range [...]time.Time{r.due.first(), r.flushDue(), r.gitWake(), r.loss.next, r.retryAt} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	return at
}

// rounds does what is done by the clock.
func (r *reconciler) rounds() {
	if !r.loss.next.After(r.now) {
		r.checkRoot()
	}
	if r.loss.lost() {
		return
	}
	if !r.scan.next.After(r.now) {
		r.rescan()
	}
	if !r.retryAt.IsZero() && !r.retryAt.After(r.now) {
		r.retrySource()
	}
	r.checkGit()
}

// gone reports whether err says that there is nothing of that name.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// fail notes that a path cannot be read or watched. What is known of it stays.
func (r *reconciler) fail(name string, err error) {
	if len(r.failing) < maxFailing {
		r.failing[name] = explain(name, err)
		r.lastError = name
	}
}

// heal forgets that a path could not be read.
func (r *reconciler) heal(name string) {
	if len(r.failing) > 0 {
		delete(r.failing, name)
	}
}
