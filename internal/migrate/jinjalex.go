package migrate

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// jinjaTag is a text or a tag of a Jinja template. The settings are those of
// Microsoft's prompty, Jinja's own: no trim_blocks, no lstrip_blocks, the last
// new line is dropped.
type jinjaTag struct {
	kind        jinjaKind
	at, end     int
	text        string // of text, comment and raw; the inside of the others
	inside      int    // where the inside begins
	lead, trail string // of text: what was removed
	role        *piece // a line that begins a message
	left, right bool   // the tag removes white space on that side
}

type jinjaKind int

const (
	jinjaText jinjaKind = iota
	jinjaPrint
	jinjaBlock
	jinjaComment
	jinjaRole
)

var (
	jinjaOpen = regexp.MustCompile(`\{[{%#]`)
	jinjaRaw  = regexp.MustCompile(`^\{%[-+]?\s*raw\s*[-+]?%\}`)
	jinjaEnd  = regexp.MustCompile(`\{%[-+]?\s*endraw\s*[-+]?%\}`)
)

// lexJinja takes a template apart and removes white space.
func lexJinja(src string) ([]*jinjaTag, error) {
	var tags []*jinjaTag
	pos := 0
	text := func(end int) {
		if end > pos {
			tags = append(tags, &jinjaTag{kind: jinjaText, at: pos, end: end, text: src[pos:end]})
		}
		pos = end
	}
	for pos < len(src) {
		m := jinjaOpen.FindStringIndex(src[pos:])
		if m == nil {
			text(len(src))
			break
		}
		text(pos + m[0])
		at := pos
		if raw := jinjaRaw.FindString(src[at:]); raw != "" {
			end := jinjaEnd.FindStringIndex(src[at+len(raw):])
			if end == nil {
				return nil, &fault{at, "{% raw %} is not closed: {% endraw %} is missing"}
			}
			body, close := src[at+len(raw):at+len(raw)+end[0]], src[at+len(raw)+end[0]:at+len(raw)+end[1]]
			if strings.HasSuffix(raw, "-%}") {
				body = strings.TrimLeftFunc(body, pythonSpace)
			}
			if strings.HasPrefix(close, "{%-") {
				body = strings.TrimRightFunc(body, pythonSpace)
			}
			pos = at + len(raw) + end[1]
			// As a comment without text between two texts, so that marks trim right.
			tags = append(tags, &jinjaTag{kind: jinjaText, at: at, end: pos, text: body, inside: -1,
				left: strings.HasPrefix(raw, "{%-"), right: strings.HasSuffix(close, "-%}")})
			continue
		}
		tag, err := lexTag(src, at)
		if err != nil {
			return nil, err
		}
		tags = append(tags, tag)
		pos = tag.end
	}
	trimJinja(tags)
	return tags, nil
}

// lexTag reads a tag from its opening to its closing braces.
func lexTag(src string, at int) (*jinjaTag, error) {
	tag := &jinjaTag{at: at, kind: map[byte]jinjaKind{'{': jinjaPrint, '%': jinjaBlock, '#': jinjaComment}[src[at+1]]}
	closing := map[jinjaKind]string{jinjaPrint: "}}", jinjaBlock: "%}", jinjaComment: "#}"}[tag.kind]
	start := at + 2
	if start < len(src) && (src[start] == '-' || src[start] == '+') {
		tag.left = src[start] == '-'
		start++
	}
	end := -1
	if tag.kind == jinjaComment {
		if i := strings.Index(src[start:], closing); i >= 0 {
			end = start + i
		}
	} else {
		end = tagEnd(src, start, closing)
	}
	if end < 0 {
		return nil, &fault{at, fmt.Sprintf("the tag is not closed: %s is missing", closing)}
	}
	tag.end, tag.inside = end+2, start
	inside := src[start:end]
	if strings.HasSuffix(inside, "-") || strings.HasSuffix(inside, "+") {
		tag.right = strings.HasSuffix(inside, "-")
		inside = inside[:len(inside)-1]
	}
	tag.text = inside
	return tag, nil
}

// tagEnd finds the closing braces outside of strings and of braces within.
func tagEnd(src string, from int, closing string) int {
	depth := 0
	for i := from; i < len(src); i++ {
		switch ch := src[i]; {
		case ch == '"' || ch == '\'':
			for i++; i < len(src) && src[i] != ch; i++ {
				if src[i] == '\\' {
					i++
				}
			}
		case depth == 0 && strings.HasPrefix(src[i:], closing):
			return i
		case ch == '{' || ch == '[' || ch == '(':
			depth++
		case (ch == '}' || ch == ']' || ch == ')') && depth > 0:
			depth--
		}
	}
	return -1
}

// pythonSpace is what Python's strip and regular expressions call white space.
func pythonSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// trimJinja removes white space beside the tags that ask for it.
func trimJinja(tags []*jinjaTag) {
	for i, t := range tags {
		if t.left && i > 0 && tags[i-1].kind == jinjaText && tags[i-1].inside == 0 {
			prev := tags[i-1]
			kept := strings.TrimRightFunc(prev.text, pythonSpace)
			prev.text, prev.trail = kept, prev.text[len(kept):]
		}
		if t.right && i+1 < len(tags) && tags[i+1].kind == jinjaText && tags[i+1].inside == 0 {
			next := tags[i+1]
			kept := strings.TrimLeftFunc(next.text, pythonSpace)
			next.lead, next.text = next.text[:len(next.text)-len(kept)], kept
		}
	}
}

var (
	roleLines  = regexp.MustCompile(`^(?i)\s*#?\s*(assistant|function|system|user|tools)\s*(?:\[([^\]]*)\])?\s*:\s*$`)
	roleName   = regexp.MustCompile(`^\s*name\s*=\s*"([^"]*)"\s*$`)
	threadLine = regexp.MustCompile(`^\s*!\[thread\]`)
)

// roleLine is whether a line begins a message.
func roleLine(line string) (*piece, bool) {
	if threadLine.MatchString(line) {
		return &piece{kind: lostPiece, text: "a ![thread] is not carried over: the program that renders puts the messages of before where they belong"}, true
	}
	m := roleLines.FindStringSubmatch(line)
	if m == nil {
		return nil, false
	}
	p := &piece{kind: rolePiece, role: strings.ToLower(m[1])}
	switch p.role {
	case "function":
		p.role = "tool"
	case "tools":
		return &piece{kind: lostPiece, text: "a section of tools is not carried over"}, true
	}
	if m[2] != "" {
		name := roleName.FindStringSubmatch(m[2])
		if name == nil {
			return &piece{kind: lostPiece, text: fmt.Sprintf("the settings [%s] of a message are not carried over, only a name", m[2])}, true
		}
		p.text = name[1]
	}
	return p, true
}

// splitRoles takes the lines that begin messages out of the texts: a line that
// holds a role, perhaps beside tags that print nothing, or {{role}}: alone.
func splitRoles(tags []*jinjaTag) []*jinjaTag {
	var out []*jinjaTag
	for i := 0; i < len(tags); i++ {
		t := tags[i]
		if t.kind == jinjaPrint && i+1 < len(tags) && tags[i+1].kind == jinjaText {
			if rest, ok := strings.CutPrefix(strings.TrimLeft(tags[i+1].text, " \t"), ":"); ok {
				line, _, _ := strings.Cut(rest, "\n")
				if strings.TrimSpace(line) == "" && lineStart(out) {
					out = append(out, &jinjaTag{kind: jinjaRole, at: t.at, end: t.end, text: t.text, inside: t.inside})
					next := tags[i+1]
					next.text = rest
					continue
				}
			}
		}
		if t.kind != jinjaText || t.inside < 0 {
			out = append(out, t)
			continue
		}
		before := len(out)
		out = append(out, splitText(t, func() bool { return lineStart(out[:before]) }, func() bool { return lineEnd(tags[i+1:]) })...)
	}
	return out
}

// lineStart is whether nothing is printed on the line so far.
func lineStart(tags []*jinjaTag) bool {
	for i := len(tags) - 1; i >= 0; i-- {
		switch t := tags[i]; t.kind {
		case jinjaPrint:
			return false
		case jinjaRole:
			return true
		case jinjaText:
			line := t.text[strings.LastIndexByte(t.text, '\n')+1:]
			if strings.TrimSpace(line) != "" {
				return false
			}
			if len(line) < len(t.text) {
				return true
			}
		}
	}
	return true
}

// lineEnd is whether nothing is printed on the rest of the line.
func lineEnd(tags []*jinjaTag) bool {
	for _, t := range tags {
		switch t.kind {
		case jinjaPrint:
			return false
		case jinjaText:
			line, _, more := strings.Cut(t.text, "\n")
			if strings.TrimSpace(line) != "" {
				return false
			}
			if more {
				return true
			}
		}
	}
	return true
}

// splitText cuts a text at its lines with roles. start and end tell whether its
// first line begins, and its last one ends, a line.
func splitText(t *jinjaTag, start, end func() bool) []*jinjaTag {
	var out []*jinjaTag
	from, pos := 0, 0
	add := func(upTo int) {
		if part := t.text[from:upTo]; part != "" {
			out = append(out, &jinjaTag{kind: jinjaText, at: t.at + from, end: t.at + upTo, text: part})
		}
	}
	lead := t.lead
	for pos < len(t.text) {
		line, _, more := strings.Cut(t.text[pos:], "\n")
		if role, ok := roleLine(line); ok && (pos > 0 || start()) && (more || end()) {
			add(pos)
			role.at = t.at + len(lead) + pos
			out = append(out, &jinjaTag{kind: jinjaRole, at: role.at, role: role})
			from = pos + len(line)
		}
		pos += len(line)
		if more {
			pos++
		}
	}
	if from == 0 {
		return []*jinjaTag{t}
	}
	add(len(t.text))
	if first := out[0]; first.kind == jinjaText {
		first.lead = t.lead
	}
	if last := out[len(out)-1]; last.kind == jinjaText {
		last.trail = t.trail
	}
	return out
}

// jinjaToken is a word of an expression.
type jinjaToken struct {
	kind string // "name", "text", "number", "op", "end"
	text string
	at   int
}

const jinjaOps = `\*\*|//|==|!=|<=|>=|[-+*/%~<>=|.,:()\[\]{}]`

var (
	jinjaWord   = regexp.MustCompile(`^[\pL_][\pL\pN_]*`)
	jinjaNumber = regexp.MustCompile(`^[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?`)
	jinjaOp     = regexp.MustCompile(`^(?:` + jinjaOps + `)`)
)

// lexExpr takes the inside of a tag apart.
func lexExpr(text string, at int) ([]jinjaToken, error) {
	var list []jinjaToken
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		rest := text[i:]
		switch {
		case pythonSpace(r):
			i += n
			continue
		case r == '"' || r == '\'':
			end := i + 1
			for end < len(text) && text[end] != byte(r) {
				if text[end] == '\\' {
					end++
				}
				end++
			}
			if end >= len(text) {
				return nil, &fault{at + i, fmt.Sprintf("the text is not closed: a %c is missing", r)}
			}
			s, err := unescapePython(text[i+1 : end])
			if err != nil {
				return nil, &fault{at + i, err.Error()}
			}
			list = append(list, jinjaToken{"text", s, at + i})
			i = end + 1
			continue
		}
		kind, found := "name", jinjaWord.FindString(rest)
		if found == "" {
			kind, found = "number", jinjaNumber.FindString(rest)
		}
		if found == "" {
			kind, found = "op", jinjaOp.FindString(rest)
		}
		if found == "" {
			return nil, &fault{at + i, fmt.Sprintf("%q is not expected here", string(r))}
		}
		list = append(list, jinjaToken{kind, found, at + i})
		i += len(found)
	}
	return append(list, jinjaToken{"end", "", at + len(text)}), nil
}

// unescapePython reads the escapes of a string that prompts have.
func unescapePython(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '\\', '"', '\'':
			b.WriteByte(s[i])
		case '\n':
		case 'x', 'u', 'U', 'N', 'a', 'b', 'f', 'v', '0', '1', '2', '3', '4', '5', '6', '7':
			return "", fmt.Errorf(`the escape \%c is not carried over; write the character itself`, s[i])
		default:
			b.WriteByte('\\')
			b.WriteByte(s[i])
		}
	}
	return b.String(), nil
}
