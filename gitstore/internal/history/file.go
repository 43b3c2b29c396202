package history

import (
	"math"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// file is the history of one path. It only grows: what is read up to an
// ordinal never changes.
type file struct {
	path     string
	versions []version // number n is at n-1
	drops    []drop
}

// version is one version of a file. It is live in the states from born on and
// before died.
type version struct {
	blob       object.ID
	born, died uint32
	nano       int64
}

// drop is a commit that left nothing at a path, and the highest number then:
// what is dead is not looked at again and again.
type drop struct {
	at   uint32
	high int
}

const alive = math.MaxUint32

// minGap keeps the times of a path's versions apart.
const minGap = int64(1e6)

// high is the highest number at an ordinal.
func (f *file) high(at uint32) int {
	if n := len(f.versions); n == 0 || f.versions[n-1].born <= at {
		return n
	}
	n, _ := slices.BinarySearchFunc(f.versions, at, func(v version, at uint32) int {
		if v.born <= at {
			return -1
		}
		return 1
	})
	return n
}

// floor is the highest number that a drop had hidden by then.
func (f *file) floor(at uint32) int {
	for _, d := range slices.Backward(f.drops) {
		if d.at <= at {
			return d.high
		}
	}
	return 0
}

// below is the newest version up to n that is live at an ordinal; 0 if there
// is none.
func (f *file) below(n int, at uint32) int {
	for floor := f.floor(at); n > floor; n-- {
		if f.versions[n-1].died > at {
			return n
		}
	}
	return 0
}

// latest is the newest version that is live at an ordinal; 0 if there is none.
func (f *file) latest(at uint32) int { return f.below(f.high(at), at) }

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

// hide ends one version.
func (f *file) hide(n int, at uint32) { f.versions[n-1].died = at }

// remove ends all versions.
func (f *file) remove(at uint32) {
	for i := f.floor(at); i < len(f.versions); i++ {
		f.versions[i].died = min(f.versions[i].died, at)
	}
	f.drops = append(f.drops, drop{at, len(f.versions)})
}

// touched reports whether anything happened after an ordinal.
func (f *file) touched(after uint32) bool {
	if n := len(f.versions); n > 0 && f.versions[n-1].born > after {
		return true
	}
	for _, v := range f.versions[f.floor(after):] {
		if v.died != alive && v.died > after {
			return true
		}
	}
	return false
}

// upTo is a copy that knows nothing of what happened after an ordinal; its
// versions go to room, which must have space for them.
func (f *file) upTo(at uint32, room []version) (file, []version) {
	begin := len(room)
	room = append(room, f.versions[:f.high(at)]...)
	own := room[begin:len(room):len(room)]
	for i := range own {
		if own[i].died > at {
			own[i].died = alive
		}
	}
	drops, _ := slices.BinarySearchFunc(f.drops, at, func(d drop, at uint32) int {
		if d.at <= at {
			return -1
		}
		return 1
	})
	return file{path: f.path, versions: own, drops: f.drops[:drops:drops]}, room
}

func byPath(a, b *file) int { return strings.Compare(a.path, b.path) }
