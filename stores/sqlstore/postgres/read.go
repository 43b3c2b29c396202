package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/jsontext"
)

// reader answers from the present state, or from that of a snapshot.
type reader struct {
	db       *database
	reads    *reads
	snapshot []any // the snapshot, as the first argument of every statement; empty: the present
}

// reads are the statements of a reader. What List asks is written anew each time.
type reads struct {
	get, getVersion, latest, versions, history string
	live                                       string // the condition on a row v of versions
	first                                      int    // the number of the first argument after the snapshot
}

const templateColumns = "v.name, v.version, v.source, v.metadata, v.tags, v.created_at, v.created_by, v.tenant_id"

// A row counts in a snapshot if the transaction that saved it had ended by then,
// and the one that deleted it had not. Whatever this cluster has not reached yet
// was brought by a dump of another one, and is old.
const (
	nowLive    = "v.deleted IS NULL"
	frozenLive = "(" + ended + ") AND (v.deleted IS NULL OR NOT (" + gone + "))"
	ended      = "pg_visible_in_snapshot(v.txid, (SELECT $1::text::pg_snapshot)) OR v.txid >= (SELECT pg_snapshot_xmax(pg_current_snapshot()))"
	gone       = "pg_visible_in_snapshot(v.deleted, (SELECT $1::text::pg_snapshot)) OR v.deleted >= (SELECT pg_snapshot_xmax(pg_current_snapshot()))"
)

func newReads(sql func(string) string, frozen bool) *reads {
	r := &reads{live: nowLive, first: 1}
	if frozen {
		r.live, r.first = frozenLive, 2
	}
	name, version := fmt.Sprintf("v.name = $%d", r.first), fmt.Sprintf("v.version = $%d", r.first+1)
	write := func(columns, rest string) string {
		return sql("SELECT " + columns + " FROM prompty_versions v WHERE " + name + " AND " + r.live + " " + rest)
	}
	r.get = write(templateColumns, "ORDER BY v.version DESC LIMIT 1")
	r.getVersion = write(templateColumns, "AND "+version)
	r.latest = write("v.version", "ORDER BY v.version DESC LIMIT 1")
	r.versions = write("v.version", "ORDER BY v.version DESC")
	r.history = write("v.version, v.created_by, v.created_at, octet_length(v.source)", "ORDER BY v.version DESC")
	return r
}

// args are a statement's arguments.
func (r reader) args(list ...any) []any {
	return append(r.snapshot[:len(r.snapshot):len(r.snapshot)], list...)
}

// Get implements [backend.Reader].
func (r reader) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	t, err := r.one(ctx, r.reads.get, r.args(name))
	if err == nil && t == nil {
		err = prompty.NewStorageTemplateNotFoundError(name)
	}
	return t, err
}

// GetVersion implements [backend.Reader].
func (r reader) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	t, err := r.one(ctx, r.reads.getVersion, r.args(name, version))
	if err == nil && t == nil {
		err = prompty.NewStorageVersionNotFoundError(name, version)
	}
	return t, err
}

// one returns the template that a statement finds, or nil.
func (r reader) one(ctx context.Context, sql string, args []any) (t *prompty.StoredTemplate, err error) {
	err = r.db.query(ctx, sql, args, func(rows pgx.Rows) error {
		t, err = scan(rows)
		return err
	})
	return t, err
}

// LatestVersion implements [backend.Reader].
func (r reader) LatestVersion(ctx context.Context, name string) (version int, err error) {
	err = r.db.query(ctx, r.reads.latest, r.args(name), func(rows pgx.Rows) error { return rows.Scan(&version) })
	return version, err
}

// ListVersions implements [backend.Reader].
func (r reader) ListVersions(ctx context.Context, name string) (list []int, err error) {
	err = r.db.query(ctx, r.reads.versions, r.args(name), func(rows pgx.Rows) error {
		var version int
		err := rows.Scan(&version)
		list = append(list, version)
		return err
	})
	return list, err
}

// History implements [backend.Reader].
func (r reader) History(ctx context.Context, name string) (list []prompty.HistoryEntry, err error) {
	err = r.db.query(ctx, r.reads.history, r.args(name), func(rows pgx.Rows) error {
		var e prompty.HistoryEntry
		if err := rows.Scan(&e.Version, &e.Author, &e.Time, &e.Size); err != nil {
			return badRow(name, e.Version, err)
		}
		e.ID, e.Time = backend.ID(name, e.Version), e.Time.UTC()
		list = append(list, e)
		return nil
	})
	if err == nil && list == nil {
		err = prompty.NewStorageTemplateNotFoundError(name)
	}
	return list, err
}

// scan reads templateColumns.
func scan(rows pgx.Rows) (*prompty.StoredTemplate, error) {
	t := new(prompty.StoredTemplate)
	var metadata, tags string
	err := rows.Scan(&t.Name, &t.Version, &t.Source, &metadata, &tags, &t.CreatedAt, &t.CreatedBy, &t.TenantID)
	if err == nil && metadata != "{}" {
		t.Metadata, err = jsontext.ParseMap(metadata)
	}
	if err == nil && tags != "[]" {
		t.Tags, err = jsontext.ParseList(tags)
	}
	if err != nil {
		return nil, badRow(t.Name, t.Version, err)
	}
	t.ID = backend.ID(t.Name, t.Version)
	t.CreatedAt = t.CreatedAt.UTC()
	t.UpdatedAt = t.CreatedAt
	return t, nil
}

// badRow is the error for what somebody has written by hand.
func badRow(name string, version int, err error) error {
	return fmt.Errorf("the row of %s in table versions, version %d, is damaged: %w; mend it, or mark it as deleted", name, version, err)
}

// query runs a statement that only reads, and calls fn for each row. A connection
// that turns out to be lost is no reason to fail: another one is tried, from the
// start, unless rows were seen.
func (db *database) query(ctx context.Context, sql string, args []any, fn func(pgx.Rows) error) error {
	for attempt := 1; ; attempt++ {
		seen, err := db.queryOnce(ctx, sql, args, fn)
		if err == nil || seen || attempt == readAttempts || ctx.Err() != nil || !isLost(err) {
			return db.explain(err)
		}
	}
}

// readAttempts is how often a read finds its connection lost before it gives up.
const readAttempts = 3

func (db *database) queryOnce(ctx context.Context, sql string, args []any, fn func(pgx.Rows) error) (seen bool, err error) {
	p := db.newPatience(ctx, 0)
	defer p.end()
	conn, err := db.acquire(p)
	if err != nil {
		return false, err
	}
	defer conn.Release()
	rows, err := conn.Query(p.ctx, sql, args...)
	if err == nil {
		defer rows.Close()
		for rows.Next() {
			p.renew()
			seen = true
			if err := fn(rows); err != nil {
				return true, err
			}
		}
		err = rows.Err()
	}
	db.noteLost(err)
	return seen, p.explain(err)
}
