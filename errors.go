package prompty

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The sentinels that every storage's errors lead back to, for [errors.Is].
var (
	ErrTemplateNotFound       = errors.New("template not found")
	ErrVersionNotFound  error = versionNotFound{}      // it is ErrTemplateNotFound too
	ErrConflict               = errors.New("conflict") // see ConflictError
	ErrClosed                 = errors.New("storage is closed")
	ErrInvalidName            = errors.New("invalid template name")
	ErrInvalidTemplate        = errors.New("invalid template")
	ErrReadOnly               = errors.New("storage is read-only") // or the place it lives in is
)

type versionNotFound struct{}

func (versionNotFound) Error() string        { return "template version not found" }
func (versionNotFound) Is(target error) bool { return target == ErrTemplateNotFound }

// StorageError says which operation failed, on what, and why, without secrets.
type StorageError struct {
	Op, Name string // "get", "save", "open" …, and the template's or driver's name; may be empty
	Version  int    // 0 where no version is meant
	Err      error  // leads to a sentinel, or is what the backend said
}

func (e *StorageError) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + " ")
	}
	if e.Name != "" {
		b.WriteString(quoteName(e.Name))
		if e.Version != 0 {
			b.WriteString("@" + strconv.Itoa(e.Version))
		}
	}
	if b.Len() > 0 {
		return strings.TrimRight(b.String(), " ") + ": " + e.Err.Error()
	}
	return e.Err.Error()
}

func (e *StorageError) Unwrap() error { return e.Err }

// quoteName shows plain names bare and all others quoted and cut, so that no
// name can break a terminal or a log line.
func quoteName(name string) string {
	const most = 80
	cut := ""
	if len(name) > most+3 {
		name, cut = name[:most], "…"
	}
	if q := strconv.QuoteToGraphic(name); q != `"`+name+`"` || strings.ContainsAny(name, " '") || name == "" {
		return q + cut
	}
	return name + cut
}

// ConflictError is the [ErrConflict] of a change built on another version.
type ConflictError struct {
	Base, Latest int // the version built on (0: it was to be new), and the one that is there (0: none)
}

func (e *ConflictError) Error() string {
	switch {
	case e.Base == 0:
		return fmt.Sprintf("conflict: it exists already, the latest version is %d", e.Latest)
	case e.Latest == 0:
		return fmt.Sprintf("conflict: built on version %d, but it does not exist", e.Base)
	}
	return fmt.Sprintf("conflict: built on version %d, but the latest is %d", e.Base, e.Latest)
}

func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// NewStorageTemplateNotFoundError returns an [ErrTemplateNotFound].
func NewStorageTemplateNotFoundError(name string) error {
	return &StorageError{Name: name, Err: ErrTemplateNotFound}
}

// NewStorageVersionNotFoundError returns an [ErrVersionNotFound].
func NewStorageVersionNotFoundError(name string, version int) error {
	return &StorageError{Name: name, Version: version, Err: ErrVersionNotFound}
}

// NewStorageConflictError returns an [ErrConflict] with a [*ConflictError].
func NewStorageConflictError(name string, base, latest int) error {
	return &StorageError{Op: "save", Name: name, Err: &ConflictError{Base: base, Latest: latest}}
}

// NewStorageInvalidNameError returns an [ErrInvalidName].
func NewStorageInvalidNameError(name, reason string) error {
	return &StorageError{Err: fmt.Errorf("%w %s: %s", ErrInvalidName, quoteName(name), reason)}
}

// NewStorageClosedError returns an [ErrClosed].
func NewStorageClosedError() error {
	return &StorageError{Err: ErrClosed}
}
