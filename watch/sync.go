package watch

import "fmt"

// ask is a call of Sync. It goes through three steps: everything that changed
// before it is dirty; all of that is verified; it is published.
type ask struct {
	answer chan error // has room for one
	marker spot       // whose end, in the events, comes after everything before
	scan   int        // the number of the scan that comes after everything before
	marked bool       // the first step is done
	seq    uint64     // the last name that was dirty then
}

// ask begins a call of Sync.
func (r *reconciler) ask(a *ask) {
	r.checkRoot()
	if r.loss.lost() && !r.loss.filling {
		a.answer <- fmt.Errorf("watch: %s", r.loss.reason)
		return
	}
	r.asks = append(r.asks, a)
	if r.loss.lost() {
		return // what comes in its place is listed after this
	}
	r.lookAtLinks()
	r.lookAtHardLinks()
	if !r.mark(a) {
		a.scan = r.rescan()
	}
}

// markers are folders in which little happens, and which are hardly ever part of
// a tree.
var markers = []string{"/proc", "/sys", "/", "/dev"}

// mark has an event come that comes after all that are under way: the system
// tells when a watch ended, in order. It says whether that was possible.
func (r *reconciler) mark(a *ask) bool {
	if r.polled > 0 || !r.closeWrites() {
		return false
	}
	for _, path := range markers {
		h, err := r.primary.Add(path)
		if err != nil {
			continue
		}
		s := spot{handle: h}
		if r.nodes[s] != nil || r.links.spots[s] != nil || r.git.spot == s {
			continue // it is part of the tree
		}
		if r.primary.Remove(h) == nil {
			a.marker = s
			return true
		}
	}
	return false
}

// reached notes that a watch ended, and says whether that was a marker.
func (r *reconciler) reached(s spot) (yes bool) {
	for _, a := range r.asks {
		if a.marker == s {
			yes = true
			r.reach(a)
		}
	}
	return yes
}

func (r *reconciler) reach(a *ask) {
	if !a.marked {
		a.marked, a.seq = true, r.seq
	}
}

// marksLost has a scan do for markers that may not come.
func (r *reconciler) marksLost() {
	for _, a := range r.asks {
		if !a.marked && a.scan == 0 {
			a.scan = r.rescan()
		}
	}
}

// scanReached is reached for who waits for a scan.
func (r *reconciler) scanReached(scan int) {
	for _, a := range r.asks {
		if a.scan != 0 && a.scan <= scan {
			r.reach(a)
		}
	}
}

// answer ends the calls of Sync for which everything is published.
func (r *reconciler) answer() {
	if len(r.asks) == 0 {
		return
	}
	left := r.asks[:0]
	scan := 0
	for _, a := range r.asks {
		done := a.marked && !r.waits(a.seq)
		if done && (r.unseen || scan != 0) {
			if scan == 0 {
				scan = r.rescan()
			}
			a.marked, a.scan, done = false, scan, false
		}
		if done {
			a.answer <- nil
		} else {
			left = append(left, a)
		}
	}
	clear(r.asks[len(left):])
	r.asks = left
}

// waits reports whether anything that was dirty early is not published yet.
func (r *reconciler) waits(seq uint64) bool {
	for _, d := range r.dirty {
		if d.seq <= seq && !d.parked {
			return true
		}
	}
	for _, v := range r.pending {
		if v.seq <= seq {
			return true
		}
	}
	return false
}

// refuse ends all calls of Sync with an error.
func (r *reconciler) refuse(err error) {
	for _, a := range r.asks {
		a.answer <- err
	}
	r.asks = nil
}
