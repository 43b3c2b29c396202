package mysql

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

func init() { prompty.RegisterStorageDriver("mysql", driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

// Open connects to a database, and makes the tables if they are not there; see
// the package's comment for the connection string. The storage has every
// capability but prompty.Locator and prompty.Resumer.
func Open(connectionString string) (prompty.TemplateStorage, error) {
	c, err := parseConnection(connectionString)
	var secrets []string
	if err == nil {
		secrets = []string{c.config.Passwd}
		ctx, cancel := context.WithTimeout(context.Background(), openPatience)
		defer cancel()
		var s *store
		if s, err = open(ctx, c); err == nil {
			return backend.New(s, backend.Options{Driver: "mysql", Secrets: secrets, Watch: c.watch}), nil
		}
		if ctx.Err() != nil {
			err = errors.Join(errors.New("the server has not answered in time"), err)
		}
	}
	return nil, &prompty.StorageError{Op: "open", Name: "mysql", Err: backend.Redact(err, secrets...)}
}

const openPatience = 10 * time.Second

const (
	mostSnapshots = 16
	longestRest   = time.Minute // firewalls and servers forget connections
)

// store is an open database.
type store struct {
	reader // of what is there now
	connection

	reads     *sessions.Pool
	writes    *sessions.Pool // whose sessions are always in a transaction
	snapshots *sessions.Pool
	limit     int // of a text, in bytes

	mu   sync.Mutex // guards open
	open map[*snapshot]bool
}

func open(ctx context.Context, c connection) (*store, error) {
	connector, err := mysql.NewConnector(c.config)
	if err != nil {
		return nil, err
	}
	s := &store{connection: c, open: make(map[*snapshot]bool)}
	const isolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE"
	s.reads = sessions.New(sql.OpenDB(connector), c.conns, longestRest, isolation)
	s.writes = sessions.New(sql.OpenDB(connector), c.conns, longestRest, isolation, "SET autocommit = 0")
	s.snapshots = sessions.New(sql.OpenDB(connector), mostSnapshots, longestRest, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
	s.reader = reader{s: s, run: s.read}
	err = s.read(ctx, func(ctx context.Context, c *sessions.Session) error {
		return c.Row(ctx, "SELECT @@max_allowed_packet", nil, &s.limit)
	})
	if err == nil {
		s.limit -= packetReserve
		err = s.checkSchema(ctx)
	}
	if err == nil { // so that the first save does not wait for a connection
		var c *sessions.Session
		if c, err = s.writes.Take(ctx); err == nil {
			s.writes.Give(c, true)
		}
		err = s.explain(err)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// packetReserve is for what stands beside a source in a packet, also in that of
// a dump or a replica.
const packetReserve = 64 << 10

// quick is how soon a connection must have turned out to be lost for a second
// attempt: a server that hangs is not waited for twice.
const quick = time.Second

// read runs queries on a session. What is lost on the way is asked
// again, since the server closes connections as it likes.
func (s *store) read(ctx context.Context, query func(context.Context, *sessions.Session) error) error {
	var err error
	for range 3 {
		start := time.Now()
		c, dialled := s.reads.Take(ctx)
		if dialled != nil {
			return s.explain(dialled)
		}
		err = query(ctx, c)
		s.reads.Give(c, isAnswer(err) && ctx.Err() == nil)
		if isAnswer(err) || ctx.Err() != nil {
			break
		}
		s.reads.Drop()
		if time.Since(start) > quick {
			break
		}
	}
	return s.explain(err)
}

// Close ends the snapshots, too.
func (s *store) Close() error {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, frozen := range open {
		frozen.Close()
	}
	return errors.Join(s.snapshots.Close(), s.writes.Close(), s.reads.Close())
}
