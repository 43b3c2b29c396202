package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// Snapshot implements [backend.Snapshotter]. A snapshot is the list of the
// transactions that it sees, kept here and given to every statement; the server
// knows nothing of it, and no connection is held. Since rows are only added and
// marked, it stays good for as long as someone wants it.
func (db *database) Snapshot(ctx context.Context) (backend.Snapshot, error) {
	var text string
	var replica bool
	err := db.query(ctx, `SELECT pg_current_snapshot()::text, pg_is_in_recovery()`, nil, func(rows pgx.Rows) error {
		return rows.Scan(&text, &replica)
	})
	if err != nil {
		return nil, err
	}
	if replica {
		return nil, fmt.Errorf("a replica does not know which transactions are running: %w", errors.ErrUnsupported)
	}
	return snapshot{reader{db: db, reads: db.frozenReads, snapshot: []any{text}}}, nil
}

type snapshot struct{ reader }

// Close implements [backend.Snapshot]. There is nothing to release.
func (snapshot) Close() error { return nil }
