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

// step is a statement that is sent together with the commit, to save a way to
// the server and back; none if the query is "".
type step struct {
	query string
	args  []any
}

// write runs fn in a transaction, which its first statement begins, and then the
// step that fn returns. It does so again if another transaction was in the way,
// or if the connection was lost before the commit was sent: then nothing has
// happened.
func (s *store) write(ctx context.Context, fn func(context.Context, *sessions.Session) (step, error)) error {
	losses := 0
	var start time.Time
	again := func(err error) bool {
		if isConflict(err) || errors.Is(err, errRaced) {
			return true
		}
		if _, sent := errors.AsType[*committing](err); sent || isAnswer(err) {
			return false
		}
		s.writes.Drop()
		losses++
		return losses < 3 && time.Since(start) < quick
	}
	err := backend.Retry(ctx, again, func() error {
		c, err := s.writes.Take(ctx)
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
		s.writes.Give(c, intact)
		return err
	})
	if c, ok := errors.AsType[*committing](err); ok && !isAnswer(c.err) {
		return backend.OutcomeUnknown(s.explain(c.err))
	}
	return s.explain(err)
}

// committing is the error of a commit, or of what was sent with it.
type committing struct{ err error }

func (c *committing) Error() string { return c.err.Error() }
func (c *committing) Unwrap() error { return c.err }

func (s *store) transact(ctx context.Context, c *sessions.Session, fn func(context.Context, *sessions.Session) (step, error)) error {
	last, err := fn(ctx, c)
	if err != nil {
		return err
	}
	if last.query != "" {
		last.query += "; "
	}
	if _, err := c.ExecOnce(ctx, s.sql(last.query)+"COMMIT", last.args...); err != nil {
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
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) (step, error) {
		latest, missing := 0, false
		if base != backend.AnyVersion {
			err := c.Row(ctx, s.sql(lockHead), []any{t.Name}, &latest)
			missing = errors.Is(err, sql.ErrNoRows)
			if err != nil && !missing {
				return step{}, err
			}
			if latest != base {
				return step{}, prompty.NewStorageConflictError(t.Name, base, latest)
			}
		}
		version, first, err := s.allot(ctx, c, t.Name)
		if err == nil && missing && !first {
			err = errRaced
		}
		if err != nil {
			return step{}, err
		}
		return insertTerms(s.terms(t, version)), s.insert(ctx, c, t, version)
	})
}

// most of what one statement of SaveAll is about.
const most = 200

// SaveAll implements backend.Batcher. Names are locked in one order by all, and
// get the time of the change when the batch is done, which may take long.
func (s *store) SaveAll(ctx context.Context, list []*prompty.StoredTemplate) error {
	for _, t := range list {
		if err := s.fits(t); err != nil {
			return err
		}
	}
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b *prompty.StoredTemplate) int { return strings.Compare(a.Name, b.Name) })
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) (step, error) {
		for part := range slices.Chunk(sorted, most) {
			var terms [][]any
			for _, t := range part {
				version, _, err := s.allot(ctx, c, t.Name)
				if err == nil {
					err = s.insert(ctx, c, t, version)
				}
				if err != nil {
					return step{}, err
				}
				terms = append(terms, s.terms(t, version)...)
			}
			for rows := range slices.Chunk(terms, most) {
				statement := insertTerms(rows)
				if _, err := c.ExecOnce(ctx, s.sql(statement.query), statement.args...); err != nil {
					return step{}, err
				}
			}
		}
		for part := range slices.Chunk(sorted, most) {
			names := make([]any, len(part))
			for i, t := range part {
				names[i] = []byte(t.Name)
			}
			if _, err := c.ExecOnce(ctx, s.sql(touch(len(names))), names...); err != nil {
				return step{}, err
			}
		}
		return step{}, nil
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

// allot gives a name its next version; first: it never was.
func (s *store) allot(ctx context.Context, c *sessions.Session, name string) (version int64, first bool, err error) {
	result, err := c.Exec(ctx, s.sql(nextVersion), name)
	if err != nil {
		return 0, false, err
	}
	rows, err := result.RowsAffected()
	if err != nil || rows == 1 {
		return 1, true, err
	}
	version, err = result.LastInsertId()
	return version, false, err
}

// insert saves t under an allotted version.
func (s *store) insert(ctx context.Context, c *sessions.Session, t *prompty.StoredTemplate, version int64) error {
	result, err := c.Exec(ctx, s.sql(insertVersion), t.Name, version, t.Name, t.CreatedBy, t.TenantID, jsontext.List(t.Tags), jsontext.Map(t.Metadata), t.Source)
	if err != nil {
		return err
	}
	at, err := result.LastInsertId()
	if err != nil {
		return err
	}
	t.Version = int(version)
	t.ID = backend.ID(t.Name, t.Version)
	t.CreatedAt = time.UnixMicro(at).UTC()
	t.UpdatedAt = t.CreatedAt
	return nil
}

// terms are the rows of prompty_terms for a version.
func (s *store) terms(t *prompty.StoredTemplate, version int64) (rows [][]any) {
	for _, term := range terms(t.Tags, t.CreatedBy, t.TenantID) {
		rows = append(rows, []any{term, []byte(t.Name), version})
	}
	return rows
}

func insertTerms(rows [][]any) step {
	if len(rows) == 0 {
		return step{}
	}
	return step{
		query: `INSERT IGNORE INTO prompty_terms (term, name, version) VALUES (?, ?, ?)` + strings.Repeat(", (?, ?, ?)", len(rows)-1),
		args:  slices.Concat(rows...),
	}
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
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) (step, error) {
		if err := changed(c.Exec(ctx, s.sql(hideName), name)); err != nil {
			if errors.Is(err, errUnchanged) {
				err = prompty.NewStorageTemplateNotFoundError(name)
			}
			return step{}, err
		}
		return step{hideVersions, []any{[]byte(name)}}, nil
	})
}

// DeleteVersion locks the head first, as all do who write.
func (s *store) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.write(ctx, func(ctx context.Context, c *sessions.Session) (step, error) {
		var latest int
		err := c.Row(ctx, s.sql(lockHead), []any{name}, &latest)
		if err == nil {
			err = changed(c.Exec(ctx, s.sql(hideVersion), name, version))
		}
		if errors.Is(err, sql.ErrNoRows) || errors.Is(err, errUnchanged) {
			err = prompty.NewStorageVersionNotFoundError(name, version)
		}
		return step{fallBack, []any{[]byte(name), []byte(name)}}, err
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
