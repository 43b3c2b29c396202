package sqlite

import (
	"context"
	"database/sql"
	"sync"
)

// pool is a bounded number of sessions. It is not the one of package sql: a
// statement run there with a context costs goroutines, which a read of one row
// would feel, and waiting for a lock is done here, where it ends with the context.
type pool struct {
	db    *sql.DB
	setup []string      // for each new session
	turns chan struct{} // holds a token per session in use

	mu      sync.Mutex // guards the fields below
	idle    []*session // the one used last is taken first: its cache is warm
	retired bool       // sessions that come back are ended
}

func newPool(db *sql.DB, size int, setup ...string) *pool {
	return &pool{db: db, setup: setup, turns: make(chan struct{}, size)}
}

// session is a connection, used by one goroutine at a time, and its statements.
type session struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
}

// take waits for a session.
func (p *pool) take(ctx context.Context) (*session, error) {
	select {
	case p.turns <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c := p.pop(); c != nil {
		return c, nil
	}
	c, err := p.open(ctx)
	if err != nil {
		<-p.turns
	}
	return c, err
}

func (p *pool) pop() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return c
}

func (p *pool) open(ctx context.Context) (*session, error) {
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
	return &session{conn: conn, statements: make(map[string]*sql.Stmt)}, nil
}

// give takes a session back, or ends it if it is not as it was.
func (p *pool) give(c *session, intact bool) {
	p.mu.Lock()
	intact = intact && !p.retired
	if intact {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if !intact {
		c.close()
	}
	<-p.turns
}

func (c *session) close() {
	for _, statement := range c.statements {
		statement.Close()
	}
	c.conn.Close()
}

// mostStatements bounds what a session keeps prepared: lists come in many shapes.
const mostStatements = 64

// prepare returns a statement that is parsed once. It is run without a context:
// it touches few rows, and then ends by itself.
func (c *session) prepare(query string) (*sql.Stmt, error) {
	if statement, ok := c.statements[query]; ok {
		return statement, nil
	}
	statement, err := c.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	if len(c.statements) >= mostStatements {
		for text, old := range c.statements { // any
			delete(c.statements, text)
			old.Close()
			break
		}
	}
	c.statements[query] = statement
	return statement, nil
}

func (c *session) exec(query string, args ...any) (sql.Result, error) {
	statement, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	return statement.Exec(args...)
}

// row runs a query of one row.
func (c *session) row(query string, args []any, dest ...any) error {
	statement, err := c.prepare(query)
	if err != nil {
		return err
	}
	return statement.QueryRow(args...).Scan(dest...)
}

// rows calls each for every row. It ends with ctx; then the session is not to be
// used again.
func (c *session) rows(ctx context.Context, query string, args []any, each func(scan func(dest ...any) error) error) error {
	statement, err := c.prepare(query)
	if err != nil {
		return err
	}
	rows, err := statement.QueryContext(ctx, args...)
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

// retire ends the pool once the sessions in use are given back.
func (p *pool) retire() error {
	p.mu.Lock()
	p.retired = true
	for _, c := range p.idle {
		c.close()
	}
	p.idle = nil
	p.mu.Unlock()
	return p.db.Close() // which leaves alone what is in use
}
