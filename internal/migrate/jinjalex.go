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
