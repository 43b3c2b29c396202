package engine

import "context"

// Severity says how bad an [Issue] is.
type Severity string

const (
	SeverityError   Severity = "error"   // the template cannot be used, or fails where this is reached
	SeverityWarning Severity = "warning" // it is probably not what the author meant
)

// Issue is one finding of Validate.
type Issue struct {
	Severity Severity `json:"severity"`
	Template string   `json:"template"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // from 1, in code points
	Offset   int      `json:"offset"` // bytes before the place
	Tag      string   `json:"tag,omitempty"`
	Message  string   `json:"message"`
}

// Validate x.
func (e *Engine) Validate(ctx context.Context, name, source string, load LoadFunc) []Issue { return nil }

// String gives "name:line:column: severity: message".
func (i Issue) String() string { return i.Message }
