package sqlite

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// Heads numbers its positions as the changes are: they are made one after the
// other, so none can appear behind one that was told. In a file without locks,
// which may have become another one, the numbers say nothing.
func (s *store) Heads(ctx context.Context, since string) (heads []backend.Head, position string, err error) {
	last := int64(0)
	if since != "" {
		if last, err = strconv.ParseInt(since, 10, 64); err != nil {
			return nil, "", fmt.Errorf("position %q is none of this storage's", since)
		}
	}
	if s.immutable {
		last = 0
	}
	from := last
	err = s.read(ctx, func(c *sessions.Session) error {
		heads = nil
		return c.Rows(ctx, s.sql(listHeads), []any{from}, func(scan func(...any) error) error {
			var h backend.Head
			err := scan(&h.Name, &h.Version, &h.Change)
			heads = append(heads, h)
			last = max(last, h.Change)
			return err
		})
	})
	return heads, strconv.FormatInt(last, 10), err
}

const listHeads = "SELECT name, latest, changed FROM prompty_heads WHERE changed > ?"

// Looks for changes follow each other slowly, or not so slowly where nothing
// tells that there may be one; and after such a hint fast, then slower, until
// the change is seen: the log is written to before its last commit counts.
const (
	slowLook  = time.Second
	blindLook = 20 * time.Millisecond
	fastLook  = 250 * time.Microsecond
	fastest   = 11 // times twice as slow as the one before
)

// Listen implements backend.Listener: SQLite counts the commits of others, and
// tells the count without a look at any table. Writes to the log are the hints.
func (s *store) Listen(ctx context.Context, armed, changed func()) error {
	look, end, err := s.looker(ctx)
	if err != nil {
		return s.explain(err)
	}
	defer end()
	known, err := look()
	if err != nil {
		return s.explain(err)
	}
	hints, stop := watchFile(s.path + "-wal")
	defer stop()
	// What was committed before the file was watched is seen by the first look.
	rest := slowLook
	if hints == nil && !s.immutable {
		rest = blindLook
	}
	armed()
	wait, eager := rest, 0
	for {
		timer := time.NewTimer(wait)
		select {
		case <-hints:
			eager = fastest
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		timer.Stop()
		now, err := look()
		if err != nil {
			return s.explain(err)
		}
		if now != known {
			known, eager = now, min(eager, 1) // perhaps there is more of it
			changed()
		}
		wait = rest
		if eager > 0 {
			wait = min(fastLook<<(fastest-eager), rest)
			eager--
		}
	}
}

// looker returns what to ask for a number that changes with the database.
func (s *store) looker(ctx context.Context) (look func() (int64, error), end func(), err error) {
	if s.immutable {
		return func() (int64, error) {
			state := s.fileState()
			return state.size ^ state.time.UnixNano(), nil
		}, func() {}, nil
	}
	db, err := s.openDB()
	if err != nil {
		return nil, nil, err
	}
	pool := sessions.New(db, 1, 0, s.setup()...)
	c, err := pool.Take(ctx)
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	look = func() (version int64, err error) {
		err = s.await(ctx, func() error { return c.Row(background, "PRAGMA data_version", nil, &version) })
		return version, err
	}
	return look, func() { pool.Give(c, false); pool.Close() }, nil
}
