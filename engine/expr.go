package engine

import (
	"strings"
)

// exprKind says what an expression node is.
type exprKind uint8

const (
	exprConst exprKind = iota
	exprPath
	exprCall
	exprNot   // !a
	exprNeg   // -a
	exprChain // a op b op c …, operators of one level, from left to right
	exprAnd   // a && b && …
	exprOr    // a || b || …
)

// expr is a node of an expression. Operators of one level form one node
// however many there are, so that depth counts only what an author nests.
type expr struct {
	kind  exprKind
	fold  bool     // val holds the value of the whole node
	op    operator // of an operand of a chain but the first: what stands before it
	pos   int32    // in the template's source
	opPos int32    // of op
	text  string   // of a constant: as written
	val   any      // of a constant, or of what was folded to one
	segs  []string
	fn    *Func
	args  []*expr
	two   [2]*expr // what args mostly are
}

// operator is a binary operator other than && and ||.
type operator uint8

const (
	opEq operator = iota
	opNe
	opLt
	opLe
	opGt
	opGe
	opIn
	opAdd
	opSub
	opMul
	opDiv
	opMod
)

var operatorText = [...]string{opEq: "==", opNe: "!=", opLt: "<", opLe: "<=", opGt: ">", opGe: ">=", opIn: "in",
	opAdd: "+", opSub: "-", opMul: "*", opDiv: "/", opMod: "%"}

func (o operator) String() string { return operatorText[o] }

// Levels of operators: how tightly they bind.
const (
	levelOr = 1 + iota
	levelAnd
	levelCompare
	levelSum
	levelProduct
	levelSign
	levelPrimary
)

// level is how tightly a node binds.
func (e *expr) level() int {
	switch e.kind {
	case exprOr:
		return levelOr
	case exprAnd:
		return levelAnd
	case exprChain:
		return e.args[1].op.level()
	case exprNot, exprNeg:
		return levelSign
	}
	return levelPrimary
}

func (o operator) level() int {
	switch {
	case o <= opIn:
		return levelCompare
	case o <= opSub:
		return levelSum
	}
	return levelProduct
}

// String gives the expression in canonical form: single spaces around binary
// operators, no parentheses but those that are needed, constants as written.
func (e *expr) String() string {
	var b strings.Builder
	e.print(&b)
	return b.String()
}

func (e *expr) print(b *strings.Builder) {
	switch e.kind {
	case exprConst:
		b.WriteString(e.text)
	case exprPath:
		b.WriteString(strings.Join(e.segs, "."))
	case exprCall:
		b.WriteString(e.fn.Name + "(")
		for i, a := range e.args {
			if i > 0 {
				b.WriteString(", ")
			}
			a.print(b)
		}
		b.WriteByte(')')
	case exprNot, exprNeg:
		b.WriteByte("!-"[e.kind-exprNot])
		e.printOperand(b, e.args[0], e.level()-1)
	default:
		for i, a := range e.args {
			switch {
			case i == 0:
			case e.kind == exprAnd:
				b.WriteString(" && ")
			case e.kind == exprOr:
				b.WriteString(" || ")
			default:
				b.WriteString(" " + a.op.String() + " ")
			}
			e.printOperand(b, a, e.level())
		}
	}
}

// printOperand puts a in parentheses unless it binds tighter than level.
func (e *expr) printOperand(b *strings.Builder, a *expr, level int) {
	if a.level() > level {
		a.print(b)
		return
	}
	b.WriteByte('(')
	a.print(b)
	b.WriteByte(')')
}

// walk calls f for the node and all below it.
func (e *expr) walk(f func(*expr)) {
	if e == nil {
		return
	}
	f(e)
	for _, a := range e.args {
		a.walk(f)
	}
}
