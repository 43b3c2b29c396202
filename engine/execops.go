package engine

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
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

// compare says whether x op y, op being one of == != < <= > >=.
func (f *frame) compare(op operator, x, y any) (bool, error) {
	switch s := x.(type) {
	case string:
		if t, ok := y.(string); ok && len(s) < 1<<10 {
			switch op {
			case opEq:
				return s == t, nil
			case opNe:
				return s != t, nil
			}
		}
	case int:
		if t, ok := y.(int); ok {
			switch op {
			case opEq:
				return s == t, nil
			case opNe:
				return s != t, nil
			default:
				c := 0
				if s < t {
					c = -1
				} else if s > t {
					c = 1
				}
				return ordered(op, c), nil
			}
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

// begin sets a cursor to the start of a list or map.
func (f *frame) begin(k *cursor, s *loopSite, v any) error {
	*k = cursor{list: v}
	switch list := v.(type) {
	case []any:
		k.n, k.kind = len(list), overAnys
	case []map[string]any:
		k.n, k.kind = len(list), overMaps
	case []string:
		k.n, k.kind = len(list), overStrings
	case nil:
	default:
		n, kind, ok := value.Len(v)
		switch {
		case ok && kind == value.List:
			k.n, k.kind = n, overList
		case ok && kind == value.Map && !isStruct(v):
			k.n, k.kind = n, overEntries
		case ok && kind == value.Nil:
		case isStruct(v) && kind == value.Map:
			return errors.New("a loop needs a list or a map, not a struct")
		default:
			return fmt.Errorf("a loop needs a list or a map, not %s", value.TypeName(v))
		}
	}
	each := f.p.eng.limits.LoopTurnsEach
	switch {
	case s.limit > 0:
		k.n = min(k.n, s.limit, each)
	case k.n > each:
		return limitf("the loop has %s turns, the limit for one loop is %s: set the attribute limit to take the first ones", value.Count(k.n), value.Count(each))
	}
	if k.kind == overEntries && k.n > 0 {
		return f.sorted(k, v)
	}
	return nil
}

// isStruct reports whether v is a struct or leads to one. Paths look into it as
// into a map, but its fields are no entries to loop over. An entry of a map is
// a map itself.
func isStruct(v any) bool {
	switch v.(type) {
	case value.Entry, *value.Entry:
		return false
	}
	rv := reflect.ValueOf(v)
	for n := 0; n < 100 && (rv.Kind() == reflect.Pointer || rv.Kind() == reflect.Interface); n++ {
		rv = rv.Elem()
	}
	return rv.Kind() == reflect.Struct
}

// sorted makes the list of a map's entries.
func (f *frame) sorted(k *cursor, v any) error {
	n, _, _ := value.Len(v)
	if err := f.charge(1 + 12*n); err != nil {
		return err
	}
	entries := value.Entries(v)
	k.list, k.n = entries, min(k.n, len(entries))
	return nil
}

// turn begins a turn of a loop.
func (f *frame) turn(k *cursor, s *loopSite, a *activation) error {
	if f.turns++; f.turns > f.p.eng.limits.LoopTurns {
		return stepError{limitf("all loops together take more than %s turns", value.Count(f.p.eng.limits.LoopTurns))}
	}
	var item any
	switch k.kind {
	case overAnys:
		item = k.list.([]any)[k.i]
	case overMaps:
		item = k.list.([]map[string]any)[k.i]
	case overStrings:
		item = &k.list.([]string)[k.i]
	case overEntries:
		item = &k.list.([]value.Entry)[k.i]
	default:
		item = value.Index(k.list, k.i)
	}
	a.slots[s.item] = item
	if s.index >= 0 {
		a.slots[s.index] = boxIndex(k.i)
	}
	return nil
}

// printsAs reports whether v prints as text. It uses the space behind dst.
func (f *frame) printsAs(dst []byte, v any, text string) (bool, error) {
	if s, ok := v.(string); ok {
		return s == text, nil
	}
	out, err := value.AppendLimit(dst, v, len(dst)+len(text))
	same := err == nil && string(out[len(dst):]) == text
	if n, kind, ok := value.Len(v); ok && kind != value.String {
		return same, f.charge(2*n + 2*len(text)) // it may have put a map in order
	}
	return same, nil
}

// withMap is what an include's with puts on top: the keys of a map, or
// anything else as _value.
func withMap(v any) any {
	if value.KindOf(v) == value.Map {
		return v
	}
	return map[string]any{"_value": v}
}

// include runs a template that is called.
func (f *frame) include(c *code, a *activation, pc int, dst []byte) ([]byte, error) {
	s := &c.calls[c.ins[pc].a]
	limit := f.p.eng.limits.IncludeDepth
	if f.depth+s.depth > limit {
		return dst, includeDepth(limit)
	}
	if err := f.charge(callSteps); err != nil {
		return dst, err
	}
	callee := activation{covered: a.covered || s.covered, discard: a.discard}
	switch h := c.meta[pc].handler; {
	case h == throwHandler:
		callee.discard = false
	case h >= 0 && c.handlers[h].explicit:
		callee.discard = c.handlers[h].strategy != Log
	}
	callee.size(s.target.code)
	outer := f.env
	f.env = f.snapshot(s.view, a)
	f.depth += s.depth
	f.scopes += s.scopes
	dst, err := f.run(s.target.code, &callee, dst)
	f.depth -= s.depth
	f.scopes -= s.scopes
	f.env = outer
	if err != nil {
		return dst, calleeError{err}
	}
	return dst, nil
}

// size makes room for what code needs.
func (a *activation) size(c *code) {
	a.slots = make([]any, c.nslots)
	a.loops = make([]cursor, c.nloops)
	a.marks = make([]mark, c.nmarks)
	a.stack = make([]any, 0, c.nstack)
}

// custom runs a custom tag.
func (f *frame) custom(s *customSite, a *activation, dst []byte) ([]byte, error) {
	t := &Tag{Name: s.node.name(), Attrs: maps.Clone(s.attrs), env: f.snapshot(s.view, a)}
	if s.mark >= 0 {
		k := a.marks[s.mark]
		t.Content = string(dst[k.length:])
		dst = dst[:k.length]
		f.captures = k.captures
	}
	if err := f.charge(1 + len(t.Content)/madePerStep); err != nil {
		return dst, err
	}
	v, err := f.resolve(s.node.resolver, t)
	if err := f.ctx.Err(); err != nil {
		return dst, stepError{err}
	}
	if err != nil {
		return dst, err
	}
	limit := f.p.eng.limits.FunctionResultBytes
	out, err := value.AppendLimit(dst, v, min(f.max, len(dst)+limit))
	switch {
	case !errors.Is(err, value.ErrTooLong):
	case len(dst)+limit > f.max:
		return dst, f.tooLong()
	default:
		return dst, limitf("the tag %s gives more than %s bytes", t.Name, value.Count(limit))
	}
	if err != nil {
		if err := f.chargeFailed(err, v); err != nil {
			return dst, err
		}
	}
	return out, err
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
func (f *frame) environ(s *envSite, dst []byte) ([]byte, error) {
	eng := f.p.eng
	if !eng.env[s.name] {
		return dst, fmt.Errorf("the environment variable %s is not allowed: the engine's configuration must name it in Env", quote(s.name))
	}
	v, ok := eng.lookupEnv(s.name)
	switch {
	case ok:
	case s.hasDef:
		v = s.def
	case s.required:
		return dst, fmt.Errorf("the environment variable %s is not set", quote(s.name))
	}
	return f.print(dst, v)
}
