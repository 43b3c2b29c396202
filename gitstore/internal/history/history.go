// Package history tells which commits of a branch are versions of which file:
// an [Index] of the first-parent chain that ends at one commit, kept up to
// date by walking from a new tip to the known one, and kept in a file between
// processes.
//
// # Rules
//
// A file is a regular blob below [Scope.Dir] whose name ends in [Scope.Ext].
// Its versions are numbered per path from the oldest, and a number is never
// used again.
//
//   - A commit of the chain that changes the blob at a path, or brings it, is
//     a version of that path. A change of mode alone is none.
//   - A commit that removes the path, or makes it a symbolic link, a submodule
//     or a folder, hides all its versions until then. A path that comes back
//     counts on.
//   - The trailer "Prompty-Delete-Version: name@n" hides version n, if that is
//     live. The newest can only be hidden by a commit that leaves the path as
//     the newest live version before it had it, or without a file when there
//     is none; that is then no new version. Otherwise the trailer is ignored:
//     what is committed is served. Several are taken in their order.
//   - The trailer "Prompty-Save: name" makes a version with the same blob of a
//     path that the commit leaves as it was.
//   - If the commit has trailers "Prompty-Path: path", those two count for
//     these paths alone. A name is the path without Dir and Ext. What begins
//     with a space stands in double quotes.
//   - A version's time is the author's, with the nanoseconds of the commit's
//     header "prompty", and at least a millisecond later than that of the
//     version before.
package history

import (
	"sync"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Objects reads what an index is built from. Results are shared and read
// only. Calls may run at the same time.
type Objects interface {
	// Commit returns the content of a commit.
	Commit(id object.ID) ([]byte, error)
	// Tree returns the content of a tree.
	Tree(id object.ID) ([]byte, error)
}

// Scope says which files an index knows: regular files below Dir (slashes
// between its parts, "" is the whole repository) whose path ends in Ext and
// whose file name is longer than that.
type Scope struct{ Dir, Ext string }

// Overrides is what a repository says about its commits beside what they say
// themselves.
type Overrides struct {
	// Parents are the parents that take the place of a commit's own: grafts,
	// and none for the commits where a shallow clone ends.
	Parents map[object.ID][]object.ID
	// Replace are the objects, commits and trees, that are read in place of
	// others (refs/replace).
	Replace map[object.ID]object.ID
	// Fingerprint changes when anything of the above does.
	Fingerprint string
}

// Version is one version of a file.
type Version struct {
	N      int       // counts from 1, per path
	Commit object.ID // the commit that made it
	Blob   object.ID // its content
	Nano   int64     // when, in nanoseconds of Unix time
}

// Time is when the version was made, in UTC.
func (v Version) Time() time.Time { return time.Unix(0, v.Nano).UTC() }

// Index is the history of one tip. Its methods may be called at the same time
// from any number of goroutines.
//
// It keeps the commits that made or hid a version, and few others. The first
// of them, the oldest, has the ordinal 1, and the state after the first k is
// the same index read up to ordinal k: growing never changes an older state.
type Index struct {
	objects Objects
	scope   Scope
	over    Overrides
	limit   int // maxEntries

	growing chan struct{} // holds something while the index changes, reading objects included

	mu      sync.RWMutex // guards what follows, and the files
	tip     object.ID
	commits []object.ID // the commit with ordinal i+1
	times   []int64     // its time
	known   *ordinals   // nil until it is asked for
	files   map[string]*file
	order   []*file // files, sorted by path as far as sorted says
	sorted  int
	steps   []step // what the last times of growing touched
	quiet   int    // commits of the chain that were not kept since the last one that was
	names   *names // the live paths at the tip
}

// New is the index of a branch without commits.
func New(objects Objects, scope Scope, over Overrides) *Index {
	return &Index{objects: objects, scope: scope, over: over, limit: maxEntries, growing: make(chan struct{}, 1), files: map[string]*file{}, names: &names{}}
}

// View is the state of the index at its tip. It never changes.
func (ix *Index) View() View {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return View{ix: ix, tip: ix.tip, at: uint32(len(ix.commits)), names: ix.names}
}

// At is the state at a commit that the index keeps: the tip, one that made or
// hid a version, or one of those that it keeps between them now and then. It
// reads nothing; [Index.Fork] works for every commit.
func (ix *Index) At(commit object.ID) (View, bool) {
	if v := ix.View(); v.tip == commit {
		return v, true
	}
	at, ok := ix.ordinal(commit)
	return View{ix: ix, tip: commit, at: at, names: &names{}}, ok
}

// ordinal finds a commit among those that are kept.
func (ix *Index) ordinal(commit object.ID) (uint32, bool) {
	ix.mu.RLock()
	known := ix.known
	at := known.find(ix.commits, commit)
	ix.mu.RUnlock()
	if known != nil {
		return at, at > 0
	}
	ix.mu.Lock()
	defer ix.mu.Unlock()
	if ix.known == nil {
		ix.known = newOrdinals(ix.commits)
	}
	at = ix.known.find(ix.commits, commit)
	return at, at > 0
}
