package fsstore

import (
	"context"
	"errors"

	"github.com/go-prompty/prompty"
)

// Watch reports every change, whoever makes it: see [prompty.Watcher]. The
// first call watches the folder, until Close. With [NoWatch] the error is
// [errors.ErrUnsupported].
func (s *Store) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	return s.WatchFrom(ctx, "")
}

// WatchFrom is Watch from a state that a batch of this store gave the revision
// of: see [prompty.Resumer]. One of another store, or of a long time ago, gives
// a batch with All first.
func (s *Store) WatchFrom(ctx context.Context, revision string) (<-chan prompty.ChangeBatch, error) {
	return nil, s.fail(ctx, "watch", "", 0, errors.ErrUnsupported)
}

// Sync returns when every change made before the call, by anyone, has been
// published to those who watch: see [prompty.Syncer].
func (s *Store) Sync(ctx context.Context) error { return ctx.Err() }

// ChangeCount returns a number that moves whenever what Get returns may have
// changed: before a call of this store that changes it returns, and before a
// batch that reports a change is published. It is not known, and ok false,
// while nobody watches.
func (s *Store) ChangeCount() (n uint64, ok bool) { return 0, false }
