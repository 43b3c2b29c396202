package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

func init() { prompty.RegisterStorageDriver("postgres", driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

const (
	openPatience = 10 * time.Second // for Open
	dialPatience = 5 * time.Second  // for one attempt to connect
)

// Open opens the storage in a database; see the package's documentation for what
// the connection string may say. It connects once, and makes the tables or brings
// them up to date unless they are somebody else's affair (schema=manual).
func Open(connectionString string) (prompty.TemplateStorage, error) {
	storage, err := open(connectionString)
	if err != nil {
		return nil, &prompty.StorageError{Op: "open", Name: "postgres", Err: err}
	}
	return storage, nil
}

func open(connectionString string) (prompty.TemplateStorage, error) {
	s, err := parse(connectionString)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openPatience)
	defer cancel()
	db, err := connect(ctx, s)
	if err != nil {
		return nil, backend.Redact(err, s.secrets()...)
	}
	return backend.New(db, backend.Options{Driver: "postgres", Secrets: s.secrets(), Watch: s.watch}), nil
}

// database is a backend in a PostgreSQL database.
type database struct {
	reader // of the present state

	pool   *pgxpool.Pool
	prefix string
	teller *teller // nil with notify=off
	dog    watchdog
	closed atomic.Bool

	reads, frozenReads *reads
	writes             *writes
}

var (
	_ backend.Batcher     = (*database)(nil)
	_ backend.Snapshotter = (*database)(nil)
	_ backend.Listener    = (*database)(nil)
)

func connect(ctx context.Context, s *settings) (*database, error) {
	pool, err := pgxpool.NewWithConfig(ctx, s.pool)
	if err != nil {
		return nil, err
	}
	db := &database{pool: pool, prefix: s.prefix}
	db.reads, db.frozenReads, db.writes = newReads(db.sql, false), newReads(db.sql, true), newWrites(db.sql)
	db.reader = reader{db: db, reads: db.reads}
	if err := db.prepare(ctx, s); err != nil {
		pool.Close()
		return nil, db.openError(err, s)
	}
	if !s.watch.NoPush {
		db.teller = newTeller(db.dial, notify(db.channel()))
	}
	return db, nil
}

// sql writes a statement about prompty_… for this database's tables.
func (db *database) sql(text string) string { return withPrefix(text, db.prefix) }

const oldestServer = 13 // the first with the functions on transactions' numbers that are used here

// prepare looks whether the server and the schema are good.
func (db *database) prepare(ctx context.Context, s *settings) error {
	conn, err := db.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var version int
	var encoding string
	if err := conn.QueryRow(ctx, "SELECT current_setting('server_version_num')::integer, current_setting('server_encoding')").Scan(&version, &encoding); err != nil {
		return err
	}
	if version/10_000 < oldestServer {
		return fmt.Errorf("the server is PostgreSQL %d, and %d is the oldest that will do", version/10_000, oldestServer)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("the database is encoded in %s: make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0", encoding)
	}
	if err := db.ensureSchema(ctx, conn, s.manual); err != nil {
		return err
	}
	return db.thaw(ctx, conn)
}

// dial opens a connection beside the pool.
func (db *database) dial(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, db.pool.Config().ConnConfig)
}

// channel is what changes are told on. Another storage's with the same name, in
// another schema, does no harm.
func (db *database) channel() string { return strings.ToLower(db.prefix) + "changes" }

// Close implements [backend.Backend].
func (db *database) Close() error {
	db.closed.Store(true)
	if db.teller != nil {
		db.teller.close()
	}
	db.pool.Close()
	db.dog.stop()
	return nil
}
