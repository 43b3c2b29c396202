package engine

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// spaces are the characters that trim markers remove and that may stand
// between the parts of a tag.
const spaces = " \t\r\n\v\f"

// What a byte can be part of.
const (
	inSpace    = 1 << iota
	inName     // of a tag or an attribute
	inIdent    // of an expression; other letters and digits than those of ASCII, too
	startsName // of a tag or an attribute
)

var classes = func() (c [256]uint8) {
	for i := range c[:utf8.RuneSelf] {
		r := rune(i)
		switch {
		case isLetter(r):
			c[i] = startsName | inName | inIdent
		case isDigit(r), r == '_':
			c[i] = inName | inIdent
		case r == '-', r == '.':
			c[i] = inName
		case strings.ContainsRune(spaces, r):
			c[i] = inSpace
		}
	}
	return c
}()

func isSpace(c byte) bool { return classes[c]&inSpace != 0 }

// isBlank reports whether s is nothing but spaces.
func isBlank(s string) bool {
	for i := range len(s) {
		if !isSpace(s[i]) {
			return false
		}
	}
	return true
}

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
	name    string
	value   string // escapes resolved
	at, end int32  // bounds of the value in the source, without the quotes
}

// pos is where the attribute begins in the source.
func (a *attr) pos(source string) int {
	i := int(a.at) - 1 // the quote
	for isSpace(source[i-1]) || source[i-1] == '=' {
		i--
	}
	return i - len(a.name)
}

// places finds where the bytes of an attribute's value stand in the source. It
// goes on from where it came to last, as those who read a value ask from its
// start to its end.
type places struct {
	value string
	raw   string // the value as it stands in the source
	at    int    // where raw begins
	v, r  int    // byte v of the value stands at byte r of raw
}

func (s *scanner) places(a *attr) places {
	return places{value: a.value, raw: s.src[a.at:a.end], at: int(a.at)}
}

// offset returns where in the source byte i of the value stands.
func (p *places) offset(i int) int {
	if len(p.raw) == len(p.value) {
		return p.at + i
	}
	if i < p.v {
		p.v, p.r = 0, 0
	}
	// Where raw and value differ, an escape stands for the next byte of value.
	for ; p.v < i && p.r < len(p.raw); p.v++ {
		if p.v < len(p.value) && p.raw[p.r] == '\\' && p.r+1 < len(p.raw) && (p.raw[p.r+1] == '\\' || p.raw[p.r+1] == '"' || p.raw[p.r+1] == '\'') && p.raw[p.r+1] == p.value[p.v] {
			p.r++
		}
		p.r++
	}
	return p.at + p.r
}

// tag is what stands between an opening and a closing delimiter.
type tag struct {
	name  string
	attrs []attr
	path  []string // name, or an in or with that is a path
	expr  *expr    // eval, format, eval-role, or an in or with that is an expression
	*inner
	end         int32 // in the source, after the delimiter
	pathPos     int32 // of path
	closing     bool
	selfClosing bool
	trimLeft    bool
	trimRight   bool
	bad         bool // an error in it was reported

	// what attrs and path mostly are
	oneAttr [1]attr
	oneSeg  [1]string
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

	marks []int32 // where open stands, in the whole source unless there are maxMarks
	next  int     // of the marks, the first that may be from pos on
}

// maxMarks bounds the memory of marks.
const maxMarks = 1024

// mark finds the opening delimiters from pos on and says how many tags there may
// be to open and to close, and whether some name other templates or blocks.
func (s *scanner) mark() (open, close int, names bool) {
	for at := s.pos; ; at++ {
		i := strings.IndexByte(s.src[at:], s.open[0])
		if i < 0 {
			return open, close, names
		}
		at += i
		if !has(s.src, at, s.open) {
			continue
		}
		if len(s.marks) < maxMarks {
			s.marks = append(s.marks, int32(at))
		}
		i = at + len(s.open)
		switch {
		case i < len(s.src) && s.src[i] == '/':
			close++
		default:
			open++
			names = names || namesOthers(s.src[i:])
		}
	}
}

// namesOthers reports whether a tag that begins like this is an include, extends
// or block. It looks first at what differs.
func namesOthers(s string) bool {
	const at = len("prompty.")
	if len(s) < at+2 {
		return false
	}
	switch s[at] {
	case 'b':
	case 'i':
		if s[at+1] != 'n' {
			return false
		}
	case 'e':
		if s[at+1] != 'x' {
			return false
		}
	default:
		return false
	}
	return s[:at] == "prompty."
}

// find returns where the first opening delimiter from at on stands, -1 if there
// is none.
func (s *scanner) find(at int) int {
	for ; s.next < len(s.marks); s.next++ {
		if m := int(s.marks[s.next]); m >= at {
			return m
		}
	}
	if len(s.marks) == maxMarks {
		if i := strings.Index(s.src[at:], s.open); i >= 0 {
			return at + i
		}
	}
	return -1
}

// text returns the bounds of the text up to the next tag or the end, and
// whether it has an escape.
func (s *scanner) text() (start, end int, escaped bool) {
	start = s.pos
	for {
		i := s.find(s.pos)
		if i < 0 {
			s.pos = len(s.src)
			return start, s.pos, escaped
		}
		s.pos = i
		if i == start || s.src[i-1] != '\\' {
			return start, i, escaped
		}
		s.pos += len(s.open)
		escaped = true
	}
}

// tag reads the tag that starts at pos. It is nil if not even a name could be
// read; the error is reported and pos is after the tag in either case.
func (p *parser) tag() *tag {
	s := &p.scan
	t := p.tags.one(p.tagChunk)
	t.inner = &noInner
	p.tagPos = s.pos
	src, i := s.src, s.pos+len(s.open)
	if i < len(src) && src[i] == '-' {
		t.trimLeft = true
		i++
	}
	i = skipSpace(src, i)
	if i < len(src) && src[i] == '/' {
		t.closing = true
		i = skipSpace(src, i+1)
	}
	end := s.nameEnd(i)
	if end == i {
		p.failTag(t, i, p.tagPos, noName(src[p.tagPos:i], t.closing, s.open))
		return nil
	}
	t.name = src[i:end]
	for i = end; ; {
		i = skipSpace(src, i)
		if i == len(src) {
			p.failTag(t, i, p.tagPos, fmt.Errorf("tag %s is not closed: %q is missing", t.name, s.close))
			return t
		}
		switch c := src[i]; {
		case c == s.close[0] && has(src, i, s.close):
			s.pos = i + len(s.close)
			t.end = int32(s.pos)
			p.endAttrs(t)
			return t
		case c == '-' && has(src, i+1, s.close):
			t.trimRight = true
			i++
		case c == '/' && !t.closing && !t.selfClosing:
			t.selfClosing = true
			i++
		case t.selfClosing:
			p.failTag(t, i, i, fmt.Errorf("nothing but %q may follow the / of tag %s", s.close, t.name))
			return t
		case t.closing:
			p.failTag(t, i, i, fmt.Errorf("a closing tag has nothing but its name: %q is expected after %s", s.close, t.name))
			return t
		default:
			next, at, err := p.attr(t, i)
			if err != nil {
				p.failTag(t, next, at, err)
				return t
			}
			i = next
		}
	}
}

func noName(before string, closing bool, open string) error {
	what := "a tag name"
	if closing {
		what = "the name of the tag to close"
	}
	return fmt.Errorf("%s is expected after %s; write \\%s to print the delimiter itself", what, quote(strings.TrimSpace(before)), open)
}

// failTag reports an error in t, which was read up to next, and goes on after
// the following closing delimiter.
func (p *parser) failTag(t *tag, next, at int, err error) {
	s := &p.scan
	p.report(at, t.name, err)
	t.bad = true
	p.endAttrs(t)
	i := strings.Index(s.src[next:], s.close)
	if i < 0 {
		s.pos = len(s.src)
		t.selfClosing = true // there is nothing left that could be its body
	} else {
		t.selfClosing = t.selfClosing || strings.HasSuffix(strings.TrimSuffix(s.src[p.tagPos:next+i], "-"), "/")
		s.pos = next + i + len(s.close)
	}
	t.end = int32(s.pos)
}

// attr reads the attribute at i and returns where it ends, or an error, its
// place, and how far was read.
func (p *parser) attr(t *tag, i int) (next, at int, err error) {
	s := &p.scan
	src, pos := s.src, i
	i = s.nameEnd(i)
	name := src[pos:i]
	if name == "" {
		return i, pos, fmt.Errorf("an attribute or %q is expected in tag %s", s.close, t.name)
	}
	i = skipSpace(src, i)
	if i == len(src) || src[i] != '=' {
		return i, pos, fmt.Errorf("attribute %s of tag %s has no value: write %s=%q", name, t.name, name, "…")
	}
	i = skipSpace(src, i+1)
	if i == len(src) || src[i] != '"' && src[i] != '\'' {
		return i, i, fmt.Errorf("the value of attribute %s must stand in quotes", name)
	}
	q := src[i]
	i++
	start, escaped := i, false
	for i < len(src) && src[i] != q {
		if src[i] == '\\' && i+1 < len(src) && (src[i+1] == q || src[i+1] == '\\') {
			escaped = true
			i++
		}
		i++
	}
	if i >= len(src) {
		return start, start - 1, fmt.Errorf("the value of attribute %s is not closed: a %c is missing", name, q)
	}
	if len(t.attrs) == maxAttrs {
		return i + 1, pos, limitf("tag %s has more than %s attributes", t.name, value.Count(maxAttrs))
	}
	if first := t.attr(name); first != nil {
		return i + 1, pos, twoPlaces{fmt.Errorf("attribute %s is repeated", name), "the first one is here", first.pos(src)}
	}
	a := p.newAttr(t)
	a.name, a.value, a.at, a.end = name, src[start:i], int32(start), int32(i)
	if escaped {
		a.value = unescapeAttr(a.value, q)
	}
	return i + 1, 0, nil
}

// newAttr adds an attribute to the tag that is read.
func (p *parser) newAttr(t *tag) *attr {
	switch n := len(t.attrs); n {
	case 0:
		t.attrs = t.oneAttr[:]
		return &t.oneAttr[0]
	case 1:
		t.attrs = append(p.attrs.start(min(p.chunk, 4)), t.oneAttr[0])
	}
	t.attrs = append(t.attrs, attr{})
	return &t.attrs[len(t.attrs)-1]
}

// endAttrs keeps the attributes of the tag that was read.
func (p *parser) endAttrs(t *tag) {
	if len(t.attrs) > 1 {
		t.attrs = p.attrs.finish(t.attrs)
	}
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

// verbatim reads up to the first closing tag of that name. It is not ok if
// there is none.
func (s *scanner) verbatim(name string) (content string, end closer, ok bool) {
	start := s.pos
	for at := start; ; {
		at = s.find(at)
		if at < 0 {
			return s.src[start:], closer{}, false
		}
		if t, ok := s.closer(at, name); ok {
			s.pos = int(t.end)
			return s.src[start:at], t, true
		}
		at += len(s.open)
	}
}

// closer reads a closing tag of that name at a place. It is not ok if none
// stands there.
func (s *scanner) closer(at int, name string) (t closer, ok bool) {
	src, i := s.src, at+len(s.open)
	if i < len(src) && src[i] == '-' {
		t.trimLeft = true
		i++
	}
	i = skipSpace(src, i)
	if i == len(src) || src[i] != '/' {
		return t, false
	}
	i = skipSpace(src, i+1)
	end := s.nameEnd(i)
	if src[i:end] != name {
		return t, false
	}
	i = skipSpace(src, end)
	if i < len(src) && src[i] == '-' {
		t.trimRight = true
		i++
	}
	if !strings.HasPrefix(src[i:], s.close) {
		return t, false
	}
	t.pos, t.end = int32(at), int32(i+len(s.close))
	return t, true
}

// has reports whether a delimiter stands at i. It is faster than
// strings.HasPrefix for what has two bytes.
func has(s string, i int, delimiter string) bool {
	if len(s)-i < len(delimiter) {
		return false
	}
	for k := range len(delimiter) {
		if s[i+k] != delimiter[k] {
			return false
		}
	}
	return true
}

// skipSpace returns the first place from i on that has no space.
func skipSpace(s string, i int) int {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	return i
}

// nameEnd returns where the name ends that begins at i, or i if none does. A
// name does not swallow the "-" of a trim marker.
func (s *scanner) nameEnd(i int) int {
	src := s.src
	if i == len(src) || classes[src[i]]&startsName == 0 {
		return i
	}
	if strings.HasPrefix(src[i:], "prompty.") {
		i += len("prompty.")
	} else {
		i++
	}
	for ; i < len(src) && classes[src[i]]&inName != 0; i++ {
		if src[i] == '-' && has(src, i+1, s.close) {
			break
		}
	}
	return i
}

var errEmptySegment = errors.New("a path cannot have an empty segment: names are joined by single dots")

// splitPath cuts a path into its segments and adds them to segs.
func splitPath(segs []string, path string) ([]string, error) {
	for {
		seg, rest, more := strings.Cut(path, ".")
		if isBlank(seg) {
			return nil, errEmptySegment
		}
		segs = append(segs, seg)
		if !more {
			return segs, nil
		}
		path = rest
	}
}
