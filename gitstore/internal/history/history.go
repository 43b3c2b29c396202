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
//     the newest live version that the commit doesn't name had it, or without
//     a file when there is none; that is then no new version. Otherwise the
//     trailer is ignored: what is committed is served.
//   - The trailer "Prompty-Save: name" makes a version with the same blob of a
//     path that the commit leaves as it was.
//   - If the commit has trailers "Prompty-Path: path", those two count for
//     these paths alone. A name is the path without Dir and Ext.
//   - A version's time is the author's, with the nanoseconds of the commit's
//     header "prompty", and at least a millisecond later than that of the
//     version before.
package history

import (
	"context"
	"errors"
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
	// Replaced are objects, commits and trees, that others are read in place
	// of (refs/replace).
	Replaced map[object.ID]object.ID
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
type Index struct{}

// New is the index of a branch without commits.
func New(objects Objects, scope Scope, over Overrides) *Index { return &Index{} }

// View is the state of an index at its tip. It never changes.
func (ix *Index) View() View { return View{} }

// At is the state at a commit that the index knows: the tip, one that made or
// hid a version, or one of those that it passed between them now and then. It
// reads nothing; [Index.Fork] works for every commit.
func (ix *Index) At(commit object.ID) (View, bool) { return View{}, false }

var errUnbuilt = errors.New("the history index is not built yet")

// Advance makes the index that of tip, a commit, or zero for a branch without
// any. If everything known stays part of the history, that is ix itself, which
// grows. Else the branch was rewritten: the result is another index, that goes
// on from the last common commit, and ix stays as it was. Old views stay right
// either way. An error leaves ix as it was and names the object that is
// missing or damaged; a cancelled call returns ctx.Err().
func (ix *Index) Advance(ctx context.Context, tip object.ID) (*Index, Update, error) {
	return nil, Update{}, errUnbuilt
}

// Fork is an index of its own for another commit, made from ix without walking
// what both share.
func (ix *Index) Fork(ctx context.Context, tip object.ID) (*Index, error) {
	return nil, errUnbuilt
}

// Edit is what a commit leaves at a path: a regular blob, or nothing (zero).
type Edit struct {
	Path string
	Blob object.ID
}

// Append is Advance to a commit whose first parent is the tip (none, if there
// is no tip), and that changes no other files than those named: what a writer
// knows already is not read back. ErrNotNext is returned when the commit
// doesn't follow the tip.
func (ix *Index) Append(commit object.ID, raw []byte, edits []Edit) (Update, error) {
	return Update{}, errUnbuilt
}

// ErrNotNext is the error of [Index.Append] for a commit whose first parent is
// not the tip.
var ErrNotNext = errors.New("the commit does not follow the known tip; advance to it instead")

// Load reads an index that [Index.WriteFile] wrote. Whatever is wrong with the
// file (absent, damaged, of another format, scope or fingerprint) is an error,
// and means: build a new one.
func Load(file string, objects Objects, scope Scope, over Overrides) (*Index, error) {
	return nil, errUnbuilt
}

// WriteFile keeps the index in a file, whose folder must exist. Readers of the
// file see the old one or the new one.
func (ix *Index) WriteFile(file string) error { return errUnbuilt }
