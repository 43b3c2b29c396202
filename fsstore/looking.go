package fsstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/feed"
)

// lockPatience is how long what can be published waits for the rest of its
// batch, for which the lock is needed.
const lockPatience = time.Second

// news is what a look has found.
type news struct {
	names map[string]change
	all   bool
	moved bool // what Get returns may have changed
}

// lookNow looks at what h says, at what this store did and at what is left from
// before, and publishes what is news. An error is why something could not be
// looked at; that is tried again. It is the caller's turn.
func (f *follower) lookNow(ctx context.Context, h hints) error {
	if h.status != nil {
		f.watching = *h.status
	}
	todo := f.again
	f.again = hints{}
	todo.merge(h)
	f.mu.Lock()
	for name, at := range f.own {
		todo.add(hint{suspect: suspect{name: name}}, at)
	}
	clear(f.own)
	f.mu.Unlock()

	var n news
	var err error
	if !todo.isEmpty() {
		n, err = f.find(ctx, &todo)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	f.publish(n, err, &h, todo.since)
	if !f.again.isEmpty() {
		f.later()
	}
	return err
}

// publish moves the count, then tells. What was found before a call was
// cancelled is news, too; that it was is none.
func (f *follower) publish(n news, trouble error, h *hints, since time.Time) {
	if n.moved {
		f.store.count.Add(1)
	}
	b := feed.Batch[change]{All: n.all, Since: since}
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		b.Changes = append(b.Changes, n.names[name])
	}
	if b.All || len(b.Changes) > 0 {
		f.revision++
		b.To = f.prefix + strconv.FormatUint(f.revision, 10)
	}
	before := f.status.Load()
	st := publicStatus(f.watching, trouble)
	if isCancelled(trouble) {
		st.LastError = before.LastError
	}
	if h.status != nil || st.LastError != before.LastError {
		f.status.Store(st)
		b.Status = st
	}
	f.feed.Publish(b)
}

func isCancelled(err error) bool {
	return err == context.Canceled || err == context.DeadlineExceeded
}

// find looks. What it could not look at it puts into again.
func (f *follower) find(ctx context.Context, h *hints) (n news, err error) {
	s := f.store
	if err := f.enter(ctx); err != nil {
		f.again.merge(*h)
		return n, err
	}
	defer s.end()
	if f.root != s.disk.root {
		h.all = true
	}
	if h.notices && !h.all {
		list, err := s.readNotices()
		if err != nil {
			f.again.merge(*h)
			return n, err
		}
		names, ok := list.since(f.list)
		for _, name := range names {
			h.add(hint{suspect: suspect{name: name}, locked: true}, time.Time{})
		}
		h.all = !ok
		f.list = list
	}
	if h.all {
		_, files := f.folder.List()
		if err := f.begin(files); err != nil {
			f.again.merge(*h)
			return n, err
		}
		f.root = s.disk.root
		return news{all: true, moved: true}, nil
	}
	return f.lookAt(ctx, h)
}

// enter begins a call, in the folder that the path leads to.
func (f *follower) enter(ctx context.Context) error {
	for {
		if err := f.store.begin(ctx); err != nil {
			return err
		}
		err := f.store.inPlace()
		if err == nil {
			return nil
		}
		f.store.end()
		if !errors.Is(err, errReplaced) {
			return err
		}
		if err := f.store.moveIn(); err != nil {
			return err
		}
	}
}

// errLocked is told while somebody holds the lock for long.
var errLocked = errors.New("another process holds .prompty/lock and does not let go; changes that have to be recorded wait for it")

// lookAt looks at every name. Edits are recorded together.
func (f *follower) lookAt(ctx context.Context, h *hints) (n news, err error) {
	s := f.store
	n.names = map[string]change{}
	left := h.names // what was not found out
	fault := func(name string, ferr error) {
		if err == nil {
			err = fmt.Errorf("%s: %w", s.layout.tree(name), ferr)
		}
	}
	take := func(name string, st *state, lerr error) error {
		if lerr != nil && (st == nil || !isUnusable(lerr)) {
			fault(name, lerr)
			return nil
		}
		var saved time.Time
		if st.latest != nil && st.latest.Version > 1 {
			saved = st.latest.CreatedAt
		}
		fresh := !f.told[name].exists
		kind, moved := f.note(h.names[name], summarize(st, lerr), saved)
		if kind != "" {
			n.names[name] = change{prompty.Change{Name: name, Kind: kind}, fresh}
		}
		n.moved = n.moved || moved
		delete(left, name)
		return nil
	}
	var work []suspect
	for _, name := range slices.Sorted(maps.Keys(h.names)) {
		if ctx.Err() != nil {
			break
		}
		p := h.names[name]
		if p.locked {
			work = append(work, p.suspect)
			continue
		}
		st, lerr := s.lookFree(ctx, p.suspect)
		if errors.Is(lerr, errWork) {
			work = append(work, p.suspect)
			continue
		}
		_ = take(name, st, lerr)
	}
	if len(work) > 0 {
		got := f.lock(ctx)
		if forbids(got) { // what somebody is about to delete may be there still
			for _, p := range work {
				if q := h.names[p.name]; q.locked {
					q.locked = false
					f.again.add(q, h.since)
				}
			}
		}
		if lerr := s.lookTogether(ctx, got, work, take); lerr != nil {
			fault(work[0].name, lerr)
		}
	}
	for _, p := range left {
		f.again.add(p, h.since)
	}
	return n, err
}

// lock is acquire, but it gives up after a while.
func (f *follower) lock(ctx context.Context) error {
	soon, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	err := f.store.acquire(soon)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = errLocked
	}
	return err
}
