package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-prompty/prompty"
)

// patience ends a call without a deadline when the server is silent for too
// long.
type patience struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	dog    *watchdog    // nil: the caller has set a deadline
	due    atomic.Int64 // when it ends, in nanoseconds since 1970
}

const (
	longestSilence = 10 * time.Second
	slowestNetwork = 1 << 20 // bytes a second
)

var errSilent = fmt.Errorf("the server has not answered for %v", longestSilence)

// newPatience begins a call that will send size bytes, or not many more.
func (db *database) newPatience(ctx context.Context, size int) *patience {
	p := &patience{ctx: ctx}
	if _, limited := ctx.Deadline(); limited {
		return p
	}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.dog = &db.dog
	p.wait(longestSilence + time.Duration(size/slowestNetwork)*time.Second)
	p.dog.watch(p)
	return p
}

func (p *patience) wait(d time.Duration) { p.due.Store(time.Now().Add(d).UnixNano()) }

// renew is called when something came.
func (p *patience) renew() {
	if p.dog != nil {
		p.wait(longestSilence)
	}
}

func (p *patience) end() {
	if p.dog != nil {
		p.dog.leave(p)
		p.cancel(nil)
	}
}

// watchdog looks now and then for calls whose patience has ended. A timer for each
// call would wake another thread each time, which costs as much as a short query.
type watchdog struct {
	mu    sync.Mutex // guards the fields below
	calls map[*patience]struct{}
	timer *time.Timer
	awake bool // the timer is set
	quiet int  // looks in a row that found no call
}

const (
	betweenLooks = 500 * time.Millisecond
	quietLooks   = 4 // and it sleeps until there is a call
)

func (w *watchdog) watch(p *patience) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = make(map[*patience]struct{})
	}
	w.calls[p] = struct{}{}
	switch {
	case w.awake:
	case w.timer == nil:
		w.timer = time.AfterFunc(betweenLooks, w.look)
	default:
		w.timer.Reset(betweenLooks)
	}
	w.awake = true
}

func (w *watchdog) leave(p *patience) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.calls, p)
}

func (w *watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now().UnixNano()
	for p := range w.calls {
		if now >= p.due.Load() {
			p.cancel(errSilent)
		}
	}
	if w.quiet++; len(w.calls) > 0 {
		w.quiet = 0
	}
	if w.awake = w.quiet < quietLooks; w.awake {
		w.timer.Reset(betweenLooks)
	}
}

// stop ends it; no call is under way.
func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// explain says that it was patience that ended, if so.
func (p *patience) explain(err error) error {
	if err != nil && errors.Is(context.Cause(p.ctx), errSilent) {
		return fmt.Errorf("%w: %w", errSilent, err)
	}
	return err
}

// acquire takes a connection of the pool. Nothing is sent before.
func (db *database) acquire(p *patience) (*pgxpool.Conn, error) {
	conn, err := db.pool.Acquire(p.ctx)
	switch {
	case err == nil:
		return conn, nil
	case db.closed.Load(): // a snapshot may outlive its storage
		return nil, prompty.NewStorageClosedError()
	}
	return nil, p.explain(err)
}

// noteLost has the pool give up its connections when one of them was lost: they
// are most likely lost too, and a change sent on one of them would not be known
// to have failed.
func (db *database) noteLost(err error) {
	if err != nil && isLost(err) {
		db.pool.Reset()
	}
}
