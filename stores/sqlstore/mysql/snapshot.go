package mysql

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// snapshot is a transaction that sees one state, on a connection of its own.
type snapshot struct {
	reader
	session *sessions.Session
	turn    chan struct{} // full while the session is in use

	once sync.Once
	lost bool // written with the turn
}

// snapshotPatience is how long to wait while there are as many as there may be.
const snapshotPatience = 10 * time.Second

// Snapshot implements backend.Snapshotter.
func (s *store) Snapshot(ctx context.Context) (backend.Snapshot, error) {
	for attempt := 0; ; attempt++ {
		start := time.Now()
		session, err := s.takeSnapshotSession(ctx)
		if err != nil {
			return nil, s.explain(err)
		}
		_, err = session.ExecOnce(ctx, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
		if err == nil {
			frozen := &snapshot{session: session, turn: make(chan struct{}, 1)}
			frozen.reader = reader{s: s, run: frozen.read}
			s.mu.Lock()
			s.open[frozen] = true
			s.mu.Unlock()
			return frozen, nil
		}
		s.snapshots.Give(session, false)
		if isAnswer(err) || ctx.Err() != nil || attempt == 2 || time.Since(start) > quick {
			return nil, s.explain(err)
		}
		s.snapshots.Drop()
	}
}

func (s *store) takeSnapshotSession(ctx context.Context) (*sessions.Session, error) {
	inner, cancel := context.WithTimeout(ctx, snapshotPatience)
	defer cancel()
	session, err := s.snapshots.Take(inner)
	if err != nil && inner.Err() != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("there was no connection for a snapshot for %v: %d may be open at one time, so close those that are done (%w)", snapshotPatience, mostSnapshots, err)
	}
	return session, err
}

var errSnapshotLost = errors.New("the connection of the snapshot was lost, and the state with it: take another snapshot")

// read waits for its turn. A query that is no longer waited for goes on, for to
// break it off would end the connection, and the snapshot.
func (f *snapshot) read(ctx context.Context, query func(context.Context, *sessions.Session) error) error {
	select {
	case f.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.lost {
		<-f.turn
		return errSnapshotLost
	}
	done := make(chan error, 1)
	go func() {
		err := query(context.WithoutCancel(ctx), f.session)
		if !isAnswer(err) {
			f.lost = true
			err = fmt.Errorf("%w: %w", errSnapshotLost, err)
		}
		<-f.turn
		done <- f.s.explain(err)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *snapshot) Close() error {
	f.once.Do(func() {
		f.turn <- struct{}{}
		defer func() { <-f.turn }()
		intact := !f.lost
		if intact {
			ctx, cancel := context.WithTimeout(context.Background(), quick)
			defer cancel()
			_, err := f.session.ExecOnce(ctx, "ROLLBACK")
			intact = err == nil
		}
		f.lost = true
		f.s.snapshots.Give(f.session, intact)
		f.s.mu.Lock()
		delete(f.s.open, f)
		f.s.mu.Unlock()
	})
	return nil
}
