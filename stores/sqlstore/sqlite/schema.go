package sqlite

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

//go:embed schema.sql
var schema string

const (
	standardPrefix = "prompty_"
	schemaVersion  = 1
)

// tables are what must be there.
var tables = []string{"prompty_schema", "prompty_heads", "prompty_versions", "prompty_tags"}

// Schema returns the SQL that makes the tables, whose names begin with prefix;
// "" stands for the standard one. A storage runs it by itself, unless its
// connection string says schema=manual.
func Schema(prefix string) string {
	if prefix == "" {
		prefix = standardPrefix
	}
	return strings.ReplaceAll(schema, standardPrefix, prefix)
}

// sql is a statement with the names of this store's tables.
func (s *store) sql(statement string) string {
	if s.prefix == standardPrefix {
		return statement
	}
	return strings.ReplaceAll(statement, standardPrefix, s.prefix)
}

// checkSchema makes the tables where they are missing and may be made.
func (s *store) checkSchema(ctx context.Context) error {
	missing, err := s.missing(ctx)
	if err != nil || missing == "" {
		return err
	}
	if s.manual {
		command := "prompty schema sqlite"
		if s.prefix != standardPrefix {
			command += " --table-prefix " + s.prefix
		}
		return backend.NoSuchTable("table "+missing, command)
	}
	if s.readOnly != "" {
		return fmt.Errorf("%w: there is no table %s in it, and %s", prompty.ErrReadOnly, missing, s.readOnly)
	}
	statements := Schema(s.prefix)
	_, statements, _ = strings.Cut(statements, "BEGIN IMMEDIATE;") // write begins by itself
	statements, _, _ = strings.Cut(statements, "COMMIT;")
	return s.write(ctx, func(c *sessions.Session) error {
		_, err := c.ExecOnce(background, statements)
		return err
	})
}

// missing returns the first table that is not there, and an error if what is
// there was made by a later release.
func (s *store) missing(ctx context.Context) (table string, err error) {
	err = s.read(ctx, func(c *sessions.Session) error {
		for i, name := range tables {
			name = s.sql(name)
			var found int
			if err := c.Row(background, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?", []any{name}, &found); err != nil {
				return err
			}
			if found == 0 {
				table = name
				return nil
			}
			if i > 0 {
				continue
			}
			var version int
			if err := c.Row(background, s.sql("SELECT ifnull(max(version), 0) FROM prompty_schema"), nil, &version); err != nil {
				return err
			}
			if version > schemaVersion {
				return backend.SchemaTooNew(version, schemaVersion)
			}
			if version < 1 {
				return errors.New(s.sql("table prompty_schema holds no version: it was changed by hand; insert the row (1, 1) if you know that the other tables are whole"))
			}
		}
		return nil
	})
	return table, err
}
