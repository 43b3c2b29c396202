package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/jsontext"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// write runs fn in a transaction of the only writer. Waiting for that ends with
// ctx; what follows is short, and is not broken off.
func (s *store) write(ctx context.Context, fn func(*sessions.Session) error) error {
	if s.readOnly != "" {
		return fmt.Errorf("%w: %s: %s", prompty.ErrReadOnly, s.path, s.readOnly)
	}
	c, err := s.writes.Take(ctx)
	if err != nil {
		return err
	}
	intact := true
	defer func() { s.writes.Give(c, intact) }()
	if err := s.await(ctx, func() error { _, err := c.Exec(background, "BEGIN IMMEDIATE"); return err }); err != nil {
		return s.explain(err)
	}
	if err = s.checkPlace(); err == nil {
		err = fn(c)
	}
	if err == nil {
		_, err = c.Exec(background, "COMMIT")
	}
	if err != nil {
		_, undone := c.Exec(background, "ROLLBACK")
		intact = undone == nil
	}
	return s.explain(err)
}

// checkPlace refuses to write into a file that nobody will find again.
func (s *store) checkPlace() error {
	if file, err := os.Stat(s.path); err != nil || !os.SameFile(file, s.file) {
		return fmt.Errorf("%s was moved, removed or replaced while it was open: put it back, or open it again", s.path)
	}
	return nil
}

func (s *store) Save(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	return s.write(ctx, func(c *sessions.Session) error {
		if base != backend.AnyVersion {
			latest := 0
			err := c.Row(background, s.sql("SELECT latest FROM prompty_heads WHERE name = ?"), []any{t.Name}, &latest)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			if latest != base {
				return prompty.NewStorageConflictError(t.Name, base, latest)
			}
		}
		return s.insert(c, t)
	})
}

// SaveAll implements backend.Batcher.
func (s *store) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	return s.write(ctx, func(c *sessions.Session) error {
		for _, t := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.insert(c, t); err != nil {
				return err
			}
		}
		return nil
	})
}

const (
	nextVersion = `
INSERT INTO prompty_heads (name, high, latest, changed, saved_at)
VALUES (?1, 1, 1, (SELECT ifnull(max(changed), 0) + 1 FROM prompty_heads), ?2)
ON CONFLICT (name) DO UPDATE SET
  high = high + 1, latest = high + 1, changed = excluded.changed, saved_at = max(excluded.saved_at, saved_at + 1)
RETURNING high, changed, saved_at`

	insertVersion = `
INSERT INTO prompty_versions (name, version, added, created_at, created_by, tenant_id, tags, metadata, source)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertTags = `INSERT OR IGNORE INTO prompty_tags (tag, name, version) SELECT value, ?2, ?3 FROM json_each(?1)`
)

func (s *store) insert(c *sessions.Session, t *prompty.StoredTemplate) error {
	var version, changed, savedAt int64
	if err := c.Row(background, s.sql(nextVersion), []any{t.Name, time.Now().UnixMicro()}, &version, &changed, &savedAt); err != nil {
		return err
	}
	tags := jsontext.List(t.Tags)
	if _, err := c.Exec(background, s.sql(insertVersion), t.Name, version, changed, savedAt, t.CreatedBy, t.TenantID, tags, jsontext.Map(t.Metadata), t.Source); err != nil {
		return err
	}
	if tags != "" {
		if _, err := c.Exec(background, s.sql(insertTags), tags, t.Name, version); err != nil {
			return err
		}
	}
	t.Version = int(version)
	t.ID = backend.ID(t.Name, t.Version)
	t.CreatedAt = time.UnixMicro(savedAt).UTC()
	t.UpdatedAt = t.CreatedAt
	return nil
}

const (
	nextChange = `changed = (SELECT max(changed) + 1 FROM prompty_heads)`

	hideName = `UPDATE prompty_heads SET latest = 0, ` + nextChange + ` WHERE name = ? AND latest > 0 RETURNING changed`

	hideVersions = `UPDATE prompty_versions SET removed = ?1 WHERE name = ?2 AND removed IS NULL`

	hideVersion = `UPDATE prompty_versions SET removed = (SELECT max(changed) + 1 FROM prompty_heads) WHERE name = ? AND version = ? AND removed IS NULL`

	fallBack = `
UPDATE prompty_heads SET ` + nextChange + `,
  latest = (SELECT ifnull(max(version), 0) FROM prompty_versions v WHERE v.name = prompty_heads.name AND v.removed IS NULL)
WHERE name = ?`
)

func (s *store) Delete(ctx context.Context, name string) error {
	return s.write(ctx, func(c *sessions.Session) error {
		var changed int64
		err := c.Row(background, s.sql(hideName), []any{name}, &changed)
		if errors.Is(err, sql.ErrNoRows) {
			return prompty.NewStorageTemplateNotFoundError(name)
		}
		if err == nil {
			_, err = c.Exec(background, s.sql(hideVersions), changed, name)
		}
		return err
	})
}

func (s *store) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.write(ctx, func(c *sessions.Session) error {
		result, err := c.Exec(background, s.sql(hideVersion), name, version)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, prompty.NewStorageVersionNotFoundError(name, version))
		}
		_, err = c.Exec(background, s.sql(fallBack), name)
		return err
	})
}
