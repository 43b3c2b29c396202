package sessions

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrNull is of a column that holds NULL where a value must be.
var ErrNull = errors.New("there is no value")

// Row runs a query of one row, which is prepared the first time. Without a row
// the error is sql.ErrNoRows. dest may point to string, int, int64, bool and
// time.Time. It speaks with the client library itself, past package sql, which
// for one small row takes nearly as long as an embedded database.
func (s *Session) Row(ctx context.Context, query string, args []any, dest ...any) error {
	return s.conn.Raw(func(conn any) error {
		statement, err := s.prepareRow(ctx, conn, query)
		if err != nil {
			return err
		}
		values := make([]driver.NamedValue, len(args))
		for i, arg := range args {
			if n, ok := arg.(int); ok {
				arg = int64(n)
			}
			values[i] = driver.NamedValue{Ordinal: i + 1, Value: arg}
		}
		rows, err := statement.QueryContext(ctx, values)
		if err != nil {
			return err
		}
		got := make([]driver.Value, len(rows.Columns()))
		if err = rows.Next(got); err == nil {
			err = assign(rows.Columns(), got, dest) // before Close, which may end what got points to
		} else if errors.Is(err, io.EOF) {
			err = sql.ErrNoRows
		}
		return errors.Join(err, rows.Close())
	})
}

type rowStatement interface {
	driver.Stmt
	driver.StmtQueryContext
}

func (s *Session) prepareRow(ctx context.Context, conn any, query string) (rowStatement, error) {
	if statement, ok := s.rowStatements[query]; ok {
		return statement, nil
	}
	c, ok := conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	statement, ok := prepared.(rowStatement)
	if !ok {
		return nil, errors.Join(errors.ErrUnsupported, prepared.Close())
	}
	if len(s.rowStatements) >= mostStatements {
		for text, old := range s.rowStatements { // any
			delete(s.rowStatements, text)
			old.Close()
			break
		}
	}
	s.rowStatements[query] = statement
	return statement, nil
}

func assign(columns []string, row []driver.Value, dest []any) error {
	if len(row) != len(dest) {
		return fmt.Errorf("the row has %d columns, want %d", len(row), len(dest))
	}
	for i, value := range row {
		ok := false
		switch d := dest[i].(type) {
		case *string:
			switch v := value.(type) {
			case string:
				*d, ok = v, true
			case []byte:
				*d, ok = string(v), true
			}
		case *int64:
			*d, ok = value.(int64)
		case *int:
			var n int64
			n, ok = value.(int64)
			*d = int(n)
		case *bool:
			var n int64
			n, ok = value.(int64)
			*d = n != 0
		case *time.Time:
			*d, ok = value.(time.Time)
		}
		switch {
		case value == nil:
			return fmt.Errorf("column %s: %w", columns[i], ErrNull)
		case !ok:
			return fmt.Errorf("column %s holds %T, want %T", columns[i], value, dest[i])
		}
	}
	return nil
}
