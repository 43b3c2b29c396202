package migrate

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// call parses a helper or a path with parameters.
func (p *hbParser) call(at int) (*hbCall, error) {
	c := &hbCall{at: p.pos}
	var err error
	if c.path, err = p.value(); err != nil {
		return nil, err
	}
	for {
		p.space()
		if p.pos >= len(p.src) || p.at("}") || p.at("~}") || p.at("~ }") || p.at(")") {
			return c, nil
		}
		if strings.HasPrefix(p.src[p.pos:], "as |") {
			end := strings.IndexByte(p.src[p.pos+4:], '|')
			if end < 0 {
				return nil, p.fail(p.pos, "the block parameters are not closed: | is missing")
			}
			c.as = strings.Fields(p.src[p.pos+4 : p.pos+4+end])
			p.pos += 4 + end + 1
			continue
		}
		here := p.pos
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		if v.kind == "path" && p.eat("=") {
			p.space()
			value, err := p.value()
			if err != nil {
				return nil, err
			}
			c.hash = append(c.hash, hbPair{here, v.text, value})
			continue
		}
		if len(c.hash) > 0 {
			return nil, p.fail(here, "a parameter stands after key=value")
		}
		c.params = append(c.params, v)
	}
}

// value parses a path, a literal or a call in parentheses.
func (p *hbParser) value() (*hbValue, error) {
	at := p.pos
	if p.pos >= len(p.src) {
		return nil, p.fail(at, "the tag is not closed: }} is missing")
	}
	switch ch := p.src[p.pos]; ch {
	case '"', '\'':
		for i := p.pos + 1; i < len(p.src); i++ {
			if p.src[i] == '\\' && i+1 < len(p.src) && p.src[i+1] == ch {
				i++
				continue
			}
			if p.src[i] == ch {
				text := strings.ReplaceAll(p.src[p.pos+1:i], `\`+string(ch), string(ch))
				p.pos = i + 1
				return &hbValue{at: at, kind: "text", text: text}, nil
			}
		}
		return nil, p.fail(at, "the text is not closed: a %c is missing", ch)
	case '(':
		p.depth++
		defer func() { p.depth-- }()
		if p.depth > mostDepth {
			return nil, p.fail(at, "parentheses are nested too deep")
		}
		p.pos++
		p.space()
		c, err := p.call(at)
		if err != nil {
			return nil, err
		}
		if !p.eat(")") {
			return nil, p.fail(at, "a parenthesis is not closed")
		}
		return &hbValue{at: at, kind: "call", text: p.src[at:p.pos], call: c}, nil
	}
	return p.path()
}

var (
	hbNumber = regexp.MustCompile(`^-?[0-9]+(?:\.[0-9]+)?$`)
	hbID     = func(r rune) bool {
		return !unicode.IsSpace(r) && !strings.ContainsRune("!\"#%&'()*+,./;<=>@[\\]^`{|}~", r)
	}
)

// path parses a path or a word: a.b, a/b, ../a, ./a, this.a, @root.a, a.[b c].
func (p *hbParser) path() (*hbValue, error) {
	v := &hbValue{at: p.pos, kind: "path"}
	v.data = p.eat("@")
	segment := func() (string, bool) {
		if p.at("[") {
			end := strings.IndexByte(p.src[p.pos:], ']')
			if end < 0 {
				return "", false
			}
			s := p.src[p.pos+1 : p.pos+end]
			p.pos += end + 1
			return s, true
		}
		start := p.pos
		for p.pos < len(p.src) {
			r, n := utf8.DecodeRuneInString(p.src[p.pos:])
			if !hbID(r) {
				break
			}
			p.pos += n
		}
		return p.src[start:p.pos], p.pos > start
	}
	for {
		switch {
		case p.eat(".."):
			v.up++
		case p.at(".") && !v.data && len(v.segments) == 0:
			p.pos++
			v.this = true
		default:
			s, ok := segment()
			if !ok {
				return nil, p.fail(p.pos, "%s is not expected here", p.shown())
			}
			if len(v.segments) == mostDepth {
				return nil, p.fail(v.at, "the path is too long")
			}
			if s == "this" && len(v.segments) == 0 && p.src[p.pos-1] != ']' {
				v.this = true
			} else {
				v.segments = append(v.segments, s)
			}
		}
		if !p.eat("/") && !p.eat(".") {
			break
		}
		if p.pos >= len(p.src) {
			break
		}
	}
	v.text = p.src[v.at:p.pos]
	switch {
	case hbNumber.MatchString(v.text):
		v.kind = "number"
	case p.number(v):
	case v.text == "true", v.text == "false", v.text == "null", v.text == "undefined":
		v.kind = "word"
	}
	return v, nil
}

// number takes the fraction of a number that was read as a path.
func (p *hbParser) number(v *hbValue) bool {
	if len(v.segments) == 2 && hbNumber.MatchString(v.segments[0]+"."+v.segments[1]) {
		v.kind = "number"
		return true
	}
	return false
}
