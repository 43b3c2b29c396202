package prompty

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-prompty/prompty/internal/feed"
)

// rememberedChanges is how far back a memory storage's watchers can resume.
const rememberedChanges = 4096

func newFeed(remembered int, revision string) *feed.Feed[Change] {
	return feed.New(func(c Change) string { return c.Name }, mergeChanges, remembered, revision)
}

// mergeChanges is for who was told of neither. What came and went is deleted.
func mergeChanges(before, after Change) (Change, bool) {
	kind := feed.MergeKinds(before.Kind, after.Kind)
	if kind == "" {
		return after, false
	}
	return Change{after.Name, kind}, true
}

// toFeed and fromFeed turn a batch into what a feed passes on, and back.
func toFeed(b ChangeBatch) feed.Batch[Change] {
	f := feed.Batch[Change]{To: b.Revision, Changes: b.Changes, All: b.All, Since: b.Since}
	if b.Watch != nil {
		f.Status = b.Watch
	}
	return f
}

func fromFeed(f feed.Batch[Change]) ChangeBatch {
	b := ChangeBatch{Revision: f.To, Changes: f.Changes, All: f.All, Since: f.Since}
	b.Watch, _ = f.Status.(*WatchStatus)
	return b
}

// says reports whether there is anything in a batch.
func (b *ChangeBatch) says() bool { return len(b.Changes) > 0 || b.All || b.Watch != nil }

// watching is how to watch a storage from now on, or from a revision.
type watching func(ctx context.Context) (<-chan ChangeBatch, error)

// watchFrom is [Resumer] as a watching.
func watchFrom(r Resumer, revision string) watching {
	return func(ctx context.Context) (<-chan ChangeBatch, error) { return r.WatchFrom(ctx, revision) }
}

// begin watches. A panic of the storage is an error: nobody could recover from it
// in a goroutine of ours.
func (w watching) begin(ctx context.Context) (changes <-chan ChangeBatch, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &StorageError{Op: "watch", Err: fmt.Errorf("the storage panicked: %v", r)}
		}
	}()
	return w(ctx)
}

// relay hands on what edit makes of each batch. While its reader is slow, it is
// a slow reader itself, for whom batches are merged. It ends with ctx, with life
// or with what it watches, and then calls ended, on an error too.
func relay(ctx, life context.Context, watch watching, ended func(), edit func(ChangeBatch) ChangeBatch) (<-chan ChangeBatch, error) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(life, cancel) // the watch may take its time to begin
	in, err := watch.begin(ctx)
	if err != nil {
		stop()
		cancel()
		ended()
		return nil, err
	}
	out := make(chan ChangeBatch)
	go func() {
		defer ended()
		defer stop()
		defer cancel()
		defer close(out)
		for {
			var b ChangeBatch
			select {
			case got, ok := <-in:
				if !ok {
					return
				}
				b = edit(got)
			case <-ctx.Done(): // in may be slow to close
				return
			}
			if !b.says() {
				continue
			}
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

// A watch that ended or cannot be had is tried again after the first of these,
// then after twice as long, up to the second.
const firstRetry, longestRetry = time.Second, time.Minute

// isFinal reports whether a storage that gave err will never be watched.
func isFinal(err error) bool {
	return errors.Is(err, ErrClosed) || errors.Is(err, errors.ErrUnsupported)
}

// followAgain calls follow, which watches a storage until the watch ends, until
// life ends, or the storage is closed or cannot watch.
func followAgain(life context.Context, follow func(again bool) (armed bool, err error)) {
	wait := firstRetry
	for again := false; ; again = true {
		armed, err := follow(again)
		if life.Err() != nil || isFinal(err) {
			return
		}
		if armed {
			wait = firstRetry
		}
		select {
		case <-time.After(wait):
		case <-life.Done():
			return
		}
		wait = min(2*wait, longestRetry)
	}
}
