package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/feed"
)

// follower hands on a storage's changes. What comes while its user is busy, is
// one batch.
type follower struct {
	sub  *feed.Subscription[prompty.Change]
	stop func() // and wait
}

// watchOf is the storage's Watch, with an error that says what can watch.
func watchOf(ctx context.Context, s prompty.TemplateStorage) (<-chan prompty.ChangeBatch, error) {
	const hint = "folders (--storage ./prompts, without watch=off), Git repositories (--storage git:.) and databases can"
	w, ok := prompty.As[prompty.Watcher](s)
	if !ok {
		return nil, withHint(errors.New("this storage cannot tell of changes"), hint)
	}
	c, err := w.Watch(ctx)
	if errors.Is(err, errors.ErrUnsupported) {
		err = withHint(fmt.Errorf("this storage cannot tell of changes: %w", err), hint)
	}
	return c, err
}

// follow arms the watch: every change after it returns is told.
func follow(ctx context.Context, s prompty.TemplateStorage) (*follower, error) {
	ctx, cancel := context.WithCancel(ctx)
	in, err := watchOf(ctx, s)
	if err != nil {
		cancel()
		return nil, err
	}
	f := feed.New(
		func(c prompty.Change) string { return c.Name },
		func(before, after prompty.Change) (prompty.Change, bool) {
			kind := feed.MergeKinds(before.Kind, after.Kind)
			if kind == "" { // it came and went, and is told as deleted
				return after, false
			}
			after.Kind = kind
			return after, true
		}, 0, "")
	sub, err := f.Subscribe("")
	if err != nil {
		cancel()
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer f.Close()
		for b := range in {
			batch := feed.Batch[prompty.Change]{To: b.Revision, Changes: b.Changes, All: b.All, Since: b.Since}
			if b.Watch != nil {
				batch.Status = b.Watch
			}
			f.Publish(batch)
		}
	}()
	return &follower{sub: sub, stop: func() { cancel(); <-done }}, nil
}

// next waits for a batch. When ctx ends, the error is its cause.
func (f *follower) next(ctx context.Context) (prompty.ChangeBatch, error) {
	b, err := f.sub.Next(ctx)
	if ctx.Err() != nil {
		return prompty.ChangeBatch{}, context.Cause(ctx)
	}
	if err != nil {
		return prompty.ChangeBatch{}, errStoppedWatching
	}
	status, _ := b.Status.(*prompty.WatchStatus)
	return prompty.ChangeBatch{Revision: b.To, Changes: b.Changes, All: b.All, Since: b.Since, Watch: status}, nil
}

var errStoppedWatching = withHint(errors.New("the storage stopped telling of changes"), "start again")

func (f *follower) close() { f.stop() }
