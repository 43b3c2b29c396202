package postgres

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// migrations make a schema of each version from the one before.
var migrations = []string{firstSchema}

//go:embed schema.sql
var firstSchema string

const standardPrefix = "prompty_"

// Schema returns the SQL that makes the tables, whose names begin with prefix; ""
// stands for the standard one. A storage runs it by itself, unless its connection
// string says schema=manual.
func Schema(prefix string) string {
	return withPrefix(strings.Join(migrations, "\n"), cmp.Or(prefix, standardPrefix))
}

// withPrefix writes sql, which is about prompty_…, for another prefix. Without
// quotes PostgreSQL takes names in lower case.
func withPrefix(sql, prefix string) string {
	return strings.ReplaceAll(sql, standardPrefix, strings.ToLower(prefix))
}

// ensureSchema finds the schema that this program knows, or makes it.
func (db *database) ensureSchema(ctx context.Context, conn *pgxpool.Conn, manual bool) error {
	have, err := db.schemaVersion(ctx, conn)
	switch {
	case err != nil:
		return err
	case have > len(migrations):
		return backend.SchemaTooNew(have, len(migrations))
	case have == len(migrations):
		return nil
	case manual && have == 0:
		return backend.NoSuchTable("table "+db.prefix+"schema", db.printSchema())
	case manual:
		return fmt.Errorf("the schema in the database has version %d, and this program needs %d, but schema=manual forbids to change it: open it once without schema=manual, as a role that owns the tables", have, len(migrations))
	}
	return db.migrate(ctx, conn)
}

// printSchema is the command that shows what is missing.
func (db *database) printSchema() string {
	if db.prefix == standardPrefix {
		return "prompty schema postgres"
	}
	return "prompty schema postgres --table-prefix " + db.prefix
}

// migrate brings the schema to the latest version. Of several processes that do
// so at once, all but one find it done.
func (db *database) migrate(ctx context.Context, conn *pgxpool.Conn) error {
	run := func(sql string) error {
		_, err := conn.Conn().PgConn().Exec(ctx, db.sql(sql)).ReadAll()
		return err
	}
	err := run(`BEGIN ISOLATION LEVEL READ COMMITTED;
		SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.prompty_', 0))`)
	if err != nil {
		return err
	}
	defer run("ROLLBACK") // does nothing after COMMIT
	have, err := db.schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	for ; have < len(migrations); have++ {
		if err := run(migrations[have]); err != nil {
			return db.schemaError(err)
		}
	}
	return run("COMMIT")
}

func (db *database) schemaError(err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch pg.Code {
	case "42501":
		return fmt.Errorf("%w: this role may not make tables: GRANT CREATE ON SCHEMA to it, or let the owner run what `prompty schema postgres` prints, and open with schema=manual", err)
	case "42P07":
		return fmt.Errorf(withPrefix("%w: table prompty_schema, which says which version the other tables have, is gone; make it with CREATE TABLE prompty_schema AS SELECT %d AS version", db.prefix), err, len(migrations))
	case "3F000":
		return fmt.Errorf("%w: create a schema, or name one that is there with search_path=", err)
	}
	return err
}

// schemaVersion returns the version of the schema, 0 if there is none. It asks
// pg_class, since to_regclass alone remembers that there was no table before the
// lock was waited for.
func (db *database) schemaVersion(ctx context.Context, conn *pgxpool.Conn) (version int, err error) {
	var there bool
	if err := conn.QueryRow(ctx, db.sql("SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('prompty_schema'))")).Scan(&there); err != nil || !there {
		return 0, err
	}
	var rows int
	err = conn.QueryRow(ctx, db.sql("SELECT count(*), coalesce(max(version), 0) FROM prompty_schema")).Scan(&rows, &version)
	if err == nil && (rows != 1 || version < 1) {
		err = fmt.Errorf("table %sschema has %d rows and says version %d: it must have one row, which says which version the tables have", db.prefix, rows, version)
	}
	return version, err
}

// thaw makes peace with rows from another cluster, which a dump has brought along
// with the numbers of transactions that this one has yet to see: they count as
// older than everything.
func (db *database) thaw(ctx context.Context, conn *pgxpool.Conn) error {
	const foreign = ` >= pg_snapshot_xmax(pg_current_snapshot())`
	var found bool
	err := conn.QueryRow(ctx, db.sql(`SELECT EXISTS (SELECT FROM prompty_versions WHERE txid`+foreign+`)
		OR EXISTS (SELECT FROM prompty_versions WHERE deleted`+foreign+`)`)).Scan(&found)
	if err != nil || !found {
		return err
	}
	var batch pgx.Batch
	batch.Queue(db.sql(`UPDATE prompty_versions SET txid = '0' WHERE txid` + foreign))
	batch.Queue(db.sql(`UPDATE prompty_versions SET deleted = '0' WHERE deleted` + foreign))
	return conn.SendBatch(ctx, &batch).Close()
}
