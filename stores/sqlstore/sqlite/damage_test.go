package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// query runs statements as another tool would.
func query(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// use calls everything, and returns all errors but "not found".
func use(ctx context.Context, s prompty.TemplateStorage) (errs []error) {
	_, err1 := s.Get(ctx, "doc")
	_, err2 := s.GetVersion(ctx, "doc", 1)
	_, err3 := s.List(ctx, nil)
	_, err4 := s.List(ctx, &prompty.TemplateQuery{Tags: []string{"tag"}, CreatedBy: "ann", IncludeAllVersions: true})
	_, err5 := s.ListVersions(ctx, "doc")
	_, err6 := prompty.History(ctx, s, "doc")
	err7 := s.Save(ctx, &prompty.StoredTemplate{Name: "doc", Source: "new", Tags: []string{"tag"}})
	err8 := s.DeleteVersion(ctx, "doc", 1)
	err9 := s.Delete(ctx, "doc")
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			errs = append(errs, err)
		}
	}
	return errs
}

// A file that was cut off, or whose pages hold something else, gives errors that
// say so, and never a panic.
func TestDamagedFile(t *testing.T) {
	data, err := os.ReadFile(made(t))
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	var broken [][]byte
	for at := 0; at < len(data); at += page {
		if at > 0 {
			broken = append(broken, data[:at])
		}
		scribbled := append([]byte(nil), data...)
		for i := range page {
			scribbled[at+i] = byte(i * 7)
		}
		broken = append(broken, scribbled)
	}
	told := 0
	for i, bytes := range broken {
		path := filepath.Join(t.TempDir(), "broken.db")
		if err := os.WriteFile(path, bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Open(path)
		errs := []error{err}
		if err == nil {
			errs = use(t.Context(), s)
			if err := s.Close(); err != nil {
				t.Errorf("Close of a damaged file: %v", err)
			}
		}
		for _, err := range errs {
			if !strings.Contains(err.Error(), "is damaged: restore it") && !strings.Contains(err.Error(), "is no SQLite database") {
				t.Errorf("file %d: %v, want an error that says what to do", i, err)
			}
			told++
		}
	}
	if told < len(broken) {
		t.Errorf("%d broken files gave %d errors", len(broken), told)
	}
}

// A file that can still be used may be damaged where nobody has looked.
func TestDescribeDamaged(t *testing.T) {
	path := made(t)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-100); err != nil {
		t.Fatal(err)
	}
	describer, _ := prompty.As[prompty.Describer](mustOpen(t, path))
	d, err := describer.Describe(t.Context())
	if err != nil || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "the file is damaged") {
		t.Errorf("Describe of a file without its end = %+v, %v", d, err)
	}
}

// What people do to rows gives a clear error, of what they did it to.
func TestChangedByHand(t *testing.T) {
	for change, want := range map[string]string{
		"UPDATE prompty_versions SET tags = 'a, b'":                                                 `version 1 of "doc": column tags was changed by hand, and is no JSON list`,
		"UPDATE prompty_versions SET metadata = '[]'":                                               "column metadata was changed by hand, and is no JSON object",
		"DROP TABLE prompty_versions":                                                               "a table in",
		"ALTER TABLE prompty_versions RENAME COLUMN source TO text":                                 "is missing or not prompty's",
		"DELETE FROM prompty_heads":                                                                 "high in table prompty_heads must be the highest version",
		"UPDATE prompty_heads SET high = 1; UPDATE prompty_versions SET version = 2":                "high in table prompty_heads must be the highest version",
		"PRAGMA ignore_check_constraints = on; UPDATE prompty_heads SET high = 9223372036854775807": "",
		"UPDATE prompty_versions SET created_at = 9223372036854775807":                              "",
		"UPDATE prompty_heads SET latest = 77":                                                      "",
		"DELETE FROM prompty_versions":                                                              "",
		"DELETE FROM prompty_tags":                                                                  "",
	} {
		path := made(t)
		s := mustOpen(t, path)
		query(t, path, change)
		found := want == ""
		for _, err := range use(t.Context(), s) {
			wantError(t, change, err)
			found = found || strings.Contains(err.Error(), want)
		}
		if !found {
			t.Errorf("after %s the errors are %v, want one with %q", change, use(t.Context(), s), want)
		}
	}
}

// A schema that is not there, or of a later release, is told at once.
func TestSchema(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "manual.db")
	_, err := Open(path + "?schema=manual")
	wantError(t, "Open of no file", err, "there is no file", "schema=manual forbids")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = Open(path + "?schema=manual")
	wantError(t, "Open of an empty file", err, "table prompty_schema does not exist", "schema=manual forbids", "`prompty schema sqlite`")
	_, err = Open(path + "?schema=manual&table_prefix=mine_")
	wantError(t, "Open of an empty file", err, "table mine_schema does not exist", "`prompty schema sqlite --table-prefix mine_`")
	query(t, path, Schema(""), Schema("mine_"), Schema("mine_"))
	for _, option := range []string{"", "&table_prefix=mine_"} {
		s := mustOpen(t, path+"?schema=manual"+option)
		if list, err := s.List(t.Context(), nil); err != nil || len(list) != 0 {
			t.Errorf("List of a new prefix: %v, %v", list, err)
		}
		save(t, s, "doc", option)
	}
	query(t, path, "DROP TABLE prompty_tags")
	_, err = Open(path + "?schema=manual")
	wantError(t, "Open without one table", err, "table prompty_tags does not exist")

	path = made(t)
	query(t, path, "UPDATE prompty_schema SET version = 2", "DROP TABLE prompty_tags")
	_, err = Open(path)
	wantError(t, "Open of a later schema", err, "has version 2", "versions up to 1")
	query(t, path, "DELETE FROM prompty_schema")
	_, err = Open(path)
	wantError(t, "Open without a version", err, "table prompty_schema holds no version")
}

// lock has another tool hold the write lock until unlock is called.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_busy_timeout=10000")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err == nil {
		_, err = conn.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { conn.Close(); db.Close() }
}

func TestLocked(t *testing.T) {
	path := made(t)
	unlock := lock(t, path)
	defer unlock()
	short := mustOpen(t, path+"?busy_timeout=20ms") // opening needs no lock
	if got, err := short.Get(t.Context(), "doc"); err != nil || got.Source != "text" {
		t.Errorf("Get beside another writer: %v, %v", got, err)
	}
	err := short.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "new"})
	wantError(t, "Save beside another writer", err, "another program has held", "for 20ms (busy_timeout)", "end its transaction")

	long := mustOpen(t, path+"?busy_timeout=1h")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := long.Save(ctx, &prompty.StoredTemplate{Name: "doc", Source: "new"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Save beside another writer, with a deadline: %v", err)
	}
	saved := make(chan error)
	go func() { saved <- long.Save(context.Background(), &prompty.StoredTemplate{Name: "doc", Source: "new"}) }()
	unlock()
	if err := <-saved; err != nil {
		t.Errorf("Save after another writer is done: %v", err)
	}
	if got, err := short.Get(t.Context(), "doc"); err != nil || got.Version != 2 {
		t.Errorf("Get gives version %d, %v, want 2", got.Version, err)
	}
}

// What was saved into a file that was removed would be lost.
func TestMoved(t *testing.T) {
	path, other := made(t), made(t)
	s := mustOpen(t, path)
	save(t, s, "doc", "two")
	moved := path + ".moved"
	for what, change := range map[string]func() error{
		"moved":    func() error { return os.Rename(path, moved) },
		"replaced": func() error { return errors.Join(os.Rename(path, moved), os.Rename(other, path)) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "doc", Source: "lost"})
		wantError(t, "Save into a file that was "+what, err, "was moved, removed or replaced while it was open")
		if what == "replaced" {
			if err := os.Rename(path, other); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Rename(moved, path); err != nil {
			t.Fatal(err)
		}
	}
	if got := save(t, s, "doc", "three"); got.Version != 3 {
		t.Errorf("Save into a file that is back gives version %d, want 3", got.Version)
	}
}
