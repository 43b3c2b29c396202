package sqlite

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

// reader answers from one state.
type reader struct {
	s *store
	state
	queries
}

// state says what is seen.
type state interface {
	// visible is the condition that version v is there.
	visible() string
	// latest is the latest version of a name, which is an expression; 0 or NULL: none.
	latest(name string) string
}

// now is the state of each moment.
type now struct{}

func (now) visible() string { return "v.removed IS NULL" }

func (now) latest(name string) string {
	return "(SELECT latest FROM prompty_heads WHERE name = " + name + ")"
}

// queries are those of a state that are always the same.
type queries struct{ get, getVersion, latestVersion, listVersions, history string }

func newReader(s *store, state state) reader {
	query := func(columns, condition string) string {
		return s.sql("SELECT " + columns + " FROM prompty_versions v WHERE v.name = ? AND " + state.visible() + condition)
	}
	const newestFirst = " ORDER BY v.version DESC"
	return reader{s, state, queries{
		get:           query(columns, newestFirst+" LIMIT 1"),
		getVersion:    query(columns, " AND v.version = ?"),
		latestVersion: query("v.version", newestFirst+" LIMIT 1"),
		listVersions:  query("v.version", newestFirst),
		history:       query("v.version, v.created_at, v.created_by, octet_length(v.source)", newestFirst),
	}}
}

const columns = "v.version, v.created_at, v.created_by, v.tenant_id, v.tags, v.metadata, v.source"

// row is a row of these columns.
type row struct {
	name           string
	version        int
	createdAt      int64
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
		CreatedAt: time.UnixMicro(r.createdAt).UTC(),
	}
	t.UpdatedAt = t.CreatedAt
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

func (r reader) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	row := row{name: name}
	err := r.s.read(ctx, func(c *sessions.Session) error { return c.Row(background, r.get, []any{name}, row.dest()...) })
	switch {
	case err == nil:
		return r.s.template(&row)
	case errors.Is(err, sql.ErrNoRows):
		err = prompty.NewStorageTemplateNotFoundError(name)
	}
	return nil, err
}

func (r reader) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	row := row{name: name}
	err := r.s.read(ctx, func(c *sessions.Session) error {
		return c.Row(background, r.getVersion, []any{name, version}, row.dest()...)
	})
	switch {
	case err == nil:
		return r.s.template(&row)
	case errors.Is(err, sql.ErrNoRows):
		err = prompty.NewStorageVersionNotFoundError(name, version)
	}
	return nil, err
}

func (r reader) LatestVersion(ctx context.Context, name string) (version int, err error) {
	err = r.s.read(ctx, func(c *sessions.Session) error {
		err := c.Row(background, r.latestVersion, []any{name}, &version)
		if errors.Is(err, sql.ErrNoRows) {
			version, err = 0, nil
		}
		return err
	})
	return version, err
}

func (r reader) ListVersions(ctx context.Context, name string) (list []int, err error) {
	err = r.s.read(ctx, func(c *sessions.Session) error {
		list = nil
		return c.Rows(ctx, r.listVersions, []any{name}, func(scan func(...any) error) error {
			var version int
			err := scan(&version)
			list = append(list, version)
			return err
		})
	})
	return list, err
}

func (r reader) History(ctx context.Context, name string) (list []prompty.HistoryEntry, err error) {
	err = r.s.read(ctx, func(c *sessions.Session) error {
		list = nil
		return c.Rows(ctx, r.history, []any{name}, func(scan func(...any) error) error {
			var e prompty.HistoryEntry
			var at int64
			err := scan(&e.Version, &at, &e.Author, &e.Size)
			e.ID, e.Time = backend.ID(name, e.Version), time.UnixMicro(at).UTC()
			list = append(list, e)
			return err
		})
	})
	if err == nil && len(list) == 0 {
		err = prompty.NewStorageTemplateNotFoundError(name)
	}
	return list, err
}
