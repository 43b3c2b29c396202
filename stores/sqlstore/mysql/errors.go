package mysql

import (
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/internal/backend"
)

// number is the server's number of an error; 0: it is none of the server's.
func number(err error) uint16 {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number
	}
	return 0
}

// isAnswer reports whether the connection is as good as before: there is no
// error, or one that did not come from it.
func isAnswer(err error) bool {
	switch number(err) {
	case 0:
		return !isLost(err)
	case 1053, 1152, 1153, 1158, 1159, 1160, 1161, 1184, 1317, 1615, 1927, 3169, 4031: // the server ends it, or forgets statements
		return false
	}
	return true
}

// isLost reports whether the connection is gone, or never came about.
func isLost(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	for _, lost := range []error{sqldriver.ErrBadConn, mysql.ErrInvalidConn, mysql.ErrMalformPkt, mysql.ErrPktSync, mysql.ErrBusyBuffer, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}

// isConflict reports whether the server has undone a transaction in favour of
// another one.
func isConflict(err error) bool {
	switch number(err) {
	case 1020, 1205, 1213, 1614, 3572, 4025:
		return true
	}
	return false
}

// isReadOnly reports whether the server is a replica, or was made read-only.
func isReadOnly(err error) bool {
	switch number(err) {
	case 1290, 1792, 1836:
		return true
	}
	return false
}

// explained is an error that explain has seen.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// explain says what an error means here, and what to do.
func (s *store) explain(err error) error {
	if _, done := errors.AsType[*explained](err); err == nil || done {
		return err
	}
	say := func(format string, args ...any) error {
		return &explained{fmt.Sprintf(format, args...) + ": " + err.Error(), err}
	}
	if isReadOnly(err) {
		return fmt.Errorf("%w: %w", prompty.ErrReadOnly, say("the server takes no changes, as a replica does: connect to the primary"))
	}
	if isConflict(err) {
		return say("other transactions were in the way each time this was tried: look with SHOW ENGINE INNODB STATUS for who holds locks in table %s", s.sql("prompty_heads"))
	}
	switch number(err) {
	case 0:
		return s.explainNetwork(err, say)
	case 1045, 1698:
		return say("the server does not let user %q in: mend user or password", s.config.User)
	case 1044, 1049:
		return say("there is no database %q, or user %q may not use it: have it made with CREATE DATABASE, or mend the name", s.config.DBName, s.config.User)
	case 1142, 1143, 1227, 1370:
		rights := "SELECT, INSERT, UPDATE"
		if !s.manual {
			rights += ", CREATE"
		}
		lacking := say("user %q lacks a right: GRANT %s ON the tables %s, %s, %s and %s", s.config.User, rights,
			s.sql("prompty_heads"), s.sql("prompty_versions"), s.sql("prompty_terms"), s.sql("prompty_schema"))
		if text := err.Error(); strings.Contains(text, "INSERT command denied") || strings.Contains(text, "UPDATE command denied") || strings.Contains(text, "CREATE command denied") {
			return fmt.Errorf("%w: %w", prompty.ErrReadOnly, lacking)
		}
		return lacking
	case 1146, 1054:
		if s.manual && number(err) == 1146 {
			return fmt.Errorf("%w: %w", backend.NoSuchTable(tableIn(err), s.command()), err)
		}
		return say("a table is missing or not prompty's, as after a change by hand: `%s` prints what must be there", s.command())
	case 1021, 1114, 1041, 1037, 1038, 3, 28:
		return say("the server has no room left, on the disk or in memory: make some")
	case 1030, 1026, 1180:
		return say("the server cannot write; if it says 28 or \"No space left\", make room on its disk, else look into its log")
	case 1040, 1203, 1226, 1461:
		return say("the server has too many connections or statements: lower max_conns, or raise the server's limit")
	case 1062:
		return say("the tables do not agree, as after a change by hand: high in table %s must be the highest version of the name in %s", s.sql("prompty_heads"), s.sql("prompty_versions"))
	case 1153, 1105:
		return say("the server refuses a packet of that size: raise its max_allowed_packet")
	case 1665:
		return say("the server's binary log has a form that forbids READ COMMITTED: set binlog_format to MIXED or ROW")
	}
	return err
}

func (s *store) explainNetwork(err error, say func(string, ...any) error) error {
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return say("the host %s is not known: mend its name", e.Name)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
		return say("the server at %s does not answer: see whether it runs, and whether the address is right", s.config.Addr)
	}
	if isLost(err) {
		return say("the connection to the server at %s was lost", s.config.Addr)
	}
	return err
}

// tableIn is the table that error 1146 names.
func tableIn(err error) string {
	_, rest, _ := strings.Cut(err.Error(), "'")
	name, _, _ := strings.Cut(rest, "'")
	return "table " + name
}
