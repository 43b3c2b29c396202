package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	probePatience = 3 * time.Second  // until our own notification must have come
	heartbeat     = 30 * time.Second // between two looks whether a silent server is still there
	beatPatience  = 5 * time.Second
)

// Listen implements [backend.Listener], on a connection of its own. Behind a
// pooler that lends connections by the transaction, LISTEN succeeds, and nothing
// ever comes; so it must hear a notification from another connection first.
func (db *database) Listen(ctx context.Context, armed, changed func()) error {
	conn, err := db.dial(ctx)
	if err != nil {
		return explainConnect(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		conn.Close(ctx)
	}()
	if err := run(ctx, conn, "LISTEN "+db.channel()); err != nil {
		return fmt.Errorf("the server does not tell of changes: %w", db.explain(err))
	}
	db.teller.tell()
	if err := wait(ctx, conn, probePatience); err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return errors.New("notifications do not come through; behind PgBouncer in transaction mode they cannot: set notify=off, or connect to the server itself")
		}
		return err
	}
	armed()
	for {
		err := wait(ctx, conn, heartbeat)
		switch {
		case err == nil:
			changed()
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return err
		default:
			beat, cancel := context.WithTimeout(ctx, beatPatience)
			err := run(beat, conn, "SELECT 1")
			cancel()
			if err != nil {
				return err
			}
		}
	}
}

// wait waits for a notification.
func wait(ctx context.Context, conn *pgx.Conn, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := conn.WaitForNotification(ctx)
	return err
}

func run(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// teller tells the others, through the server, that something has changed. It
// does so after the commit, beside the callers and on a connection of its own: a
// NOTIFY inside of a transaction makes all commits wait for one another. What was
// changed while it was busy is told at once, and what could not be told, later.
type teller struct {
	dial func(context.Context) (*pgx.Conn, error)
	sql  string

	wake chan struct{} // holds one token while there is something to tell
	life context.Context
	end  context.CancelFunc
	work sync.WaitGroup
	conn *pgx.Conn // only the goroutine's
}

const (
	tellPatience = 5 * time.Second      // for one telling
	lastPatience = time.Second          // for the one before the end
	shortestCalm = 2 * time.Millisecond // between two tellings, so that what many save is told at once
	longestCalm  = 10 * time.Millisecond
	firstPause   = 100 * time.Millisecond // after one that did not work
	longestPause = 10 * time.Second
)

// notify is as cheap as it can be: NOTIFY has a number given to its transaction,
// whose end would otherwise be flushed to the disk. All is sent at once, since
// behind a pooler no setting may outlive the transaction.
func notify(channel string) string {
	return "BEGIN; SET LOCAL synchronous_commit = off; NOTIFY " + channel + "; COMMIT"
}

func newTeller(dial func(context.Context) (*pgx.Conn, error), sql string) *teller {
	t := &teller{dial: dial, sql: sql, wake: make(chan struct{}, 1)}
	t.life, t.end = context.WithCancel(context.Background())
	t.work.Go(t.run)
	return t
}

// tell never blocks.
func (t *teller) tell() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// close ends it, after what is still to be told.
func (t *teller) close() {
	t.end()
	t.work.Wait()
}

func (t *teller) run() {
	last := context.WithoutCancel(t.life)
	defer t.hangUp(last)
	for pause, next := firstPause, shortestCalm; t.life.Err() == nil; {
		select {
		case <-t.life.Done():
			continue
		case <-t.wake:
		}
		if t.send(t.life, tellPatience) {
			pause = firstPause
			if len(t.wake) == 0 {
				next = shortestCalm
			} else { // many save
				next = min(2*next, longestCalm)
			}
		} else {
			t.tell() // later
			next, pause = pause, min(2*pause, longestPause)
		}
		select {
		case <-t.life.Done():
		case <-time.After(next):
		}
	}
	select {
	case <-t.wake:
		t.send(last, lastPatience)
	default:
	}
}

// send tells, on a new connection if the one it has is gone.
func (t *teller) send(ctx context.Context, patience time.Duration) (ok bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for old := t.conn != nil; ; old = false {
		var err error
		if t.conn == nil {
			t.conn, err = t.dial(ctx)
		}
		if err == nil {
			err = run(ctx, t.conn, t.sql)
		}
		if err == nil {
			return true
		}
		t.hangUp(ctx)
		if !old {
			return false
		}
	}
}

func (t *teller) hangUp(ctx context.Context) {
	if t.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastPatience)
	defer cancel()
	t.conn.Close(ctx)
	t.conn = nil
}
