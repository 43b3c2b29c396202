package watch

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// scanSlice is how long scanning goes on without a look at the events.
const scanSlice = 2 * time.Millisecond

// scan is a look at everything: for the case that events were lost, that the
// system has none for what happened, and for who wants to be sure.
type scan struct {
	queue  []*node // yet to be listed
	begun  int     // how many scans began
	done   int     // how many were completed
	wanted bool    // another one is to follow
	start  time.Time
	last   time.Time // when the last one began
	next   time.Time // when there will be one in any case
}

func (s *scan) active() bool { return s.begun != s.done }

// rescan begins a scan, or has another one follow: the one under way may have
// passed by what made somebody ask. It returns the number of the scan.
func (r *reconciler) rescan() int {
	s := &r.scan
	s.next = r.now.Add(jitter(resync))
	if r.loss.lost() {
		return s.begun + 1 // everything is looked at anyway when it is back
	}
	if s.active() {
		s.wanted = true
		return s.begun + 1
	}
	s.begun++
	s.start = r.now
	r.unseen = false
	s.queue = append(s.queue[:0], r.root)
	return s.begun
}

// scanSome goes on with the scan for a while.
func (r *reconciler) scanSome() {
	s := &r.scan
	if !s.active() {
		return
	}
	for n := 0; len(s.queue) > 0; n++ {
		if n%16 == 15 && time.Since(r.now) > scanSlice {
			return
		}
		last := len(s.queue) - 1
		node := s.queue[last]
		s.queue = s.queue[:last]
		if r.find(node.name) == node { // it may have left meanwhile
			_ = r.list(node)
			s.queue = slices.AppendSeq(s.queue, maps.Values(node.dirs))
		}
	}
	r.scanned()
}

// scanned ends a scan.
func (r *reconciler) scanned() {
	s := &r.scan
	r.sweep()
	r.lookAtLinks()
	r.findGit()
	r.checkLock()
	r.heal(eventSource)
	s.done = s.begun
	s.last = s.start.Round(0)
	r.opts.Metrics.Count("watch_scans", 1)
	r.opts.Metrics.Observe("watch_scan", time.Since(s.start))
	r.scanReached(s.done)
	if s.wanted {
		s.wanted = false
		r.rescan()
	}
}

// jitter is about d: what many programs do need not be done by all at once.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)*0.2*float64(d))
}
