package engine

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// folder replaces what is constant by its value while one template is parsed.
// What it computes in all is bounded, so that a template cannot make parsing
// expensive; what it leaves is computed when the template is rendered, under
// the limits of rendering.
type folder struct {
	limits *Limits
	calls  int // made so far
	bytes  int // computed so far
	nodes  int // operands of all expressions so far
}

// maxOperands bounds the memory that the expressions of a template take.
const maxOperands = 100_000

const (
	maxFoldCalls = 10_000
	maxFoldBytes = 4 << 20
	maxFoldText  = 4 << 10 // longer texts are not kept
)

func (f *folder) logic(e *expr) *expr {
	// true && x and false || x are whatever x is; false && x is false. A
	// constant after something unknown decides nothing, as x may fail.
	for _, a := range e.args {
		if !a.fold {
			return e
		}
		if value.Truthy(a.val) == (e.kind == exprOr) {
			e.val, e.fold = e.kind == exprOr, true
			return e
		}
	}
	e.val, e.fold = e.kind == exprAnd, true
	return e
}

func (f *folder) chain(e *expr) *expr {
	if !f.open(e) {
		return e
	}
	v := e.args[0].val
	for _, a := range e.args[1:] {
		var err error
		if v, err = apply(a.op, v, a.val, f.limits.FunctionResultBytes); err != nil {
			return e // raised when it is rendered, so that onerror applies
		}
		f.bytes += weight(v)
		if f.bytes > maxFoldBytes {
			return e
		}
	}
	return f.keep(e, v)
}

func (f *folder) unary(e *expr) *expr {
	if !f.open(e) {
		return e
	}
	if e.kind == exprNot {
		return f.keep(e, !value.Truthy(e.args[0].val))
	}
	v, err := value.Neg(e.args[0].val)
	if err != nil {
		return e
	}
	return f.keep(e, v)
}

func (f *folder) call(e *expr) *expr {
	if !e.fn.Pure || !f.open(e) {
		return e
	}
	f.calls++
	args := make([]any, len(e.args))
	for i, a := range e.args {
		args[i] = a.val
	}
	v, _, err := callFunc(e.fn, args)
	f.bytes += weight(v)
	if err != nil {
		return e
	}
	return f.keep(e, v)
}

// open reports whether all operands are constant and there is budget left.
func (f *folder) open(e *expr) bool {
	if f.calls >= maxFoldCalls || f.bytes > maxFoldBytes {
		return false
	}
	for _, a := range e.args {
		if !a.fold {
			return false
		}
	}
	return true
}

// keep makes v the node's value if it is of a kind that can be shared by all
// renderings and is small.
func (f *folder) keep(e *expr, v any) *expr {
	switch v := v.(type) {
	case nil, bool, int, int64, uint64, float64:
	case string:
		if len(v) > maxFoldText {
			return e
		}
	default:
		return e
	}
	e.val, e.fold = v, true
	return e
}

// apply computes a op b. max bounds the bytes of a text.
func apply(op operator, a, b any, max int) (any, error) {
	switch op {
	case opEq:
		return value.Equal(a, b), nil
	case opNe:
		return !value.Equal(a, b), nil
	case opIn:
		return value.In(a, b)
	case opLt, opLe, opGt, opGe:
		c, err := value.Compare(a, b)
		if err != nil {
			return nil, err
		}
		return ordered(op, c), nil
	}
	return value.ArithLimit(operatorText[op][0], a, b, max)
}

// ordered says whether a op b holds if a compares to b as c says.
func ordered(op operator, c int) bool { return holds[op]>>(c+1)&1 == 1 }

// holds are the results of a comparison for which an operator holds, as bits:
// less, equal and greater, from the lowest on.
var holds = [...]uint8{opEq: 0b010, opNe: 0b101, opLt: 0b001, opLe: 0b011, opGt: 0b100, opGe: 0b110}

// callFunc calls a Go function and turns a panic into an error. It tells the
// comparisons that were made, where they are counted.
func callFunc(fn *Func, args []any) (v any, compared int, err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, fmt.Errorf("function %s panicked: %v", fn.Name, r)
		}
	}()
	if fn.counted != nil {
		v, compared, err = fn.counted(args)
	} else {
		v, err = fn.Call(args)
	}
	switch {
	case err == nil:
		return v, compared, nil
	case strings.HasPrefix(err.Error(), fn.Name+": "):
		return nil, compared, err
	}
	return nil, compared, fmt.Errorf("%s: %w", fn.Name, err)
}

// weight is roughly how many bytes a value holds at its top level.
func weight(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case nil, bool, int, int64, float64:
		return 8
	}
	n, kind, ok := value.Len(v)
	n = min(n, maxWeighed)
	switch {
	case !ok:
		return 8
	case kind == value.List:
		return 32 * n
	case kind == value.Map:
		return 64 * n
	}
	return n
}

// textWeight is weight of text, and of numbers that are kept as text; 0 of all
// else.
func textWeight(v any) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case json.Number:
		return len(v)
	}
	if value.KindOf(v) == value.String {
		return weight(v)
	}
	return 0
}

// maxWeighed is the length from which on all values weigh the same: more than
// any rendering can pay for, and still no overflow.
const maxWeighed = 16 << 20
