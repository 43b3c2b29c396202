package gitstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// served is what readers were given since the last look. A branch that went
// somewhere and came back looks as if nothing had happened, but who has read
// something meanwhile must be told to look again.
type served struct {
	on    atomic.Bool
	last  atomic.Pointer[state]           // what was given last, or looked at
	marks atomic.Pointer[map[string]mark] // of the picture that was shown last

	mu     sync.Mutex // guards what follows
	states []*state   // one after the other
	late   []*state   // noted when the next ones were there already
	told   *state     // what the picture before the last one showed: what came since has been told
	paths  map[string]bool
	much   bool // more than is remembered
}

const mostServed = 64

// state notes which one a reader is given. It reports whether that is news.
func (x *served) state(st *state) bool {
	if !x.on.Load() || x.last.Load() == st {
		return false
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	last := x.last.Load()
	if last == st {
		return false
	}
	list := &x.states
	if last != nil && st.before(last) { // the reader is slow; the branch did not go back
		if st == x.told || slices.Contains(x.states, st) || slices.Contains(x.late, st) {
			return false
		}
		list = &x.late
	} else {
		x.last.Store(st)
	}
	if x.much = x.much || len(*list) == mostServed; !x.much {
		*list = append(*list, st)
	}
	return true
}

// edit notes what a reader is given of a file in the work tree.
func (x *served) edit(path string, e edit) {
	shown := x.marks.Load()
	if shown == nil || (*shown)[path] == e.mark() {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.much = x.much || len(x.paths) == mostServed; !x.much {
		if x.paths == nil {
			x.paths = map[string]bool{}
		}
		x.paths[path] = true
	}
}

// edits is edit for all files.
func (x *served) edits(edits map[string]edit) {
	shown := x.marks.Load()
	if shown == nil {
		return
	}
	for path, e := range edits {
		x.edit(path, e)
	}
	for path := range *shown {
		if _, still := edits[path]; !still {
			x.edit(path, edit{})
		}
	}
}

// take gives what came between two pictures, and forgets it: the paths of which
// readers may have seen something else than the pictures show. all is for more
// than is remembered, and for a branch that was rewritten between them.
func (x *served) take(before, now picture, doubts map[string]mark) (paths map[string]bool, all bool) {
	x.mu.Lock()
	states, late, seen, much := x.states, x.late, x.paths, x.much
	x.states, x.late, x.paths, x.much = nil, nil, nil, false
	if before.st != now.st {
		x.told = before.st
	}
	for path := range doubts { // they are not told of yet
		if seen[path] {
			if x.paths == nil {
				x.paths = map[string]bool{}
			}
			x.paths[path] = true
		}
	}
	x.last.Store(now.st)
	x.marks.Store(&now.marks)
	x.mu.Unlock()

	paths = maps.Clone(seen)
	maps.DeleteFunc(paths, func(path string, _ bool) bool { _, doubted := doubts[path]; return doubted })
	if len(states) > 0 && states[0] == before.st {
		states = states[1:]
	}
	if len(states) > 0 && states[len(states)-1] == now.st {
		states = states[:len(states)-1]
	}
	if len(states)+len(late) == 0 {
		return paths, much
	}
	if paths == nil {
		paths = map[string]bool{}
	}
	for _, st := range late {
		touched, _ := now.st.view.Since(st.view)
		for _, path := range touched {
			paths[path] = true
		}
	}
	if len(states) == 0 {
		return paths, much
	}
	last := before.st
	for _, st := range append(states, now.st) {
		touched, rewritten := st.view.Since(last.view)
		for _, path := range touched {
			paths[path] = true
		}
		all = all || rewritten && len(touched) > 0 && sameBranch(last, st)
		last = st
	}
	return paths, all || much
}

// sameBranch reports whether two states are of one branch, which does not leave
// its own commits; HEAD goes wherever it is sent.
func sameBranch(a, b *state) bool { return a.ref == b.ref && a.ref != "" }

// noticing is where, for readers: what they are given is noted. That it is
// another state than the last one is also the first that is heard of it.
func (f *follower) noticing(where func(context.Context) (*state, error)) func(context.Context) (*state, error) {
	return func(ctx context.Context) (*state, error) {
		st, err := where(ctx)
		if err == nil && f.served.state(st) {
			f.nudge(hint{all: true})
		}
		return st, err
	}
}
