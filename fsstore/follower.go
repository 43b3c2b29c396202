package fsstore

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/feed"
	"github.com/go-prompty/prompty/watch"
)

// follower tells the store's watchers what changes. What the folder's own watch
// says, and what this store did itself, are hints: each name is looked at as
// Get would, and published if it is not as it was when last told of.
type follower struct {
	store  *Store
	folder *watch.Folder
	feed   *feed.Feed[change]
	began  time.Time
	status atomic.Pointer[prompty.WatchStatus] // as last published; never nil

	cancel context.CancelFunc // ends work
	work   sync.WaitGroup     // the goroutines
	wake   chan struct{}      // holds a token while own or again may have something

	mu    sync.Mutex           // guards what follows; never held during I/O
	own   map[string]time.Time // names that this store changed, and when
	retry *time.Timer          // set while something waits in again

	turn     chan struct{}   // holds a token while someone looks, who alone uses what follows
	root     *os.Root        // what told and list are about
	told     map[string]told // by name; what is not there does not exist
	list     *notices        // as last read
	again    hints           // what could not be looked at
	watching watch.Status    // as last heard
	prefix   string          // of this follower's revisions
	revision uint64
}

// mostRemembered is how many changes WatchFrom can go back.
const mostRemembered = 1 << 14

func newFollower(s *Store, folder *watch.Folder, began time.Time) (*follower, error) {
	f := &follower{
		store: s, folder: folder, began: began, own: map[string]time.Time{},
		wake: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		root: s.disk.root, watching: folder.Status(), prefix: rand.Text()[:8] + "-",
	}
	f.feed = feed.New(func(c change) string { return c.Name }, change.merge, mostRemembered, f.prefix+"0")
	f.status.Store(publicStatus(f.watching, nil))
	revision, files := folder.List()
	if err := f.begin(files); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	batches := folder.Watch(ctx, revision)
	f.work.Go(func() {
		for b := range batches {
			_ = f.look(ctx, hintsOf(s.layout, b)) // what fails is tried again
		}
	})
	f.work.Go(func() {
		for {
			select {
			case <-f.wake:
				_ = f.look(ctx, hints{})
			case <-ctx.Done():
				return
			}
		}
	})
	return f, nil
}

// change is one for a reader who may be slow.
type change struct {
	prompty.Change
	fresh bool // the reader has not been told that the name exists
}

// merge tells of what came and went, too: who looked at the name after an
// earlier batch may have seen it.
func (c change) merge(after change) (change, bool) {
	after.fresh, after.Kind = c.fresh, feed.MergeFresh(c.Kind, after.Kind, c.fresh)
	return after, true
}

func publicStatus(w watch.Status, trouble error) *prompty.WatchStatus {
	st := &prompty.WatchStatus{Mode: w.Mode, Degraded: w.Degraded, LastError: w.LastError, LastSync: w.LastSync, Overflows: w.Overflows}
	if trouble != nil {
		st.LastError = trouble.Error()
	}
	return st
}

// close ends the goroutines and the watchers' channels.
func (f *follower) close() {
	f.cancel()
	f.folder.Close()
	f.work.Wait()
	f.mu.Lock()
	if f.retry != nil {
		f.retry.Stop()
	}
	f.mu.Unlock()
	f.feed.Close()
}

// touched is told of a name that this store changed.
func (f *follower) touched(name string) {
	f.mu.Lock()
	if _, ok := f.own[name]; !ok {
		f.own[name] = time.Now()
	}
	f.mu.Unlock()
	f.poke()
}

func (f *follower) poke() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// later has what is in again looked at in a while.
func (f *follower) later() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.retry == nil {
		f.retry = time.AfterFunc(doubtFor, func() {
			f.mu.Lock()
			f.retry = nil
			f.mu.Unlock()
			f.poke()
		})
	}
}

// caughtUp waits until what this store did is published, so that one who
// subscribes now does not hear of it.
func (f *follower) caughtUp(ctx context.Context) { _ = f.look(ctx, hints{}) }

// sync looks at all that the folder's watch knows of, whether it has said so
// yet or not, as often as it takes to get the lock. In between others have
// their turn.
func (f *follower) sync(ctx context.Context) error {
	err := f.folder.Sync(ctx)
	if errors.Is(err, watch.ErrClosed) {
		err = prompty.NewStorageClosedError()
	}
	if err != nil {
		return err
	}
	for {
		if err := f.lookAtAll(ctx); !errors.Is(err, errLocked) {
			return err
		}
	}
}

func (f *follower) lookAtAll(ctx context.Context) error {
	if err := f.takeTurn(ctx); err != nil {
		return err
	}
	defer f.endTurn()
	_, files := f.folder.List()
	return f.lookNow(ctx, f.differences(files))
}

// look takes its turn and looks.
func (f *follower) look(ctx context.Context, h hints) error {
	if err := f.takeTurn(ctx); err != nil {
		return err
	}
	defer f.endTurn()
	return f.lookNow(ctx, h)
}

func (f *follower) takeTurn(ctx context.Context) error {
	select {
	case f.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-f.store.done:
		return prompty.NewStorageClosedError()
	}
}

func (f *follower) endTurn() { <-f.turn }
