package migrate

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The parser of Handlebars follows the language's own (handlebars-parser 2.0 of
// Handlebars 4.7) as far as dotprompt goes with it.

// hbNode is a part of a Handlebars template.
type hbNode struct {
	kind                        hbKind
	at, end                     int // of the source
	text                        string
	original                    string // of content, before white space is removed
	lead, trail                 string // what was removed
	leftStripped, rightStripped bool

	call  *hbCall
	open  strip // of the tag, or of a block's first tag
	close strip // of a block's last tag
	not   strip // of a block's else
	body  *hbProgram
	other *hbProgram
}

type hbKind int

const (
	hbContent hbKind = iota
	hbMustache
	hbBlock
	hbPartial
	hbComment
)

type hbProgram struct {
	body    []*hbNode
	chained bool // an else if
	params  []string
}

// strip tells which sides of a tag have a tilde.
type strip struct{ open, close bool }

// hbCall is what stands in a tag: a path or a helper with its parameters.
type hbCall struct {
	at     int
	path   *hbValue
	params []*hbValue
	hash   []hbPair
	as     []string // block parameters
}

type hbPair struct {
	at    int
	key   string
	value *hbValue
}

// hbValue is a path, a literal or a call in parentheses.
type hbValue struct {
	at       int
	kind     string // "path", "text", "number", "word", "call"
	text     string // of the literal, or the path as written
	data     bool   // a path that begins with @
	up       int    // how many ../
	this     bool   // begins with this or .
	segments []string
	call     *hbCall
}

type hbParser struct {
	src   string
	pos   int
	emu   bool // the next content is an escaped tag
	depth int
}

func (p *hbParser) fail(at int, format string, args ...any) error {
	return &fault{at, fmt.Sprintf(format, args...)}
}

// parseHandlebars parses a template and removes the white space that the
// language removes.
func parseHandlebars(src string) (*hbProgram, error) {
	p := &hbParser{src: src}
	program, end, err := p.program("")
	if err != nil {
		return nil, err
	}
	if end != nil {
		return nil, p.fail(end.at, "%s closes nothing", end.shown)
	}
	(&hbSpaces{}).program(program, true)
	return program, nil
}

// hbEnd is the tag that ends a program: else, else if, ^ or a closing tag.
type hbEnd struct {
	at    int
	shown string
	strip strip
	name  string  // of the closing tag
	chain *hbCall // of else if
	other bool    // else
}

// program parses up to a tag that ends it; nil at the end of the source.
func (p *hbParser) program(within string) (*hbProgram, *hbEnd, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > mostDepth {
		return nil, nil, p.fail(p.pos, "%v", errDeep)
	}
	out := &hbProgram{}
	for p.pos < len(p.src) {
		if n := p.content(); n != nil {
			out.body = append(out.body, n)
			continue
		}
		n, end, err := p.tag()
		if err != nil || end != nil {
			return out, end, err
		}
		out.body = append(out.body, n)
	}
	return out, nil, nil
}

// content takes the text up to the next tag; nil if a tag stands here.
func (p *hbParser) content() *hbNode {
	start := p.pos
	rest := p.src[start:]
	n, text := 0, ""
	switch {
	case p.emu:
		p.emu = false
		n = len(rest)
		for _, stop := range []string{"{{", `\{{`, `\\{{`} {
			if i := strings.Index(rest[min(2, len(rest)):], stop); i >= 0 {
				n = min(n, i+2)
			}
		}
		text = rest[:n]
	default:
		n = strings.Index(rest, "{{")
		if n == 0 {
			return nil
		}
		if n < 0 {
			n = len(rest)
			text = rest
			break
		}
		text = rest[:n]
		switch {
		case strings.HasSuffix(text, `\\`):
			text = text[:len(text)-1]
		case strings.HasSuffix(text, `\`):
			text = text[:len(text)-1]
			p.emu = true
		}
	}
	p.pos += n
	return &hbNode{kind: hbContent, at: start, end: p.pos, text: text, original: text}
}

var (
	hbLong  = regexp.MustCompile(`^\{\{~?!--(?s:.*?)--~?\}\}`)
	hbShort = regexp.MustCompile(`^\{\{~?!(?s:.*?)\}\}`)
)

// tag parses what begins with two braces.
func (p *hbParser) tag() (*hbNode, *hbEnd, error) {
	at := p.pos
	rest := p.src[at:]
	comment := ""
	if strings.HasPrefix(rest, "{{!--") || strings.HasPrefix(rest, "{{~!--") {
		if comment = hbLong.FindString(rest); comment == "" {
			return nil, nil, p.fail(at, "the comment is not closed: --}} is missing")
		}
	} else if strings.HasPrefix(rest, "{{!") || strings.HasPrefix(rest, "{{~!") {
		if comment = hbShort.FindString(rest); comment == "" {
			return nil, nil, p.fail(at, "the comment is not closed: }} is missing")
		}
	}
	if comment != "" {
		p.pos += len(comment)
		text := strings.TrimPrefix(strings.TrimPrefix(comment, "{{"), "~")
		text = strings.TrimSuffix(strings.TrimSuffix(text, "}}"), "~")
		text = strings.TrimPrefix(text, "!")
		if strings.HasPrefix(text, "--") && strings.HasSuffix(text, "--") && len(text) >= 4 {
			text = text[2 : len(text)-2]
		}
		return &hbNode{kind: hbComment, at: at, end: p.pos, text: text,
			open: strip{strings.HasPrefix(comment, "{{~"), strings.HasSuffix(comment, "~}}")}}, nil, nil
	}
	if strings.HasPrefix(rest, "{{{{") {
		return nil, nil, p.fail(at, "raw blocks {{{{…}}}} are not carried over; write \\{{ for braces that are text")
	}
	p.pos += 2
	triple := p.eat("{")
	s := strip{open: p.eat("~")}
	if !triple && s.open && p.eat("{") {
		triple = true
	}
	mark := ""
	for _, m := range []string{"#>", "#*", "#", "^", "/", ">", "&", "*"} {
		if p.eat(m) {
			mark = m
			break
		}
	}
	p.space()
	switch mark {
	case "#>", "#*", "*":
		return nil, nil, p.fail(at, "inline partials and decorators are not carried over")
	case "/":
		name, err := p.value()
		if err == nil {
			err = p.close(at, false, &s)
		}
		return nil, &hbEnd{at: at, shown: p.src[at:p.pos], strip: s, name: nameOfValue(name)}, err
	case "^":
		if p.at("}") || p.at("~") {
			err := p.close(at, false, &s)
			return nil, &hbEnd{at: at, shown: "{{^}}", strip: s, other: true}, err
		}
	case "":
		if end, err := p.elseTag(at, &s); end != nil || err != nil {
			return nil, end, err
		}
	}
	call, err := p.call(at)
	if err != nil {
		return nil, nil, err
	}
	if err := p.close(at, triple, &s); err != nil {
		return nil, nil, err
	}
	switch mark {
	case "#", "^":
		n, err := p.block(at, call, s, mark == "^")
		return n, nil, err
	case ">":
		return &hbNode{kind: hbPartial, at: at, end: p.pos, call: call, open: s}, nil, nil
	}
	return &hbNode{kind: hbMustache, at: at, end: p.pos, call: call, open: s}, nil, nil
}

// elseTag parses {{else}} and {{else if …}}.
func (p *hbParser) elseTag(at int, s *strip) (*hbEnd, error) {
	rest := p.src[p.pos:]
	if !strings.HasPrefix(rest, "else") || len(rest) == 4 || !strings.ContainsRune(" \t\r\n~}", rune(rest[4])) {
		return nil, nil
	}
	p.pos += 4
	p.space()
	end := &hbEnd{at: at, shown: "{{else}}", other: true}
	var err error
	if !p.at("}") && !p.at("~}") {
		end.chain, err = p.call(p.pos)
	}
	if err == nil {
		err = p.close(at, false, s)
	}
	end.strip = *s
	return end, err
}

// block parses the rest of a block whose first tag is read.
func (p *hbParser) block(at int, call *hbCall, s strip, inverted bool) (*hbNode, error) {
	n := &hbNode{kind: hbBlock, at: at, call: call, open: s}
	first, end, err := p.program(call.path.text)
	if err != nil {
		return nil, err
	}
	first.params = call.as
	if inverted {
		n.other = first
	} else {
		n.body = first
	}
	inner := n
	for end != nil && end.other {
		if inner.other != nil && !(inverted && inner == n) || inner.body != nil && inverted && inner == n {
			return nil, p.fail(end.at, "there is a second else")
		}
		var next *hbProgram
		other := end
		if next, end, err = p.program(call.path.text); err != nil {
			return nil, err
		}
		inner.not = other.strip
		if other.chain == nil {
			if inverted && inner == n {
				inner.body = next
			} else {
				inner.other = next
			}
			continue
		}
		if inner.other != nil {
			return nil, p.fail(other.at, "there is an else after the last one")
		}
		next.params = other.chain.as
		chained := &hbNode{kind: hbBlock, at: other.at, call: other.chain, open: other.strip, body: next}
		inner.other = &hbProgram{body: []*hbNode{chained}, chained: true}
		inner = chained
	}
	switch {
	case end == nil:
		return nil, p.fail(at, "the block %s is not closed: {{/%s}} is missing", call.path.text, call.path.text)
	case end.name != call.path.text:
		return nil, p.fail(end.at, "%s stands where {{/%s}} is expected", end.shown, call.path.text)
	}
	// An else if closes with the tag that closes all.
	for b := n; ; b = b.other.body[0] {
		b.close = end.strip
		b.end = p.pos
		if b.other == nil || !b.other.chained {
			break
		}
	}
	return n, nil
}

func nameOfValue(v *hbValue) string {
	if v == nil {
		return ""
	}
	return v.text
}

// close takes the end of a tag.
func (p *hbParser) close(at int, triple bool, s *strip) error {
	p.space()
	if triple {
		if p.eat("}~}}") {
			s.close = true
			return nil
		}
		if p.eat("}}}") {
			return nil
		}
	} else {
		s.close = p.eat("~")
		if p.eat("}}") {
			return nil
		}
	}
	if p.pos >= len(p.src) {
		return p.fail(at, "the tag is not closed: }} is missing")
	}
	return p.fail(p.pos, "%s is not expected here", p.shown())
}

func (p *hbParser) shown() string {
	if p.pos >= len(p.src) {
		return "the end of the file"
	}
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return fmt.Sprintf("%q", string(r))
}

func (p *hbParser) at(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

func (p *hbParser) eat(s string) bool {
	if p.at(s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *hbParser) space() {
	for p.pos < len(p.src) && strings.ContainsRune(" \t\r\n", rune(p.src[p.pos])) {
		p.pos++
	}
}
