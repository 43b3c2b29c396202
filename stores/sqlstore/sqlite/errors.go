package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/go-prompty/prompty"
)

// code is SQLite's result code in err, with what it adds to it; 0: there is none.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// primary is the code without what is added to it.
func primary(err error) int { return code(err) & 0xff }

// isBusy reports whether another connection holds a lock. Nothing was done then.
func isBusy(err error) bool {
	return primary(err) == sqlite3.SQLITE_BUSY || primary(err) == sqlite3.SQLITE_LOCKED
}

// isReadOnly reports whether the file, or its folder, cannot be written.
func isReadOnly(err error) bool {
	switch primary(err) {
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return true
	}
	return false
}

// longestNap is short: SQLite has no queue for its lock, so who naps longer than
// the others hold it starves.
const longestNap = 4 * time.Millisecond

// await tries until no other program holds what is needed, ctx ends, or the
// patience does.
func (s *store) await(ctx context.Context, try func() error) error {
	start, nap := time.Now(), 200*time.Microsecond
	for {
		err := try()
		if err == nil || !isBusy(err) || ctx.Err() != nil || time.Since(start) > s.patience {
			return err
		}
		select {
		case <-time.After(nap/2 + rand.N(nap)):
		case <-ctx.Done():
			return ctx.Err()
		}
		nap = min(2*nap, longestNap)
	}
}

// explained is an error that explain has seen.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// explain says what an error of SQLite means here, and what to do.
func (s *store) explain(err error) error {
	if _, done := errors.AsType[*explained](err); done || code(err) == 0 {
		return err
	}
	say := func(format string, args ...any) error {
		return &explained{fmt.Sprintf(format, args...) + ": " + err.Error(), err}
	}
	switch primary(err) {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return say("another program has held %s locked for %v (busy_timeout): end its transaction, or wait longer", s.path, s.patience)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %w", prompty.ErrReadOnly, say("%s cannot be written: see to the owner and the mode of the file and its folder", s.path))
	case sqlite3.SQLITE_CANTOPEN:
		return say("%s cannot be opened: see to the owner and the mode of the file and its folder, and to the number of open files", s.path)
	case sqlite3.SQLITE_NOTADB:
		return say("%s is no SQLite database, or is encrypted: name another file", s.path)
	case sqlite3.SQLITE_CORRUPT:
		return say("%s is damaged: restore it from a backup, or save what can be read with the sqlite3 shell's .recover", s.path)
	case sqlite3.SQLITE_FULL:
		return say("there is no room for %s: make some on its disk", s.path)
	case sqlite3.SQLITE_IOERR:
		return say("%s cannot be read or written: see whether its disk is full, failing or gone", s.path)
	case sqlite3.SQLITE_CONSTRAINT:
		return say("the tables in %s do not agree, as after a change by hand: high in table %s must be the highest version of the name in %s, and changed must be unique", s.path, s.sql("prompty_heads"), s.sql("prompty_versions"))
	case sqlite3.SQLITE_ERROR:
		if strings.Contains(err.Error(), "no such ") {
			return say("a table in %s is missing or not prompty's, as after a change by hand: `prompty schema sqlite` prints what must be there", s.path)
		}
	}
	return say("%s", s.path)
}
