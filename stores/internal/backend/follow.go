package backend

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/feed"
)

const (
	standardPoll   = time.Second
	standardResync = time.Minute

	lookPatience = 20 * time.Second       // for one look at the heads
	longestPause = 100 * time.Millisecond // between two looks, however long they take
	firstRedial  = 100 * time.Millisecond // after a Listen that ended
	lastRedial   = 10 * time.Second
)

// follower compares the heads in the database with those it knows, and tells
// what differs. It looks when the server says so, when the storage itself has
// changed something, and from time to time; what a look at the latest changes
// could miss is found when all heads are compared. It starts with the first who
// watches.
type follower struct {
	b       Backend
	options Options
	life    context.Context // ends with the storage
	cancel  context.CancelFunc
	work    sync.WaitGroup

	wake   chan struct{} // holds one token while there may be something new
	pushed atomic.Bool   // the server tells of changes
	active atomic.Bool   // somebody has watched

	turn     chan struct{} // full while someone uses what follows
	ended    bool
	feed     *feed.Feed[notice] // nil until somebody watches
	known    map[string]Head
	position string
	batches  uint64
	instance string // ends every revision, so that none is another storage's
	whole    time.Time

	mu     sync.Mutex // guards the fields below
	status prompty.WatchStatus
	silent bool // the last look failed
	mute   bool // the last attempt to listen ended
}

func newFollower(b Backend, options Options) *follower {
	if options.Watch.Poll <= 0 {
		options.Watch.Poll = standardPoll
	}
	if options.Watch.Resync <= 0 {
		options.Watch.Resync = standardResync
	}
	f := &follower{
		b: b, options: options, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		known: make(map[string]Head), instance: "." + strconv.FormatUint(rand.Uint64(), 36),
		status: prompty.WatchStatus{Mode: "poll"},
	}
	f.life, f.cancel = context.WithCancel(context.Background())
	return f
}

// begin waits for the turn, which give ends. The context that it gives ends with
// ctx and with the storage.
func (f *follower) begin(ctx context.Context) (inner context.Context, give func(), err error) {
	inner, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(f.life, cancel)
	leave := func() { stop(); cancel() }
	select {
	case f.turn <- struct{}{}:
	case <-inner.Done():
		leave()
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		return nil, nil, prompty.NewStorageClosedError()
	}
	if f.ended {
		<-f.turn
		leave()
		return nil, nil, prompty.NewStorageClosedError()
	}
	return inner, func() { <-f.turn; leave() }, nil
}

// end ends all watching.
func (f *follower) end() {
	f.cancel()
	f.turn <- struct{}{}
	f.ended = true
	if f.feed != nil {
		f.feed.Close()
	}
	<-f.turn
	f.work.Wait()
}

// nudge has the latest changes looked at, soon.
func (f *follower) nudge() {
	if !f.active.Load() {
		return
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Watch implements [prompty.Watcher].
func (s *store) Watch(ctx context.Context) (ch <-chan prompty.ChangeBatch, err error) {
	outer := ctx
	err = s.call(ctx, "watch", "", 0, func(ctx context.Context) error {
		ch, err = s.follow.subscribe(ctx, outer)
		return s.follow.closed(err)
	})
	return ch, err
}

// closed is err, or that the storage was closed, of which err may be a
// consequence.
func (f *follower) closed(err error) error {
	if err != nil && f.life.Err() != nil {
		return prompty.NewStorageClosedError()
	}
	return err
}

// subscribe begins with now: what was changed before is no news. outer is the
// context of the watch.
func (f *follower) subscribe(ctx, outer context.Context) (<-chan prompty.ChangeBatch, error) {
	ctx, give, err := f.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer give()
	if f.feed == nil {
		heads, position, err := f.b.Heads(ctx, "")
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			f.known[h.Name] = h
		}
		f.position, f.whole = position, time.Now()
		f.feed = feed.New(func(n notice) string { return n.Name }, notice.merge, 0, f.revision())
		f.start()
	} else if err := f.look(ctx, false); err != nil {
		return nil, err
	}
	sub, err := f.feed.Subscribe("")
	if err != nil {
		return nil, prompty.NewStorageClosedError()
	}
	if status := f.now(); status.Degraded != "" {
		sub.Offer(feed.Batch[notice]{Status: &status})
	}
	return feed.Chan(outer, sub, batch), nil
}

func (f *follower) start() {
	f.active.Store(true)
	f.work.Go(f.run)
	if l, ok := f.b.(Listener); ok && !f.options.Watch.NoPush {
		f.work.Go(func() { f.listen(l) })
	}
}

// Sync implements [prompty.Syncer]. It compares all heads.
func (s *store) Sync(ctx context.Context) error {
	return s.call(ctx, "sync", "", 0, func(ctx context.Context) error {
		ctx, give, err := s.follow.begin(ctx)
		if err != nil {
			return err
		}
		defer give()
		if s.follow.feed == nil {
			return nil // nobody to be told
		}
		return s.follow.closed(s.follow.look(ctx, true))
	})
}

// run looks until the storage is closed.
func (f *follower) run() {
	for failed := false; ; {
		wait := f.options.Watch.Poll
		if f.pushed.Load() && !failed {
			wait = f.options.Watch.Resync
		}
		poll := time.NewTimer(wait)
		select {
		case <-f.wake:
		case <-poll.C:
		case <-f.life.Done():
		}
		poll.Stop()
		start := time.Now()
		if failed = f.lookInTurn() != nil; f.life.Err() != nil {
			return
		}
		pause := time.NewTimer(min(time.Since(start), longestPause)) // so that a busy database is not asked all the time
		select {
		case <-pause.C:
		case <-f.life.Done():
			pause.Stop()
			return
		}
	}
}

func (f *follower) lookInTurn() error {
	ctx, give, err := f.begin(f.life)
	if err != nil {
		return err
	}
	defer give()
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	err = f.look(ctx, time.Since(f.whole) >= f.options.Watch.Resync)
	if err != nil && f.life.Err() == nil {
		f.note(func() {
			f.status.LastError = Redact(err, f.options.Secrets...).Error()
			f.silent = true
		})
	}
	return err
}

// look tells what has changed, of all heads or since the position. It needs the
// turn.
func (f *follower) look(ctx context.Context, all bool) error {
	since := f.position
	if all {
		since = ""
	}
	noticed := time.Now()
	heads, position, err := f.b.Heads(ctx, since)
	if err != nil {
		return err
	}
	now := make(map[string]Head, len(heads))
	for _, h := range heads {
		now[h.Name] = h
	}
	if all {
		for name, before := range f.known {
			if _, there := now[name]; !there { // its row is gone
				now[name] = Head{Name: name, Change: before.Change}
			}
		}
		f.whole = noticed
	}
	var changes []notice
	for name, h := range now {
		before := f.known[name]
		if before == h {
			continue
		}
		if kind := kindOf(before, h); kind != "" {
			changes = append(changes, notice{Change: prompty.Change{Name: name, Kind: kind}, fresh: before.Version == 0})
		}
		f.known[name] = h
	}
	f.position = position
	f.note(func() { f.status.LastSync, f.silent = noticed, false })
	if len(changes) > 0 {
		slices.SortFunc(changes, func(a, b notice) int { return strings.Compare(a.Name, b.Name) })
		f.batches++
		f.feed.Publish(feed.Batch[notice]{To: f.revision(), Changes: changes, Since: noticed})
	}
	return nil
}

// kindOf says how a name differs from before. What came and went is deleted:
// somebody may have read it.
func kindOf(before, now Head) prompty.ChangeKind {
	switch {
	case now.Version == 0 && before.Version == 0 && now.Change == before.Change:
		return ""
	case now.Version == 0:
		return prompty.Deleted
	case before.Version == 0:
		return prompty.Created
	}
	return prompty.Changed
}

func (f *follower) revision() string { return strconv.FormatUint(f.batches, 10) + f.instance }

// listen has the server tell of changes, again and again.
func (f *follower) listen(l Listener) {
	wait := firstRedial
	for f.life.Err() == nil {
		err := l.Listen(f.life, func() {
			wait = firstRedial
			f.pushed.Store(true)
			f.note(func() { f.status.Mode, f.mute = "push", false })
			f.nudge() // for what was changed before
		}, f.nudge)
		f.pushed.Store(false)
		if f.life.Err() != nil {
			return
		}
		f.note(func() {
			f.status.Mode, f.mute = "poll", true
			if err != nil {
				f.status.LastError = Redact(err, f.options.Secrets...).Error()
			}
		})
		f.nudge() // from now on it polls
		select {
		case <-time.After(wait/2 + rand.N(wait)):
		case <-f.life.Done():
		}
		wait = min(2*wait, lastRedial)
	}
}

// WatchStatus says how changes are found now.
func (s *store) WatchStatus() prompty.WatchStatus { return s.follow.now() }

func (f *follower) now() prompty.WatchStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// note changes the status, and tells those who watch if its gist is another one.
func (f *follower) note(change func()) {
	f.mu.Lock()
	before := f.status
	change()
	poll := f.options.Watch.Poll.String()
	switch {
	case f.silent:
		f.status.Degraded = "the database does not answer, so changes come late; it is asked again every " + poll
	case f.mute:
		f.status.Degraded = "the server does not tell of changes (see the last error), so they come up to " + poll + " late; it is tried again, and notify=off makes polling the rule"
	default:
		f.status.Degraded = ""
	}
	after := f.status
	f.mu.Unlock()
	if f.active.Load() && (before.Degraded != after.Degraded || before.Mode != after.Mode) {
		f.feed.Publish(feed.Batch[notice]{Status: &after})
	}
}

// notice is a change for a reader who may be slow.
type notice struct {
	prompty.Change
	fresh bool // the reader has not been told that the name exists
}

// merge tells of what came and went, too: who has looked may have seen it.
func (n notice) merge(after notice) (notice, bool) {
	after.fresh, after.Kind = n.fresh, feed.MergeFresh(n.Kind, after.Kind, n.fresh)
	return after, true
}

func batch(b feed.Batch[notice]) prompty.ChangeBatch {
	out := prompty.ChangeBatch{Revision: b.To, All: b.All, Since: b.Since}
	for _, n := range b.Changes {
		out.Changes = append(out.Changes, n.Change)
	}
	out.Watch, _ = b.Status.(*prompty.WatchStatus)
	return out
}
