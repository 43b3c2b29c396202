package engine

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Error is an error at a place in a template.
type Error struct {
	Template string // its name
	Line     int    // from 1
	Column   int    // from 1, in code points
	Offset   int    // bytes before the place in the source
	Tag      string // the name of the tag it is about; "" outside of tags
	Err      error

	excerpt string  // the source line, fit for a terminal
	caret   int     // columns of excerpt before the place
	via     []place // the includes that led here, innermost first
	final   bool    // no onerror may catch it
}

// place is where one template brings in another.
type place struct {
	how          string
	template     string
	line, column int
}

const (
	includedFrom = "included from"
	extendedBy   = "extended by"
)

// newError returns an error at the byte offset of a template's source.
func newError(name, source string, offset int, tag string, err error) *Error {
	offset = max(0, min(offset, len(source)))
	e := &Error{Template: name, Offset: offset, Tag: tag, Err: err}
	var start, end int
	e.Line, e.Column, start, end = position(source, offset)
	e.excerpt, e.caret = excerpt(source[start:end], offset-start)
	return e
}

// Error gives "name:line:column: message", below it the source line and a
// caret, and below that where the template was included from.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s", showName(e.Template), e.Line, e.Column, e.Err)
	if e.excerpt != "" {
		b.WriteString("\n  " + e.excerpt + "\n  " + strings.Repeat(" ", e.caret) + "^")
	}
	for i, p := range e.via {
		// A template that includes itself would fill the screen.
		if hidden := len(e.via) - 8; i >= 7 && i < len(e.via)-1 && hidden > 1 {
			if i == 7 {
				fmt.Fprintf(&b, "\n  … %d more", hidden)
			}
			continue
		}
		where := fmt.Sprintf("%s:%d:%d", showName(p.template), p.line, p.column)
		if p.how == includedFrom || p.how == extendedBy {
			b.WriteString("\n  " + p.how + " " + where)
		} else {
			b.WriteString("\n  " + where + ": " + p.how)
		}
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Errors are all errors of one parse, in the order of the source, at most 20.
type Errors []*Error

// maxErrors is how many errors Parse collects.
const maxErrors = 20

func (e Errors) Error() string {
	var b strings.Builder
	for i, err := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(err.Error())
	}
	return b.String()
}

// Unwrap returns the errors one by one, for [errors.Is] and [errors.As].
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, err := range e {
		list[i] = err
	}
	return list
}

// position returns line and column of an offset, and the bounds of its line.
func position(source string, offset int) (line, column, start, end int) {
	before := source[:offset]
	line = 1 + strings.Count(before, "\n")
	start = strings.LastIndexByte(before, '\n') + 1
	column = 1 + utf8.RuneCountInString(source[start:offset])
	end = len(source)
	if i := strings.IndexByte(source[offset:], '\n'); i >= 0 {
		end = offset + i
	}
	return line, column, start, end
}

// excerpt makes a line fit to be shown: no control characters, and of a long
// line only what stands around the byte offset at.
func excerpt(line string, at int) (text string, caret int) {
	const before, after = 60, 40 // code points
	line = strings.TrimSuffix(line, "\r")
	at = min(at, len(line))
	from, to := at, at
	for n := 0; n < before && from > 0; n++ {
		_, size := utf8.DecodeLastRuneInString(line[:from])
		from -= size
	}
	for n := 0; n < after && to < len(line); n++ {
		_, size := utf8.DecodeRuneInString(line[to:])
		to += size
	}
	var head, tail strings.Builder
	if from > 0 {
		head.WriteString("…")
	}
	showText(&head, line[from:at])
	showText(&tail, line[at:to])
	if to < len(line) {
		tail.WriteString("…")
	}
	text = head.String() + tail.String()
	if strings.TrimSpace(text) == "" {
		return "", 0
	}
	return text, columns(head.String())
}

// columns is the room that a terminal gives to s.
func columns(s string) int {
	n := 0
	for _, r := range s {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			continue // stands on the letter before it
		}
		n++
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}

// showText writes s with everything escaped that could move a cursor.
func showText(b *strings.Builder, s string) {
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r == utf8.RuneError || !unicode.IsPrint(r):
			q := strconv.QuoteRune(r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteRune(r)
		}
	}
}

// showName shows a plain template name bare and any other quoted and cut.
func showName(name string) string {
	if name != "" && len(name) <= 256 && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError || r == '"' }) {
		return name
	}
	return quote(name)
}

// quote quotes a name or a value for a message and cuts it.
func quote(s string) string {
	const most = 80
	if len(s) > most+3 {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.QuoteToGraphic(s[:cut]) + "…"
	}
	return strconv.QuoteToGraphic(s)
}

// didYouMean turns suggestions into the end of a message.
func didYouMean(found []string) string {
	switch len(found) {
	case 0:
		return ""
	case 1:
		return "; did you mean " + quote(found[0]) + "?"
	}
	list := make([]string, len(found))
	for i, s := range found {
		list[i] = quote(s)
	}
	return "; did you mean " + strings.Join(list[:len(list)-1], ", ") + " or " + list[len(list)-1] + "?"
}
