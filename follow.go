package prompty

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty/internal/feed"
)

// engineWatch is how a StorageEngine follows its storage. In the background, so
// that an engine is there at once, it watches, counts what it is told of and
// links anew what depends on it: a broken edit is reported, and a mended one
// serves, though nobody executes it. Only then are those who called OnChange
// told. Execute does not wait for any of it: the change count has moved, and it
// asks the storage itself.
type engineWatch struct {
	following atomic.Bool
	moves     atomic.Uint64 // counts for a storage that does not

	feed  *feed.Feed[Change] // for OnChange
	armed chan struct{}      // closed when the first attempt to watch is over

	life   context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup // the follower, and who heeds the watch

	mu     sync.Mutex  // guards the fields below
	status WatchStatus // as the storage said last
	failed error       // why it is not watched now
	fault  string      // what went wrong last in the follower
}

// watchStatuser is a storage that says how it watches without being watched.
type watchStatuser interface{ WatchStatus() WatchStatus }

func watchStatus(s TemplateStorage) (status WatchStatus) {
	if w, ok := As[watchStatuser](s); ok {
		status = w.WatchStatus()
	}
	return status
}

func (w *engineWatch) begin(se *StorageEngine) {
	w.life, w.cancel = context.WithCancel(context.Background())
	w.feed, w.armed = newFeed(0, ""), make(chan struct{})
	if _, ok := As[Watcher](se.storage); !ok || se.config.DisableWatch {
		close(w.armed)
		return
	}
	w.work.Go(func() { se.follow() })
}

// end waits for the follower. Callbacks under way are their owners'.
func (w *engineWatch) end() {
	w.work.Wait()
	w.feed.Close()
}

// now is how the storage watches, by its own word if it can say it any time.
func (w *engineWatch) now(s TemplateStorage) WatchStatus {
	told := watchStatus(s)
	w.mu.Lock()
	defer w.mu.Unlock()
	if told == (WatchStatus{}) {
		told = w.status
	}
	if w.failed != nil {
		told.Degraded, told.LastError = notWatched, w.failed.Error()
	}
	if told.LastError == "" {
		told.LastError = w.fault
	}
	return told
}

const notWatched = "the storage is not watched now, but asked before each use; watching is tried again"

// moved counts a change that was made through the engine.
func (se *StorageEngine) moved() { se.watch.moves.Add(1) }

func (se *StorageEngine) follow() {
	w := &se.watch
	first := sync.OnceFunc(func() { close(w.armed) })
	revision := ""
	followAgain(w.life, func(again bool) (armed bool, err error) {
		armed, err = se.followOnce(first, &revision, again)
		w.following.Store(false)
		first()
		if w.life.Err() == nil && !isFinal(err) {
			se.serve(ChangeBatch{Watch: se.noteFailure(err)})
		}
		return armed, err
	})
}

var errWatchEnded = errors.New("the storage ended the watch")

// followOnce watches the storage until the watch ends. revision is the last that
// was told, to go on from.
func (se *StorageEngine) followOnce(first func(), revision *string, retry bool) (armed bool, err error) {
	w := &se.watch
	ctx, cancel := context.WithCancel(w.life)
	defer cancel()
	watcher, _ := As[Watcher](se.storage)
	watch, resumed := watching(watcher.Watch), false
	if r, ok := As[Resumer](se.storage); ok && *revision != "" {
		watch, resumed = watchFrom(r, *revision), true
	}
	changes, err := watch.begin(ctx)
	if err != nil {
		return false, err
	}
	w.moves.Add(1) // whatever changed before was not counted
	w.following.Store(true)
	first()
	if retry {
		se.serve(ChangeBatch{All: !resumed, Watch: se.noteFailure(nil)})
	}
	if !retry || resumed {
		se.refresh(ctx, nil) // what changed after it was linked and before now
	}
	told, open := w.heed(ctx, changes)
	for {
		f, err := told.Next(open)
		if err != nil {
			var more bool
			if f, more = told.Pending(); !more || ctx.Err() != nil {
				return true, cmp.Or(ctx.Err(), errWatchEnded)
			}
		}
		b := fromFeed(f)
		if b.Revision != "" {
			*revision = b.Revision
		}
		if b.Watch != nil {
			se.noteStatus(*b.Watch)
		}
		se.serve(b)
	}
}

// heed counts what the watch tells the moment that it is told, though the
// follower may be busy with what was told before. open ends when the watch has.
func (w *engineWatch) heed(ctx context.Context, changes <-chan ChangeBatch) (told *feed.Subscription[Change], open context.Context) {
	open, end := context.WithCancel(ctx)
	batches := newFeed(0, "")
	told, _ = batches.Subscribe("") // never closed
	w.work.Go(func() {
		defer end()
		for {
			select {
			case <-ctx.Done():
				return
			case b, ok := <-changes:
				if !ok {
					w.following.Store(false)
					return
				}
				if b.All || len(b.Changes) > 0 {
					w.moves.Add(1)
				}
				batches.Publish(toFeed(b))
			}
		}
	})
	return told, open
}

// serve puts a batch, which was counted, into service and passes it on.
func (se *StorageEngine) serve(b ChangeBatch) {
	w := &se.watch
	if b.All || len(b.Changes) > 0 {
		se.refresh(w.life, &b)
		se.measure(b)
	}
	w.feed.Publish(toFeed(b))
}

func (se *StorageEngine) noteStatus(s WatchStatus) {
	w := &se.watch
	w.mu.Lock()
	before := w.status
	w.status = s
	w.mu.Unlock()
	if m := se.config.Metrics; m != nil {
		if n := s.Overflows - before.Overflows; n > 0 {
			m.Count("overflows", int64(n))
		}
		if s.Degraded != before.Degraded {
			m.Degraded(s.Degraded)
		}
	}
}

// noteFailure says why the storage is not watched, or with nil that it is again,
// and returns the status if that is news.
func (se *StorageEngine) noteFailure(err error) *WatchStatus {
	w := &se.watch
	w.mu.Lock()
	before := w.failed
	w.failed = err
	degraded := w.status.Degraded
	w.mu.Unlock()
	if (before == nil) == (err == nil) {
		return nil
	}
	if err != nil {
		degraded = notWatched
	}
	if m := se.config.Metrics; m != nil {
		m.Degraded(degraded)
	}
	status := w.now(se.storage)
	return &status
}

// refresh brings up to date what was executed so far and a batch speaks of, or
// everything if b is nil. A storage that fails now is asked again by the next
// Execute, as the change count has moved.
func (se *StorageEngine) refresh(ctx context.Context, b *ChangeBatch) {
	all := b == nil || b.All
	names := make(map[string]bool)
	if !all {
		for _, c := range b.Changes {
			names[c.Name] = true
		}
	}
	concerned := func(name string) bool { return all || names[name] }
	keys := make(map[programKey]bool)
	for key, p := range se.programs.Range {
		if slices.ContainsFunc(p.(*program).parts, func(part part) bool { return concerned(part.ref.Name) }) {
			keys[key.(programKey)] = true
		}
	}
	asked, included := se.withoutProgram()
	if b != nil && b.All {
		se.disbelieve()
	}
	for _, name := range asked { // what such a one hangs on nobody knows
		keys[programKey{name: name}] = true
	}
	for _, key := range slices.SortedFunc(maps.Keys(keys), programKey.compare) {
		if ctx.Err() != nil {
			return
		}
		se.refreshOne(ctx, key)
	}
	for _, name := range included {
		if concerned(name) && ctx.Err() == nil {
			se.recheck(ctx, name)
		}
	}
}

// refreshOne is what Execute does before it renders. A panic of the storage, or
// of OnReloadError, has no caller here who could recover from it.
func (se *StorageEngine) refreshOne(ctx context.Context, key programKey) {
	defer se.noteFault("bringing " + quoteName(key.name) + " up to date")
	_, news, _ := se.renew(ctx, key)
	if len(news) == 0 {
		return
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		defer se.noteFault("OnReloadError")
		se.tell(news)
	}()
	select {
	case <-told:
	case <-se.watch.life.Done(): // Close does not wait for it: it may be who calls Close
	}
}

// expire makes a cache that has not heard of a change yet ask for all that was
// executed so far.
func (se *StorageEngine) expire() {
	fresh := expirerOf(se.storage)
	if fresh == nil {
		return
	}
	for _, p := range se.programs.Range {
		for _, part := range p.(*program).parts {
			fresh.expire(part.ref.Name)
		}
	}
}

// noteFault is deferred by what must not end the process.
func (se *StorageEngine) noteFault(what string) {
	if r := recover(); r != nil {
		se.watch.mu.Lock()
		defer se.watch.mu.Unlock()
		se.watch.fault = fmt.Sprintf("%s panicked: %v", what, r)
	}
}

// OnChange calls fn with each batch of a [Watcher] once it is in service: what fn
// renders is no older. While fn runs, batches merge; it may block. stop ends it.
func (se *StorageEngine) OnChange(fn func(ChangeBatch)) (stop func()) {
	w := &se.watch
	select {
	case <-w.armed: // so that what is changed after OnChange is told
	case <-w.life.Done():
	}
	s, err := w.feed.Subscribe("")
	if err != nil {
		return func() {}
	}
	go func() {
		for {
			b, err := s.Next(w.life)
			if err != nil {
				return
			}
			fn(fromFeed(b))
		}
	}()
	return s.Close
}

// Sync returns when every change made before it is in service: the storage's
// [Syncer], if it is one, has published it, and the engine has taken it in.
func (se *StorageEngine) Sync(ctx context.Context) error {
	if err := se.ready(ctx); err != nil {
		return err
	}
	select {
	case <-se.watch.armed: // what is published before reaches nobody
	case <-se.watch.life.Done():
		return NewStorageClosedError()
	case <-ctx.Done():
		return ctx.Err()
	}
	err := errors.ErrUnsupported
	if s, ok := As[Syncer](se.storage); ok {
		err = s.Sync(ctx)
	}
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		se.expire()
	case err != nil:
		return err
	}
	se.moved()
	se.refresh(ctx, nil)
	return ctx.Err()
}
