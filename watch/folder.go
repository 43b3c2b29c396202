package watch

import (
	"context"
	"errors"
	"iter"
)

// ErrClosed is what the methods of a closed Folder return.
var ErrClosed = errors.New("watch: the folder is closed")

// A Folder is a folder that is watched. Its methods may be called by many
// goroutines.
type Folder struct{}

// Open watches the folder at root and all folders in it. When it returns, the
// folder is listed, and nothing that changes from then on is missed. ctx bounds
// opening only; Close ends watching.
func Open(ctx context.Context, root string, opts Options) (*Folder, error) {
	return nil, errors.ErrUnsupported
}

// List returns the files as they were last published, sorted by name, and the
// revision to watch from. The slice is the caller's. It works after Close, too.
func (f *Folder) List() (Revision, []File) { return "", nil }

// Watch returns the batches that come after a revision that List or a Batch
// gave; "" stands for the current one. It is armed when it returns, and can be
// ranged over once. What comes faster than the caller reads is merged into the next
// batch: nobody waits for a slow reader, and it misses no name. If what came after
// from is no longer known, the first batch has Resync set. It ends with ctx or
// Close only.
func (f *Folder) Watch(ctx context.Context, from Revision) iter.Seq[Batch] {
	return func(yield func(Batch) bool) {}
}

// Sync returns when everything that changed before the call is in what List
// returns and in what Watch yields.
func (f *Folder) Sync(ctx context.Context) error { return errors.ErrUnsupported }

// Status tells how the folder is watched at the moment.
func (f *Folder) Status() Status { return Status{} }

// Close ends all watching and waits for its goroutines. It can be called again.
func (f *Folder) Close() error { return nil }
