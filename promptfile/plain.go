package promptfile

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Most front matter is made of a few forms, and reading only these is many times
// faster than YAML in all its forms: block mappings with plain keys, block
// sequences, collections in brackets on one line, plain and quoted values on one
// line, texts after "|", comments on lines of their own. plainYAML gives the
// nodes that the library gives for them, and gives up wherever anything else
// comes, or anything that is wrong.

// plainYAML reads text; root is nil if the library must. With bare each
// entry at the top reads the same when others are taken out with their lines:
// nothing that then stands below a text becomes part of it.
func plainYAML(text string) (root *yaml.Node, bare bool) {
	r := &plainReader{text: text, bare: true}
	if !r.split() || len(r.lines) == 0 {
		return nil, false
	}
	r.room = min(3*len(r.lines), 64)
	r.skip()
	if r.i == len(r.lines) || r.lines[r.i].start != r.lines[r.i].from {
		return nil, false
	}
	root = r.mapping(r.lines[r.i].start, 0, 0)
	if root == nil || r.i < len(r.lines) {
		return nil, false
	}
	return root, r.bare
}

// maxPlainDepth bounds the depth that plainYAML follows.
const maxPlainDepth = 16

type plainReader struct {
	text  string
	bare  bool
	lines []plainLine
	i     int // the line that is read
	nodes []yaml.Node
	room  int // nodes to allocate next
	stack []*yaml.Node
}

// plainLine is a line of the text. It is blank if start is end.
type plainLine struct {
	from       int // where it begins
	start, end int // without the spaces around it
	to         int // where it ends, without the line feed
}

func (l *plainLine) indent() int { return l.start - l.from }

// split finds the lines. It refuses what YAML may see as the end of a line or as
// white space, and plainReader does not.
func (r *plainReader) split() bool {
	if !strings.HasSuffix(r.text, "\n") || !utf8.ValidString(r.text) {
		return false
	}
	for _, c := range r.text {
		if ' ' <= c && c <= '~' {
			continue
		}
		switch c {
		case '\r', '\t', '\u0085', '\u2028', '\u2029', '\ufeff':
			return false
		}
	}
	r.lines = make([]plainLine, 0, strings.Count(r.text, "\n"))
	for from := 0; from < len(r.text); {
		to := from + strings.IndexByte(r.text[from:], '\n')
		l := plainLine{from: from, start: from, end: to, to: to}
		for l.start < to && r.text[l.start] == ' ' {
			l.start++
		}
		for l.end > l.start && r.text[l.end-1] == ' ' {
			l.end--
		}
		if l.start == to && l.from < to { // it could become part of a text
			r.bare = false
		}
		r.lines = append(r.lines, l)
		from = to + 1
	}
	return true
}

// skip goes to the next line, from the current one on, that is neither blank nor
// a comment.
func (r *plainReader) skip() {
	for r.i < len(r.lines) {
		if l := &r.lines[r.i]; l.start < l.end && r.text[l.start] != '#' {
			return
		}
		r.i++
	}
}

// next goes to the line after the current one and returns its indent, -1 at the
// end.
func (r *plainReader) next() int {
	r.i++
	r.skip()
	if r.i == len(r.lines) {
		return -1
	}
	return r.lines[r.i].indent()
}

// node returns a new node that begins at a place of the current line.
func (r *plainReader) node(kind yaml.Kind, tag string, at int) *yaml.Node {
	if len(r.nodes) == 0 {
		r.nodes = make([]yaml.Node, r.room)
		r.room = 16
	}
	n := &r.nodes[0]
	r.nodes = r.nodes[1:]
	n.Kind, n.Tag, n.Line = kind, tag, r.i+1
	n.Column = utf8.RuneCountInString(r.text[r.lines[r.i].from:at]) + 1
	return n
}

// fill gives a node the nodes that were put on the stack since its length was
// mark.
func (r *plainReader) fill(n *yaml.Node, mark int) *yaml.Node {
	n.Content = append(n.Content, r.stack[mark:]...)
	r.stack = r.stack[:mark]
	return n
}

// key returns the end of the plain key at a place, if a colon follows and then a
// space or the end.
func (r *plainReader) key(at, end int) (int, bool) {
	i := at
	for i < end && (isWordByte(r.text[i]) || i > at && (r.text[i] == '-' || '0' <= r.text[i] && r.text[i] <= '9')) {
		i++
	}
	const most = 100 // far below what YAML allows a key
	return i, i > at && i-at <= most && i < end && r.text[i] == ':' && (i+1 == end || r.text[i+1] == ' ')
}

func isWordByte(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

// isItem reports whether an item of a block sequence begins at a place.
func (r *plainReader) isItem(l *plainLine) bool {
	return r.text[l.start] == '-' && l.start+1 < l.end && r.text[l.start+1] == ' '
}

// mapping reads the block mapping whose first key stands at a place of the
// current line, in column col. It returns nil if it gives up.
func (r *plainReader) mapping(at, col, depth int) *yaml.Node {
	if depth > maxPlainDepth {
		return nil
	}
	n := r.node(yaml.MappingNode, "!!map", at)
	mark := len(r.stack)
	for {
		l := &r.lines[r.i]
		end, ok := r.key(at, l.end)
		if !ok {
			return nil
		}
		r.stack = append(r.stack, r.scalar(at, end))
		v := r.value(r.spaces(end+1, l.end), col, depth)
		if v == nil {
			return nil
		}
		r.stack = append(r.stack, v)
		if r.i == len(r.lines) || r.lines[r.i].indent() < col {
			return r.fill(n, mark)
		}
		if l = &r.lines[r.i]; l.indent() > col {
			return nil // it would belong to the value
		}
		at = l.start
	}
}

// value reads the value of a key of a mapping in column col, which begins at a
// place of the current line or below it, and goes to the line after it.
func (r *plainReader) value(at, col, depth int) *yaml.Node {
	if at < r.lines[r.i].end {
		return r.inline(at, col, depth)
	}
	indent := r.next()
	if indent < col {
		return nil // null, or the end
	}
	l := &r.lines[r.i]
	switch {
	case r.isItem(l):
		return r.sequence(indent, depth+1)
	case indent > col:
		return r.mapping(l.start, indent, depth+1)
	}
	return nil
}

// sequence reads the block sequence that begins on the current line.
func (r *plainReader) sequence(col, depth int) *yaml.Node {
	if depth > maxPlainDepth {
		return nil
	}
	n := r.node(yaml.SequenceNode, "!!seq", r.lines[r.i].start)
	mark := len(r.stack)
	for {
		l := &r.lines[r.i]
		at := r.spaces(l.start+1, l.end)
		var v *yaml.Node
		if _, ok := r.key(at, l.end); ok {
			v = r.mapping(at, at-l.from, depth+1)
		} else {
			v = r.inline(at, col, depth)
		}
		if v == nil {
			return nil
		}
		r.stack = append(r.stack, v)
		if r.i == len(r.lines) || r.lines[r.i].indent() < col {
			return r.fill(n, mark)
		}
		if l = &r.lines[r.i]; l.indent() > col {
			return nil
		}
		if !r.isItem(l) {
			return r.fill(n, mark) // it has the column of the key that it belongs to
		}
	}
}

func (r *plainReader) spaces(at, end int) int {
	for at < end && r.text[at] == ' ' {
		at++
	}
	return at
}

// inline reads a value that begins on the current line, in a collection in
// column col, and goes to the line after it.
func (r *plainReader) inline(at, col, depth int) *yaml.Node {
	l := &r.lines[r.i]
	if r.text[at] == '|' {
		return r.literal(at, col)
	}
	n, end := r.one(at, l.end, depth, false)
	if n == nil || end != l.end {
		return nil
	}
	r.next()
	return n
}

// one reads a value that ends on the current line, and returns where.
func (r *plainReader) one(at, end, depth int, flow bool) (*yaml.Node, int) {
	switch c := r.text[at]; {
	case c == '[' || c == '{':
		return r.flow(at, end, depth+1)
	case c == '"' || c == '\'':
		return r.quoted(at, end)
	case plainStart(r.text[at:end]):
		stop := end
		if flow {
			if i := strings.IndexAny(r.text[at:end], ",[]{}:?"); i >= 0 {
				stop = at + i
			}
			if stop < end && strings.IndexByte("[{:?", r.text[stop]) >= 0 {
				return nil, 0
			}
		}
		text := strings.TrimRight(r.text[at:stop], " ")
		if strings.Contains(text, ": ") || strings.Contains(text, " #") || text[len(text)-1] == ':' {
			return nil, 0
		}
		return r.scalar(at, at+len(text)), stop
	}
	return nil, 0
}

// plainStart reports whether s begins like a plain value that is nothing else.
func plainStart(s string) bool {
	c := s[0]
	switch {
	case isWordByte(c), '0' <= c && c <= '9', c >= utf8.RuneSelf:
		return true
	case c == '-':
		return len(s) > 1 && s[1] != ' ' && plainStart(s[1:]) && s[1] != '-'
	}
	return strings.IndexByte("/.($+~^;=\\<", c) >= 0
}

// scalar returns a plain value.
func (r *plainReader) scalar(at, end int) *yaml.Node {
	n := r.node(yaml.ScalarNode, "!!str", at)
	n.Value = r.text[at:end]
	switch c := n.Value[0]; {
	case strings.IndexByte("yYnNtTfFoO~<+-.0123456789", c) < 0: // else it may be more than text
	case isDecimal(n.Value):
		n.Tag = "!!int"
	case n.Value == "true" || n.Value == "false":
		n.Tag = "!!bool"
	case isWordByte(c) && len(n.Value) > len("false"):
	default:
		n.Tag = ""
		n.Tag = n.ShortTag()
	}
	return n
}

// isDecimal reports whether s is a number that YAML reads as Go does.
func isDecimal(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && len(s) < 18 && (s[0] != '0' || len(s) == 1) && strings.Trim(s, "0123456789") == ""
}

// quoted reads a value between quotes that has no escapes.
func (r *plainReader) quoted(at, end int) (*yaml.Node, int) {
	q := r.text[at]
	i := strings.IndexByte(r.text[at+1:end], q)
	if i < 0 {
		return nil, 0
	}
	i += at + 1
	text := r.text[at+1 : i]
	if q == '"' && strings.IndexByte(text, '\\') >= 0 || i+1 < end && r.text[i+1] == q {
		return nil, 0
	}
	n := r.node(yaml.ScalarNode, "!!str", at)
	n.Value, n.Style = text, yaml.DoubleQuotedStyle
	if q == '\'' {
		n.Style = yaml.SingleQuotedStyle
	}
	return n, i + 1
}

// flow reads a collection in brackets.
func (r *plainReader) flow(at, end, depth int) (*yaml.Node, int) {
	if depth > maxPlainDepth {
		return nil, 0
	}
	n, closer := r.node(yaml.SequenceNode, "!!seq", at), byte(']')
	if r.text[at] == '{' {
		n.Kind, n.Tag, closer = yaml.MappingNode, "!!map", '}'
	}
	n.Style = yaml.FlowStyle
	mark := len(r.stack)
	i := r.spaces(at+1, end)
	if i < end && r.text[i] == closer {
		return n, i + 1
	}
	for i < end {
		if closer == '}' {
			stop, ok := r.key(i, end)
			if !ok {
				return nil, 0
			}
			r.stack = append(r.stack, r.scalar(i, stop))
			if i = r.spaces(stop+1, end); i == end {
				return nil, 0
			}
		}
		var v *yaml.Node
		if v, i = r.one(i, end, depth, true); v == nil {
			return nil, 0
		}
		r.stack = append(r.stack, v)
		if i = r.spaces(i, end); i == end {
			return nil, 0
		}
		if r.text[i] == closer {
			return r.fill(n, mark), i + 1
		}
		if r.text[i] != ',' || i+1 == end || r.text[i+1] != ' ' {
			return nil, 0
		}
		i = r.spaces(i+1, end)
	}
	return nil, 0
}

// literal reads the text after a "|", which belongs to a collection in column
// col.
func (r *plainReader) literal(at, col int) *yaml.Node {
	l := &r.lines[r.i]
	if at+1 != l.end || r.i+1 == len(r.lines) {
		return nil
	}
	n := r.node(yaml.ScalarNode, "!!str", at)
	n.Style = yaml.LiteralStyle
	r.i++
	first := r.i
	indent := r.lines[first].indent()
	if indent <= col || r.lines[first].start == r.lines[first].end {
		return nil
	}
	var b strings.Builder
	gap := 0 // blank lines that belong to the text if more follows
	for ; r.i < len(r.lines); r.i++ {
		l := &r.lines[r.i]
		if l.start == l.end {
			if l.to-l.from > indent {
				return nil
			}
			gap++
			continue
		}
		if l.indent() < indent {
			if l.indent() > col {
				return nil
			}
			break
		}
		for ; gap > 0; gap-- {
			b.WriteByte('\n')
		}
		b.WriteString(r.text[l.from+indent : l.to+1])
	}
	n.Value = b.String()
	r.skip()
	return n
}
