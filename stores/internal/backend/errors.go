package backend

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
)

// NoSuchTable is the error of a storage that must not create what is missing.
// what names it, such as "table prompty_heads"; command prints what to run.
func NoSuchTable(what, command string) error {
	return fmt.Errorf("%s does not exist, and schema=manual forbids to create it: run what `%s` prints, or leave schema=manual out", what, command)
}

// SchemaTooNew is the error of a database that a later release has changed.
func SchemaTooNew(have, known int) error {
	return fmt.Errorf("the schema in the database has version %d, and this program knows versions up to %d: use the release of prompty that the others use", have, known)
}

// OutcomeUnknown is err of a connection that was lost while a change was under
// way, which may have happened or not.
func OutcomeUnknown(err error) error {
	return fmt.Errorf("the connection was lost before the answer came: the change may have been made or not, so look before you repeat it: %w", err)
}

// TooLarge is the error for a source that the database cannot hold.
func TooLarge(bytes, limit int, why string) error {
	return fmt.Errorf("%w: the source has %d bytes, and %s allows at most %d: shorten it, or keep it in a storage without this limit", prompty.ErrInvalidTemplate, bytes, why, limit)
}

// failure is what a caller is told of err. A context that ended, or a storage
// that was closed, explains whatever went wrong meanwhile, but not an answer.
func (s *view) failure(ctx context.Context, op, name string, version int, err error) error {
	switch {
	case err == nil:
		return nil
	case isAnswer(err):
	case s.hasFailed():
		return prompty.NewStorageClosedError()
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) {
			return context.DeadlineExceeded // its timer is a little late
		}
	}
	if _, done := errors.AsType[*prompty.StorageError](err); done {
		return err
	}
	return &prompty.StorageError{Op: op, Name: name, Version: version, Err: Redact(err, s.options.Secrets...)}
}

// isAnswer reports whether err is what the database, or the contract, says to a
// call that was carried out.
func isAnswer(err error) bool {
	for _, sentinel := range []error{
		prompty.ErrTemplateNotFound, prompty.ErrConflict, prompty.ErrClosed, prompty.ErrInvalidName, prompty.ErrInvalidTemplate, prompty.ErrReadOnly,
	} {
		if errors.Is(err, sentinel) {
			return true
		}
	}
	return false
}

// shortest is how long a secret must be to be looked for everywhere: a shorter one
// is a part of ordinary words, and is looked for where a URL has it.
const shortest = 4

// Redact returns err without the secrets. An error that shows one is replaced by
// its text, which shows "xxxxx" instead, and by its sentinel of package prompty.
func Redact(err error, secrets ...string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, secret := range secrets {
		switch {
		case len(secret) >= shortest:
			text = strings.ReplaceAll(text, secret, "xxxxx")
		case secret != "":
			text = strings.ReplaceAll(text, ":"+secret+"@", ":xxxxx@")
		}
	}
	if text == err.Error() {
		return err
	}
	return &redacted{text: text, err: err}
}

// redacted hides an error's texts, but not what it is.
type redacted struct {
	text string
	err  error
}

func (r *redacted) Error() string        { return r.text }
func (r *redacted) Is(target error) bool { return errors.Is(r.err, target) }
