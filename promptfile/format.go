package promptfile

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// FormatFrontMatter returns source with its front matter in canonical layout:
// two spaces for each level and one after a colon or a dash, no white space at
// the ends of lines, no empty lines at either end and at most one between keys.
// Values, quoting, comments and the order of keys stay, as does the body. The
// result reads as source does, and formatting it again changes nothing. Front
// matter that cannot be read, or is written in braces, stays as it is.
func FormatFrontMatter(source string) string {
	p, ok := split(source)
	if !ok || strings.ContainsAny(strings.ReplaceAll(p.front, "\r\n", "\n"), "\r\u0085\u2028\u2029") {
		return source
	}
	t, fault := parseTree("", p.front, true)
	if fault != nil {
		return source
	}
	l := layout{tree: t, rows: make(map[int]row)}
	if t.root != nil && (t.root.Kind != yaml.MappingNode || t.root.Style != 0 || !l.block(t.root, 0, "")) {
		return source
	}
	front := l.format()
	again, fault := parseTree("", front, true)
	if fault != nil || (again.root == nil) != (t.root == nil) || t.root != nil && !sameNode(again.root, t.root) {
		return source
	}
	p.opener, p.front, p.closer = trimBlanks(p.opener), front, trimBlanks(p.closer)
	return p.String()
}

// layout is where the lines of a front matter are to begin.
type layout struct {
	*tree
	rows map[int]row // by the number of the line, from 0; those that begin with a key or an item
}

// row is a line that begins with a key or an item of a list.
type row struct {
	start  int    // offset of what follows the white space and dashes
	prefix string // what is to stand before it
	indent int    // the line's own
	wanted int    // the prefix's
	shift  int    // of the lines that belong to this one
	block  bool   // a block scalar follows
	gap    string // white space after the key's colon; "" for none
	colon  int    // offset after the colon
}

// block lays out a block collection whose lines are to be indented by some
// spaces; lead is what already stands on its first line. It is false where the
// layout is not one that is worth following.
func (l *layout) block(n *yaml.Node, indent int, lead string) bool {
	step, dash := 2, ""
	if n.Kind == yaml.SequenceNode {
		step, dash = 1, "- "
	}
	for i := 0; i+step <= len(n.Content); i += step {
		first, prefix := n.Content[i], lead+dash
		if i > 0 || lead == "" {
			prefix = strings.Repeat(" ", indent) + dash
		}
		value := n.Content[i+step-1]
		inner := isBlock(value) && len(value.Content) > 0
		if step == 1 && inner { // a collection that begins on the line of its dash
			if value.Line != first.Line || !l.block(value, indent+2, prefix) {
				return false
			}
			continue
		}
		if !l.row(first, prefix, len(dash) > 0) {
			return false
		}
		switch {
		case step == 1:
			l.value(first.Line-1, nil, first)
		case inner:
			if value.Content[0].Line <= first.Line || !l.block(value, indent+2, "") {
				return false
			}
		default:
			l.value(first.Line-1, first, value)
		}
	}
	return true
}

func isBlock(n *yaml.Node) bool {
	return (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle == 0
}

// row notes that a line begins with a node.
func (l *layout) row(n *yaml.Node, prefix string, item bool) bool {
	if n.Line < 1 || n.Line > len(l.lines) {
		return false
	}
	if _, twice := l.rows[n.Line-1]; twice {
		return false
	}
	from := l.lines[n.Line-1].offset
	r := row{start: l.offset(n), prefix: prefix}
	before := l.text[from:r.start]
	if strings.Trim(before, " -") != "" || strings.Count(before, "-") != strings.Count(prefix, "-") {
		return false
	}
	r.indent = indentOf(before)
	r.shift = len(prefix) - len(before)
	if item { // what belongs to it is indented from the dash
		r.shift = strings.LastIndexByte(prefix, '-') - strings.LastIndexByte(before, '-')
	}
	r.wanted = indentOf(prefix)
	l.rows[n.Line-1] = r
	return true
}

func indentOf(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// value notes what is to know of a value that begins on a line: of a key, or of
// an item itself.
func (l *layout) value(line int, key, n *yaml.Node) {
	r := l.rows[line]
	r.block = n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if key != nil && n.Line == key.Line {
		end := l.offset(n)
		start := len(strings.TrimRight(l.text[:end], " \t"))
		if start > r.start && l.text[start-1] == ':' && end < len(l.text) && l.text[end] != '\n' && l.text[end] != '\r' {
			r.colon, r.gap = start, l.text[start:end]
		}
	}
	l.rows[line] = r
}

// format writes the lines anew.
func (l *layout) format() string {
	var b strings.Builder
	empty := true // nothing or an empty line stands before
	held := ""    // an empty line, if something follows
	lines := l.lines
	if last := lines[len(lines)-1]; last.offset == len(l.text) {
		lines = lines[:len(lines)-1]
	}
	for i := 0; i < len(lines); {
		r, ok := l.rows[i]
		next := i
		if ok {
			b.WriteString(held)
			held, empty = "", false
			line := l.line(i)
			if at := r.colon - r.start; r.gap != "" {
				line = line[:at] + " " + line[at+len(r.gap):]
			}
			b.WriteString(trimBlanks(r.prefix + line))
			next++
		}
		end := next
		for end < len(lines) {
			if _, begins := l.rows[end]; begins {
				break
			}
			end++
		}
		if ok && (r.block || !l.idle(next, end)) {
			for ; next < end; next++ {
				b.WriteString(shift(l.line(next), r.shift))
			}
			i = end
			continue
		}
		for ; next < end; next++ {
			line := trimBlanks(l.line(next))
			if text := strings.TrimLeft(line, " "); strings.Trim(text, "\r\n") == "" {
				if !empty {
					held, empty = text, true
				}
			} else {
				b.WriteString(held + strings.Repeat(" ", l.comment(indentOf(line), i, end)) + text)
				held, empty = "", false
			}
		}
		i = end
	}
	return b.String()
}

// line returns a line with its end.
func (l *layout) line(i int) string {
	start := l.lines[i].offset
	if r, ok := l.rows[i]; ok {
		start = r.start
	}
	return l.text[start:lineEnd(l.text, start)]
}

// idle reports whether lines are blank or comments.
func (l *layout) idle(from, to int) bool {
	for ; from < to; from++ {
		if text := strings.Trim(l.line(from), " \t\r\n"); text != "" && text[0] != '#' {
			return false
		}
	}
	return true
}

// comment returns the indent for a comment between two rows: it goes with the
// one that it is aligned to, the next one before the last.
func (l *layout) comment(indent, last, next int) int {
	after, ok := l.rows[next]
	if ok && after.indent == indent {
		return after.wanted
	}
	before, was := l.rows[last]
	switch {
	case was && before.indent == indent:
		return before.wanted
	case ok:
		return max(indent+after.wanted-after.indent, 0)
	case was:
		return max(indent+before.wanted-before.indent, 0)
	}
	return indent
}

// shift indents a line by more or fewer spaces.
func shift(line string, by int) string {
	switch {
	case strings.Trim(line, "\r\n") == "":
		return line
	case by >= 0:
		return strings.Repeat(" ", by) + line
	}
	return line[min(indentOf(line), -by):]
}

// trimBlanks removes spaces and tabs before the end of a line.
func trimBlanks(line string) string {
	text := strings.TrimRight(line, "\r\n")
	return strings.TrimRight(text, " \t") + line[len(text):]
}
