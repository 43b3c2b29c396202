package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/jsontext"
)

// writes are the statements that change something. Each is whole by itself, and
// begins with the row of the name in heads: who has its lock is next, and reads
// what the one before has left.
type writes struct {
	save     string // whatever is there
	saveNew  string // unless there is a version
	saveOn   string // if version $7 is the latest
	current  string // the latest version, as the savers see it
	lock     string
	deleted  string // all versions
	deleted1 string // version $2
}

func newWrites(sql func(string) string) *writes {
	const (
		insertHead = `INSERT INTO prompty_heads AS h (name, high, latest, changes, saved) VALUES ($1, 1, 1, 1, clock_timestamp())
			ON CONFLICT (name) DO UPDATE`
		next = ` SET high = h.high + 1, latest = h.high + 1, changes = h.changes + 1,
			saved = greatest(clock_timestamp(), h.saved + interval '1 microsecond')`
	)
	save := func(head string) string {
		return sql(`WITH head AS (` + head + ` RETURNING h.high, h.saved)
			INSERT INTO prompty_versions (name, version, source, metadata, tags, created_at, created_by, tenant_id)
			SELECT $1, head.high, $2, $3::jsonb, $4::jsonb, head.saved, $5, $6 FROM head
			RETURNING version, created_at`)
	}
	hide := func(which string) string {
		return sql(`WITH hidden AS (
				UPDATE prompty_versions v SET deleted = pg_current_xact_id()
				WHERE v.name = $1 AND v.deleted IS NULL` + which + `
					AND EXISTS (SELECT FROM prompty_heads h WHERE h.name = $1 AND h.xmin = pg_current_xact_id()::xid)
				RETURNING v.version
			), head AS (
				UPDATE prompty_heads h SET changes = h.changes + 1, latest = coalesce((
					SELECT v.version FROM prompty_versions v
					WHERE v.name = $1 AND v.deleted IS NULL AND v.version NOT IN (SELECT version FROM hidden)
					ORDER BY v.version DESC LIMIT 1), 0)
				WHERE h.name = $1 AND EXISTS (SELECT FROM hidden)
			) SELECT count(*) FROM hidden`)
	}
	return &writes{
		save:     save(insertHead + next),
		saveNew:  save(insertHead + next + ` WHERE h.latest = 0`),
		saveOn:   save(`UPDATE prompty_heads h` + next + ` WHERE h.name = $1 AND h.latest = $7`),
		current:  sql(`SELECT latest FROM prompty_heads WHERE name = $1`),
		lock:     sql(`UPDATE prompty_heads SET saved = saved WHERE name = $1`),
		deleted:  hide(``),
		deleted1: hide(` AND v.version = $2`),
	}
}

// saveArgs are the arguments of writes.save.
func saveArgs(t *prompty.StoredTemplate) []any {
	return []any{t.Name, t.Source, cmp.Or(jsontext.Map(t.Metadata), "{}"), cmp.Or(jsontext.List(t.Tags), "[]"), t.CreatedBy, t.TenantID}
}

// stamp sets on t what the database has decided.
func stamp(t *prompty.StoredTemplate, version int, at time.Time) {
	t.ID, t.Version, t.CreatedAt = backend.ID(t.Name, version), version, at.UTC()
	t.UpdatedAt = t.CreatedAt
}

// Save implements [backend.Backend]. It is one statement, which commits by
// itself: one round trip.
func (db *database) Save(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	sql, args := db.writes.save, saveArgs(t)
	switch {
	case base == 0:
		sql = db.writes.saveNew
	case base != backend.AnyVersion:
		number := base
		if number > math.MaxInt32 {
			number = -1 // which is no version either
		}
		sql, args = db.writes.saveOn, append(args, number)
	}
	return db.change(ctx, len(t.Source), func(p *patience, conn *pgx.Conn) (bool, error) {
		var version int
		var at time.Time
		err := conn.QueryRow(p.ctx, sql, args...).Scan(&version, &at)
		if err == pgx.ErrNoRows {
			return false, db.conflict(p, conn, t.Name, base)
		}
		if err == nil {
			stamp(t, version, at)
		}
		return true, err
	})
}

// conflict is why a save with a base found no row to change.
func (db *database) conflict(p *patience, conn *pgx.Conn, name string, base int) error {
	var latest int
	err := conn.QueryRow(p.ctx, db.writes.current, name).Scan(&latest)
	switch {
	case err != nil && err != pgx.ErrNoRows:
		return err
	case latest == base:
		return errMeanwhile
	}
	return prompty.NewStorageConflictError(name, base, latest)
}

// SaveAll implements [backend.Batcher]. The server takes what comes without a
// Sync in between as one transaction. Names are locked in the same order by all.
func (db *database) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *prompty.StoredTemplate) int { return cmp.Compare(a.Name, b.Name) })
	size := 0
	for _, t := range list {
		size += len(t.Source)
	}
	type saved struct {
		version int
		at      time.Time
	}
	return db.change(ctx, size, func(p *patience, conn *pgx.Conn) (bool, error) {
		results := make([]saved, len(list))
		batch := new(pgx.Batch) // good for one connection
		for _, t := range list {
			batch.Queue(db.writes.save, saveArgs(t)...)
		}
		answers := conn.SendBatch(p.ctx, batch)
		for i := range results {
			if err := answers.QueryRow().Scan(&results[i].version, &results[i].at); err != nil {
				answers.Close()
				return true, err
			}
			p.renew()
		}
		if err := answers.Close(); err != nil { // that of the commit
			return true, err
		}
		for i, t := range list {
			stamp(t, results[i].version, results[i].at)
		}
		return true, nil
	})
}

// Delete implements [backend.Backend].
func (db *database) Delete(ctx context.Context, name string) error {
	return db.hide(ctx, prompty.NewStorageTemplateNotFoundError(name), db.writes.deleted, name)
}

// DeleteVersion implements [backend.Backend].
func (db *database) DeleteVersion(ctx context.Context, name string, version int) error {
	return db.hide(ctx, prompty.NewStorageVersionNotFoundError(name, version), db.writes.deleted1, name, version)
}

// hide marks versions as deleted; missing is the error if there are none. The
// second of the two statements, sent at once, begins when the first has the lock,
// and so sees all that was saved before. If the first found no row to lock, which
// the row's xmin tells, the name did not exist yet, and nothing is hidden.
func (db *database) hide(ctx context.Context, missing error, sql string, args ...any) error {
	return db.change(ctx, 0, func(p *patience, conn *pgx.Conn) (bool, error) {
		batch := new(pgx.Batch)
		batch.Queue(db.writes.lock, args[0])
		batch.Queue(sql, args...)
		answers := conn.SendBatch(p.ctx, batch)
		var hidden int
		_, err := answers.Exec()
		if err == nil {
			err = answers.QueryRow().Scan(&hidden)
		}
		if end := answers.Close(); err == nil {
			err = end
		}
		if err == nil && hidden == 0 {
			return false, missing
		}
		return true, err
	})
}

// change calls fn with a connection; size is how many bytes will be sent. It is
// tried again when surely nothing has happened. fn tells whether it got as far as
// to send a change; an error of it is then the server's, or the connection's.
func (db *database) change(ctx context.Context, size int, fn func(*patience, *pgx.Conn) (sent bool, err error)) error {
	err := backend.Retry(ctx, isTransient, func() error {
		p := db.newPatience(ctx, size)
		defer p.end()
		conn, err := db.acquire(p)
		if err != nil {
			return err
		}
		defer conn.Release()
		sent, err := fn(p, conn.Conn())
		db.noteLost(err)
		if err != nil && sent && mayHaveHappened(err) {
			return backend.OutcomeUnknown(p.explain(err))
		}
		return p.explain(err)
	})
	if pg, said := errors.AsType[*pgconn.PgError](err); said && pg.Code == "42501" {
		return fmt.Errorf("%w: %w", prompty.ErrReadOnly, db.explain(err))
	}
	if err != nil {
		return db.explain(err)
	}
	if db.teller != nil {
		db.teller.tell()
	}
	return nil
}
