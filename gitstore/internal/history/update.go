package history

import "github.com/go-prompty/prompty/gitstore/internal/object"

// Kind is what happened to a file between two states.
type Kind uint8

// The kinds of changes.
const (
	Created Kind = iota + 1 // it had no live version
	Changed                 // its live versions are others
	Deleted                 // it has no live version any more
)

// Change is what happened to one file.
type Change struct {
	Path string
	Kind Kind
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
