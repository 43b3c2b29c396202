package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/jsontext"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

// write runs fn in a transaction, and again if another one was in the way, or if
// the connection was lost before the commit was sent: then nothing has happened.
func (s *store) write(ctx context.Context, fn func(context.Context, *sessions.Session) error) error {
	losses := 0
	var start time.Time
	again := func(err error) bool {
		if isConflict(err) || errors.Is(err, errRaced) {
			return true
		}
		if _, sent := errors.AsType[*committing](err); sent || isAnswer(err) {
			return false
		}
		s.pool.Drop()
		losses++
		return losses < 3 && time.Since(start) < quick
	}
	err := backend.Retry(ctx, again, func() error {
		c, err := s.pool.Take(ctx)
		if err != nil {
			return &explained{s.explain(err).Error(), err} // not to be tried again
		}
		start = time.Now()
		err = s.transact(ctx, c, fn)
		intact := isAnswer(err) && ctx.Err() == nil
		if err != nil && intact {
			_, undone := c.ExecOnce(ctx, "ROLLBACK")
			intact = undone == nil && !isReadOnly(err) // the next connection may lead to another server
		}
		s.pool.Give(c, intact)
		return err
	})
	if c, ok := errors.AsType[*committing](err); ok && !isAnswer(c.err) {
		return backend.OutcomeUnknown(s.explain(c.err))
	}
	return s.explain(err)
}

// committing is the error of a commit.
type committing struct{ err error }

func (c *committing) Error() string { return c.err.Error() }
func (c *committing) Unwrap() error { return c.err }

func (s *store) transact(ctx context.Context, c *sessions.Session, fn func(context.Context, *sessions.Session) error) error {
	if _, err := c.ExecOnce(ctx, "START TRANSACTION READ WRITE"); err != nil {
		return err
	}
	if err := fn(ctx, c); err != nil {
		return err
	}
	if _, err := c.ExecOnce(ctx, "COMMIT"); err != nil {
		return &committing{err}
	}
	return nil
}

const (
	// MySQL's way to give back what it has set. Assignments see those before them.
	nextVersion = `
INSERT INTO prompty_heads (name, high, latest, changes, changed_at, saved_at)
VALUES (?, 1, 1, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))
ON DUPLICATE KEY UPDATE
  high = LAST_INSERT_ID(high + 1), latest = high, changes = changes + 1, changed_at = UTC_TIMESTAMP(6),
  saved_at = GREATEST(UTC_TIMESTAMP(6), saved_at + INTERVAL 1 MICROSECOND)`

	// It gives back the time, in microseconds since 1970.
	insertVersion = `
INSERT INTO prompty_versions (name, version, created_at, created_by, tenant_id, tags, metadata, source)
VALUES (?, ?,
  (SELECT saved_at FROM prompty_heads WHERE name = ? AND LAST_INSERT_ID(TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', saved_at)) > 0),
  ?, ?, ?, ?, ?)`

	lockHead = `SELECT latest FROM prompty_heads WHERE name = ? FOR UPDATE`
)

// errRaced is of a name that somebody else has made since it was looked for.
var errRaced = errors.New("another save of the same name was faster")

func (s *store) Save(ctx context.Context, t *prompty.StoredTemplate, base int) error {
	if err := s.fits(t); err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) error {
		if base == backend.AnyVersion {
			_, err := s.insert(ctx, c, t)
			return err
		}
		latest := 0
		err := c.Row(ctx, s.sql(lockHead), []any{t.Name}, &latest)
		missing := errors.Is(err, sql.ErrNoRows)
		if err != nil && !missing {
			return err
		}
		if latest != base {
			return prompty.NewStorageConflictError(t.Name, base, latest)
		}
		first, err := s.insert(ctx, c, t)
		if err == nil && missing && !first {
			return errRaced
		}
		return err
	})
}

// SaveAll implements backend.Batcher. Names are locked in one order by all, and
// get the time of the change when the batch is done, which may take long.
func (s *store) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *prompty.StoredTemplate) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range list {
		if err := s.fits(t); err != nil {
			return err
		}
	}
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) error {
		for _, t := range sorted {
			if _, err := s.insert(ctx, c, t); err != nil {
				return err
			}
		}
		for part := range slices.Chunk(sorted, 200) {
			args := make([]any, len(part))
			for i, t := range part {
				args[i] = []byte(t.Name)
			}
			if _, err := c.ExecOnce(ctx, s.sql(touch(len(args))), args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// touch stamps the heads of so many names.
func touch(names int) string {
	return `UPDATE prompty_heads SET changed_at = UTC_TIMESTAMP(6) WHERE name IN (?` + strings.Repeat(", ?", names-1) + `)`
}

// fits refuses what the server would not take in one packet.
func (s *store) fits(t *prompty.StoredTemplate) error {
	const why = "max_allowed_packet of the server"
	if len(t.Source) > s.limit {
		return backend.TooLarge(len(t.Source), s.limit, why)
	}
	rest := len(t.CreatedBy) + len(t.TenantID)
	for _, tag := range t.Tags {
		rest += len(tag)
	}
	for key, value := range t.Metadata {
		rest += len(key) + len(value)
	}
	if rest > s.limit/8 { // escaped, and written twice
		return fmt.Errorf("%w: its metadata, tags, author and tenant have %d bytes, and %s allows at most %d: shorten them", prompty.ErrInvalidTemplate, rest, why, s.limit/8)
	}
	return nil
}

// insert saves t; first: under a name that never was.
func (s *store) insert(ctx context.Context, c *sessions.Session, t *prompty.StoredTemplate) (first bool, err error) {
	result, err := c.Exec(ctx, s.sql(nextVersion), t.Name)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	if err != nil {
		return false, err
	}
	version := int64(1)
	if first = rows == 1; !first {
		if version, err = result.LastInsertId(); err != nil {
			return false, err
		}
	}
	result, err = c.Exec(ctx, s.sql(insertVersion), t.Name, version, t.Name, t.CreatedBy, t.TenantID, jsontext.List(t.Tags), jsontext.Map(t.Metadata), t.Source)
	if err != nil {
		return false, err
	}
	at, err := result.LastInsertId()
	if err != nil {
		return false, err
	}
	if list := terms(t.Tags, t.CreatedBy, t.TenantID); len(list) > 0 {
		var args []any
		for _, term := range list {
			args = append(args, term, []byte(t.Name), version)
		}
		query := `INSERT IGNORE INTO prompty_terms (term, name, version) VALUES (?, ?, ?)` + strings.Repeat(", (?, ?, ?)", len(list)-1)
		if _, err := c.ExecOnce(ctx, s.sql(query), args...); err != nil {
			return false, err
		}
	}
	t.Version = int(version)
	t.ID = backend.ID(t.Name, t.Version)
	t.CreatedAt = time.UnixMicro(at).UTC()
	t.UpdatedAt = t.CreatedAt
	return first, nil
}

const (
	hideName = `UPDATE prompty_heads SET latest = 0, changes = changes + 1, changed_at = UTC_TIMESTAMP(6) WHERE name = ? AND latest > 0`

	hideVersions = `UPDATE prompty_versions SET deleted_at = UTC_TIMESTAMP(6) WHERE name = ? AND deleted_at IS NULL`

	hideVersion = `UPDATE prompty_versions SET deleted_at = UTC_TIMESTAMP(6) WHERE name = ? AND version = ? AND deleted_at IS NULL`

	fallBack = `
UPDATE prompty_heads SET
  latest = (SELECT COALESCE(MAX(v.version), 0) FROM prompty_versions v WHERE v.name = ? AND v.deleted_at IS NULL),
  changes = changes + 1, changed_at = UTC_TIMESTAMP(6)
WHERE name = ?`
)

func (s *store) Delete(ctx context.Context, name string) error {
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) error {
		if err := changed(c.Exec(ctx, s.sql(hideName), name)); err != nil {
			if errors.Is(err, errUnchanged) {
				return prompty.NewStorageTemplateNotFoundError(name)
			}
			return err
		}
		_, err := c.Exec(ctx, s.sql(hideVersions), name)
		return err
	})
}

// DeleteVersion locks the head first, as all do who write.
func (s *store) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) error {
		var latest int
		err := c.Row(ctx, s.sql(lockHead), []any{name}, &latest)
		if err == nil {
			err = changed(c.Exec(ctx, s.sql(hideVersion), name, version))
		}
		if errors.Is(err, sql.ErrNoRows) || errors.Is(err, errUnchanged) {
			return prompty.NewStorageVersionNotFoundError(name, version)
		}
		if err == nil {
			_, err = c.Exec(ctx, s.sql(fallBack), name, name)
		}
		return err
	})
}

var errUnchanged = errors.New("no row was changed")

// changed gives errUnchanged unless a statement has changed a row.
func changed(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = errUnchanged
	}
	return err
}
