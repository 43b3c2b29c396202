package postgres

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/go-prompty/prompty"
)

// errMeanwhile is that of a save that found another state than the look at it
// right after: it has to be tried again.
var errMeanwhile = errors.New("the template was changed meanwhile")

// isTransient reports whether a change has surely not happened, and is worth
// another attempt at once.
func isTransient(err error) bool {
	if errors.Is(err, errMeanwhile) {
		return true
	}
	if _, dialed := errors.AsType[*pgconn.ConnectError](err); dialed || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case "40001", "40P01": // a serialization failure, a deadlock
			return true
		case "0A000": // a plan made before the schema was migrated
			return strings.Contains(pg.Message, "cached plan")
		}
		return false
	}
	return pgconn.SafeToRetry(err)
}

// mayHaveHappened reports whether a change that ended with err could have been
// made all the same: nobody said that it was not.
func mayHaveHappened(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Severity != "ERROR" && pg.SeverityUnlocalized != "ERROR" // FATAL: the connection is gone, perhaps after the commit
	}
	return !isOurs(err) && !pgconn.SafeToRetry(err)
}

// isLost reports whether the connection is gone.
func isLost(err error) bool {
	if _, dialed := errors.AsType[*pgconn.ConnectError](err); dialed || isOurs(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false // a call that ended takes its own connection with it, and no other
	}
	pg, said := errors.AsType[*pgconn.PgError](err)
	return !said || pg.Severity != "ERROR" && pg.SeverityUnlocalized != "ERROR"
}

// isOurs reports whether err says what was found, and not what went wrong.
func isOurs(err error) bool {
	_, ok := errors.AsType[*prompty.StorageError](err)
	return ok || errors.Is(err, errMeanwhile) || errors.Is(err, prompty.ErrTemplateNotFound) || errors.Is(err, prompty.ErrConflict) || errors.Is(err, prompty.ErrClosed)
}

// explain adds to what the server or pgx said what there is to do about it.
func (db *database) explain(err error) error {
	pg, said := errors.AsType[*pgconn.PgError](err)
	if !said {
		return explainConnect(err)
	}
	switch pg.Code {
	case "25006":
		return fmt.Errorf("%w: %w: this server is a replica, or default_transaction_read_only is set; write to the primary (target_session_attrs=read-write finds it)", prompty.ErrReadOnly, err)
	case "42501":
		return fmt.Errorf("%w; %s", err, db.grants())
	case "42P01":
		return fmt.Errorf("%w: a table of prompty is gone: restore it from a backup, or drop the others and open the storage again to begin anew", err)
	case "23505":
		return fmt.Errorf("%w: table %sversions has a higher version than table %sheads says; set high and latest there to the highest one", err, db.prefix, db.prefix)
	case "53100":
		return fmt.Errorf("the disk of the database server is full, and nothing was changed: %w", err)
	case "26000", "42P05":
		return fmt.Errorf("%w: something between here and the server mixes connections up; if it is PgBouncer before 1.21, add default_query_exec_mode=exec", err)
	}
	return explainConnect(err)
}

// grants says which rights are needed.
func (db *database) grants() string {
	return withPrefix("a role that reads needs GRANT SELECT ON prompty_schema, prompty_heads, prompty_versions, and one that writes GRANT INSERT, UPDATE ON prompty_heads, prompty_versions, too", db.prefix)
}

// explainConnect is explain for what happens while connecting.
func explainConnect(err error) error {
	dialed, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	hint := ""
	if pg, said := errors.AsType[*pgconn.PgError](err); said {
		switch pg.Code {
		case "28P01", "28000":
			hint = "check user and password, here or in PGUSER, PGPASSWORD or the file .pgpass, and what the server's pg_hba.conf allows"
		case "3D000":
			hint = "make it with CREATE DATABASE, or name another one"
		case "53300":
			hint = "the server has no connection left; max_conns limits how many each program takes"
		case "57P03":
			hint = "try again in a moment"
		}
	} else if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		hint = "check the name of the host"
	} else if strings.Contains(err.Error(), "refused TLS") {
		hint = "the server has no TLS; sslmode=disable does without, sslmode=prefer takes what there is"
	} else if isCertificate(err) {
		hint = "name the authority that signed the server's certificate with sslrootcert="
	} else if _, ok := errors.AsType[*net.OpError](err); ok {
		hint = "is the server running, and are host and port right?"
	}
	text := oneLine(err.Error())
	if hint != "" {
		text += "; " + hint
	}
	return &connectError{text: text, err: dialed.Unwrap()}
}

// oneLine joins what pgx says of each attempt, without what it says twice.
func oneLine(text string) string {
	var said string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.Contains(said, line):
		case said == "" || strings.HasSuffix(said, ":"):
			said = strings.TrimSpace(said + " " + line)
		default:
			said += "; " + line
		}
	}
	return said
}

func isCertificate(err error) bool {
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	return authority || host || invalid
}

// connectError says in one line what went wrong. It leads to pgx's error, but not
// to the one that has the whole configuration in it, and so the password.
type connectError struct {
	text string
	err  error
}

func (e *connectError) Error() string { return e.text }
func (e *connectError) Unwrap() error { return e.err }

// openError is what Open says of err. A setting that pgx does not know goes to the
// server, which does not know it either if somebody has misspelled an option.
func (db *database) openError(err error, s *settings) error {
	if pg, said := errors.AsType[*pgconn.PgError](err); said && pg.Code == "42704" {
		for name := range s.pool.ConnConfig.RuntimeParams {
			if strings.Contains(pg.Message, `"`+name+`"`) {
				return s.ours.Unknown(name)
			}
		}
	}
	return db.explain(err)
}
