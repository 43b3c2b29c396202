package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty/watch/internal/notify"
)

// makers make the sources; tests have others.
type makers struct {
	inotify, fsnotify func() (notify.Source, error)
	poll              func(func() time.Duration) notify.Source
	remote            func(path string) (string, bool, error)
}

var systemMakers = makers{notify.Inotify, notify.Fsnotify, notify.Poll, notify.Remote}

// Polled folders are looked at every minPoll, unless looking takes more than one
// part in pollShare of that.
const (
	minPoll   = time.Second
	pollShare = 20
)

// sources are where events come from: the primary one, and polling for the
// folders that it cannot watch.
type sources struct {
	makers  makers
	mode    Mode          // of primary; Poll if there is to be none
	auto    bool          // the mode was ours to choose
	primary notify.Source // nil if everything is polled
	polling notify.Source // nil if nothing was
	every   atomic.Int64  // the polling interval, in nanoseconds
	polled  int           // folders that are

	remote  string         // the type of a file system that has to be polled, if there is one
	limited map[*node]bool // folders that are polled because the system has no more watches
	limit   error          // what it said
	retryAt time.Time      // when to try for a primary source; zero: there is one
}

// openSource makes the primary source. In mode Auto, something always works.
func (r *reconciler) openSource() error {
	r.limited = make(map[*node]bool)
	r.every.Store(int64(minPoll))
	r.mode, r.auto = r.opts.Mode, r.opts.Mode == Auto
	if r.auto {
		r.mode = Fsnotify
		if runtime.GOOS == "linux" {
			r.mode = Inotify
		}
	}
	err := r.makePrimary()
	if err != nil && r.auto {
		r.limit, err = err, nil
		r.retryAt = r.now.Add(jitter(retryLimit))
	}
	return err
}

func (r *reconciler) makePrimary() (err error) {
	var src notify.Source
	switch r.mode {
	case Inotify:
		src, err = r.makers.inotify()
	case Fsnotify:
		src, err = r.makers.fsnotify()
	}
	if err == nil && src != nil {
		r.primary = src
	}
	return err
}

func (r *reconciler) closeSources() error {
	var errs []error
	for _, s := range []notify.Source{r.primary, r.polling} {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(errs...)
}

func (r *reconciler) events() <-chan []notify.Event {
	if r.primary == nil {
		return nil
	}
	return r.primary.Events()
}

func (r *reconciler) polls() <-chan []notify.Event {
	if r.polling == nil {
		return nil
	}
	return r.polling.Events()
}

func (r *reconciler) closeWrites() bool { return r.primary != nil && r.primary.CloseWrites() }

// add watches a folder by the source that can. polled says that none but
// polling will do.
func (r *reconciler) add(path string, polled bool) (spot, error) {
	if r.primary != nil && !polled {
		h, err := r.primary.Add(path)
		if err == nil {
			return spot{handle: h}, nil
		}
		if !errors.Is(err, notify.ErrLimit) {
			return spot{}, err
		}
		r.limit = err
	}
	if r.polling == nil {
		r.polling = r.makers.poll(func() time.Duration { return time.Duration(r.every.Load()) })
	}
	h, err := r.polling.Add(path)
	return spot{h, true}, err
}

// remove ends that a folder is watched, if nothing needs it any more.
func (r *reconciler) remove(s spot) {
	if r.nodes[s] != nil || r.links.spots[s] != nil || r.git.spot == s {
		return
	}
	src := r.primary
	if s.polled {
		src = r.polling
	}
	if err := src.Remove(s.handle); err != nil {
		r.fail(eventSource, err)
	}
}

// watch makes sure that a folder of the tree is watched.
func (r *reconciler) watch(n *node) error {
	path := r.abs(n.name)
	s, err := r.add(path, r.isRemote(n, path))
	if err != nil {
		return err
	}
	if other := r.nodes[s]; other != nil && other != n {
		if other != r.root && !sameFolder(r.abs(other.name), path) { // it moved, and its events are under way
			r.leave(other)
			r.suspect(other.name)    // what is there now was perhaps passed by
			if r.find(n.name) != n { // it left, too
				return fs.ErrNotExist
			}
			return r.watch(n)
		}
		// One folder in two places, by a bind mount: events would come for one only.
		if s, err = r.add(path, true); err != nil {
			return err
		}
	} else if s.polled && r.mode != Poll && !n.remote {
		r.limited[n] = true
	}
	r.settle(n, s)
	return nil
}

// isRemote finds out whether a folder is on a file system that does not tell of
// all changes. Only another device needs asking.
func (r *reconciler) isRemote(n *node, path string) bool {
	switch {
	case !r.auto, n.parent == nil: // of the root it is known
	case n.parent.dev == n.dev:
		n.remote = n.parent.remote
	default:
		fsType, yes, err := r.makers.remote(path)
		if n.remote = err == nil && yes; n.remote {
			r.remote = fsType
		}
	}
	return n.remote
}

// settle notes where a folder is watched.
func (r *reconciler) settle(n *node, s spot) {
	if n.spot == s {
		return
	}
	limited := r.limited[n]
	r.unwatch(n)
	n.spot = s
	r.nodes[s] = n
	if s.polled {
		r.polled++
		if limited {
			r.limited[n] = true
		}
	}
}

// unwatch ends what settle began.
func (r *reconciler) unwatch(n *node) {
	delete(r.limited, n)
	if n.spot == (spot{}) || r.nodes[n.spot] != n {
		return
	}
	delete(r.nodes, n.spot)
	r.remove(n.spot)
	if n.spot.polled {
		r.polled--
	}
	n.spot = spot{}
}

// retrySource tries to have a primary source where there was none. (A folder for
// which there was no watch asks for one whenever it is looked at.)
func (r *reconciler) retrySource() {
	r.retryAt = time.Time{}
	if err := r.makePrimary(); err != nil {
		r.limit, r.retryAt = err, r.now.Add(jitter(retryLimit))
		return
	}
	r.rescan() // each folder moves over when it is listed
}

// degraded says why changes may come late.
func (r *reconciler) degraded() string {
	every := max(minPoll, time.Duration(r.every.Load()).Round(time.Second))
	switch {
	case r.loss.lost():
		return r.loss.reason
	case r.primary == nil && r.mode != Poll:
		return fmt.Sprintf("everything is looked at every %v only: %v", every, r.limit)
	case len(r.limited) > 0:
		return fmt.Sprintf("%d folders are looked at every %v only: %v", len(r.limited), every, r.limit)
	case r.remote != "" && r.polled > 0:
		return fmt.Sprintf("folders on %s are looked at every %v only, since it does not tell of changes made elsewhere", r.remote, every)
	}
	return ""
}

// modeName is the mode as it is.
func (r *reconciler) modeName() string {
	switch {
	case r.primary == nil, r.polled > 0 && r.polled == len(r.nodes):
		return string(Poll)
	case r.polled > 0:
		return string(r.mode) + "+" + string(Poll)
	}
	return string(r.mode)
}
