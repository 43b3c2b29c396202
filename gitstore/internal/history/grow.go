package history

import (
	"slices"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// quietLength is after how many commits that did nothing in scope one is kept
// all the same, so that a branch that was rewritten there is not walked to the
// last commit that did something.
const quietLength = 1024

// holds reports whether a path is in scope.
func (s Scope) holds(path string) bool {
	if s.Dir != "" {
		rest, ok := strings.CutPrefix(path, s.Dir)
		if !ok || rest == "" || rest[0] != '/' {
			return false
		}
		path = rest[1:]
	}
	name := path[strings.LastIndexByte(path, '/')+1:]
	return len(name) > len(s.Ext) && strings.HasSuffix(name, s.Ext)
}

// grow applies the commits of a walk, oldest first.
func (ix *Index) grow(tip object.ID, runs []*run) Update {
	ix.mu.Lock()
	defer ix.mu.Unlock()
	up := Update{From: ix.tip, To: tip}
	from := uint32(len(ix.commits))
	touched := map[*file]bool{}
	for _, r := range slices.Backward(runs) {
		for i := range slices.Backward(r.links) {
			l := &r.links[i]
			if ix.apply(l, touched) || ix.quiet == quietLength {
				ix.keep(l)
			} else {
				ix.quiet++
			}
		}
	}
	ix.tip = tip
	ix.remember(from, touched)
	now := uint32(len(ix.commits))
	moved := false
	for f := range touched {
		if kind := kindOf(f.latest(from) > 0, f.latest(now) > 0); kind != 0 {
			up.Changed = append(up.Changed, Change{f.path, kind})
			moved = moved || kind != Changed
		}
	}
	if moved {
		ix.names = &names{}
	}
	up.sort()
	return up
}

// keep gives a commit the next ordinal.
func (ix *Index) keep(l *link) {
	ix.commits = append(ix.commits, l.id)
	ix.times = append(ix.times, l.nano)
	if ix.known != nil {
		ix.known.add(ix.commits)
	}
	ix.quiet = 0
}

// apply does what one commit did, as that with the next ordinal, and reports
// whether it did anything.
func (ix *Index) apply(l *link, touched map[*file]bool) (did bool) {
	at := uint32(len(ix.commits)) + 1
	var settled map[string]bool // the paths that need no version
	if l.verbs != nil {
		settled, did = ix.hide(l, at, touched)
	}
	for _, e := range l.edits {
		f := ix.files[e.Path]
		if settled[e.Path] || f.current(at-1) == e.Blob {
			continue
		}
		if f == nil {
			f = &file{path: e.Path}
			ix.files[e.Path] = f
			ix.order = append(ix.order, f)
		}
		if e.Blob.IsZero() {
			f.remove(at)
		} else {
			f.add(e.Blob, at, l.nano)
		}
		touched[f], did = true, true
	}
	if l.verbs == nil {
		return did
	}
	for _, path := range l.verbs.save {
		f := ix.files[path]
		// A path without file has none to save; one with a version of this
		// commit, or without a live one since, was not left as it was.
		blob := f.current(at)
		if blob.IsZero() || settled[path] || f.versions[len(f.versions)-1].born == at {
			continue
		}
		f.add(blob, at, l.nano)
		touched[f], did = true, true
	}
	return did
}

// hide does what the trailers say that hide versions, and gives the paths
// whose newest version they took back.
func (ix *Index) hide(l *link, at uint32, touched map[*file]bool) (restored map[string]bool, did bool) {
	restored = map[string]bool{}
	left := make(map[string]object.ID, len(l.edits))
	for _, e := range l.edits {
		left[e.Path] = e.Blob
	}
	for _, t := range l.verbs.hide {
		f := ix.files[t.path]
		if f == nil || !f.isLive(t.n, at) {
			continue
		}
		if t.n == f.latest(at) {
			blob, edited := left[t.path]
			if !edited {
				blob = f.current(at - 1)
			}
			if blob != f.blob(f.below(t.n, at)) {
				continue
			}
			restored[t.path] = true
		}
		f.hide(t.n, at)
		touched[f], did = true, true
	}
	return restored, did
}
