package worktree

import (
	"context"
	"errors"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Objects reads the object database.
type Objects interface {
	Read(id object.ID) (object.Kind, []byte, error)
}

// Options say which work tree, and what to reach it with. All but Config and
// LockTimeout are needed.
type Options struct {
	WorkTree  string // the folder of the files
	GitDir    string // its git directory; .git/worktrees/x of a linked one
	CommonDir string // the git directory of the repository

	// Config gives the last value of a key such as "core.autocrlf"; the key is
	// in lower case, a key without a value is "true". Nil: nothing is set.
	Config func(key string) (value string, ok bool)

	Owner   *lockfile.Owner
	Objects Objects

	// Head gives the commit that HEAD of this work tree names, zero if the
	// branch is unborn. It is asked when a crash has left a journal.
	Head func() (object.ID, error)

	// LockTimeout bounds the wait for index.lock; zero is lockfile's default.
	LockTimeout time.Duration
}

// A Tree is one work tree, main or linked. It may be used from many goroutines;
// transactions exclude each other through index.lock.
type Tree struct {
	opts Options
}

// Open reads the settings; it touches neither the index nor a file.
func Open(o Options) (*Tree, error) {
	return &Tree{opts: o}, nil
}

// Close frees what the tree holds. A transaction under way is not ended.
func (t *Tree) Close() error { return nil }

// Begin takes index.lock, finishes what a crashed process has left, and reads
// the index.
func (t *Tree) Begin(ctx context.Context) (*Txn, error) {
	return nil, errors.ErrUnsupported
}
