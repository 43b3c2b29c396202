package migrate

import (
	"fmt"
	"slices"
	"strings"
)

// jinjaExpr is an expression of Jinja.
type jinjaExpr struct {
	kind string // name, text, number, word, list, dict, attr, item, slice, call, filter, test, not, neg, cond, concat, and, or, or an operator
	text string // of name, text, number, word, attr, filter and test
	at   int
	args []*jinjaExpr
	keys []string // of args that are given by name; "" for the others
	not  bool     // of test: is not
}

type jinjaParser struct {
	tokens []jinjaToken
	pos    int
	depth  int
}

// parseExpr parses a whole expression.
func parseExpr(text string, at int) (*jinjaExpr, error) {
	p, err := newJinjaParser(text, at)
	if err != nil {
		return nil, err
	}
	e, err := p.expr()
	if err != nil {
		return nil, err
	}
	return e, p.end()
}

func newJinjaParser(text string, at int) (*jinjaParser, error) {
	tokens, err := lexExpr(text, at)
	return &jinjaParser{tokens: tokens}, err
}

func (p *jinjaParser) peek() jinjaToken { return p.tokens[p.pos] }

func (p *jinjaParser) next() jinjaToken {
	t := p.tokens[p.pos]
	if t.kind != "end" {
		p.pos++
	}
	return t
}

// op takes an operator or a bracket; word a name that is a keyword.
func (p *jinjaParser) op(text string) bool   { return p.take("op", text) }
func (p *jinjaParser) word(text string) bool { return p.take("name", text) }

func (p *jinjaParser) take(kind, text string) bool {
	if t := p.peek(); t.kind == kind && t.text == text {
		p.pos++
		return true
	}
	return false
}

func (p *jinjaParser) fail(format string, args ...any) error {
	return &fault{p.peek().at, fmt.Sprintf(format, args...)}
}

func (p *jinjaParser) unexpected() error { return p.notExpected(p.peek()) }

func (p *jinjaParser) notExpected(t jinjaToken) error {
	if t.kind != "end" {
		return &fault{t.at, fmt.Sprintf("%q is not expected here", t.text)}
	}
	return &fault{t.at, "the expression ends too early"}
}

func (p *jinjaParser) end() error {
	if p.peek().kind != "end" {
		return p.unexpected()
	}
	return nil
}

func (p *jinjaParser) deeper() (func(), error) {
	p.depth++
	if p.depth > mostDepth {
		return func() {}, p.fail("the expression is nested too deep")
	}
	return func() { p.depth-- }, nil
}

// expr parses a if b else c and all that binds more tightly.
func (p *jinjaParser) expr() (*jinjaExpr, error) {
	done, err := p.deeper()
	defer done()
	if err != nil {
		return nil, err
	}
	e, err := p.or()
	if err != nil {
		return nil, err
	}
	for n := 0; p.word("if"); n++ {
		if n > mostDepth {
			return nil, p.fail("the expression is nested too deep")
		}
		test, err := p.or()
		if err != nil {
			return nil, err
		}
		c := &jinjaExpr{kind: "cond", at: e.at, args: []*jinjaExpr{test, e}}
		if p.word("else") {
			other, err := p.expr()
			if err != nil {
				return nil, err
			}
			c.args = append(c.args, other)
		}
		e = c
	}
	return e, nil
}

// left parses operators of one level, from left to right.
func (p *jinjaParser) left(operand func() (*jinjaExpr, error), match func() (string, bool)) (*jinjaExpr, error) {
	e, err := operand()
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		op, ok := match()
		if !ok {
			return e, nil
		}
		if n > 10*mostDepth {
			return nil, p.fail("the expression is too long")
		}
		right, err := operand()
		if err != nil {
			return nil, err
		}
		if e.kind == op && (op == "or" || op == "and" || op == "concat") {
			e.args = append(e.args, right)
			continue
		}
		e = &jinjaExpr{kind: op, at: e.at, args: []*jinjaExpr{e, right}}
	}
}

func (p *jinjaParser) or() (*jinjaExpr, error) {
	return p.left(p.and, func() (string, bool) { return "or", p.word("or") })
}

func (p *jinjaParser) and() (*jinjaExpr, error) {
	return p.left(p.not, func() (string, bool) { return "and", p.word("and") })
}

func (p *jinjaParser) not() (*jinjaExpr, error) {
	at := p.peek().at
	if p.word("not") {
		done, err := p.deeper()
		defer done()
		if err != nil {
			return nil, err
		}
		e, err := p.not()
		return &jinjaExpr{kind: "not", at: at, args: []*jinjaExpr{e}}, err
	}
	return p.compare()
}

// compare parses a < b; a chain a < b < c is both comparisons.
func (p *jinjaParser) compare() (*jinjaExpr, error) {
	e, err := p.sum()
	if err != nil {
		return nil, err
	}
	var chain []*jinjaExpr
	left := e
	for {
		op := ""
		t := p.peek()
		switch {
		case t.kind == "op" && slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, t.text):
			op = t.text
			p.pos++
		case p.word("in"):
			op = "in"
		case t.kind == "name" && t.text == "not" && p.tokens[p.pos+1].text == "in":
			p.pos += 2
			op = "not in"
		}
		if op == "" {
			break
		}
		right, err := p.sum()
		if err != nil {
			return nil, err
		}
		if len(chain) > mostDepth {
			return nil, p.fail("the expression is too long")
		}
		chain = append(chain, &jinjaExpr{kind: op, at: left.at, args: []*jinjaExpr{left, right}})
		left = right
	}
	switch len(chain) {
	case 0:
		return e, nil
	case 1:
		return chain[0], nil
	}
	return &jinjaExpr{kind: "and", at: e.at, args: chain}, nil
}

func (p *jinjaParser) oneOf(ops ...string) func() (string, bool) {
	return func() (string, bool) {
		for _, op := range ops {
			if p.op(op) {
				return op, true
			}
		}
		return "", false
	}
}

func (p *jinjaParser) sum() (*jinjaExpr, error) { return p.left(p.concat, p.oneOf("+", "-")) }

func (p *jinjaParser) concat() (*jinjaExpr, error) {
	return p.left(p.product, func() (string, bool) { return "concat", p.op("~") })
}

func (p *jinjaParser) product() (*jinjaExpr, error) {
	return p.left(func() (*jinjaExpr, error) { return p.unary(true) }, p.oneOf("*", "//", "/", "%"))
}

func (p *jinjaParser) unary(filters bool) (*jinjaExpr, error) {
	done, err := p.deeper()
	defer done()
	if err != nil {
		return nil, err
	}
	at := p.peek().at
	var e *jinjaExpr
	switch {
	case p.op("-"):
		e, err = p.unary(false)
		e = &jinjaExpr{kind: "neg", at: at, args: []*jinjaExpr{e}}
	case p.op("+"):
		e, err = p.unary(false)
	default:
		e, err = p.primary()
	}
	if err == nil {
		e, err = p.postfix(e)
	}
	if err == nil && p.op("**") {
		return nil, p.fail("powers are not carried over")
	}
	if err == nil && filters {
		e, err = p.filters(e)
	}
	return e, err
}

func (p *jinjaParser) primary() (*jinjaExpr, error) {
	t := p.next()
	switch {
	case t.kind == "text":
		e := &jinjaExpr{kind: "text", text: t.text, at: t.at}
		for p.peek().kind == "text" {
			e.text += p.next().text
		}
		return e, nil
	case t.kind == "number":
		return &jinjaExpr{kind: "number", text: strings.ReplaceAll(t.text, "_", ""), at: t.at}, nil
	case t.kind == "name":
		switch t.text {
		case "true", "True", "false", "False", "none", "None":
			return &jinjaExpr{kind: "word", text: strings.ToLower(t.text), at: t.at}, nil
		case "if", "else", "and", "or", "not", "in", "is":
			return nil, p.notExpected(t)
		}
		return &jinjaExpr{kind: "name", text: t.text, at: t.at}, nil
	case t.text == "(":
		return p.bracket(t, ")")
	case t.text == "[":
		return p.bracket(t, "]")
	case t.text == "{":
		return nil, &fault{t.at, "a mapping in an expression is not carried over"}
	}
	return nil, p.notExpected(t)
}

// bracket parses (a), (a, b) and [a, b].
func (p *jinjaParser) bracket(open jinjaToken, closing string) (*jinjaExpr, error) {
	list := &jinjaExpr{kind: "list", at: open.at}
	comma := false
	for !p.op(closing) {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		list.args = append(list.args, e)
		if p.op(",") {
			comma = true
		} else if p.peek().text != closing {
			return nil, p.unexpected()
		}
	}
	if closing == ")" && len(list.args) == 1 && !comma {
		return list.args[0], nil
	}
	return list, nil
}

// postfix parses .name, [key] and calls.
func (p *jinjaParser) postfix(e *jinjaExpr) (*jinjaExpr, error) {
	for n := 0; ; n++ {
		if n > mostDepth {
			return nil, p.fail("the path is too long")
		}
		at := p.peek().at
		switch {
		case p.op("."):
			t := p.next()
			if t.kind != "name" && t.kind != "number" {
				return nil, p.notExpected(t)
			}
			e = &jinjaExpr{kind: "attr", text: t.text, at: e.at, args: []*jinjaExpr{e}}
		case p.op("["):
			key, err := p.subscript()
			if err != nil {
				return nil, err
			}
			key.at = max(key.at, at)
			if key.kind == "slice" {
				key.args = append([]*jinjaExpr{e}, key.args...)
				e = key
			} else {
				e = &jinjaExpr{kind: "item", at: e.at, args: []*jinjaExpr{e, key}}
			}
		case p.op("("):
			call := &jinjaExpr{kind: "call", at: e.at, args: []*jinjaExpr{e}, keys: []string{""}}
			if err := p.arguments(call); err != nil {
				return nil, err
			}
			e = call
		default:
			return e, nil
		}
	}
}

// subscript parses what stands in brackets; a slice has its bounds as args, nil
// where there is none.
func (p *jinjaParser) subscript() (*jinjaExpr, error) {
	var bounds []*jinjaExpr
	slice := false
	for {
		var e *jinjaExpr
		if t := p.peek().text; t != ":" && t != "]" {
			var err error
			if e, err = p.expr(); err != nil {
				return nil, err
			}
		}
		bounds = append(bounds, e)
		if p.op(":") {
			slice = true
			continue
		}
		if !p.op("]") {
			return nil, p.unexpected()
		}
		break
	}
	if slice {
		return &jinjaExpr{kind: "slice", args: bounds}, nil
	}
	if bounds[0] == nil {
		return nil, p.fail("a key is missing in brackets")
	}
	return bounds[0], nil
}

// arguments parses the arguments of a call up to its closing parenthesis.
func (p *jinjaParser) arguments(call *jinjaExpr) error {
	for !p.op(")") {
		key := ""
		if t := p.peek(); t.kind == "name" && p.tokens[p.pos+1].text == "=" && p.tokens[p.pos+1].kind == "op" {
			key = t.text
			p.pos += 2
		}
		e, err := p.expr()
		if err != nil {
			return err
		}
		call.args, call.keys = append(call.args, e), append(call.keys, key)
		if !p.op(",") && p.peek().text != ")" {
			return p.unexpected()
		}
	}
	return nil
}

// filters parses |name(…) and is name(…).
func (p *jinjaParser) filters(e *jinjaExpr) (*jinjaExpr, error) {
	for n := 0; ; n++ {
		if n > mostDepth {
			return nil, p.fail("there are too many filters")
		}
		at := p.peek().at
		kind, negated := "", false
		switch {
		case p.op("|"):
			kind = "filter"
		case p.word("is"):
			kind, negated = "test", p.word("not")
		default:
			return e, nil
		}
		name := p.next()
		if name.kind != "name" {
			return nil, p.notExpected(name)
		}
		f := &jinjaExpr{kind: kind, text: name.text, at: at + 1, args: []*jinjaExpr{e}, keys: []string{""}, not: negated}
		t := p.peek()
		switch {
		case p.op("("):
			if err := p.arguments(f); err != nil {
				return nil, err
			}
		case kind == "test" && (t.kind == "text" || t.kind == "number" || t.kind == "name" && !slices.Contains([]string{"else", "or", "and", "if", "is", "in", "not"}, t.text)):
			arg, err := p.primary()
			if err == nil {
				arg, err = p.postfix(arg)
			}
			if err != nil {
				return nil, err
			}
			f.args, f.keys = append(f.args, arg), append(f.keys, "")
		}
		e = f
	}
}
