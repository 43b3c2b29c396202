package worktree

import "fmt"

// Reason says in which way a path differs from HEAD.
type Reason string

// The reasons of a DirtyError.
const (
	Staged    Reason = "staged"                // the index entry differs from HEAD
	Edited    Reason = "edited"                // the file differs from the index
	Untracked Reason = "untracked file in way" // something that git does not know stands there
	Unmerged  Reason = "unmerged"              // a conflict is to be resolved
	Removed   Reason = "removed"               // the file is gone
)

// A DirtyError says that a path has uncommitted changes, which would be lost.
type DirtyError struct {
	Path string
	What Reason
}

func (e *DirtyError) Error() string {
	return fmt.Sprintf("%s: uncommitted change (%s)", e.Path, string(e.What))
}

// An UnsupportedError says that a file cannot be kept in step with git, why,
// and what to do.
type UnsupportedError struct {
	Path   string // of the index or of a file in the work tree
	Reason string
	Remedy string
}

func (e *UnsupportedError) Error() string {
	return e.Path + ": " + e.Reason + "; " + e.Remedy
}
