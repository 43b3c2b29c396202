package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/jsontext"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// reader answers from the state that run's sessions see: that of each moment, or
// of a snapshot.
type reader struct {
	s   *store
	run func(context.Context, func(context.Context, *sessions.Session) error) error
}

const columns = "v.version, v.created_at, v.created_by, v.tenant_id, v.tags, v.metadata, v.source"

// row is a row of these columns.
type row struct {
	name           string
	version        int
	createdAt      time.Time
	by, tenant     string
	tags, metadata string
	source         string
}

func (r *row) dest() []any {
	return []any{&r.version, &r.createdAt, &r.by, &r.tenant, &r.tags, &r.metadata, &r.source}
}

func (s *store) template(r *row) (*prompty.StoredTemplate, error) {
	t := &prompty.StoredTemplate{
		ID: backend.ID(r.name, r.version), Name: r.name, Version: r.version, Source: r.source, CreatedBy: r.by, TenantID: r.tenant,
		CreatedAt: r.createdAt, UpdatedAt: r.createdAt,
	}
	var err error
	if t.Tags, err = jsontext.ParseList(r.tags); err != nil {
		return nil, s.spoilt(r, "tags", err)
	}
	if t.Metadata, err = jsontext.ParseMap(r.metadata); err != nil {
		return nil, s.spoilt(r, "metadata", err)
	}
	return t, nil
}

// spoilt is the error for a row that was changed by hand.
func (s *store) spoilt(r *row, column string, err error) error {
	return fmt.Errorf("table %s, version %d of %q: column %s was changed by hand, and is %w; mend it, or delete the version", s.sql("prompty_versions"), r.version, r.name, column, err)
}

// one returns the only row of a query, or sql.ErrNoRows.
func (r reader) one(ctx context.Context, name, query string, args ...any) (*prompty.StoredTemplate, error) {
	row := row{name: name}
	err := r.run(ctx, func(ctx context.Context, c *sessions.Session) error {
		return c.Row(ctx, r.s.sql(query), args, row.dest()...)
	})
	if err != nil {
		return nil, err
	}
	return r.s.template(&row)
}

const (
	getLatest = `SELECT ` + columns + `
FROM prompty_heads h LEFT JOIN prompty_versions v ON v.name = h.name AND v.version = h.latest AND v.deleted_at IS NULL
WHERE h.name = ? AND h.latest > 0`

	getVersion = `SELECT ` + columns + ` FROM prompty_versions v WHERE v.name = ? AND v.version = ? AND v.deleted_at IS NULL`

	getNumber = `SELECT latest FROM prompty_heads WHERE name = ?`

	listVersions = `SELECT version FROM prompty_versions WHERE name = ? AND deleted_at IS NULL ORDER BY version DESC`

	listHistory = `SELECT version, created_at, created_by, OCTET_LENGTH(source) FROM prompty_versions WHERE name = ? AND deleted_at IS NULL ORDER BY version DESC`
)

func (r reader) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	t, err := r.one(ctx, name, getLatest, name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		err = prompty.NewStorageTemplateNotFoundError(name)
	case errors.Is(err, sessions.ErrNull):
		err = fmt.Errorf(r.s.sql("the tables do not agree, as after a change by hand: prompty_heads names a latest version of %q that is not in prompty_versions; delete the name with prompty, or set latest to one that is: %w"), name, err)
	}
	return t, err
}

func (r reader) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	t, err := r.one(ctx, name, getVersion, name, version)
	if errors.Is(err, sql.ErrNoRows) {
		err = prompty.NewStorageVersionNotFoundError(name, version)
	}
	return t, err
}

func (r reader) LatestVersion(ctx context.Context, name string) (int, error) {
	var version int
	err := r.run(ctx, func(ctx context.Context, c *sessions.Session) error {
		return c.Row(ctx, r.s.sql(getNumber), []any{name}, &version)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, err
	}
	return version, nil
}

func (r reader) ListVersions(ctx context.Context, name string) ([]int, error) {
	var list []int
	err := r.run(ctx, func(ctx context.Context, c *sessions.Session) error {
		list = nil
		return c.Rows(ctx, r.s.sql(listVersions), []any{name}, func(scan func(...any) error) error {
			var version int
			err := scan(&version)
			list = append(list, version)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (r reader) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	var list []prompty.HistoryEntry
	err := r.run(ctx, func(ctx context.Context, c *sessions.Session) error {
		list = nil
		return c.Rows(ctx, r.s.sql(listHistory), []any{name}, func(scan func(...any) error) error {
			var e prompty.HistoryEntry
			err := scan(&e.Version, &e.Time, &e.Author, &e.Size)
			e.ID = backend.ID(name, e.Version)
			list = append(list, e)
			return err
		})
	})
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return list, nil
}
