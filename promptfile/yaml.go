package promptfile

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// place is a position in a file.
type place struct{ line, column int }

// tree is front matter as YAML nodes, with what is needed to say where in the
// file a node stands.
type tree struct {
	file  string // its name, for errors
	text  string // the front matter
	root  *yaml.Node
	lines []yamlLine
	last  lastOffset // the answer that offset gave last
	rough bool       // whether the places of syntax errors may be
	bare  bool       // whether an entry at the top can be taken out unseen
}

// yamlLine is the start of a line as YAML counts them: a lone carriage return
// and three Unicode characters end one too, which no editor agrees with.
type yamlLine struct {
	offset int // in the front matter
	place      // in the file
}

// maxMarks bounds the characters that can make a node, counted before parsing:
// it holds the parser's memory down where MaxNodes would come too late.
const maxMarks = 4 * MaxNodes

// parseTree reads front matter, which starts on line 2 of the file. The root
// is nil if there is nothing but white space and comments. With rough nobody
// will see the error, and its place is not searched for.
func parseTree(file, text string, rough bool) (*tree, *Error) {
	const first = 2
	t := &tree{file: file, text: text, rough: rough}
	if len(text) > MaxFrontMatter {
		return nil, t.errorAt(place{first, 1}, fmt.Sprintf("front matter has %d bytes, the limit is %d", len(text), MaxFrontMatter),
			"Move long texts into the body, or into a file of their own")
	}
	if marks := countMarks(text); marks > maxMarks {
		return nil, t.errorAt(place{first, 1}, fmt.Sprintf("front matter has %d lines and separators, the limit is %d", marks, maxMarks),
			"Move large data out of the file")
	}
	t.lines = yamlLines(text, first)
	for i, r := range text {
		if (r < ' ' || r > '~') && !allowed(r) {
			return nil, t.errorAt(t.placeAt(i), fmt.Sprintf("front matter holds the control character %U", r),
				`Remove it, or write it as an escape between double quotes, such as "\x1b"`)
		}
	}
	if t.root, t.bare = plainYAML(text); t.root == nil {
		root, more, err := parseYAML(text)
		if err != nil {
			return nil, t.syntaxError(err)
		}
		if more != nil {
			return nil, t.errorAt(t.place(more), "front matter holds a second YAML document", "Keep one and remove the rest")
		}
		t.root = root
	}
	if err := t.checkSize(); err != nil {
		return nil, err
	}
	return t, nil
}

// allowed follows the YAML 1.1 specification, section 5.1.
func allowed(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return true
	case r < ' ', 0x7f <= r && r < 0xa0, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

func countMarks(s string) (n int) {
	if len(s) <= maxMarks {
		return 0 // as good as any that is not too many
	}
	for i := range len(s) {
		switch s[i] {
		case ',', ':', '-', '[', '{', '?', '\n', '\r', '&', '*':
			n++
		}
	}
	return n
}

// parseYAML returns the first document's root and, if there is one, the second's.
func parseYAML(text string) (root, more *yaml.Node, err error) {
	defer func() {
		// The library means to return errors; nothing a file holds may end the process.
		if r := recover(); r != nil {
			root, more, err = nil, nil, fmt.Errorf("yaml: the parser gave up: %v", r)
		}
	}()
	dec := yaml.NewDecoder(strings.NewReader(text))
	var docs [2]*yaml.Node
	for i := range docs {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, err
		}
		if len(doc.Content) == 1 {
			docs[i] = doc.Content[0]
		}
	}
	return docs[0], docs[1], nil
}

// yamlLines finds the starts of YAML's lines in text, whose first one is line
// first of the file.
func yamlLines(text string, first int) []yamlLine {
	lines := make([]yamlLine, 1, strings.Count(text, "\n")+2)
	at := place{first, 1}
	lines[0].place = at
	for i := 0; i < len(text); {
		if c := text[i]; ' ' <= c && c <= '~' {
			i++
			at.column++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		at.column++
		switch r {
		case '\n':
			at = place{at.line + 1, 1}
		case '\r':
			if i < len(text) && text[i] == '\n' {
				continue
			}
		case '\u0085', '\u2028', '\u2029':
		default:
			continue
		}
		lines = append(lines, yamlLine{i, at})
	}
	return lines
}

// place returns where n stands in the file.
func (t *tree) place(n *yaml.Node) place {
	if n.Line < 1 || n.Line > len(t.lines) {
		return t.lines[0].place
	}
	at := t.lines[n.Line-1].place
	return place{at.line, at.column + n.Column - 1}
}

// placeAt returns where the byte at offset stands in the file.
func (t *tree) placeAt(offset int) place {
	before := t.text[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return place{t.lines[0].line + strings.Count(before, "\n"), utf8.RuneCountInString(before[start:]) + 1}
}

// offset returns where n starts in the front matter. It takes time in the
// length of n's line, so it goes on from the last node asked for on that line.
func (t *tree) offset(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(t.lines) {
		return len(t.text)
	}
	from := &t.last
	if from.line != n.Line || from.column > n.Column {
		*from = lastOffset{n.Line, 1, t.lines[n.Line-1].offset}
	}
	for ; from.column < n.Column; from.column++ {
		_, size := utf8.DecodeRuneInString(t.text[from.offset:])
		from.offset += size
	}
	return from.offset
}

type lastOffset struct{ line, column, offset int }

func (t *tree) errorAt(at place, msg, hint string) *Error {
	return &Error{File: t.file, Line: at.line, Column: at.column, Msg: msg, Hint: hint}
}

func (t *tree) tooManyNodes(at place) *Error {
	return t.errorAt(at, fmt.Sprintf("front matter has more than %d YAML nodes, aliases expanded", MaxNodes),
		"Move large data out of the file")
}

// checkSize holds the tree to MaxNodes and MaxDepth as if every alias were
// written out, in time that is linear in the nodes there are.
func (t *tree) checkSize() *Error {
	if t.root == nil {
		return nil
	}
	c := sizeCheck{tree: t, known: map[*yaml.Node]size{}}
	_, err := c.size(t.root, 1)
	return err
}

type size struct{ nodes, depth int }

type sizeCheck struct {
	*tree
	known map[*yaml.Node]size // of nodes with an anchor; the zero size while it is being counted
}

func (c *sizeCheck) size(n *yaml.Node, level int) (size, *Error) {
	if level > MaxDepth {
		return size{}, c.errorAt(c.place(n), fmt.Sprintf("front matter is nested more than %d levels deep", MaxDepth), "Make it flatter")
	}
	target := n
	if n.Kind == yaml.AliasNode {
		target = n.Alias
	}
	sum := size{1, 1}
	if target.Anchor != "" {
		done, ok := c.known[target]
		switch {
		case !ok:
			c.known[target] = size{}
		case done == size{}:
			return size{}, c.errorAt(c.place(n), fmt.Sprintf("the alias *%s stands inside what it names", target.Anchor), "Write the value out")
		case level+done.depth-1 > MaxDepth:
			return size{}, c.errorAt(c.place(n), fmt.Sprintf("front matter is nested more than %d levels deep", MaxDepth), "Make it flatter")
		default:
			return done, nil
		}
	}
	for _, child := range target.Content {
		s, err := c.size(child, level+1)
		if err != nil {
			return size{}, err
		}
		sum.nodes += s.nodes
		sum.depth = max(sum.depth, s.depth+1)
		if sum.nodes > MaxNodes {
			return size{}, c.tooManyNodes(c.place(n))
		}
	}
	if target.Anchor != "" {
		c.known[target] = sum
	}
	return sum, nil
}

// syntaxError gives the library's error a position in the file.
func (t *tree) syntaxError(err error) *Error {
	// The library leaves out the number of a text's first line, and takes it
	// for unknown. With an empty line before, there is always a number.
	if _, _, shifted := parseYAML("\n" + t.text); shifted != nil {
		err = shifted
	}
	msg, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if number, after, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, msg = n-1, after
			}
		}
	}
	offset := t.lines[max(min(line, len(t.lines)), 1)-1].offset
	if !t.rough && len(t.text) <= maxSearched {
		offset = t.faultOffset(err)
	}
	next, _ := utf8.DecodeRuneInString(t.text[offset:])
	return t.errorAt(t.placeAt(offset), "front matter is not good YAML: "+msg, syntaxHint(msg, next))
}

// maxSearched bounds the texts in which faultOffset searches: it takes some
// thirty parses.
const maxSearched = 32 << 10

// faultOffset finds the first byte that makes the library refuse the text,
// after an empty line, as it does. The library itself tells at best a line,
// often that of the construct around the fault, and counts it from 0 or 1 by
// turns.
func (t *tree) faultOffset(err error) int {
	text := t.text
	same := func(n int) bool {
		_, _, e := parseYAML("\n" + text[:n])
		return e != nil && e.Error() == err.Error()
	}
	// Whole lines first, then the characters of the line that is at fault.
	low, high := 0, len(t.lines)-1 // the fault is in one of the lines low to high
	end := func(i int) int {
		if i+1 < len(t.lines) {
			return t.lines[i+1].offset
		}
		return len(text)
	}
	for low < high {
		if mid := (low + high) / 2; same(end(mid)) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	start := t.lines[low].offset
	var cuts []int // ends of the line's characters
	for i, r := range text[start:end(low)] {
		cuts = append(cuts, start+i+utf8.RuneLen(r))
	}
	i, j := 0, len(cuts)-1
	for i < j {
		if mid := (i + j) / 2; same(cuts[mid]) {
			j = mid
		} else {
			i = mid + 1
		}
	}
	if i == 0 {
		return start
	}
	return cuts[i-1]
}

func syntaxHint(msg string, next rune) string {
	switch {
	case next == '\t', strings.Contains(msg, "tab character"):
		return "Indent with spaces, not tabs"
	case strings.Contains(msg, "cannot start any token"):
		return "Quote a value that starts with " + string(next)
	case strings.Contains(msg, "mapping values are not allowed"):
		return "Quote a value that holds a colon and a space, and indent keys of one level alike"
	case strings.Contains(msg, "could not find expected ':'"):
		return "Write each entry as `key: value`"
	case strings.Contains(msg, "unknown anchor"):
		return "Define the anchor before its alias, or quote a value that starts with *"
	case strings.Contains(msg, "unexpected end of stream"):
		return "Close the quote"
	case strings.Contains(msg, "',' or"):
		return "Close the bracket"
	case strings.Contains(msg, "escape character"):
		return "Double the backslash, or use single quotes"
	}
	return "Check indentation, brackets and quotes here"
}
