package history

import (
	"slices"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Kind is what happened to a file between two states.
type Kind uint8

// The kinds of changes.
const (
	Created Kind = iota + 1 // it had no live version
	Changed                 // its versions were changed
	Deleted                 // it has no live version any more
)

// Change is what happened to one file.
type Change struct {
	Path string
	Kind Kind
}

// Edit is what a commit leaves at a path: a regular file's blob, or nothing
// (zero).
type Edit struct {
	Path string
	Blob object.ID
}

// Update is what an index learned in one step.
type Update struct {
	From, To object.ID // the tips before and after; zero: no commit
	Changed  []Change  // in bytewise order of their paths
	// Rewritten says that From is no longer part of the history.
	Rewritten bool
	// Renumbered are the paths, in order, of which a number that was given to
	// a version now means another blob, or none.
	Renumbered []string
}

// kindOf tells what happened to a file that was touched; 0 is nothing that
// anyone can see.
func kindOf(was, is bool) Kind {
	switch {
	case was && is:
		return Changed
	case is:
		return Created
	case was:
		return Deleted
	}
	return 0
}

func (up *Update) sort() {
	slices.SortFunc(up.Changed, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(up.Renumbered)
}
