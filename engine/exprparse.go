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

// exprParser reads the expressions of a template, one after the other. Errors
// are panics of type *exprError inside of it, which parse catches.
type exprParser struct {
	limits *Limits
	funcs  map[string]*Func
	folds  folder

	// what expressions and paths are made of
	nodes slab[expr]
	segs  slab[string]
	chunk int // how many nodes there may be

	consts, paths int // so far

	// the one that is being read
	src    string
	places places // of src in the template
	pos    int    // of the token
	end    int    // after the token
	tok    token
	op     operator // of an operator other than && and ||
	level  int      // of a binary operator; 0 for any other token
	depth  int
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

// parse reads the expression src, which stands in the template where places
// says.
func (p *exprParser) parse(src string, at places) (e *expr, fail *exprError) {
	p.src, p.places, p.pos, p.end, p.depth = src, at, 0, 0, 0
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
	e = p.binary(levelOr)
	if p.tok != tokEnd {
		p.fail(p.pos, p.unexpected())
	}
	return e, nil
}

func (p *exprParser) fail(at int, err error) { panic(&exprError{at, err}) }

func (p *exprParser) token() string { return p.src[p.pos:p.end] }

func (p *exprParser) unexpected() error {
	switch text := p.token(); {
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
	i := skipSpace(p.src, p.end)
	p.pos, p.end, p.level = i, i, 0
	if i == len(p.src) {
		p.tok = tokEnd
		return
	}
	switch c := p.src[i]; {
	case '0' <= c && c <= '9':
		p.tok = tokNumber
		p.end = p.number()
	case c == '"' || c == '\'':
		p.tok = tokString
		p.end = p.quoted(c)
	case classes[c]&inIdent != 0 || c >= utf8.RuneSelf && p.letter(i):
		p.tok = tokName
		p.end = p.path()
		if p.token() == "in" {
			p.op, p.level = opIn, levelCompare
		}
	default:
		p.tok = tokPunct
		p.punct()
	}
}

// letter reports whether a name can start with the character at i.
func (p *exprParser) letter(i int) bool {
	r, _ := utf8.DecodeRuneInString(p.src[i:])
	return isIdentRune(r, true)
}

// punct reads the operator, the bracket or whatever else stands at pos.
func (p *exprParser) punct() {
	_, size := utf8.DecodeRuneInString(p.src[p.pos:])
	p.end += size
	next := byte(0)
	if p.end < len(p.src) {
		next = p.src[p.end]
	}
	binary := func(op operator) { p.op, p.level = op, op.level() }
	switch c := p.src[p.pos]; c {
	case '|', '&':
		if next == c {
			p.level = levelOr
			if c == '&' {
				p.level = levelAnd
			}
			p.end++
		}
	case '=', '!', '<', '>':
		switch {
		case next == '=':
			binary(compareOrEqual[c])
			p.end++
		case c == '<':
			binary(opLt)
		case c == '>':
			binary(opGt)
		}
	case '+':
		binary(opAdd)
	case '-':
		binary(opSub)
	case '*':
		binary(opMul)
	case '/':
		binary(opDiv)
	case '%':
		binary(opMod)
	}
}

// compareOrEqual are the operators that end in =.
var compareOrEqual = [...]operator{'=': opEq, '!': opNe, '<': opLe, '>': opGe}

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
		if c := p.src[i]; c < utf8.RuneSelf {
			if classes[c]&inIdent == 0 {
				break
			}
			i++
			continue
		}
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
func (p *exprParser) is(s string) bool { return p.tok == tokPunct && p.token() == s }

// expr returns a new node.
func (p *exprParser) expr(kind exprKind, pos int) *expr {
	e := p.nodes.one(min(p.chunk, 8))
	e.kind, e.pos = kind, int32(pos)
	return e
}

// setArgs makes a copy of list the operands of a node.
func setArgs(e *expr, list []*expr) {
	e.args = append(e.two[:0], list...)
}

// binary reads operands that are joined by operators of a level or tighter ones.
func (p *exprParser) binary(level int) *expr {
	e := p.unary()
	for p.level >= level {
		e = p.chain(e)
	}
	return e
}

// chain reads on from the operator after the first operand, as long as there are
// operators of the same level.
func (p *exprParser) chain(first *expr) *expr {
	var buf [4]*expr
	level, args := p.level, append(buf[:0], first)
	for p.level == level {
		op, at := p.op, p.places.offset(p.pos)
		p.next()
		e := p.binary(level + 1)
		e.op, e.opPos = op, int32(at)
		args = append(args, e)
	}
	e := p.expr(exprChain, int(first.pos))
	setArgs(e, args)
	switch level {
	case levelOr:
		e.kind = exprOr
		return p.folds.logic(e)
	case levelAnd:
		e.kind = exprAnd
		return p.folds.logic(e)
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
	e := p.expr(kind, p.places.offset(p.pos))
	p.enter()
	p.next()
	setArgs(e, []*expr{p.unary()})
	p.depth--
	return p.folds.unary(e)
}

func (p *exprParser) primary() *expr {
	folds := &p.folds
	if folds.nodes++; folds.nodes > maxOperands {
		p.fail(p.pos, limitf("the expressions of the template have more than %s operands", value.Count(maxOperands)))
	}
	var e *expr
	switch p.tok {
	case tokNumber:
		e = p.constant(p.numberValue())
	case tokString:
		e = p.constant(p.stringValue())
	case tokName:
		return p.nameOrCall()
	default:
		if !p.is("(") {
			p.fail(p.pos, p.unexpected())
		}
		open := p.pos
		p.enter()
		p.next()
		e = p.binary(levelOr)
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

// constant returns the node of the token, which has this value.
func (p *exprParser) constant(v any) *expr {
	e := p.expr(exprConst, p.places.offset(p.pos))
	e.text, e.val, e.fold = p.token(), v, true
	p.consts++
	return e
}

func (p *exprParser) numberValue() any {
	text := p.token()
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

func (p *exprParser) nameOrCall() *expr {
	name, at := p.token(), p.pos
	var e *expr
	switch name {
	case "true", "false":
		e = p.constant(name == "true")
	case "nil":
		e = p.constant(nil)
	default:
		e = p.expr(exprPath, p.places.offset(at))
	}
	p.next()
	switch {
	case p.is("("):
		return p.call(e, name, at)
	case e.fold:
		return e
	case name == "in":
		p.fail(at, errors.New(`unexpected "in" in the expression`))
	}
	segs := p.segs.start(min(p.chunk, 4))
	for seg := range strings.SplitSeq(name, ".") {
		segs = append(segs, seg)
	}
	e.segs = p.segs.finish(segs)
	p.paths++
	return e
}

func (p *exprParser) call(e *expr, name string, at int) *expr {
	fn := p.funcs[name]
	if fn == nil {
		names := slices.Sorted(maps.Keys(p.funcs))
		p.fail(at, fmt.Errorf("unknown function %s%s", quote(name), didYouMean(value.Suggest(name, names))))
	}
	open := p.pos
	p.enter()
	p.next()
	var buf [4]*expr
	args := buf[:0]
	for !p.is(")") {
		if len(args) > 0 {
			if !p.is(",") {
				if p.tok == tokEnd {
					p.fail(open, fmt.Errorf("the call of %s is not closed: a ) is missing", name))
				}
				p.fail(p.pos, p.unexpected())
			}
			p.next()
		}
		if len(args) == maxArgs {
			p.fail(p.pos, limitf("the call of %s has more than %s arguments", name, value.Count(maxArgs)))
		}
		args = append(args, p.binary(levelOr))
	}
	p.depth--
	p.next()
	if n := len(args); n < fn.MinArgs || fn.MaxArgs >= 0 && n > fn.MaxArgs {
		p.fail(at, fmt.Errorf("%s takes %s, not %d", name, arity(fn), n))
	}
	*e = expr{kind: exprCall, pos: e.pos, fn: fn}
	setArgs(e, args)
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
