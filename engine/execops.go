package engine

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// A function's or an operator's work is charged by the bytes it reads and,
// higher, by those it makes, so that the limit of steps bounds time and memory
// together.
const (
	readPerStep  = 16
	madePerStep  = 8
	jsonPerStep  = 2   // bytes of output that are made of lists and maps
	compareSteps = 4   // for each comparison of elements
	callSteps    = 256 // for calling a template
	withSteps    = 2   // for looking into what an include's with brings
)

// binary computes x op y.
func (f *frame) binary(op operator, x, y any) (any, error) {
	if op <= opGe {
		return f.compare(op, x, y)
	}
	if err := f.charge(1 + (textWeight(x)+textWeight(y))/readPerStep); err != nil {
		return nil, err
	}
	if op == opIn {
		found, cost, err := value.InCost(x, y)
		return found, f.chargeCompared(cost, err)
	}
	v, err := apply(op, x, y, f.p.eng.limits.FunctionResultBytes)
	if errors.Is(err, value.ErrTooLong) {
		return nil, limitf("the result of %s is longer than %s bytes", op, value.Count(f.p.eng.limits.FunctionResultBytes))
	}
	if err != nil {
		return nil, err
	}
	if s, ok := v.(string); ok {
		return v, f.charge(len(s) / madePerStep)
	}
	return v, nil
}

// test makes the comparison of a path with a constant that an instruction
// stands for.
func (f *frame) test(c *code, a *activation, in *instr) (bool, error) {
	p := &c.paths[in.a]
	var x any
	if p.plain {
		x = f.rootMap[p.segs[0]]
	}
	if x == nil {
		x, _ = f.lookup(p, a)
	}
	op := operator(in.aux >> 1)
	switch x := x.(type) {
	case string:
		if y, ok := c.consts[in.b].(string); ok && op <= opNe && len(x) < maxFree {
			return (x == y) == (op == opEq), nil
		}
	case int:
		if y, ok := c.consts[in.b].(int); ok {
			return ordered(op, cmp.Compare(x, y)), nil
		}
	}
	return f.compare(op, x, c.consts[in.b])
}

// maxFree is how long texts may be that are compared for nothing.
const maxFree = 1 << 10

// compare says whether x op y, op being one of == != < <= > >=.
func (f *frame) compare(op operator, x, y any) (bool, error) {
	switch s := x.(type) {
	case string:
		if t, ok := y.(string); ok && op <= opNe && len(s) < maxFree {
			return (s == t) == (op == opEq), nil
		}
	case int:
		if t, ok := y.(int); ok {
			return ordered(op, cmp.Compare(s, t)), nil
		}
	}
	if op == opEq || op == opNe {
		equal, cost := value.EqualCost(x, y)
		return equal == (op == opEq), f.chargeCompared(cost, nil)
	}
	if err := f.charge(1 + (textWeight(x)+textWeight(y))/readPerStep); err != nil {
		return false, err
	}
	v, err := apply(op, x, y, 0)
	if err != nil {
		return false, err
	}
	return v.(bool), nil
}

// chargeCompared charges for comparisons after they were made: only then is it
// known how many they are. One operation can make some millions.
func (f *frame) chargeCompared(n int, err error) error {
	if over := f.charge(compareSteps * n); over != nil {
		return over
	}
	return err
}

// maxExtent is from where on a value is not counted but taken for huge.
const (
	maxExtent  = 4 << 10
	hugeExtent = 1 << 20
)

// extent is how many values x holds at all its levels, as far as that can be
// told soon: what fails for nothing is charged by it.
func extent(x any, depth int) int {
	n := 0
	switch x := x.(type) {
	case nil, string, bool, int, int64, float64:
		return 0
	case []any:
		for i := 0; i < len(x) && n < maxExtent; i++ {
			n += 1 + extentBelow(x[i], depth)
		}
	case map[string]any:
		for _, v := range x {
			if n += 1 + extentBelow(v, depth); n >= maxExtent {
				break
			}
		}
	default:
		if length, _, ok := value.Len(x); ok {
			n = length
		}
		n += 64
	}
	if n >= maxExtent {
		return hugeExtent
	}
	return n
}

func extentBelow(x any, depth int) int {
	if depth > 32 {
		return maxExtent
	}
	return extent(x, depth+1)
}

// call calls a function and holds its result to the limit.
func (f *frame) call(fn *Func, args []any) (any, error) {
	n := 1
	for _, v := range args {
		switch fn.cost {
		case linear, printing:
			n += weight(v) / readPerStep
		case slow:
			n += weight(v)
		case ordering:
			n += weight(v) / 4
		case search:
			n += textWeight(v) / readPerStep
		}
	}
	if err := f.charge(n); err != nil {
		return nil, err
	}
	// With a slice of its own for the function, the operand stack need not be
	// on the heap.
	own := slices.Clone(args)
	if fn.counted == nil {
		for i, v := range own {
			own[i] = plain(v)
		}
	}
	v, compared, err := callFunc(fn, own)
	if fn.counted == nil { // it may have taken any time
		if err := f.ctx.Err(); err != nil {
			return nil, stepError{err}
		}
	}
	limit := f.p.eng.limits.FunctionResultBytes
	if over := f.chargeCompared(compared, nil); over != nil {
		return nil, over
	}
	if err != nil {
		if err := f.chargeFailed(err, args...); err != nil {
			return nil, err
		}
		return nil, limitOf(err)
	}
	if s, ok := v.(string); ok && len(s) > limit {
		return nil, limitf("%s: the result has %s bytes, the limit is %s", fn.Name, value.Count(len(s)), value.Count(limit))
	}
	switch {
	case fn.cost == constant:
		return v, nil // it stood in the arguments
	case fn.cost == printing && textWeight(args[0]) == 0:
		return v, f.charge(weight(v) + weight(v)/2)
	}
	return v, f.charge(weight(v) / madePerStep)
}

// failedSteps is what each value costs that was read in vain, tooDeepSteps what
// finding out that a value contains itself may cost.
const (
	failedSteps  = 12
	tooDeepSteps = 200_000
)

// chargeFailed charges for values that were read in vain.
func (f *frame) chargeFailed(err error, values ...any) error {
	n := 64
	for _, v := range values {
		n += textWeight(v)
		if x := extent(v, 0); x < maxExtent {
			n += failedSteps * x
		} else {
			n += x
		}
	}
	if errors.Is(err, value.ErrTooDeep) {
		n += tooDeepSteps
	}
	return f.charge(n)
}

// limitOf makes an [ErrLimit] of the error for what is too long.
func limitOf(err error) error {
	if errors.Is(err, value.ErrTooLong) {
		return overLimit{err}
	}
	return err
}

// overLimit is an error that is an ErrLimit too.
type overLimit struct{ error }

func (e overLimit) Unwrap() error      { return e.error }
func (overLimit) Is(target error) bool { return target == ErrLimit }

// printsAs reports whether v prints as text. It uses the space behind out.
func (f *frame) printsAs(v any, text string) (bool, error) {
	if s, ok := v.(string); ok {
		return s == text, nil
	}
	n := len(f.out)
	out, err := value.AppendLimit(f.out, v, n+len(text))
	same := err == nil && string(out[n:]) == text
	if n, kind, ok := value.Len(v); ok && kind != value.String {
		return same, f.charge(2*n + 2*len(text)) // it may have put a map in order
	}
	return same, nil
}

// with finds what an include's with puts on top: the keys of a map, or anything
// else as _value.
func (f *frame) with(c *code, a *activation, in *instr) error {
	var v any
	if in.b < 0 {
		v = a.pop()
	} else {
		var ok bool
		if v, ok = f.lookup(&c.paths[in.b], a); !ok {
			return missingError{&c.paths[in.b]}
		}
		v = unbox(v)
	}
	if _, ok := v.(map[string]any); !ok && value.KindOf(v) != value.Map {
		v = map[string]any{"_value": v}
	}
	a.slots[in.a] = v
	return nil
}

// include runs a template that is called.
func (f *frame) include(c *code, a *activation, in *instr) error {
	s := &c.calls[in.a]
	limit := f.p.eng.limits.IncludeDepth
	if int(f.depth)+s.depth > limit {
		return includeDepth(limit)
	}
	if err := f.charge(callSteps); err != nil {
		return err
	}
	callee := activation{covered: a.covered || s.covered, discard: a.discard}
	switch h := c.meta[in.at].handler; {
	case h == throwHandler:
		callee.discard = false
	case h >= 0 && c.handlers[h].explicit:
		callee.discard = c.handlers[h].strategy != Log
	}
	callee.size(s.target.code)
	outer := f.env
	f.env = f.snapshot(s.view, a)
	f.depth += int32(s.depth)
	f.scopes += s.scopes
	err := f.run(s.target.code, &callee)
	f.depth -= int32(s.depth)
	f.scopes -= s.scopes
	f.env = outer
	if err != nil {
		return calleeError{err}
	}
	return nil
}

// size makes room for what code needs.
func (a *activation) size(c *code) {
	a.slots = make([]any, c.nslots)
	a.loops = make([]cursor, c.nloops)
	a.marks = make([]mark, c.nmarks)
	a.stack = make([]any, c.nstack)
}

// custom runs a custom tag.
func (f *frame) custom(s *customSite, a *activation) error {
	t := &Tag{Name: s.name, Attrs: maps.Clone(s.attrs), env: f.snapshot(s.view, a)}
	if s.mark >= 0 {
		k := a.marks[s.mark]
		t.Content = string(f.out[k.length:])
		f.out = f.out[:k.length]
		f.captures = k.captures
	}
	if err := f.charge(1 + len(t.Content)/madePerStep); err != nil {
		return err
	}
	v, err := f.resolve(s.resolver, t)
	if err := f.ctx.Err(); err != nil {
		return stepError{err}
	}
	if err != nil {
		return err
	}
	limit := f.p.eng.limits.FunctionResultBytes
	out, err := value.AppendLimit(f.out, v, min(f.max, len(f.out)+limit))
	switch {
	case !errors.Is(err, value.ErrTooLong):
	case len(f.out)+limit > f.max:
		return f.tooLong()
	default:
		return limitf("the tag %s gives more than %s bytes", t.Name, value.Count(limit))
	}
	if err != nil {
		if err := f.chargeFailed(err, v); err != nil {
			return err
		}
	}
	f.out = out
	return err
}

// resolve calls a resolver and turns a panic into an error.
func (f *frame) resolve(r Resolver, t *Tag) (v any, err error) {
	defer func() {
		if p := recover(); p != nil {
			v, err = nil, fmt.Errorf("the resolver of %s panicked: %v", t.Name, p)
		}
	}()
	return r.Resolve(f.ctx, t)
}

// environ prints an environment variable.
func (f *frame) environ(s *envSite) error {
	eng := f.p.eng
	if !eng.env[s.name] {
		return fmt.Errorf("the environment variable %s is not allowed: the engine's configuration must name it in Env", quote(s.name))
	}
	v, ok := eng.lookupEnv(s.name)
	switch {
	case ok:
	case s.hasDef:
		v = s.def
	case s.required:
		return fmt.Errorf("the environment variable %s is not set", quote(s.name))
	}
	return f.print(v)
}
