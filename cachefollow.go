package prompty

import (
	"context"
	"errors"
)

// follow watches the storage, again and again, and drops what it says has changed.
func (c *cache) follow(w Watcher) {
	followAgain(c.life, func(bool) (armed bool, err error) { return c.followOnce(w) })
}

func (c *cache) followOnce(w Watcher) (armed bool, err error) {
	ctx, cancel := context.WithCancel(c.life)
	defer cancel()
	changes, err := watching(w.Watch).begin(ctx)
	if err != nil {
		return false, err
	}
	keepStale := c.config.StaleOnError > 0
	c.forgetAll(keepStale) // it may have changed since it was read
	c.following.Store(true)
	defer c.following.Store(false)
	for {
		select {
		case <-ctx.Done():
			return true, ctx.Err()
		case b, ok := <-changes:
			if !ok {
				c.following.Store(false)
				c.forgetAll(keepStale) // what was believed because of the watch
				return true, errWatchEnded
			}
			c.drop(b, keepStale)
		}
	}
}

func (c *cache) drop(b ChangeBatch, keepStale bool) {
	if b.All {
		c.dropAll(keepStale)
	}
	for _, change := range b.Changes {
		c.dropName(change.Name, keepStale)
	}
	if b.All || len(b.Changes) > 0 {
		c.changes.Add(1)
	}
}

// forget drops what may have changed and says that it may have.
func (c *cache) forget(name string) {
	c.dropName(name, false)
	c.changes.Add(1)
}

func (c *cache) forgetAll(keepStale bool) {
	c.dropAll(keepStale)
	c.changes.Add(1)
}

// ChangeCount implements changeCounter while the cache follows its storage.
func (c *cache) ChangeCount() (uint64, bool) { return c.changes.Load(), c.following.Load() }

// Watch implements [Watcher] if the storage does.
func (c *cache) Watch(ctx context.Context) (<-chan ChangeBatch, error) {
	w, ok := As[Watcher](c.inner)
	if !ok {
		return c.watch(ctx, nil)
	}
	return c.watch(ctx, w.Watch)
}

// WatchFrom implements [Resumer] if the storage does.
func (c *cache) WatchFrom(ctx context.Context, revision string) (<-chan ChangeBatch, error) {
	r, ok := As[Resumer](c.inner)
	if !ok {
		return c.watch(ctx, nil)
	}
	return c.watch(ctx, watchFrom(r, revision))
}

// watch is the storage's. What a batch names is dropped before it is passed on,
// as the follower may be behind: who reads after it must not get what was cached
// before.
func (c *cache) watch(ctx context.Context, inner watching) (<-chan ChangeBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if inner == nil {
		return nil, &StorageError{Op: "watch", Err: errors.ErrUnsupported}
	}
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.work.Add(1)
	}
	c.mu.Unlock()
	if closed {
		return nil, NewStorageClosedError()
	}
	out, err := relay(ctx, c.life, inner, c.work.Done, func(b ChangeBatch) ChangeBatch {
		c.drop(b, c.config.StaleOnError > 0)
		return b
	})
	if err != nil && c.life.Err() != nil {
		return nil, NewStorageClosedError()
	}
	return out, err
}

// WatchStatus implements watchStatuser where the storage does.
func (c *cache) WatchStatus() WatchStatus { return watchStatus(c.inner) }

// Sync implements [Syncer] if the storage does. What is published the follower
// need not have read yet, so all that is cached goes.
func (c *cache) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.life.Err() != nil {
		return NewStorageClosedError()
	}
	s, ok := As[Syncer](c.inner)
	if !ok {
		return &StorageError{Op: "sync", Err: errors.ErrUnsupported}
	}
	if err := s.Sync(ctx); err != nil {
		return err
	}
	c.forgetAll(c.config.StaleOnError > 0)
	return nil
}
