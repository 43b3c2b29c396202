package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-prompty/prompty"
)

// patience ends a call without a deadline when the server is silent for too
// long.
type patience struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // nil: the caller has set a deadline
}

const (
	longestSilence = 10 * time.Second
	slowestNetwork = 1 << 20 // bytes a second
)

var errSilent = fmt.Errorf("the server has not answered for %v", longestSilence)

// newPatience begins a call that will send size bytes, or not many more.
func newPatience(ctx context.Context, size int) *patience {
	if _, limited := ctx.Deadline(); limited {
		return &patience{ctx: ctx}
	}
	p := new(patience)
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.timer = time.AfterFunc(longestSilence+time.Duration(size/slowestNetwork)*time.Second, func() { p.cancel(errSilent) })
	return p
}

// renew is called when something came.
func (p *patience) renew() {
	if p.timer != nil {
		p.timer.Reset(longestSilence)
	}
}

func (p *patience) end() {
	if p.timer != nil {
		p.timer.Stop()
		p.cancel(nil)
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
