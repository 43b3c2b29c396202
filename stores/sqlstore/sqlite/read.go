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

func (r reader) one(ctx context.Context, name, condition string, args ...any) (t *prompty.StoredTemplate, err error) {
	row := row{name: name}
	query := r.s.sql("SELECT " + columns + " FROM prompty_versions v WHERE v.name = ?1 AND " + condition + " AND " + r.visible())
	if err := r.s.read(ctx, func(c *sessions.Session) error {
		return c.Row(background, query, append([]any{name}, args...), row.dest()...)
	}); err != nil {
		return nil, err
	}
	return r.s.template(&row)
}

func (r reader) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	for range 2 {
		t, err := r.one(ctx, name, "v.version = "+r.latest("?1"))
		if !errors.Is(err, sql.ErrNoRows) {
			return t, err
		}
		latest, err := r.LatestVersion(ctx, name)
		if err != nil || latest == 0 {
			return nil, errors.Join(err, prompty.NewStorageTemplateNotFoundError(name))
		}
	} // the first time it may have been saved in between
	return nil, fmt.Errorf(r.s.sql("the tables in %s do not agree, as after a change by hand: prompty_heads names a latest version of %q that is not in prompty_versions; delete the name with prompty, or set latest to one that is"), r.s.path, name)
}

func (r reader) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	t, err := r.one(ctx, name, "v.version = ?2", version)
	if errors.Is(err, sql.ErrNoRows) {
		err = prompty.NewStorageVersionNotFoundError(name, version)
	}
	return t, err
}

func (r reader) LatestVersion(ctx context.Context, name string) (version int, err error) {
	query := r.s.sql("SELECT ifnull(" + r.latest("?1") + ", 0)")
	err = r.s.read(ctx, func(c *sessions.Session) error { return c.Row(background, query, []any{name}, &version) })
	return version, err
}

func (r reader) ListVersions(ctx context.Context, name string) (list []int, err error) {
	query := r.s.sql("SELECT v.version FROM prompty_versions v WHERE v.name = ? AND " + r.visible() + " ORDER BY v.version DESC")
	err = r.s.read(ctx, func(c *sessions.Session) error {
		list = nil
		return c.Rows(ctx, query, []any{name}, func(scan func(...any) error) error {
			var version int
			err := scan(&version)
			list = append(list, version)
			return err
		})
	})
	return list, err
}

func (r reader) History(ctx context.Context, name string) (list []prompty.HistoryEntry, err error) {
	query := r.s.sql("SELECT v.version, v.created_at, v.created_by, octet_length(v.source) FROM prompty_versions v WHERE v.name = ? AND " + r.visible() + " ORDER BY v.version DESC")
	err = r.s.read(ctx, func(c *sessions.Session) error {
		list = nil
		return c.Rows(ctx, query, []any{name}, func(scan func(...any) error) error {
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
