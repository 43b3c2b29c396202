package engine

import (
	"context"
	"errors"
)

var errNotYet = errors.New("not yet implemented")

type env struct{}

func (*env) lookup([]string) (any, bool) { return nil, false }

func splitPath(string) ([]string, error) { return nil, nil }
func isSpace(c byte) bool                { return c == ' ' }
func isNameRune(r rune) bool             { return 'a' <= r && r <= 'z' }
func isIdent(s string) bool              { return s != "" }
func isTagName(s string) bool            { return s != "" }
func builtinTagNames() []string          { return nil }

// Parse parses.
func (e *Engine) Parse(name, source string) (*Template, error) {
	return &Template{name: name, source: source}, nil
}

// String prints.
func (t *Template) String() string { return t.source }

// Link links.
func (e *Engine) Link(ctx context.Context, t *Template, load LoadFunc) (*Program, error) {
	return &Program{t: t}, nil
}

// Program is a program.
type Program struct{ t *Template }

// Append appends.
func (p *Program) Append(ctx context.Context, dst []byte, data any) ([]byte, error) {
	return dst, errNotYet
}

// Render renders.
func (p *Program) Render(ctx context.Context, data any) (string, error) { return "", errNotYet }

// Messages renders.
func (p *Program) Messages(ctx context.Context, data any) ([]Message, error) { return nil, errNotYet }

// Refs lists.
func (p *Program) Refs() []Ref { return nil }

// Validate validates.
func (e *Engine) Validate(ctx context.Context, name, source string, load LoadFunc) []Issue { return nil }

// Severity is a severity.
type Severity string

const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Issue is an issue.
type Issue struct {
	Severity             Severity
	Message              string
	Template             string
	Line, Column, Offset int
}

func (i Issue) String() string { return i.Message }
