package history

import "slices"

// step is what one time of growing touched.
type step struct {
	from  uint32 // the ordinal before it
	files []*file
}

// maxSteps is how many steps are remembered, and maxStep how many files of one.
const (
	maxSteps = 64
	maxStep  = 1024
)

// remember keeps what a step touched, for who asks next what came after the
// state before it. The lock is held.
func (ix *Index) remember(from uint32, touched map[*file]bool) {
	if len(touched) > maxStep {
		ix.steps = nil // steps have no gaps between them
		return
	}
	if from == uint32(len(ix.commits)) {
		return
	}
	s := step{from: from, files: make([]*file, 0, len(touched))}
	for f := range touched {
		s.files = append(s.files, f)
	}
	if len(ix.steps) == maxSteps {
		ix.steps = slices.Delete(ix.steps, 0, 1)
	}
	ix.steps = append(ix.steps, s)
}

// Since returns, in order, the paths that do not have the same live versions as
// before. rewritten says that a commit which before knew is no part of the
// history, or that the repository says something else beside its commits.
func (v View) Since(before View) (paths []string, rewritten bool) {
	if v.ix == before.ix {
		return v.grown(before), before.at > v.at
	}
	shared := v.shared(before)
	touched := map[string]bool{}
	for _, ix := range []*Index{v.ix, before.ix} {
		if ix == nil {
			continue
		}
		ix.mu.RLock()
		for path, f := range ix.files {
			if f.touched(shared) {
				touched[path] = true
			}
		}
		ix.mu.RUnlock()
	}
	for path := range touched {
		if !slices.Equal(v.Versions(path), before.Versions(path)) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths, before.at > shared
}

// shared is up to which ordinal two states of different indexes have the same
// commits.
func (v View) shared(w View) uint32 {
	if v.ix == nil || w.ix == nil || v.ix.over.Fingerprint != w.ix.over.Fingerprint {
		return 0
	}
	a, b := v.commits(), w.commits()
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return uint32(n)
}

// grown is Since for two states of one index.
func (v View) grown(before View) (paths []string) {
	if v.ix == nil || v.at == before.at {
		return nil
	}
	from := min(v.at, before.at)
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	look := func(f *file) {
		if f.differs(from, max(v.at, before.at)) {
			paths = append(paths, f.path)
		}
	}
	if len(v.ix.steps) > 0 && v.ix.steps[0].from <= from {
		seen := map[*file]bool{}
		for _, s := range slices.Backward(v.ix.steps) {
			for _, f := range s.files {
				if !seen[f] {
					seen[f] = true
					look(f)
				}
			}
			if s.from <= from {
				break
			}
		}
	} else {
		for _, f := range v.ix.order {
			if f.touched(from) {
				look(f)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// differs reports whether other versions are live at one ordinal than at
// another.
func (f *file) differs(a, b uint32) bool {
	return slices.ContainsFunc(f.versions, func(v version) bool {
		return (v.born <= a && v.died > a) != (v.born <= b && v.died > b)
	})
}
