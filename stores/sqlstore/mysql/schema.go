package mysql

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

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
var tables = []string{"prompty_heads", "prompty_versions", "prompty_terms", "prompty_schema"}

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

// command prints the schema.
func (s *store) command() string {
	if s.prefix == standardPrefix {
		return "prompty schema mysql"
	}
	return "prompty schema mysql --table-prefix " + s.prefix
}

// checkSchema makes the tables where they are missing and may be made.
func (s *store) checkSchema(ctx context.Context) error {
	err := s.read(ctx, s.missing)
	if missing, ok := errors.AsType[missingTable](err); ok {
		if s.manual {
			return backend.NoSuchTable(string(missing), s.command())
		}
		return s.read(ctx, s.migrate)
	}
	return err
}

// missingTable is the error of one that is not there.
type missingTable string

func (m missingTable) Error() string { return "there is no " + string(m) }

// missing looks for all that must be there.
func (s *store) missing(ctx context.Context, c *sessions.Session) error {
	engines := make(map[string]string)
	const query = `
SELECT LOWER(table_name), COALESCE(engine, 'none') FROM information_schema.tables
WHERE table_schema = DATABASE() AND LOWER(table_name) IN (LOWER(?), LOWER(?), LOWER(?), LOWER(?))`
	args := make([]any, len(tables))
	for i, name := range tables {
		args[i] = s.sql(name)
	}
	err := c.RowsOnce(ctx, query, args, func(scan func(...any) error) error {
		var name, engine string
		err := scan(&name, &engine)
		engines[name] = engine
		return err
	})
	if err != nil {
		return err
	}
	if engines[strings.ToLower(s.sql("prompty_schema"))] != "" {
		if err := s.checkVersion(ctx, c); err != nil {
			return err
		}
	}
	for _, name := range tables {
		switch engine := engines[strings.ToLower(s.sql(name))]; engine {
		case "InnoDB":
		case "":
			return missingTable("table " + s.sql(name))
		default:
			return fmt.Errorf("table %s is kept by %s, which has no transactions: run ALTER TABLE %[1]s ENGINE=InnoDB", s.sql(name), engine)
		}
	}
	return nil
}

func (s *store) checkVersion(ctx context.Context, c *sessions.Session) error {
	var version int
	if err := c.Row(ctx, s.sql("SELECT COALESCE(MAX(version), 0) FROM prompty_schema"), nil, &version); err != nil {
		return err
	}
	switch {
	case version > schemaVersion:
		return backend.SchemaTooNew(version, schemaVersion)
	case version < 1: // making it was broken off before the last step
		return missingTable("row in table " + s.sql("prompty_schema"))
	}
	return nil
}

// migrate makes what is missing. MySQL cannot undo that, so each step may be
// taken again, and the row that says that all is there comes last. Of several
// that begin at once, one works.
func (s *store) migrate(ctx context.Context, c *sessions.Session) error {
	lock := s.lockName()
	var got int
	if err := c.Row(ctx, "SELECT COALESCE(GET_LOCK(?, 10), 0)", []any{lock}, &got); err != nil {
		return err
	}
	if got != 1 {
		return fmt.Errorf("somebody else has been making the tables for 10 seconds, and holds lock %s: see SHOW PROCESSLIST", lock)
	}
	defer c.ExecOnce(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", lock)
	if _, still := errors.AsType[missingTable](s.missing(ctx, c)); !still {
		return s.missing(ctx, c)
	}
	for _, statement := range statements(Schema(s.prefix)) {
		if _, err := c.ExecOnce(ctx, statement); err != nil {
			return err
		}
	}
	return s.missing(ctx, c)
}

// lockName is the server's name for the lock of this database and prefix; it may
// have 64 bytes.
func (s *store) lockName() string {
	sum := sha256.Sum256([]byte(s.config.DBName + "\x00" + s.prefix))
	return "prompty-" + hex.EncodeToString(sum[:16])
}

// statements cuts a script into its statements, without comments.
func statements(script string) (list []string) {
	var b strings.Builder
	for line := range strings.Lines(script) {
		code, _, _ := strings.Cut(line, "-- ")
		b.WriteString(strings.TrimRight(code, " \n") + "\n")
	}
	for _, statement := range strings.Split(b.String(), ";") {
		if statement = strings.TrimSpace(statement); statement != "" {
			list = append(list, statement)
		}
	}
	return list
}
