// Package sessions is a bounded pool of database connections, each with its
// statements prepared.
//
// It stands on package sql, but in place of that package's pool: there a
// statement of the pool costs a search, and one that is run with a context costs
// goroutines, which a read of one row feels. Here who holds a session says how
// long to wait, and what is still good.
package sessions

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// Pool is a bounded number of sessions.
type Pool struct {
	db    *sql.DB
	setup []string      // statements for each new session
	rest  time.Duration // a session unused for longer is not trusted; 0: any is
	turns chan struct{} // holds a token per session in use

	mu    sync.Mutex // guards the fields below
	idle  []*Session // the one used last is taken first: its caches are warm
	round int        // of Drop
}

// New returns a pool of up to size connections to db, which is its own from now
// on. setup is run on each. One that was idle for longer than rest is replaced
// by a new one; 0 stands for ever.
func New(db *sql.DB, size int, rest time.Duration, setup ...string) *Pool {
	db.SetMaxIdleConns(0) // what a session gives up is closed
	return &Pool{db: db, setup: setup, rest: rest, turns: make(chan struct{}, size)}
}

// Session is a connection, used by one goroutine at a time, and its statements.
type Session struct {
	conn          *sql.Conn
	statements    map[string]*sql.Stmt
	rowStatements map[string]rowStatement // those of Row; ended with the connection
	used          time.Time
	round         int
}

// Take waits for a session, until ctx ends.
func (p *Pool) Take(ctx context.Context) (*Session, error) {
	select {
	case p.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for s := p.pop(); s != nil; s = p.pop() {
		if p.rest == 0 || time.Since(s.used) < p.rest {
			return s, nil
		}
		s.close()
	}
	s, err := p.open(ctx)
	if err != nil {
		<-p.turns
	}
	return s, err
}

func (p *Pool) pop() *Session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	s := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return s
}

func (p *Pool) open(ctx context.Context) (*Session, error) {
	p.mu.Lock()
	round := p.round
	p.mu.Unlock()
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, statement := range p.setup {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			conn.Close()
			return nil, err
		}
	}
	return &Session{conn: conn, statements: make(map[string]*sql.Stmt), rowStatements: make(map[string]rowStatement), round: round}, nil
}

// Give takes a session back, or ends it if it is not as it was.
func (p *Pool) Give(s *Session, intact bool) {
	p.mu.Lock()
	if intact = intact && s.round == p.round; intact {
		s.used = time.Now()
		p.idle = append(p.idle, s)
	}
	p.mu.Unlock()
	if !intact {
		s.close()
	}
	<-p.turns
}

// Drop ends all sessions: the idle ones now, the others when they are given back.
func (p *Pool) Drop() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.round = nil, p.round+1
	p.mu.Unlock()
	for _, s := range idle {
		s.close()
	}
}

// Close ends the pool. Sessions in use may be used on until they are given back.
func (p *Pool) Close() error {
	p.Drop()
	return p.db.Close()
}

func (s *Session) close() {
	for _, statement := range s.statements {
		statement.Close()
	}
	s.conn.Raw(func(any) error {
		for _, statement := range s.rowStatements {
			statement.Close()
		}
		return nil
	})
	s.conn.Close()
}

// mostStatements bounds what a session keeps prepared.
const mostStatements = 64

func (s *Session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if statement, ok := s.statements[query]; ok {
		return statement, nil
	}
	statement, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(s.statements) >= mostStatements {
		for text, old := range s.statements { // any
			delete(s.statements, text)
			old.Close()
			break
		}
	}
	s.statements[query] = statement
	return statement, nil
}

// Exec runs a statement, which is prepared the first time.
func (s *Session) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(ctx, args...)
}

// ExecOnce runs statements that are not kept prepared.
func (s *Session) ExecOnce(ctx context.Context, text string, args ...any) (sql.Result, error) {
	return s.conn.ExecContext(ctx, text, args...)
}

// Raw gives fn the client library's own connection.
func (s *Session) Raw(fn func(conn any) error) error { return s.conn.Raw(fn) }

// Rows runs a query, which is prepared the first time, and calls each for every
// row.
func (s *Session) Rows(ctx context.Context, query string, args []any, each func(scan func(dest ...any) error) error) error {
	statement, err := s.prepare(ctx, query)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, args...)
	return through(rows, err, each)
}

// RowsOnce is Rows for a query that is not kept prepared.
func (s *Session) RowsOnce(ctx context.Context, query string, args []any, each func(scan func(dest ...any) error) error) error {
	rows, err := s.conn.QueryContext(ctx, query, args...)
	return through(rows, err, each)
}

func through(rows *sql.Rows, err error, each func(scan func(dest ...any) error) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
