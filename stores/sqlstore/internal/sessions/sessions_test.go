package sessions

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"
)

// A small database will do: what is asked here is none of its business.
func pool(t *testing.T, size int, rest time.Duration) *Pool {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "test.db"))
	if err != nil {
		t.Fatal(err)
	}
	p := New(db, size, rest, "CREATE TEMP TABLE mine (n INTEGER)")
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func take(t *testing.T, p *Pool) *Session {
	t.Helper()
	s, err := p.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBounded(t *testing.T) {
	p := pool(t, 2, 0)
	a, b := take(t, p), take(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Take(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Take beyond the size: %v, want to wait until the context ends", err)
	}
	p.Give(b, true)
	p.Give(a, true)
	if got := take(t, p); got != a {
		t.Error("Take gives another session than the one used last")
	}
}

func TestWhatIsNotGoodGoes(t *testing.T) {
	p := pool(t, 1, time.Hour)
	first := take(t, p)
	p.Give(first, false)
	second := take(t, p)
	if first == second {
		t.Error("a session that is not intact came back")
	}
	p.Drop()
	p.Give(second, true)
	third := take(t, p)
	if second == third {
		t.Error("a session taken before Drop came back")
	}
	third.used = time.Now()
	p.Give(third, true)
	p.mu.Lock()
	third.used = time.Now().Add(-2 * time.Hour)
	p.mu.Unlock()
	fourth := take(t, p)
	if third == fourth {
		t.Error("a session came back that was idle for too long")
	}
	p.Give(fourth, true)
	p.Drop()
	if fifth := take(t, p); fifth == fourth {
		t.Error("an idle session outlived Drop")
	}
}

func TestStatements(t *testing.T) {
	ctx := t.Context()
	p := pool(t, 1, 0)
	s := take(t, p)
	defer p.Give(s, true)
	for n := range 3 * mostStatements { // more than are kept
		if _, err := s.Exec(ctx, "INSERT INTO mine"+strings.Repeat(" ", n+1)+"VALUES (?)", n); err != nil {
			t.Fatal(err)
		}
		var got int
		if err := s.Row(ctx, "SELECT max(n)"+strings.Repeat(" ", n+1)+"FROM mine", nil, &got); err != nil || got < n {
			t.Fatalf("the greatest number is %d, %v, want at least %d", got, err, n)
		}
	}
	if len(s.statements) > mostStatements || len(s.rowStatements) > mostStatements {
		t.Errorf("%d and %d statements are kept, want at most %d", len(s.statements), len(s.rowStatements), mostStatements)
	}
	for call, fn := range map[string]func(context.Context, string, []any, func(func(...any) error) error) error{"Rows": s.Rows, "RowsOnce": s.RowsOnce} {
		count := 0
		err := fn(ctx, "SELECT n FROM mine WHERE n > ?", []any{-1}, func(scan func(...any) error) error {
			count++
			return scan(new(int))
		})
		if err != nil || count != 3*mostStatements {
			t.Errorf("%s: %d rows, %v, want %d", call, count, err, 3*mostStatements)
		}
		stop := errors.New("stop")
		if err := fn(ctx, "SELECT n FROM mine WHERE n > ?", []any{-1}, func(func(...any) error) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("%s: %v, want the error of each", call, err)
		}
		if err := fn(ctx, "SELECT nothing", nil, nil); err == nil {
			t.Errorf("%s of a bad query gives no error", call)
		}
	}
	if _, err := s.ExecOnce(ctx, "DELETE FROM mine; DELETE FROM mine WHERE n = ?", 1); err != nil {
		t.Error(err)
	}
	if _, err := s.Exec(ctx, "nonsense"); err == nil {
		t.Error("Exec of a bad statement gives no error")
	}
}

func TestRow(t *testing.T) {
	ctx := t.Context()
	p := pool(t, 1, 0)
	s := take(t, p)
	defer p.Give(s, true)
	var (
		text  string
		bytes string
		n     int
		n64   int64
		yes   bool
		at    time.Time
	)
	query := "SELECT ?1, CAST('bytes' AS BLOB), ?2, 1 << 40, 1"
	for range 2 { // the second time it is prepared
		if err := s.Row(ctx, query, []any{"text", 7}, &text, &bytes, &n, &n64, &yes); err != nil {
			t.Fatal(err)
		}
	}
	if text != "text" || bytes != "bytes" || n != 7 || n64 != 1<<40 || !yes {
		t.Errorf("Row gives %q, %q, %d, %d, %v", text, bytes, n, n64, yes)
	}
	if err := s.Row(ctx, "SELECT 1 WHERE false", nil, &n); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("Row of no row: %v, want sql.ErrNoRows", err)
	}
	for query, dest := range map[string][]any{
		"SELECT NULL":       {&text},
		"SELECT 1":          {&text},
		"SELECT 'a'":        {&n},
		"SELECT 1.5":        {&n64},
		"SELECT x'00'":      {&yes},
		"SELECT 'today'":    {&at},
		"SELECT 1, 2":       {&n},
		"SELECT 2":          {&n, &n64},
		"SELECT 3":          {new(float64)},
		"SELECT nonsense":   {&n},
		"SELECT abs(1, 2);": {&n},
	} {
		if err := s.Row(ctx, query, nil, dest...); err == nil || errors.Is(err, sql.ErrNoRows) {
			t.Errorf("Row(%s) into %T: %v, want an error that says why", query, dest, err)
		}
	}
	if err := s.Row(ctx, "SELECT NULL", nil, &n); !errors.Is(err, ErrNull) {
		t.Errorf("Row of NULL: %v, want ErrNull", err)
	}
	if err := s.Row(ctx, "SELECT ?", nil, &n); err == nil {
		t.Error("Row without an argument gives no error")
	}
}
