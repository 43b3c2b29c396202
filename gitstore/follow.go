package gitstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/feed"
)

// follower compares what a store shows with what it has told its watchers, each
// time that something may have changed: what a hint says need not be true, and
// what it does not say is found by the next look.
type follower struct {
	s       *Store
	source  reader // the store as it reads where nobody takes note
	served  served
	life    context.Context // ends with the store
	cancel  context.CancelFunc
	work    sync.WaitGroup
	changes atomic.Uint64
	live    atomic.Bool // it is at work

	mu      sync.Mutex // guards pending
	pending hint
	wake    chan struct{} // holds one token while something is pending
	doubt   chan struct{} // holds one token while everything should be looked at again

	turn   chan struct{} // full while someone uses what follows
	ended  bool
	feed   *feed.Feed[notice] // nil until somebody watches
	places []*place
	shown  picture
	past   past
	told   string          // the revision of the last batch with changes, without repeats
	repeat int             // batches of which a revision had been told before
	doubts map[string]mark // edits that were seen once
	stale  bool            // the last look failed, so the next one looks at everything

	status atomic.Pointer[prompty.WatchStatus] // as last told; nil until somebody watches
}

func newFollower(s *Store) *follower {
	f := &follower{s: s, source: s.reader, wake: make(chan struct{}, 1), doubt: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
	f.life, f.cancel = context.WithCancel(context.Background())
	s.where = f.noticing(s.where)
	if s.edits != nil {
		s.edits = &overlay{tree: s.edits.tree, served: &f.served}
	}
	return f
}

// begin waits for the turn, which give ends. The context that it gives ends with
// ctx and with the store.
func (f *follower) begin(ctx context.Context) (inner context.Context, give func(), err error) {
	inner, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(f.life, cancel)
	select {
	case f.turn <- struct{}{}:
	case <-inner.Done():
		err = inner.Err()
	}
	give = func() { stop(); cancel() }
	if err == nil {
		give = func() { <-f.turn; stop(); cancel() }
		if f.ended {
			err = prompty.NewStorageClosedError()
		}
	}
	if err != nil {
		give()
		return nil, nil, err
	}
	return inner, give, nil
}

// end ends all watching.
func (f *follower) end() {
	f.cancel()
	f.turn <- struct{}{}
	f.ended = true
	f.live.Store(false)
	if f.feed != nil {
		f.feed.Close()
	}
	for _, p := range f.places {
		p.close()
	}
	<-f.turn
	f.work.Wait()
}

// closed is err, or that the store was closed, of which err may be a consequence.
func (f *follower) closed(err error) error {
	if err != nil && f.life.Err() != nil {
		return prompty.NewStorageClosedError()
	}
	return err
}

func (f *follower) count() (n uint64, ok bool) { return f.changes.Load(), f.live.Load() }

// moved is called by who has changed what the store shows, through the store.
func (f *follower) moved() {
	f.changes.Add(1)
	f.nudge(hint{since: time.Now(), all: true})
}

// nudge has everything looked at that h speaks of, soon.
func (f *follower) nudge(h hint) {
	f.mu.Lock()
	f.pending.add(h)
	f.mu.Unlock()
	leave(f.wake)
}

// leave leaves a token, unless there is one.
func leave(token chan struct{}) {
	select {
	case token <- struct{}{}:
	default:
	}
}

// subscribe begins with what came after a revision; "" is now.
func (f *follower) subscribe(outer context.Context, revision string) (<-chan prompty.ChangeBatch, error) {
	ctx, give, err := f.begin(outer)
	if err != nil {
		return nil, err
	}
	defer give()
	if f.feed == nil {
		err = f.start(ctx)
	} else {
		_ = f.look(ctx, hint{all: true}) // what was changed until now is no news; an error is in the status
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	var first feed.Batch[notice]
	if revision != "" && revision != f.shown.revision() {
		first.From = revision
		if before, ok := f.recall(ctx, revision); ok {
			changes, rewritten := f.shown.since(before, nil)
			first.Changes, first.All = changes, rewritten
		} else if first.All = true; ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	if status := f.status.Load(); status.Degraded != "" {
		first.Status = status
	}
	sub, err := f.feed.Subscribe("")
	if err != nil {
		return nil, err
	}
	sub.Offer(first)
	return feed.Chan(outer, sub, batch), nil
}

// notice is a change for a reader who may be slow.
type notice struct {
	prompty.Change
	fresh bool // the reader has not been told that the name exists
}

// merge tells of what came and went, too: who has looked may have seen it.
func (c notice) merge(after notice) (notice, bool) {
	after.fresh, after.Kind = c.fresh, feed.MergeFresh(c.Kind, after.Kind, c.fresh)
	return after, true
}

func batch(b feed.Batch[notice]) prompty.ChangeBatch {
	out := prompty.ChangeBatch{Revision: b.To, All: b.All, Since: b.Since}
	for _, c := range b.Changes {
		out.Changes = append(out.Changes, c.Change)
	}
	out.Watch, _ = b.Status.(*prompty.WatchStatus)
	return out
}

// start begins to watch, and only then takes the picture that all later ones are
// compared with.
func (f *follower) start(ctx context.Context) (err error) {
	places := f.s.places()
	opened := 0
	defer func() {
		if err != nil {
			for _, p := range places[:opened] {
				p.close()
			}
		}
	}()
	for _, p := range places {
		if err := p.open(ctx); err != nil {
			return err
		}
		opened++
	}
	for _, p := range places {
		f.listen(p)
	}
	f.served.on.Store(true)
	if f.shown, err = f.picture(ctx, hint{all: true}); err != nil {
		return err
	}
	f.served.take(f.shown, f.shown, nil)
	f.past.add(f.shown)
	f.places = places
	f.status.Store(f.news(nil))
	f.feed = feed.New(func(c notice) string { return c.Name }, notice.merge, 0, f.shown.revision())
	f.changes.Add(1) // what was read until now is not followed
	f.live.Store(true)
	if len(places) == 0 {
		return nil
	}
	f.work.Go(f.run)
	f.work.Go(f.recheck)
	return nil
}

// listen passes on what happens in a place from now on.
func (f *follower) listen(p *place) {
	batches := p.arm(f.life)
	f.work.Go(func() {
		for b := range batches {
			if h, ok := p.hint(b); ok {
				f.nudge(h)
			}
		}
	})
}

const (
	grace      = 50 * time.Millisecond  // for what is gone to come back
	retryFirst = 100 * time.Millisecond // after a look that failed
	retryMost  = time.Second
	lookAgain  = 5 * time.Minute // though nothing seems to have changed
)

// run looks when there is reason to, and now and then without.
func (f *follower) run() {
	wait := lookAgain
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		var h hint
		select {
		case <-f.wake:
		case <-timer.C:
			h.all = true
		case <-f.life.Done():
			return
		}
		ctx, give, err := f.begin(f.life)
		if err != nil {
			return
		}
		err = f.look(ctx, h)
		give()
		switch {
		case err == nil:
			wait = lookAgain
		case wait == lookAgain:
			wait = retryFirst
		default:
			wait = min(2*wait, retryMost)
		}
		timer.Reset(wait)
	}
}

// recheck has what a look has found looked at again, when those who send hints
// have come as far: they compare states, too, and have nothing to say of one that
// only the look saw.
func (f *follower) recheck() {
	for {
		select {
		case <-f.doubt:
		case <-f.life.Done():
			return
		}
		for _, p := range f.watching(f.life) {
			_ = p.folder.Sync(f.life) // what it cannot say comes with a later hint
		}
		if f.s.edits != nil && f.s.pause(f.life, grace) != nil {
			return
		}
		_, give, err := f.begin(f.life)
		if err != nil {
			return
		}
		for _, p := range f.places {
			f.listen(p)
		}
		give()
		f.nudge(hint{all: true})
	}
}

// look publishes how the store differs from what was published last. The turn
// is held. Where the store cannot be read, the last good picture stays, and the
// watchers are told why.
func (f *follower) look(ctx context.Context, h hint) error {
	f.mu.Lock()
	h.add(f.pending)
	f.pending = hint{}
	f.mu.Unlock()
	h.all = h.all || f.stale
	now, err := f.picture(ctx, h)
	if gone := err == nil && now.st.tip.IsZero() && !f.shown.st.tip.IsZero(); (gone || err != nil) && !f.stale {
		// Git renames a branch in steps, and so do people.
		if f.s.pause(ctx, grace) == nil {
			now, err = f.picture(ctx, hint{all: true})
		}
	}
	if ctx.Err() != nil {
		f.stale = true
		return ctx.Err()
	}
	b := feed.Batch[notice]{Since: h.since}
	if f.stale = err != nil; err == nil {
		if !h.sure {
			now = f.believed(now, h.paths)
		}
		came, all := f.served.take(f.shown, now, f.doubts)
		changes, rewritten := now.since(f.shown, came)
		b.Changes = changes
		b.All = all || rewritten && len(changes) > 0 && sameBranch(f.shown.st, now.st)
		if now.st != f.shown.st || len(b.Changes) > 0 {
			leave(f.doubt)
		}
		f.shown = now
		f.past.add(now)
		b.To = f.revise(now.revision(), len(b.Changes) > 0 || b.All)
	}
	news := f.news(err)
	if told := f.status.Swap(news); told.Mode != news.Mode || told.Degraded != news.Degraded || told.LastError != news.LastError || told.Overflows != news.Overflows {
		b.Status = news
	}
	if len(b.Changes) > 0 || b.All {
		f.changes.Add(1)
	}
	f.feed.Publish(b)
	if h.all {
		f.regrow(ctx)
	}
	return err
}

// revise tells two batches with changes apart that are of one state: a reader may
// have been given an older one when it had been told already.
func (f *follower) revise(revision string, changes bool) string {
	if !changes {
		return revision
	}
	again := f.told == revision
	if f.told = revision; !again {
		return revision
	}
	f.repeat++
	return revision + "#" + strconv.Itoa(f.repeat)
}

// news is how changes are noticed now, after a look that gave err. It does not
// change afterwards.
func (f *follower) news(err error) *prompty.WatchStatus {
	news := &prompty.WatchStatus{LastSync: time.Now()}
	if told := f.status.Load(); told != nil {
		news.LastError = told.LastError
		if err != nil {
			news.LastSync = told.LastSync
		}
	}
	modes := map[string]bool{}
	for _, p := range f.places {
		st := p.folder.Status()
		for m := range strings.SplitSeq(st.Mode, "+") {
			modes[m] = true
		}
		news.Degraded = cmp.Or(news.Degraded, st.Degraded)
		news.LastError = cmp.Or(st.LastError, news.LastError)
		news.Overflows += st.Overflows
	}
	news.Mode = strings.Join(slices.Sorted(maps.Keys(modes)), "+")
	if err != nil {
		news.LastError = err.Error()
		news.Degraded = fmt.Sprintf("the repository cannot be read, so what was last seen stays: %v", err)
	}
	return news
}

// sync looks at everything, once what is written in the work tree at this moment
// is written.
func (f *follower) sync(outer context.Context) error {
	if !f.live.Load() {
		return nil
	}
	for _, p := range f.watching(outer) {
		if !p.tree {
			continue // a look sees all
		}
		if err := p.folder.Sync(outer); err != nil && outer.Err() != nil {
			return outer.Err()
		}
	}
	ctx, give, err := f.begin(outer)
	if err != nil {
		return err
	}
	defer give()
	return f.look(ctx, hint{all: true, sure: true})
}

// watching are the places at this moment.
func (f *follower) watching(ctx context.Context) []*place {
	_, give, err := f.begin(ctx)
	if err != nil {
		return nil
	}
	defer give()
	return slices.Clone(f.places)
}
