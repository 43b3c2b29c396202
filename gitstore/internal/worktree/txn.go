package worktree

import (
	"errors"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// A Txn changes files and index together. It holds index.lock from Begin until
// Apply or Abort, and is for one goroutine.
type Txn struct {
	tree *Tree
}

// Check reports whether path may be changed: its index entry equals head, what
// HEAD's tree holds there (the zero Entry: nothing), and its file is unmodified
// by git's own rules. Else the error is a *DirtyError or an *UnsupportedError.
// It changes nothing. Paths are relative to the work tree, with slashes.
func (x *Txn) Check(path string, head object.Entry) error { return errors.ErrUnsupported }

// Stage plans that path becomes a regular file with entry's mode and ID; data
// is the blob. A later Stage or Remove of the same path replaces the plan. data
// is kept until Apply or Abort.
func (x *Txn) Stage(path string, entry object.Entry, data []byte) error {
	return errors.ErrUnsupported
}

// Remove plans that path goes.
func (x *Txn) Remove(path string) error { return errors.ErrUnsupported }

// Prepare writes the journal: the plan, and the commit that the branch will be
// moved to, from the one it was at (zero: unborn). to must be in the object
// database, flushed. durable makes the journal survive a loss of power.
func (x *Txn) Prepare(from, to object.ID, durable bool) error { return errors.ErrUnsupported }

// Apply carries the plan out, after the ref has moved: files, then the index;
// then it drops the journal and the lock. Paths whose file was changed by
// somebody since Check keep what was saved there, as an uncommitted edit, and
// are returned. After an error the journal stands, and the next Begin goes on.
func (x *Txn) Apply() (kept []string, err error) { return nil, errors.ErrUnsupported }

// Abort drops the journal and the lock; nothing else has been changed. After
// Apply or Abort it does nothing.
func (x *Txn) Abort() error { return nil }
