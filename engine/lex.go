package engine

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// spaces are the characters that trim markers remove and that may stand
// between the parts of a tag.
const spaces = " \t\r\n\v\f"

func isSpace(c byte) bool { return c < 128 && strings.IndexByte(spaces, c) >= 0 }

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

func isDigit(r rune) bool { return '0' <= r && r <= '9' }

// isNameRune reports whether r may stand in the name of a tag or an attribute,
// after its first character.
func isNameRune(r rune) bool {
	return isLetter(r) || isDigit(r) || r == '_' || r == '-' || r == '.'
}

// isTagName reports whether s can name a tag or an attribute.
func isTagName(s string) bool {
	for i, r := range s {
		if i == 0 && !isLetter(r) || !isNameRune(r) {
			return false
		}
	}
	return s != ""
}

// isIdent reports whether s can name a variable or a function in expressions.
func isIdent(s string) bool {
	for i, r := range s {
		if !isIdentRune(r, i == 0) {
			return false
		}
	}
	switch s {
	case "", "true", "false", "nil", "in":
		return false
	}
	return true
}

func isIdentRune(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) || !first && unicode.IsDigit(r)
}

// maxAttrs bounds the attributes of a tag, each of which is compared with all
// before it.
const maxAttrs = 256

// attr is one attribute of a tag.
type attr struct {
	name  string
	value string // escapes resolved
	pos   int    // of the name
	at    int    // of the value's first byte
	raw   string // the value as it stands in the source

	// byte v of the value stands at byte r of raw: how far offset has come
	v, r int
}

// offset returns where in the source byte i of the value stands. It goes on
// from where it came to last, as those who read a value ask from its start to
// its end.
func (a *attr) offset(i int) int {
	if len(a.raw) == len(a.value) {
		return a.at + i
	}
	if i < a.v {
		a.v, a.r = 0, 0
	}
	// Where raw and value differ, an escape stands for the next byte of value.
	for ; a.v < i && a.r < len(a.raw); a.v++ {
		if a.v < len(a.value) && a.raw[a.r] == '\\' && a.r+1 < len(a.raw) && (a.raw[a.r+1] == '\\' || a.raw[a.r+1] == '"' || a.raw[a.r+1] == '\'') && a.raw[a.r+1] == a.value[a.v] {
			a.r++
		}
		a.r++
	}
	return a.at + a.r
}

// tag is what stands between an opening and a closing delimiter.
type tag struct {
	name        string
	attrs       []attr
	pos, end    int // bounds in the source, delimiters included
	closing     bool
	selfClosing bool
	trimLeft    bool
	trimRight   bool
	bad         bool // an error in it was reported
}

func (t *tag) attr(name string) *attr {
	for i := range t.attrs {
		if t.attrs[i].name == name {
			return &t.attrs[i]
		}
	}
	return nil
}

// scanner cuts a source into texts and tags.
type scanner struct {
	src         string
	pos         int
	open, close string
	report      func(offset int, tag string, err error)
}

// text returns the bounds of the text up to the next tag or the end.
func (s *scanner) text() (start, end int) {
	start = s.pos
	for {
		i := strings.Index(s.src[s.pos:], s.open)
		if i < 0 {
			s.pos = len(s.src)
			return start, s.pos
		}
		s.pos += i
		if s.pos == start || s.src[s.pos-1] != '\\' {
			return start, s.pos
		}
		s.pos += len(s.open)
	}
}

// unescape resolves the one escape that text has.
func (s *scanner) unescape(text string) string {
	return strings.ReplaceAll(text, `\`+s.open, s.open)
}

// tag reads the tag that starts at pos. It is nil if not even a name could be
// read; the error is reported and pos is after the tag in either case.
func (s *scanner) tag() *tag {
	t := &tag{pos: s.pos}
	s.pos += len(s.open)
	if s.peek() == '-' {
		t.trimLeft = true
		s.pos++
	}
	s.space()
	if s.peek() == '/' {
		t.closing = true
		s.pos++
		s.space()
	}
	t.name = s.name()
	if t.name == "" {
		s.fail(t, t.pos, s.noName(t))
		return nil
	}
	for {
		s.space()
		rest := s.src[s.pos:]
		switch {
		case rest == "":
			s.fail(t, t.pos, fmt.Errorf("tag %s is not closed: %q is missing", t.name, s.close))
			return t
		case strings.HasPrefix(rest, s.close):
			s.pos += len(s.close)
			t.end = s.pos
			return t
		case rest[0] == '-' && strings.HasPrefix(rest[1:], s.close):
			t.trimRight = true
			s.pos++
		case rest[0] == '/' && !t.closing && !t.selfClosing:
			t.selfClosing = true
			s.pos++
		case t.selfClosing:
			s.fail(t, s.pos, fmt.Errorf("nothing but %q may follow the / of tag %s", s.close, t.name))
			return t
		case t.closing:
			s.fail(t, s.pos, fmt.Errorf("a closing tag has nothing but its name: %q is expected after %s", s.close, t.name))
			return t
		default:
			if at, err := s.attr(t); err != nil {
				s.fail(t, at, err)
				return t
			}
		}
	}
}

func (s *scanner) noName(t *tag) error {
	what := "a tag name"
	if t.closing {
		what = "the name of the tag to close"
	}
	return fmt.Errorf("%s is expected after %s; write \\%s to print the delimiter itself", what, quote(strings.TrimSpace(s.src[t.pos:s.pos])), s.open)
}

// fail reports an error in t and goes on after the next closing delimiter.
func (s *scanner) fail(t *tag, at int, err error) {
	s.report(at, t.name, err)
	t.bad = true
	i := strings.Index(s.src[s.pos:], s.close)
	if i < 0 {
		s.pos = len(s.src)
		t.selfClosing = true // there is nothing left that could be its body
	} else {
		t.selfClosing = t.selfClosing || strings.HasSuffix(strings.TrimSuffix(s.src[t.pos:s.pos+i], "-"), "/")
		s.pos += i + len(s.close)
	}
	t.end = s.pos
}

// attr reads one attribute at pos, or returns an error with its place.
func (s *scanner) attr(t *tag) (int, error) {
	a := attr{pos: s.pos}
	a.name = s.name()
	if a.name == "" {
		return s.pos, fmt.Errorf("an attribute or %q is expected in tag %s", s.close, t.name)
	}
	s.space()
	if s.peek() != '=' {
		return a.pos, fmt.Errorf("attribute %s of tag %s has no value: write %s=%q", a.name, t.name, a.name, "…")
	}
	s.pos++
	s.space()
	q := s.peek()
	if q != '"' && q != '\'' {
		return s.pos, fmt.Errorf("the value of attribute %s must stand in quotes", a.name)
	}
	s.pos++
	a.at = s.pos
	escaped := false
	for i := s.pos; ; i++ {
		switch {
		case i >= len(s.src):
			return a.at - 1, fmt.Errorf("the value of attribute %s is not closed: a %c is missing", a.name, q)
		case s.src[i] == '\\' && i+1 < len(s.src) && (s.src[i+1] == q || s.src[i+1] == '\\'):
			escaped = true
			i++
			continue
		case s.src[i] != q:
			continue
		}
		a.raw = s.src[a.at:i]
		s.pos = i + 1
		break
	}
	a.value = a.raw
	if escaped {
		a.value = unescapeAttr(a.raw, q)
	}
	if len(t.attrs) == maxAttrs {
		return a.pos, limitf("tag %s has more than %s attributes", t.name, value.Count(maxAttrs))
	}
	if first := t.attr(a.name); first != nil {
		return a.pos, twoPlaces{fmt.Errorf("attribute %s is repeated", a.name), "the first one is here", first.pos}
	}
	t.attrs = append(t.attrs, a)
	return 0, nil
}

func unescapeAttr(raw string, q byte) string {
	var b strings.Builder
	b.Grow(len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '\\' && i+1 < len(raw) && (raw[i+1] == q || raw[i+1] == '\\') {
			i++
		}
		b.WriteByte(raw[i])
	}
	return b.String()
}

// verbatim reads up to the first closing tag of that name. The tag is nil if
// there is none.
func (s *scanner) verbatim(name string) (content string, end *tag) {
	start := s.pos
	for at := start; ; {
		i := strings.Index(s.src[at:], s.open)
		if i < 0 {
			return s.src[start:], nil
		}
		at += i
		if t := s.closer(at, name); t != nil {
			s.pos = t.end
			return s.src[start:at], t
		}
		at += len(s.open)
	}
}

// closer reads a closing tag of that name at a place, or returns nil.
func (s *scanner) closer(at int, name string) *tag {
	t := &tag{name: name, pos: at, closing: true}
	c := scanner{src: s.src, pos: at + len(s.open), close: s.close}
	if c.peek() == '-' {
		t.trimLeft = true
		c.pos++
	}
	c.space()
	if c.peek() != '/' {
		return nil
	}
	c.pos++
	c.space()
	if c.name() != name {
		return nil
	}
	c.space()
	if c.peek() == '-' {
		t.trimRight = true
		c.pos++
	}
	if !strings.HasPrefix(c.src[c.pos:], s.close) {
		return nil
	}
	t.end = c.pos + len(s.close)
	return t
}

func (s *scanner) peek() byte {
	if s.pos < len(s.src) {
		return s.src[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.src) && isSpace(s.src[s.pos]) {
		s.pos++
	}
}

// name reads a name; "" if none stands at pos. A name does not swallow the "-"
// of a trim marker.
func (s *scanner) name() string {
	start := s.pos
	for s.pos < len(s.src) {
		c := rune(s.src[s.pos])
		if s.pos == start && !isLetter(c) || !isNameRune(c) {
			break
		}
		if c == '-' && strings.HasPrefix(s.src[s.pos+1:], s.close) {
			break
		}
		s.pos++
	}
	return s.src[start:s.pos]
}

var errEmptySegment = errors.New("a path cannot have an empty segment: names are joined by single dots")

// splitPath cuts a path into its segments.
func splitPath(path string) ([]string, error) {
	segs := strings.Split(path, ".")
	for _, s := range segs {
		if strings.Trim(s, spaces) == "" {
			return nil, errEmptySegment
		}
	}
	return segs, nil
}
