package prompty

import (
	"context"
	"errors"

	"github.com/go-prompty/prompty/internal/feed"
)

// follower is the cache's own watch of the storage, which those who watch the
// cache share. What a batch names is dropped before it is passed on: who reads
// after it must not get what was cached before.
type follower struct {
	feed  *feed.Feed[Change]
	armed chan struct{} // closed once the watch is armed, or has failed
	err   error         // set before armed is closed
}

// follow returns the follower at work, or starts one.
func (c *cache) follow(w Watcher) (*follower, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, NewStorageClosedError()
	}
	if c.follower == nil {
		f := &follower{feed: newFeed(0, ""), armed: make(chan struct{})}
		c.follower = f
		c.work.Go(func() { c.run(f, w) })
	}
	return c.follower, nil
}

func (c *cache) run(f *follower, w Watcher) {
	defer f.feed.Close()
	changes, err := w.Watch(c.life)
	if err != nil {
		f.err = err
		c.noFollower()
		close(f.armed)
		return
	}
	keepStale := c.config.StaleOnError > 0
	c.forgetAll(keepStale) // may have changed since it was read
	c.following.Store(true)
	close(f.armed)
	for {
		select {
		case <-c.life.Done():
			c.noFollower()
			return
		case b, ok := <-changes:
			if !ok {
				c.noFollower()
				c.forgetAll(false) // what was believed because of the watch
				return
			}
			c.drop(b, keepStale)
			f.feed.Publish(toFeed(b))
		}
	}
}

func (c *cache) noFollower() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.following.Store(false)
	c.follower = nil
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
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, ok := As[Watcher](c.inner)
	if !ok {
		return nil, &StorageError{Op: "watch", Err: errors.ErrUnsupported}
	}
	f, err := c.follow(w)
	if err != nil {
		return nil, err
	}
	select {
	case <-f.armed:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.life.Err() != nil {
		return nil, NewStorageClosedError()
	}
	if f.err != nil {
		return nil, f.err
	}
	s, err := f.feed.Subscribe("")
	if err != nil { // the storage was closed beneath it
		return nil, NewStorageClosedError()
	}
	return feed.Chan(ctx, s, fromFeed), nil
}

// WatchFrom implements [Resumer] if the storage does: that remembers more than
// the cache, which may be younger.
func (c *cache) WatchFrom(ctx context.Context, revision string) (<-chan ChangeBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, ok := As[Resumer](c.inner)
	if !ok {
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
	return relay(ctx, c.life, watchFrom(r, revision), c.work.Done, func(b ChangeBatch) ChangeBatch {
		c.drop(b, c.config.StaleOnError > 0)
		return b
	})
}

// WatchStatus implements watchStatuser where the storage does.
func (c *cache) WatchStatus() WatchStatus { return watchStatus(c.inner) }

// Sync implements [Syncer] if the storage does. What is published is not yet
// what the follower has read, so all that is cached goes.
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
