package history

import (
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// file is the history of one path. It only grows: what is read up to an
// ordinal never changes.
type file struct {
	path     string
	versions []version // number n is at n-1
	turns    []turn
}

// version is one version of a file. It is live in the states from born on and
// before died.
type version struct {
	blob       object.ID
	born, died uint32
	nano       int64
}

// turn is a commit that made an older version the newest live one, or none (0).
// With it no step back takes longer when many versions are hidden.
type turn struct {
	at uint32
	n  uint32
}

const alive = math.MaxUint32

// minGap keeps the times of a path's versions apart.
const minGap = int64(1e6)

// high is the highest number at an ordinal.
func (f *file) high(at uint32) int {
	if n := len(f.versions); n == 0 || f.versions[n-1].born <= at {
		return n
	}
	return sort.Search(len(f.versions), func(i int) bool { return f.versions[i].born > at })
}

// turned is how many turns there are up to an ordinal.
func (f *file) turned(at uint32) int {
	if n := len(f.turns); n == 0 || f.turns[n-1].at <= at {
		return n
	}
	return sort.Search(len(f.turns), func(i int) bool { return f.turns[i].at > at })
}

// latest is the newest version that is live at an ordinal; 0 if there is none.
func (f *file) latest(at uint32) int {
	n := f.high(at)
	if t := f.turned(at); t > 0 && n > 0 && f.turns[t-1].at > f.versions[n-1].born {
		return int(f.turns[t-1].n)
	}
	return n
}

// below is the newest version before n that is live at an ordinal; 0 if there
// is none. What was dead when n was born is not looked at.
func (f *file) below(n int, at uint32) int {
	for n > 0 {
		n = f.latest(f.versions[n-1].born - 1)
		if n > 0 && f.versions[n-1].died > at {
			break
		}
	}
	return n
}

func (f *file) isLive(n int, at uint32) bool {
	return n > 0 && n <= f.high(at) && f.versions[n-1].died > at
}

// blob is the content of version n; zero, no file, for 0.
func (f *file) blob(n int) object.ID {
	if n == 0 {
		return object.ID{}
	}
	return f.versions[n-1].blob
}

// current is what is at the path at an ordinal; zero, no file, for a path that
// was never seen, too.
func (f *file) current(at uint32) object.ID {
	if f == nil {
		return object.ID{}
	}
	return f.blob(f.latest(at))
}

// add makes the next version.
func (f *file) add(blob object.ID, at uint32, nano int64) {
	if n := len(f.versions); n > 0 {
		nano = max(nano, f.versions[n-1].nano+minGap)
	}
	f.versions = append(f.versions, version{blob: blob, born: at, died: alive, nano: nano})
}

// hide ends one version, which is live.
func (f *file) hide(n int, at uint32) {
	newest := f.latest(at)
	f.versions[n-1].died = at
	if n == newest {
		f.turns = append(f.turns, turn{at, uint32(f.below(n, at))})
	}
}

// remove ends all versions.
func (f *file) remove(at uint32) {
	for n := f.latest(at); n > 0; n = f.below(n, at) {
		f.versions[n-1].died = at
	}
	f.turns = append(f.turns, turn{at, 0})
}

// touched reports whether anything happened after an ordinal.
func (f *file) touched(after uint32) bool {
	return slices.ContainsFunc(f.versions, func(v version) bool {
		return v.born > after || v.died != alive && v.died > after
	})
}

// upTo is a copy that knows nothing of what happened after an ordinal; its
// versions go to room, which must have space for them.
func (f *file) upTo(at uint32, room []version) (file, []version) {
	begin, turned := len(room), f.turned(at)
	room = append(room, f.versions[:f.high(at)]...)
	own := room[begin:len(room):len(room)]
	for i := range own {
		if own[i].died > at {
			own[i].died = alive
		}
	}
	return file{path: f.path, versions: own, turns: f.turns[:turned:turned]}, room
}

func byPath(a, b *file) int { return strings.Compare(a.path, b.path) }
