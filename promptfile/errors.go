package promptfile

import (
	"strconv"
	"strings"
	"unicode"
)

// Error is one fault of a file's front matter or encoding.
type Error struct {
	File   string // as the caller named it; may be empty
	Line   int    // 1-based, of the file; 0 if the fault has no place
	Column int    // 1-based, in code points
	Msg    string // what is wrong
	Hint   string // what to do about it; may be empty
}

// Error returns "file:line:column: message. Hint".
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(showName(e.File))
		b.WriteByte(':')
	}
	if e.Line > 0 {
		b.WriteString(strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.Column) + ":")
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString(". " + e.Hint)
	}
	return b.String()
}

// Errors is one or more faults of a file, in the order of their places.
type Errors []*Error

// Error returns one line for each fault.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the faults to errors.Is and errors.As.
func (es Errors) Unwrap() []error {
	list := make([]error, len(es))
	for i, e := range es {
		list[i] = e
	}
	return list
}

// showName shows a file's name such that it cannot break a terminal or a log line.
func showName(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar }) {
		return strconv.QuoteToGraphic(name)
	}
	return name
}

// show quotes a piece of the file for a message, cut to a bearable length.
func show(s string) string {
	const most = 40
	cut := ""
	n := 0
	for i := range s {
		if n++; n > most {
			s, cut = s[:i], "…"
			break
		}
	}
	return strconv.QuoteToGraphic(s) + cut
}
