package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
	"github.com/go-prompty/prompty/stores/sqlstore/internal/sessions"
)

func init() { prompty.RegisterStorageDriver("sqlite", driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

// Open opens a database, and makes it if it is not there; see the package's
// comment for the connection string. The storage has every capability but
// prompty.Locator and prompty.Resumer.
func Open(connectionString string) (prompty.TemplateStorage, error) {
	c, err := parseConnection(connectionString)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), max(openPatience, c.patience))
		defer cancel()
		var s *store
		if s, err = open(ctx, c); err == nil {
			return backend.New(s, backend.Options{Driver: "sqlite", Watch: c.watch}), nil
		}
	}
	return nil, &prompty.StorageError{Op: "open", Name: "sqlite", Err: err}
}

const openPatience = 10 * time.Second

// background is the context of statements that touch few rows, and so end by
// themselves: to watch another one costs more than they do. Waiting for a lock
// is await's affair.
var background = context.Background()

// store is an open database.
type store struct {
	reader // of what is there now
	connection
	readOnly string // why; "": it can be written

	writes *sessions.Pool // one session, so who saves waits in line here
	file   os.FileInfo    // what writes was made for

	mu    sync.Mutex // guards the fields below
	reads *sessions.Pool
	seen  fileState // of a file without locks, when reads was made
}

// fileState tells one content of a file from another.
type fileState struct {
	size int64
	time time.Time
}

func (s *store) fileState() fileState {
	info, err := os.Stat(s.path)
	if err != nil {
		return fileState{}
	}
	return fileState{info.Size(), info.ModTime()}
}

func open(ctx context.Context, c connection) (*store, error) {
	if err := checkFile(&c); err != nil {
		return nil, err
	}
	s := &store{connection: c}
	s.reader = newReader(s, now{})
	err := s.connect(ctx)
	if err == nil {
		err = s.checkSchema(ctx)
	}
	if err != nil {
		s.Close()
		return nil, s.explain(err)
	}
	return s, nil
}

// checkFile looks for what SQLite would only call "unable to open database file".
// It opens nothing: on Unix, closing the file again would drop all locks that
// this process has on it.
func checkFile(c *connection) error {
	info, err := os.Stat(c.path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder: name a file in it, such as %s", c.path, filepath.Join(c.path, "prompts.db"))
	case err == nil && !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", c.path)
	case err == nil:
		c.path, err = filepath.EvalSymlinks(c.path) // the log is beside the file, not beside the link
		return err
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	folder := filepath.Dir(c.path)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s: make it, or mend the path", folder)
	}
	if c.mode != "rwc" || c.immutable || c.manual {
		return fmt.Errorf("there is no file %s, and mode, immutable or schema=manual forbids to make one: mend the path, or leave them out", c.path)
	}
	return nil
}

// connect finds out whether the file can be written, and makes the pools.
func (s *store) connect(ctx context.Context) error {
	switch {
	case s.immutable:
		s.readOnly = "it was opened with immutable=1"
	case s.mode == "ro":
		s.readOnly = "it was opened with mode=ro"
	default:
		err := s.connectWriter(ctx)
		if err == nil {
			s.reads, err = s.newReads()
			return err
		}
		if s.writes != nil {
			s.writes.Close()
			s.writes = nil
		}
		if !isReadOnly(err) && !errors.Is(err, errNotWritable) {
			return err
		}
		s.readOnly = errNotWritable.Error()
	}
	s.mode = "ro"
	return s.connectReader(ctx)
}

// connectWriter opens the connection that writes and sees that readers need not
// wait for it.
func (s *store) connectWriter(ctx context.Context) error {
	db, err := s.openDB()
	if err != nil {
		return err
	}
	s.writes = sessions.New(db, 1, 0, append(s.setup(), "PRAGMA synchronous = "+s.sync, "PRAGMA journal_size_limit = 67108864")...)
	return s.await(ctx, func() error {
		c, err := s.writes.Take(ctx)
		if err != nil {
			return err
		}
		intact := false
		defer func() { s.writes.Give(c, intact) }()
		var mode string
		if err := c.Row(background, "PRAGMA journal_mode = WAL", nil, &mode); err != nil {
			return err
		}
		if mode != "wal" {
			return fmt.Errorf("%s cannot be used by several at once: SQLite's WAL mode does not work on its file system (journal_mode stays %s); move the file to a local disk", s.path, mode)
		}
		if err := c.Raw(checkWritable); err != nil {
			return err
		}
		if s.file, err = os.Stat(s.path); err != nil {
			return err
		}
		intact = true
		return nil
	})
}

var errNotWritable = errors.New("the file cannot be written by this user")

func checkWritable(conn any) error {
	library, ok := conn.(interface{ IsReadOnly(string) (bool, error) })
	if !ok {
		return errors.ErrUnsupported
	}
	readOnly, err := library.IsReadOnly("main")
	if err == nil && readOnly {
		err = errNotWritable
	}
	return err
}

// connectReader is for files that cannot be written. In a folder that cannot be
// written either, SQLite can read only what it may take to stand still.
func (s *store) connectReader(ctx context.Context) (err error) {
	if s.reads, err = s.newReads(); err != nil {
		return err
	}
	probe := func() error {
		return s.read(ctx, func(c *sessions.Session) error {
			var n int
			return c.Row(background, "SELECT count(*) FROM sqlite_schema", nil, &n)
		})
	}
	err = probe()
	if s.immutable || !isReadOnly(err) {
		return err
	}
	if info, err := os.Stat(s.path + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s-wal holds changes that cannot be read without writing into the folder: open the database once where it can be written, with the sqlite3 shell or prompty, and close it, so that they get into the file", s.path)
	}
	s.reads.Close()
	s.immutable = true
	s.readOnly = "neither the file nor its folder can be written by this user"
	if s.reads, err = s.newReads(); err != nil {
		return err
	}
	return probe()
}

func (s *store) openDB() (*sql.DB, error) {
	connector, err := sqlite.NewConnector(s.dsn())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// setup is for each connection. Waiting for locks is await's affair.
func (s *store) setup() []string {
	return append([]string{"PRAGMA busy_timeout = 0", "PRAGMA trusted_schema = off"}, s.pragmas...)
}

func (s *store) newReads() (*sessions.Pool, error) {
	db, err := s.openDB()
	if err != nil {
		return nil, err
	}
	s.seen = s.fileState()
	return sessions.New(db, s.conns, 0, append(s.setup(), "PRAGMA query_only = on")...), nil
}

// readers returns the pool to read with. A file without locks may have become
// another one.
func (s *store) readers() (*sessions.Pool, error) {
	if !s.immutable {
		return s.reads, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if state := s.fileState(); state != s.seen && state != (fileState{}) {
		fresh, err := s.newReads()
		if err != nil {
			return nil, err
		}
		s.reads.Close()
		s.reads = fresh
	}
	return s.reads, nil
}

// read runs queries on a session. They see one state each.
func (s *store) read(ctx context.Context, query func(*sessions.Session) error) error {
	err := s.await(ctx, func() error {
		pool, err := s.readers()
		if err != nil {
			return err
		}
		c, err := pool.Take(ctx)
		if err != nil {
			return err
		}
		err = query(c)
		pool.Give(c, ctx.Err() == nil)
		return err
	})
	return s.explain(err)
}

func (s *store) Close() error {
	var errs []error
	for _, p := range []*sessions.Pool{s.reads, s.writes} { // who writes is last, and empties the WAL
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}
