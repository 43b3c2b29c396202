package builtin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// textFunctions work on text of several lines, or on its width.
var textFunctions = []function{
	{"lines", 1, 1, lines},
	{"indent", 2, 2, indent},
	{"wrap", 2, 2, wrap},
	{"truncate", 2, 3, truncate},
}

func lines(c call) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	n := strings.Count(s, "\n")
	if s != "" && !strings.HasSuffix(s, "\n") {
		n++
	}
	if err := c.elements(n); err != nil {
		return nil, err
	}
	list := make([]string, 0, n)
	for line := range strings.Lines(s) {
		line, ended := strings.CutSuffix(line, "\n")
		if ended {
			line = strings.TrimSuffix(line, "\r")
		}
		list = append(list, line)
	}
	return list, nil
}

func indent(c call) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	prefix, isText := value.Text(c.args[1])
	width := len(prefix)
	if !isText {
		if value.KindOf(c.args[1]) != value.Number {
			return nil, c.wrong(1, "an integer or a string")
		}
		if width, err = c.integer(1, 0); err != nil {
			return nil, err
		}
	}
	n := strings.Count(s, "\n") + 1
	if len(s) > c.max || width > (c.max-len(s))/n {
		return nil, c.tooLong()
	}
	if !isText {
		prefix = strings.Repeat(" ", width)
	}
	short := strings.TrimRightFunc(prefix, unicode.IsSpace)
	out := make([]byte, 0, len(s)+n*width)
	for line := range strings.Lines(s) {
		if strings.TrimRight(line, "\r\n") == "" {
			out = append(out, short...)
		} else {
			out = append(out, prefix...)
		}
		out = append(out, line...)
	}
	return string(out), nil
}

func truncate(c call) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	n, err := c.integer(1, 0)
	if err != nil {
		return nil, err
	}
	suffix := ""
	if c.has(2) {
		if suffix, err = c.str(2); err != nil {
			return nil, err
		}
	}
	end := offset(s, n)
	if end == len(s) || suffix == "" {
		return s[:end], nil
	}
	room := n - utf8.RuneCountInString(suffix)
	if room < 0 {
		return s[:end], nil
	}
	end = offset(s, room)
	if len(suffix) > c.max-end {
		return nil, c.tooLong()
	}
	return s[:end] + suffix, nil
}

// offset returns where code point n of s starts, len(s) if it has fewer.
func offset(s string, n int) int {
	if n >= len(s) {
		return len(s)
	}
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

func wrap(c call) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	width, err := c.integer(1, 1)
	if err != nil {
		return nil, err
	}
	if len(s) > c.max {
		return nil, c.tooLong()
	}
	out := make([]byte, 0, len(s))
	for line := range strings.Lines(s) {
		line, ended := strings.CutSuffix(line, "\n")
		if out = wrapLine(out, line, width); len(out) > c.max {
			return nil, c.tooLong()
		}
		if ended {
			out = append(out, '\n')
		}
	}
	if len(out) > c.max {
		return nil, c.tooLong()
	}
	return string(out), nil
}

// wrapLine breaks one line. The result has at most a third more bytes: only
// between characters of three bytes does a break replace no white space.
func wrapLine(out []byte, line string, width int) []byte {
	if utf8.RuneCountInString(line) <= width {
		return append(out, line...)
	}
	column, started := 0, false
	for line != "" {
		word := strings.TrimLeftFunc(line, unicode.IsSpace)
		if word == "" {
			break // white space at the end of a line that is too long
		}
		gap := line[:len(line)-len(word)]
		n := wordEnd(word)
		line, word = word[n:], word[:n]
		need := utf8.RuneCountInString(gap) + utf8.RuneCountInString(word)
		if started && column+need > width {
			out = append(out, '\n')
			column, need, gap = 0, utf8.RuneCountInString(word), ""
		}
		out = append(append(out, gap...), word...)
		column, started = column+need, true
	}
	return out
}

// wordEnd returns the length of what must stay together at the start of s.
func wordEnd(s string) int {
	before := rune(-1)
	for i, r := range s {
		if unicode.IsSpace(r) || before >= 0 && breakable(before, r) {
			return i
		}
		before = r
	}
	return len(s)
}

// breakable reports whether a line may end between two characters without white
// space: beside one of a script that is written without any, but neither before
// closing nor behind opening punctuation.
func breakable(a, b rune) bool {
	switch {
	case !spaceless(a) && !spaceless(b):
		return false
	case unicode.In(a, unicode.Ps, unicode.Pi), b == 'ー':
		return false
	}
	return unicode.IsLetter(b) || unicode.IsDigit(b) || unicode.In(b, unicode.Ps, unicode.Pi)
}

// spaceless reports whether r belongs to a script written without spaces, or
// is its punctuation.
func spaceless(r rune) bool {
	return 0x3000 <= r && r < 0x3040 || 0xFF00 <= r && r < 0xFFF0 ||
		r >= 0x2E80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}
