package worktree

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// State is how a file in the work tree compares with a blob.
type State uint8

// The states of a File.
const (
	Same    State = iota // the content is the blob's
	Changed              // it is another
	Added                // there is a file but no blob
	Gone                 // there is a blob but no file
)

// A File is a file of the work tree as it would be committed.
type File struct {
	Path  string // relative to the work tree, with slashes
	State State
	ID    object.ID   // of the content; zero if Gone
	Data  []byte      // the content in the repository's form; nil if Same or Gone
	Info  fs.FileInfo // nil if Gone
}

// Dirty compares the file at path with head, the blob that HEAD has there
// (zero: none). Where nothing changed that costs one lstat. What is not a
// regular file counts as Gone; so does an untracked file that git ignores. No
// file and no blob is Same.
func (t *Tree) Dirty(path string, head object.ID) (File, error) {
	return File{}, errors.ErrUnsupported
}

// Scan returns, sorted by path, the files below dir ("": all) with the
// extension ext that differ from head, which yields HEAD's paths there, sorted
// bytewise, each with its blob. Untracked files count unless git ignores them.
func (t *Tree) Scan(ctx context.Context, dir, ext string, head iter.Seq2[string, object.ID]) ([]File, error) {
	return nil, errors.ErrUnsupported
}
