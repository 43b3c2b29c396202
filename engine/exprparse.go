package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// exprParser reads one expression. Errors are panics of type *exprError inside
// of it, which parseExpr catches.
type exprParser struct {
	src    string
	pos    int // of the token
	end    int // after the token
	tok    token
	depth  int
	limits *Limits
	funcs  map[string]*Func
	folds  *folder
	offset func(int) int // from a place in src to one in the template
}

// exprError is an error at a byte of the expression.
type exprError struct {
	at  int
	err error
}

type token uint8

const (
	tokEnd token = iota
	tokNumber
	tokString
	tokName // true, false and nil included
	tokPunct
)

// maxArgs bounds the arguments of a call, and with them what one call can hold
// in memory at a time.
const maxArgs = 255

// parseExpr parses src, which stands in the template where offset says.
func parseExpr(src string, limits *Limits, funcs map[string]*Func, folds *folder, offset func(int) int) (e *expr, fail *exprError) {
	p := &exprParser{src: src, limits: limits, funcs: funcs, folds: folds, offset: offset}
	defer func() {
		if r := recover(); r != nil {
			x, ok := r.(*exprError)
			if !ok {
				panic(r)
			}
			e, fail = nil, x
		}
	}()
	p.next()
	if p.tok == tokEnd {
		p.fail(0, errors.New("the expression is empty"))
	}
	e = p.or()
	if p.tok != tokEnd {
		p.fail(p.pos, p.unexpected())
	}
	return e, nil
}

func (p *exprParser) fail(at int, err error) { panic(&exprError{at, err}) }

func (p *exprParser) text() string { return p.src[p.pos:p.end] }

func (p *exprParser) unexpected() error {
	switch text := p.text(); {
	case p.tok == tokEnd:
		return errors.New("the expression ends where a value is expected")
	case text == "=":
		return errors.New(`unexpected "=" in the expression: write == to compare`)
	case text == "&" || text == "|":
		return fmt.Errorf("unexpected %q in the expression: write %s%s", text, text, text)
	default:
		return fmt.Errorf("unexpected %s in the expression", quote(text))
	}
}

// next reads the next token.
func (p *exprParser) next() {
	p.pos = p.end
	for p.pos < len(p.src) && isSpace(p.src[p.pos]) {
		p.pos++
	}
	p.end = p.pos
	if p.pos == len(p.src) {
		p.tok = tokEnd
		return
	}
	r, size := utf8.DecodeRuneInString(p.src[p.pos:])
	switch {
	case isDigit(r):
		p.tok = tokNumber
		p.end = p.number()
	case r == '"' || r == '\'':
		p.tok = tokString
		p.end = p.quoted(byte(r))
	case isIdentRune(r, true):
		p.tok = tokName
		p.end = p.path()
	default:
		p.tok = tokPunct
		p.end += size
		if p.end < len(p.src) {
			switch p.src[p.pos : p.end+1] {
			case "||", "&&", "==", "!=", "<=", ">=":
				p.end++
			}
		}
	}
}

// number returns the end of the number at pos.
func (p *exprParser) number() int {
	i := p.digits(p.pos)
	if i+1 < len(p.src) && p.src[i] == '.' && isDigit(rune(p.src[i+1])) {
		i = p.digits(i + 1)
	}
	if i < len(p.src) && (p.src[i] == 'e' || p.src[i] == 'E') {
		j := i + 1
		if j < len(p.src) && (p.src[j] == '+' || p.src[j] == '-') {
			j++
		}
		if k := p.digits(j); k > j {
			i = k
		}
	}
	if r, _ := utf8.DecodeRuneInString(p.src[i:]); i < len(p.src) && (isIdentRune(r, false) || r == '.') {
		p.fail(p.pos, fmt.Errorf("bad number %s", quote(p.src[p.pos:i]+string(r))))
	}
	return i
}

func (p *exprParser) digits(i int) int {
	for i < len(p.src) && isDigit(rune(p.src[i])) {
		i++
	}
	return i
}

// quoted returns the end of the string literal at pos.
func (p *exprParser) quoted(q byte) int {
	for i := p.pos + 1; i < len(p.src); i++ {
		switch p.src[i] {
		case '\\':
			i++
		case q:
			return i + 1
		}
	}
	p.fail(p.pos, fmt.Errorf("the string is not closed: a %c is missing", q))
	return 0
}

// path returns the end of the name or dotted path at pos.
func (p *exprParser) path() int {
	i := p.ident(p.pos)
	for i < len(p.src) && p.src[i] == '.' {
		j := p.ident(i + 1)
		if j == i+1 {
			p.fail(i, errEmptySegment)
		}
		i = j
	}
	return i
}

func (p *exprParser) ident(i int) int {
	for i < len(p.src) {
		r, size := utf8.DecodeRuneInString(p.src[i:])
		if !isIdentRune(r, false) {
			break
		}
		i += size
	}
	return i
}

// enter counts one level of nesting; the caller leaves it with p.depth--.
func (p *exprParser) enter() {
	p.depth++
	if p.depth > p.limits.ExpressionDepth {
		p.fail(p.pos, limitf("the expression is nested more than %s levels deep", value.Count(p.limits.ExpressionDepth)))
	}
}

// is reports whether the token is the operator or the bracket s.
func (p *exprParser) is(s string) bool { return p.tok == tokPunct && p.text() == s }

func (p *exprParser) or() *expr  { return p.logic(exprOr, "||", p.and) }
func (p *exprParser) and() *expr { return p.logic(exprAnd, "&&", p.compare) }

func (p *exprParser) logic(kind exprKind, op string, operand func() *expr) *expr {
	first := operand()
	if !p.is(op) {
		return first
	}
	e := &expr{kind: kind, pos: first.pos, args: []*expr{first}}
	for p.is(op) {
		p.next()
		e.args = append(e.args, operand())
	}
	return p.folds.logic(e)
}

func (p *exprParser) compare() *expr {
	return p.chain(p.sum, func() (operator, bool) {
		if p.tok == tokName && p.text() == "in" {
			return opIn, true
		}
		return p.operator(opEq, opGe)
	})
}

func (p *exprParser) sum() *expr {
	return p.chain(p.product, func() (operator, bool) { return p.operator(opAdd, opSub) })
}

func (p *exprParser) product() *expr {
	return p.chain(p.unary, func() (operator, bool) { return p.operator(opMul, opMod) })
}

// operator reports which of the operators from first to last the token is.
func (p *exprParser) operator(first, last operator) (operator, bool) {
	if p.tok == tokPunct {
		for op := first; op <= last; op++ {
			if operatorText[op] == p.text() {
				return op, true
			}
		}
	}
	return 0, false
}

func (p *exprParser) chain(operand func() *expr, op func() (operator, bool)) *expr {
	first := operand()
	o, ok := op()
	if !ok {
		return first
	}
	e := &expr{kind: exprChain, pos: first.pos, args: []*expr{first}}
	for ok {
		e.ops = append(e.ops, o)
		e.opPos = append(e.opPos, p.offset(p.pos))
		p.next()
		e.args = append(e.args, operand())
		o, ok = op()
	}
	return p.folds.chain(e)
}

func (p *exprParser) unary() *expr {
	kind := exprNot
	switch {
	case p.is("!"):
	case p.is("-"):
		kind = exprNeg
	default:
		return p.primary()
	}
	e := &expr{kind: kind, pos: p.offset(p.pos)}
	p.enter()
	p.next()
	e.args = []*expr{p.unary()}
	p.depth--
	return p.folds.unary(e)
}

func (p *exprParser) primary() *expr {
	if p.folds.nodes++; p.folds.nodes > maxOperands {
		p.fail(p.pos, limitf("the expressions of the template have more than %s operands", value.Count(maxOperands)))
	}
	e := &expr{kind: exprConst, pos: p.offset(p.pos), text: p.text(), fold: true}
	switch p.tok {
	case tokNumber:
		e.val = p.numberValue()
	case tokString:
		e.val = p.stringValue()
	case tokName:
		return p.nameOrCall(e)
	default:
		if !p.is("(") {
			p.fail(p.pos, p.unexpected())
		}
		open := p.pos
		p.enter()
		p.next()
		e = p.or()
		p.depth--
		if !p.is(")") {
			if p.tok != tokEnd {
				p.fail(p.pos, p.unexpected())
			}
			p.fail(open, errors.New("the parenthesis is not closed: a ) is missing"))
		}
	}
	p.next()
	return e
}

func (p *exprParser) numberValue() any {
	text := p.text()
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return int(n)
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			p.fail(p.pos, fmt.Errorf("the number %s is too large for 64 bits", quote(text)))
		}
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		p.fail(p.pos, fmt.Errorf("the number %s is too large for a float", quote(text)))
	}
	return f
}

// stringValue resolves the escapes of a string literal: \n \t \r \\ \" \' and
// \u with four hexadecimal digits, two of them for what is above U+FFFF.
func (p *exprParser) stringValue() string {
	text := p.src[p.pos+1 : p.end-1]
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		i++
		switch c := text[i]; c {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '\\', '"', '\'':
			b.WriteByte(c)
		case 'u':
			r, ok := unicodeEscape(text[i-1:])
			if !ok {
				p.fail(p.pos+i, errors.New(`\u needs four hexadecimal digits`))
			}
			i += 4
			if utf16.IsSurrogate(r) { // one half of a character above U+FFFF
				low, _ := unicodeEscape(text[i+1:])
				if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
					p.fail(p.pos+i-4, errors.New(`\u is half of a surrogate pair, the other half of which must stand beside it`))
				}
				i += 6
			}
			b.WriteRune(r)
		default:
			r, _ := utf8.DecodeRuneInString(text[i:])
			p.fail(p.pos+i, fmt.Errorf(`unknown escape \%c in a string: use \n \t \r \\ \" \' \uXXXX`, safeRune(r)))
		}
	}
	return b.String()
}

// unicodeEscape reads the \u and four digits that s starts with.
func unicodeEscape(s string) (rune, bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 32)
	return rune(n), err == nil
}

func safeRune(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return utf8.RuneError
}

func (p *exprParser) nameOrCall(e *expr) *expr {
	name, at := p.text(), p.pos
	p.next()
	if p.is("(") {
		return p.call(e, name, at)
	}
	switch name {
	case "true", "false":
		e.val = name == "true"
		return e
	case "nil":
		return e
	case "in":
		p.fail(at, errors.New(`unexpected "in" in the expression`))
	}
	e.kind, e.segs, e.fold, e.text = exprPath, strings.Split(name, "."), false, ""
	return e
}

func (p *exprParser) call(e *expr, name string, at int) *expr {
	fn := p.funcs[name]
	if fn == nil {
		names := slices.Sorted(maps.Keys(p.funcs))
		p.fail(at, fmt.Errorf("unknown function %s%s", quote(name), didYouMean(value.Suggest(name, names))))
	}
	e.kind, e.fn, e.fold, e.text = exprCall, fn, false, ""
	open := p.pos
	p.enter()
	p.next()
	for !p.is(")") {
		if len(e.args) > 0 {
			if !p.is(",") {
				if p.tok == tokEnd {
					p.fail(open, fmt.Errorf("the call of %s is not closed: a ) is missing", name))
				}
				p.fail(p.pos, p.unexpected())
			}
			p.next()
		}
		if len(e.args) == maxArgs {
			p.fail(p.pos, limitf("the call of %s has more than %s arguments", name, value.Count(maxArgs)))
		}
		e.args = append(e.args, p.or())
	}
	p.depth--
	p.next()
	if n := len(e.args); n < fn.MinArgs || fn.MaxArgs >= 0 && n > fn.MaxArgs {
		p.fail(at, fmt.Errorf("%s takes %s, not %d", name, arity(fn), n))
	}
	return p.folds.call(e)
}

// arity says how many arguments a function takes.
func arity(f *Func) string {
	switch {
	case f.MaxArgs == 1 && f.MinArgs == 1:
		return "1 argument"
	case f.MaxArgs == f.MinArgs:
		return fmt.Sprintf("%d arguments", f.MinArgs)
	case f.MaxArgs < 0 && f.MinArgs == 1:
		return "at least 1 argument"
	case f.MaxArgs < 0:
		return fmt.Sprintf("at least %d arguments", f.MinArgs)
	}
	return fmt.Sprintf("%d to %d arguments", f.MinArgs, f.MaxArgs)
}
