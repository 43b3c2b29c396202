package gitstore

import (
	"context"
	"errors"

	"github.com/go-prompty/prompty"
)

// Watch reports what changes, whoever does it: see [prompty.Watcher]. The first
// call begins to follow the repository, for this and all later ones, until
// Close. With [NoWatch] the error is [errors.ErrUnsupported].
func (s *Store) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	return s.WatchFrom(ctx, "")
}

// WatchFrom is Watch that begins with what came after a revision, which is a
// commit or what an earlier batch said: see [prompty.Resumer].
func (s *Store) WatchFrom(ctx context.Context, revision string) (<-chan prompty.ChangeBatch, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	if s.opts.Watch == NoWatch {
		return nil, &prompty.StorageError{Op: "watch", Err: errors.ErrUnsupported}
	}
	out, err := s.follower.subscribe(ctx, revision)
	return out, s.fail(ctx, "watch", "", 0, s.follower.closed(err))
}

// Sync looks at the repository now, and returns when what changed before the
// call has been given to those who watch: see [prompty.Syncer].
func (s *Store) Sync(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	return s.fail(ctx, "sync", "", 0, s.follower.closed(s.follower.sync(ctx)))
}

// ChangeCount returns a number that moves whenever Get may give something else:
// before a change made through this store returns, and before a batch is passed
// on that reports one made by others. ok is false while nobody watches.
func (s *Store) ChangeCount() (n uint64, ok bool) { return s.follower.count() }

// WatchStatus says how changes are noticed: as those who watch were last told, with
// the time of the last look. It is zero while nobody watches.
func (s *Store) WatchStatus() prompty.WatchStatus {
	if status := s.follower.status.Load(); status != nil {
		return *status
	}
	return prompty.WatchStatus{}
}
