package history

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// View is the state of an index at one commit. It is immutable, whatever
// happens to the index, and its methods may be called at the same time. Slices
// that they return belong to the caller, except that of Paths. The zero View
// is that of a branch without commits.
type View struct {
	ix    *Index
	tip   object.ID
	at    uint32
	names *names // shared by states with the same live paths
}

// names is a list of live paths, made when it is asked for.
type names struct {
	once sync.Once
	list []string
}

// Tip is the commit; zero for a branch without any.
func (v View) Tip() object.ID { return v.tip }

// look calls do with the history of a path, if there is one, while nothing
// changes it.
func (v View) look(path string, do func(*file)) {
	if v.ix == nil {
		return
	}
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	if f := v.ix.files[path]; f != nil {
		do(f)
	}
}

// commits are those that the state keeps, the oldest first.
func (v View) commits() []object.ID {
	v.ix.mu.RLock()
	defer v.ix.mu.RUnlock()
	return v.ix.commits[:v.at]
}

func (ix *Index) version(f *file, n int) Version {
	v := &f.versions[n-1]
	return Version{N: n, Commit: ix.commits[v.born-1], Blob: v.blob, Nano: v.nano}
}

// Latest is the newest live version.
func (v View) Latest(path string) (latest Version, ok bool) {
	v.look(path, func(f *file) {
		if n := f.latest(v.at); n > 0 {
			latest, ok = v.ix.version(f, n), true
		}
	})
	return latest, ok
}

// Versions are the live versions, newest first; none for an unknown path.
func (v View) Versions(path string) []Version {
	var list []Version
	v.look(path, func(f *file) {
		for n := f.latest(v.at); n > 0; n = f.below(n, v.at) {
			list = append(list, v.ix.version(f, n))
		}
	})
	return list
}

// Version is version n, if it is live.
func (v View) Version(path string, n int) (found Version, ok bool) {
	v.look(path, func(f *file) {
		if ok = f.isLive(n, v.at); ok {
			found = v.ix.version(f, n)
		}
	})
	return found, ok
}

// ByCommit is the version that a commit made, if it is live.
func (v View) ByCommit(path string, commit object.ID) (found Version, ok bool) {
	if v.ix == nil {
		return found, false
	}
	at, kept := v.ix.ordinal(commit)
	if !kept {
		return found, false
	}
	v.look(path, func(f *file) {
		if n := f.high(at); n > 0 && f.versions[n-1].born == at && f.isLive(n, v.at) {
			found, ok = v.ix.version(f, n), true
		}
	})
	return found, ok
}

// HighWater is the highest number ever used for the path; 0 if none was.
func (v View) HighWater(path string) (high int) {
	v.look(path, func(f *file) { high = f.high(v.at) })
	return high
}

// Paths are the paths with a live version that begin with prefix, in bytewise
// order. The slice is shared: it must not be written to.
func (v View) Paths(prefix string) []string {
	list := v.live()
	from := sort.SearchStrings(list, prefix)
	list = list[from:]
	end := sort.Search(len(list), func(i int) bool { return !strings.HasPrefix(list[i], prefix) })
	return list[:end:end]
}

// Len is the number of paths with a live version.
func (v View) Len() int { return len(v.live()) }

func (v View) live() []string {
	if v.ix == nil {
		return nil
	}
	v.names.once.Do(func() {
		v.ix.sort()
		v.ix.mu.RLock()
		defer v.ix.mu.RUnlock()
		v.names.list = make([]string, 0, v.ix.sorted)
		for _, f := range v.ix.order[:v.ix.sorted] {
			if f.latest(v.at) > 0 {
				v.names.list = append(v.names.list, f.path)
			}
		}
	})
	return v.names.list
}

// sort brings the files in order; those that came last are merged in.
func (ix *Index) sort() {
	ix.mu.RLock()
	done := ix.sorted == len(ix.order)
	ix.mu.RUnlock()
	if done {
		return
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	ix.sortFiles()
}

// sortFiles is sort for who holds the lock.
func (ix *Index) sortFiles() {
	old, fresh := ix.order[:ix.sorted], ix.order[ix.sorted:]
	if len(fresh) == 0 {
		return
	}
	slices.SortFunc(fresh, byPath)
	all := make([]*file, 0, len(ix.order)+len(ix.order)/8)
	for len(old) > 0 && len(fresh) > 0 {
		if byPath(old[0], fresh[0]) < 0 {
			all, old = append(all, old[0]), old[1:]
		} else {
			all, fresh = append(all, fresh[0]), fresh[1:]
		}
	}
	ix.order = append(append(all, old...), fresh...)
	ix.sorted = len(ix.order)
}
