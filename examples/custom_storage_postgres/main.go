// Command custom_storage_postgres renders prompts that it keeps in a storage of
// its own: a small PostgreSQL backend on database/sql, which is the rest of this file
// and schema.sql. That it is right is what its test shows. The guide is
// docs/custom-storage.md.
//
//	go run . 'postgres://user@localhost/app'
//
// It is made for reading. The driver "postgres" of the module stores does the same
// with one round trip a save, snapshots, NOTIFY, and clearer errors.
package main

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // database/sql's driver "pgx"

	"github.com/go-prompty/prompty"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: custom_storage_postgres CONNECTION-STRING")
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, connectionString string) error {
	// Once registered (see init), the backend opens like any other.
	storage, err := prompty.OpenStorage("my-postgres", connectionString)
	if err != nil {
		return err
	}
	// What is saved through the cache shows at once. What another program saves shows
	// when the TTL is over: this backend is no prompty.Watcher, which a cache follows.
	cached := prompty.NewCachedStorage(storage, prompty.CacheConfig{TTL: 5 * time.Second})
	engine, err := prompty.NewStorageEngine(prompty.StorageEngineConfig{Storage: cached})
	if err != nil {
		return err
	}
	defer engine.Close() // closes the cache, and that the backend

	for _, p := range []*prompty.StoredTemplate{
		{Name: "parts/signature", Source: "Yours, {~prompty.var name=\"agent\" /~}", CreatedBy: "ann"},
		{Name: "letter", Source: "Dear {~prompty.var name=\"customer\" /~},\nit is done.\n{~prompty.include template=\"parts/signature\" /~}\n", Tags: []string{"support"}},
	} {
		if err := engine.Save(ctx, p); err != nil { // refuses what does not parse
			return err
		}
		fmt.Fprintf(out, "saved %s, version %d\n", p.Name, p.Version)
	}
	text, err := engine.Execute(ctx, "letter", map[string]any{"customer": "Ada", "agent": "Ann"})
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, text)
	return err
}

//go:embed schema.sql
var schema string

func init() { prompty.RegisterStorageDriver("my-postgres", driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

// Storage keeps templates in PostgreSQL.
type Storage struct {
	db *sql.DB

	calls  sync.RWMutex // held for reading by every call
	closed bool         // guarded by calls
}

// Open connects, and makes the tables where they are missing.
func Open(connectionString string) (*Storage, error) {
	db, err := sql.Open("pgx", connectionString)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// Of several programs that begin at once, one makes the tables: they take turns.
	// The driver runs several statements at once, as one transaction.
	if _, err := db.ExecContext(ctx, "SELECT pg_advisory_xact_lock(7077);\n"+schema); err != nil {
		db.Close()
		return nil, err
	}
	return &Storage{db: db}, nil
}

// Close waits for calls under way, and then releases everything.
func (s *Storage) Close() error {
	s.calls.Lock()
	defer s.calls.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.db.Close()
}

// call runs fn, one call of a method, as the contract wants it: a cancelled
// context is ctx.Err(), after Close comes ErrClosed, and what else goes wrong says
// where.
func (s *Storage) call(ctx context.Context, op, name string, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.calls.RLock()
	defer s.calls.RUnlock()
	if s.closed {
		return prompty.NewStorageClosedError()
	}
	err := fn()
	var told *prompty.StorageError
	switch {
	case err == nil, errors.As(err, &told):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &prompty.StorageError{Op: op, Name: name, Err: err}
}

// named is call for methods that take a name.
func (s *Storage) named(ctx context.Context, op, name string, fn func() error) error {
	return s.call(ctx, op, name, func() error {
		if err := prompty.CheckName(name); err != nil {
			return err
		}
		return fn()
	})
}

const columns = "name, version, source, metadata, tags, created_at, created_by, tenant_id"

// query returns the templates that a statement finds.
func (s *Storage) query(ctx context.Context, statement string, args ...any) (list []*prompty.StoredTemplate, err error) {
	rows, err := s.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		t := new(prompty.StoredTemplate)
		var metadata, tags []byte
		if err := rows.Scan(&t.Name, &t.Version, &t.Source, &metadata, &tags, &t.CreatedAt, &t.CreatedBy, &t.TenantID); err != nil {
			return nil, err
		}
		if err := errors.Join(json.Unmarshal(metadata, &t.Metadata), json.Unmarshal(tags, &t.Tags)); err != nil {
			return nil, err
		}
		list = append(list, stamped(t.Clone(), t.Version, t.CreatedAt)) // Clone makes what is empty nil
	}
	return list, rows.Err()
}

// stamped sets what the database has decided. The ID is another way to write name
// and version, so GetByID needs no column and no index.
func stamped(t *prompty.StoredTemplate, version int, at time.Time) *prompty.StoredTemplate {
	t.ID = prompty.TemplateID(t.Name + "@" + strconv.Itoa(version))
	t.Version, t.CreatedAt, t.UpdatedAt = version, at.UTC(), at.UTC()
	return t
}

// one returns what a statement finds, or the error missing.
func (s *Storage) one(ctx context.Context, missing error, statement string, args ...any) (*prompty.StoredTemplate, error) {
	list, err := s.query(ctx, statement, args...)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, missing
	}
	return list[0], nil
}

// Get returns the latest version.
func (s *Storage) Get(ctx context.Context, name string) (t *prompty.StoredTemplate, err error) {
	err = s.named(ctx, "get", name, func() (err error) {
		t, err = s.one(ctx, prompty.NewStorageTemplateNotFoundError(name),
			`SELECT `+columns+` FROM prompt_versions WHERE name = $1 ORDER BY version DESC LIMIT 1`, name)
		return err
	})
	return t, err
}

const oneVersion = `SELECT ` + columns + ` FROM prompt_versions WHERE name = $1 AND version = $2::bigint`

// GetVersion returns one version.
func (s *Storage) GetVersion(ctx context.Context, name string, version int) (t *prompty.StoredTemplate, err error) {
	err = s.named(ctx, "get", name, func() (err error) {
		t, err = s.one(ctx, prompty.NewStorageVersionNotFoundError(name, version), oneVersion, name, version)
		return err
	})
	return t, err
}

// GetByID returns the version with that ID.
func (s *Storage) GetByID(ctx context.Context, id prompty.TemplateID) (t *prompty.StoredTemplate, err error) {
	err = s.call(ctx, "get", string(id), func() (err error) {
		missing := prompty.NewStorageTemplateNotFoundError(string(id))
		at := max(strings.LastIndexByte(string(id), '@'), 0)
		name := string(id[:at])
		version, err := strconv.Atoi(strings.TrimPrefix(string(id[at:]), "@"))
		if err != nil || prompty.CheckName(name) != nil {
			return missing
		}
		if t, err = s.one(ctx, missing, oneVersion, name, version); err == nil && t.ID != id { // a@01 is not a@1
			t, err = nil, missing
		}
		return err
	})
	return t, err
}

// Exists reports whether Get would find the template.
func (s *Storage) Exists(ctx context.Context, name string) (bool, error) {
	versions, err := s.ListVersions(ctx, name)
	return len(versions) > 0, err
}

// ListVersions returns the numbers of the versions, descending.
func (s *Storage) ListVersions(ctx context.Context, name string) (list []int, err error) {
	err = s.named(ctx, "list", name, func() error {
		rows, err := s.db.QueryContext(ctx, `SELECT version FROM prompt_versions WHERE name = $1 ORDER BY version DESC`, name)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var version int
			if err := rows.Scan(&version); err != nil {
				return err
			}
			list = append(list, version)
		}
		return rows.Err()
	})
	return list, err
}

// List is one statement for all queries: a condition that is not set is always
// true. Names are compared as bytes, which need not be whole characters.
func (s *Storage) List(ctx context.Context, query *prompty.TemplateQuery) (list []*prompty.StoredTemplate, err error) {
	q := prompty.TemplateQuery{}
	if query != nil {
		q = *query
	}
	err = s.call(ctx, "list", "", func() (err error) {
		if prompty.CheckTemplate(&prompty.StoredTemplate{Name: "x", TenantID: q.TenantID, CreatedBy: q.CreatedBy, Tags: q.Tags}) != nil {
			return nil // no template has what none may have
		}
		list, err = s.query(ctx, `SELECT `+columns+` FROM prompt_versions v
			WHERE ($1 = '' OR v.tenant_id = $1) AND ($2 = '' OR v.created_by = $2) AND v.tags @> $3::jsonb
				AND substring(convert_to(v.name, 'UTF8') FOR octet_length($4::bytea)) = $4::bytea
				AND position($5::bytea IN convert_to(v.name, 'UTF8')) > 0
				AND ($6 OR NOT EXISTS (SELECT FROM prompt_versions n WHERE n.name = v.name AND n.version > v.version))
			ORDER BY v.name, v.version DESC LIMIT $7::bigint OFFSET $8::bigint`,
			q.TenantID, q.CreatedBy, array(q.Tags), []byte(q.NamePrefix), []byte(q.NameContains), q.IncludeAllVersions,
			sql.NullInt64{Int64: int64(q.Limit), Valid: q.Limit > 0}, max(q.Offset, 0))
		return err
	})
	return list, err
}

// Save stores the next version.
func (s *Storage) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return s.save(ctx, tmpl, nil)
}

// SaveIf implements [prompty.ConditionalSaver].
func (s *Storage) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return s.save(ctx, tmpl, &base)
}

// save is a transaction that begins with the row of the name: whoever has written
// it holds the lock, and the others wait until he is done. What they read after
// that is what he has left.
func (s *Storage) save(ctx context.Context, tmpl *prompty.StoredTemplate, base *int) error {
	return s.call(ctx, "save", "", func() error {
		if err := prompty.CheckTemplate(tmpl); err != nil {
			return err
		}
		var version int
		var at time.Time
		err := s.transact(ctx, func(tx *sql.Tx) error {
			err := tx.QueryRowContext(ctx, `INSERT INTO prompts AS p (name, high, saved) VALUES ($1, 1, clock_timestamp())
				ON CONFLICT (name) DO UPDATE SET high = p.high + 1,
					saved = greatest(clock_timestamp(), p.saved + interval '1 microsecond')
				RETURNING high, saved`, tmpl.Name).Scan(&version, &at)
			if err != nil {
				return err
			}
			if base != nil {
				var latest int
				err := tx.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) FROM prompt_versions WHERE name = $1`, tmpl.Name).Scan(&latest)
				if err != nil {
					return err
				}
				if latest != *base {
					return prompty.NewStorageConflictError(tmpl.Name, *base, latest)
				}
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO prompt_versions (`+columns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				tmpl.Name, version, tmpl.Source, object(tmpl.Metadata), array(tmpl.Tags), at, tmpl.CreatedBy, tmpl.TenantID)
			return err
		})
		if err == nil {
			stamped(tmpl, version, at) // only now, when it is certain
		}
		return err
	})
}

// object and array are JSON, in which nothing is {} and [], and not null. Texts
// alone cannot fail.
func object(m map[string]string) string {
	if m == nil {
		m = map[string]string{}
	}
	text, _ := json.Marshal(m)
	return string(text)
}

func array(list []string) string {
	text, _ := json.Marshal(append([]string{}, list...))
	return string(text)
}

// transact runs fn in a transaction, which an error, or the end of ctx, undoes.
func (s *Storage) transact(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Delete removes all versions.
func (s *Storage) Delete(ctx context.Context, name string) error {
	return s.remove(ctx, name, prompty.NewStorageTemplateNotFoundError(name),
		`DELETE FROM prompt_versions WHERE name = $1`, name)
}

// DeleteVersion removes one version.
func (s *Storage) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.remove(ctx, name, prompty.NewStorageVersionNotFoundError(name, version),
		`DELETE FROM prompt_versions WHERE name = $1 AND version = $2::bigint`, name, version)
}

// remove deletes versions. It takes the row of the name first, as savers do, so
// that it sees all that was saved before. The row itself stays.
func (s *Storage) remove(ctx context.Context, name string, missing error, statement string, args ...any) error {
	return s.named(ctx, "delete", name, func() error {
		return s.transact(ctx, func(tx *sql.Tx) error {
			var there int
			err := tx.QueryRowContext(ctx, `SELECT 1 FROM prompts WHERE name = $1 FOR UPDATE`, name).Scan(&there)
			if errors.Is(err, sql.ErrNoRows) {
				return missing
			}
			if err != nil {
				return err
			}
			result, err := tx.ExecContext(ctx, statement, args...)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err == nil && n == 0 {
				err = missing
			}
			return err
		})
	})
}
