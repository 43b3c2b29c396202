package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// frame is one rendering. It stays on the stack of the goroutine, so nothing
// may keep a pointer to it.
type frame struct {
	p       *Program
	ctx     context.Context
	root    any
	rootMap map[string]any // root, if it is one
	max     int            // how long the output may get, with what was there before
	steps   int
	check   int  // number of steps at which to look up again
	turns   int  // of all loops
	depth   int  // of includes
	scopes  int  // steps that looking through the scopes of env takes
	env     *env // what the running code sees, if it was called

	collect  bool // messages are wanted, not text
	inside   bool // of a message
	captures int  // bodies of custom tags around this place
	messages []messageSpan
}

// messageSpan is a message as bounds of the output.
type messageSpan struct {
	role, name string
	cache      bool
	start, end int
}

// activation is one run of a piece of code. It holds nothing but what belongs to
// the run alone: one pointer that outlives it would put all of it on the heap.
type activation struct {
	slots   []any
	loops   []cursor
	marks   []mark
	stack   []any
	covered bool // the include that called it has an onerror attribute, or one around it has
	discard bool // an error ends at one that does not log it
}

// cursor is the state of a loop.
type cursor struct {
	list any
	kind cursorKind
	i, n int
}

type cursorKind uint8

const (
	overAnys cursorKind = iota
	overMaps
	overStrings
	overEntries
	overList
)

// mark is a state of the output to go back to.
type mark struct {
	length   int
	messages int
	inside   bool
	captures int
}

// stepError is an error that no onerror catches: a limit of the whole
// rendering, or a cancelled context.
type stepError struct{ error }

func (e stepError) Unwrap() error { return e.error }

// calleeError is the error of called code, which has its place already.
type calleeError struct{ at *Error }

func (e calleeError) Error() string { return e.at.Error() }

const checkEvery = 1024 // steps between looks at the context

// charge counts n steps.
func (f *frame) charge(n int) error {
	f.steps += n
	if f.steps < f.check {
		return nil
	}
	return f.look()
}

// look sees whether the rendering may go on.
func (f *frame) look() error {
	if f.steps > f.p.eng.limits.Steps {
		return stepError{limitf("the rendering takes more than %s steps", value.Count(f.p.eng.limits.Steps))}
	}
	f.check = min(f.steps+checkEvery, f.p.eng.limits.Steps+1)
	if err := f.ctx.Err(); err != nil {
		return stepError{err}
	}
	return nil
}

func (f *frame) tooLong() error {
	return stepError{limitf("the output is longer than %s bytes", value.Count(f.p.eng.limits.OutputBytes))}
}

// run runs code to its end, dealing with errors as the tags say.
func (f *frame) run(c *code, a *activation, dst []byte) ([]byte, *Error) {
	pc := 0
	for {
		var err error
		dst, pc, err = f.exec(c, a, dst, pc)
		if err == nil {
			return dst, nil
		}
		var fatal *Error
		if dst, pc, fatal = f.caught(c, a, dst, pc, err); fatal != nil {
			return dst, fatal
		}
	}
}

// caught applies the error strategy of instruction pc. It returns where to go
// on, or the error if that is nowhere. An error that nobody will see is not
// put into words: that would cost more than whatever failed.
func (f *frame) caught(c *code, a *activation, dst []byte, pc int, err error) ([]byte, int, *Error) {
	m := c.meta[pc]
	final, called := false, false
	switch err := err.(type) {
	case stepError:
		final = true
	case calleeError:
		final, called = err.at.final, true
	}
	// The engine's own strategy is for the tag that fails, not for what an
	// include lets through.
	var h *handler
	if m.handler >= 0 && (c.handlers[m.handler].explicit || !a.covered && !called) {
		h = &c.handlers[m.handler]
	}
	if final || h == nil {
		final = final || m.handler == throwHandler
		if a.discard && !final {
			return dst, pc, discarded
		}
		e := f.explain(c, a, pc, err)
		e.final = final
		return dst, pc, e
	}
	k := &a.marks[h.mark]
	f.messages, f.inside, f.captures = f.messages[:k.messages], k.inside, k.captures
	// What is thrown away must count, or a loop could print without end.
	if err := f.charge(1 + (len(dst)-k.length)/madePerStep); err != nil {
		return dst, pc, f.last(c, a, pc, err)
	}
	dst = dst[:k.length]
	if h.strategy == Log {
		if err := f.log(f.explain(c, a, pc, err)); err != nil {
			return dst, pc, f.last(c, a, pc, err)
		}
	}
	if len(h.text) > f.max-len(dst) {
		return dst, pc, f.last(c, a, pc, f.tooLong())
	}
	return append(dst, h.text...), int(h.resume), nil
}

// discarded stands for every error that a caller's onerror makes disappear.
var discarded = &Error{Err: errors.New("discarded")}

// last is explain for a limit that dealing with an error ran into.
func (f *frame) last(c *code, a *activation, pc int, err error) *Error {
	e := f.explain(c, a, pc, err)
	e.final = true
	return e
}

// log reports an error under the strategy Log.
func (f *frame) log(e *Error) error {
	cmp.Or(f.p.eng.logger, slog.Default()).WarnContext(f.ctx, "prompty: a tag failed and was left out", "error", e)
	return f.charge(checkEvery / 4)
}

// explain makes the error of instruction pc with its place.
func (f *frame) explain(c *code, a *activation, pc int, err error) *Error {
	m := c.meta[pc]
	s := c.sites[m.site]
	f.steps += 1 + int(m.off)/readPerStep // it counts lines
	var e *Error
	at := int(m.off)
	switch x := err.(type) {
	case calleeError:
		e = x.at
		line, column, _, _ := position(s.tmpl.source, int(m.start))
		e.via = append(e.via, place{includedFrom, s.tmpl.name, line, column})
		c.addVia(e, m.site)
		return e
	case stepError:
		err, at = x.error, int(m.start)
	case missingError:
		seg := 0
		seg, err = f.missing(x.path, a)
		at += seg
	default:
		if c.ins[pc].op == doFor && errors.Is(err, ErrLimit) {
			at = int(m.start)
		}
	}
	e = newError(s.tmpl.name, s.tmpl.source, at, c.tags[m.tag], err)
	c.addVia(e, m.site)
	return e
}

// missingError says that a path leads nowhere.
type missingError struct{ path *pathRef }

func (missingError) Error() string { return "missing" }

// lookup finds the value of a path.
func (f *frame) lookup(p *pathRef, a *activation) (any, bool) {
	if p.pathMore != nil {
		for _, slot := range p.dyn {
			f.steps += withSteps
			if v, ok := step(a.slots[slot], p.segs[0]); ok {
				return walk(v, p.segs[1:])
			}
		}
	}
	var v any
	var ok bool
	switch p.src {
	case fromRoot:
		if f.rootMap != nil {
			v, ok = f.rootMap[p.segs[0]]
		} else {
			v, ok = step(f.root, p.segs[0])
		}
	case fromSlot:
		v, ok = a.slots[p.slot], true
	case fromConst:
		v, ok = p.fixed, true
	case fromEnv:
		f.steps += f.scopes
		v, ok = f.env.first(p.segs[0])
	}
	if !ok {
		if !p.hasFall {
			return nil, false
		}
		v = p.fixed
	}
	if len(p.segs) == 1 {
		return v, true
	}
	return walk(v, p.segs[1:])
}

// snapshot is what can be seen where p stands.
func (f *frame) snapshot(v *view, a *activation) *env {
	return &env{view: v, slots: append([]any(nil), a.slots...), outer: f.env, root: f.root}
}

// missing is the error for a path that leads nowhere, with the place in the
// path of the segment that is missing.
func (f *frame) missing(p *pathRef, a *activation) (at int, err error) {
	e := f.snapshot(p.view, a)
	v, ok := e.first(p.segs[0])
	if !ok {
		names, looked := e.names()
		text := fmt.Sprintf("%s is missing: there is no %s%s", quote(p.text()), quote(p.segs[0]), f.suggest(p.segs[0], names, looked))
		return 0, &MissingError{Path: p.text(), Unknown: true, text: text}
	}
	seen := p.segs[0]
	for _, seg := range p.segs[1:] {
		next, ok := step(v, seg)
		if !ok {
			length, _, _ := value.Len(v)
			text := fmt.Sprintf("%s is missing: %s%s has no %s%s", quote(p.text()), quote(seen), describe(v), quote(seg), f.suggest(seg, value.Keys(v), length))
			return len(seen) + 1, &MissingError{Path: p.text(), text: text}
		}
		v, seen = next, seen+"."+seg
	}
	return 0, &MissingError{Path: p.text(), text: quote(p.text()) + " is missing"}
}

// describe says what a value is that has no such key; "" for a map, of which
// the suggestions tell enough.
func describe(v any) string {
	switch n, kind, ok := value.Len(v); {
	case ok && kind == value.List:
		return fmt.Sprintf(", a list of %d,", n)
	case ok && kind == value.Map:
		return ""
	}
	return ", which is " + value.TypeName(v) + ","
}

// suggest charges for what suggestions cost: the keys that were looked at and
// sorted, and the comparisons.
func (f *frame) suggest(name string, candidates []string, looked int) string {
	n := 0
	for _, c := range candidates {
		n += min(len(c), 256)
	}
	f.steps += looked*32 + n*min(len(name), 256)/8
	return didYouMean(value.Suggest(name, candidates))
}

// print appends a value.
func (f *frame) print(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if len(v) > f.max-len(dst) {
			return dst, f.tooLong()
		}
		return append(dst, v...), nil
	case *string:
		if v != nil {
			return f.print(dst, *v)
		}
		return dst, nil
	case int:
		dst = strconv.AppendInt(dst, int64(v), 10)
	case *int:
		if v != nil {
			dst = strconv.AppendInt(dst, int64(*v), 10)
		}
	case nil:
		return dst, nil
	default:
		was := len(dst)
		dst, err := value.AppendLimit(dst, v, f.max)
		if errors.Is(err, value.ErrTooLong) {
			return dst, f.tooLong()
		}
		if err == nil {
			per := readPerStep
			if k := value.KindOf(v); k == value.List || k == value.Map {
				per = jsonPerStep
			}
			return dst, f.charge((len(dst) - was) / per)
		}
		if err := f.chargeFailed(err, v); err != nil {
			return dst, err
		}
		return dst, err
	}
	if len(dst) > f.max {
		return dst, f.tooLong()
	}
	return dst, nil
}

// exec runs code from pc on to the end or to an instruction that fails, whose
// place it returns.
func (f *frame) exec(c *code, a *activation, dst []byte, pc int) ([]byte, int, error) {
	var err error
	stack := a.stack[:0]
	for {
		in := &c.ins[pc]
		switch in.op {
		case doText:
			t := c.texts[in.a]
			if len(t) > f.max-len(dst) {
				return dst, pc, f.tooLong()
			}
			dst = append(dst, t...)
		case doPrint:
			p := &c.paths[in.a]
			v, ok := f.lookup(p, a)
			if !ok {
				return dst, pc, missingError{p}
			}
			if s, ok := v.(string); ok && len(s) <= f.max-len(dst) {
				dst = append(dst, s...)
			} else if dst, err = f.print(dst, v); err != nil {
				return dst, pc, err
			}
		case doPrintOr:
			v, ok := f.lookup(&c.paths[in.a], a)
			if !ok {
				v = &c.texts[in.b]
			}
			if dst, err = f.print(dst, v); err != nil {
				return dst, pc, err
			}
		case doLoad:
			p := &c.paths[in.a]
			v, ok := f.lookup(p, a)
			if !ok {
				if in.b < 0 {
					return dst, pc, missingError{p}
				}
				if dst, err = f.print(dst, &c.texts[in.b]); err != nil {
					return dst, pc, err
				}
				pc = int(in.c)
				continue
			}
			stack = append(stack, unbox(v))
		case doPrintTop:
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if dst, err = f.print(dst, v); err != nil {
				return dst, pc, err
			}
		case doConst:
			stack = append(stack, c.consts[in.a])
		case doPath:
			v, _ := f.lookup(&c.paths[in.a], a)
			stack = append(stack, unbox(v))
		case doNeg:
			top := &stack[len(stack)-1]
			if *top, err = value.Neg(*top); err != nil {
				return dst, pc, err
			}
		case doBin:
			n := len(stack) - 1
			v, err := f.binary(operator(in.aux), stack[n-1], stack[n])
			if err != nil {
				return dst, pc, err
			}
			stack[n-1] = v
			stack = stack[:n]
		case doFunc:
			n := len(stack) - int(in.b)
			v, err := f.call(c.funcs[in.a], stack[n:])
			if err != nil {
				return dst, pc, err
			}
			stack = append(stack[:n], v)
		case doStore:
			a.slots[in.a] = stack[len(stack)-1]
			stack = stack[:len(stack)-1]
		case doJump:
			pc = int(in.c)
			continue
		case doJumpTop:
			v := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if value.Truthy(v) == (in.aux == 1) {
				pc = int(in.c)
				continue
			}
		case doJumpPath:
			v, _ := f.lookup(&c.paths[in.a], a)
			if b, ok := v.(bool); ok {
				if b != (in.aux == 1) {
					break
				}
			} else if value.Truthy(v) != (in.aux == 1) {
				break
			}
			pc = int(in.c)
			continue
		case doJumpCmp:
			v, _ := f.lookup(&c.paths[in.a], a)
			is, err := f.compare(operator(in.aux>>1), v, c.consts[in.b])
			if err != nil {
				return dst, pc, err
			}
			if is == (in.aux&1 == 1) {
				pc = int(in.c)
				continue
			}
		case doJumpCmpTop:
			n := len(stack) - 2
			is, err := f.compare(operator(in.aux>>1), stack[n], stack[n+1])
			if err != nil {
				return dst, pc, err
			}
			stack = stack[:n]
			if is == (in.aux&1 == 1) {
				pc = int(in.c)
				continue
			}
		case doCaseText:
			same, err := f.printsAs(dst, a.slots[in.a], c.texts[in.b])
			if err != nil {
				return dst, pc, err
			}
			if !same {
				pc = int(in.c)
				continue
			}
		case doFor:
			s := &c.loops[in.a]
			var v any
			if s.path >= 0 {
				var ok bool
				if v, ok = f.lookup(&c.paths[s.path], a); !ok {
					return dst, pc, missingError{&c.paths[s.path]}
				}
			} else {
				v = stack[len(stack)-1]
				stack = stack[:len(stack)-1]
			}
			k := &a.loops[s.loop]
			if err := f.begin(k, s, v); err != nil {
				return dst, pc, err
			}
			if k.n == 0 {
				pc = int(in.c)
				continue
			}
			if err := f.turn(k, s, a); err != nil {
				return dst, pc, err
			}
		case doNext:
			s := &c.loops[in.a]
			k := &a.loops[s.loop]
			if err := f.charge(int(in.b)); err != nil {
				return dst, pc, err
			}
			if k.i++; k.i < k.n {
				if err := f.turn(k, s, a); err != nil {
					return dst, pc, err
				}
				pc = int(in.c)
				continue
			}
		case doWith:
			a.slots[in.a] = withMap(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
		case doCall:
			if dst, err = f.include(c, a, pc, dst); err != nil {
				return dst, pc, err
			}
		case doMark, doCapture:
			a.marks[in.a] = mark{len(dst), len(f.messages), f.inside, f.captures}
			if in.op == doCapture {
				f.captures++
			}
		case doCustom:
			if dst, err = f.custom(&c.customs[in.a], a, dst); err != nil {
				return dst, pc, err
			}
		case doMessage:
			m := &c.messages[in.a]
			role := m.role
			if role == "" {
				v := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				if role, err = roleOf(v); err != nil {
					return dst, pc, err
				}
			}
			if err := f.beginMessage(m, role, len(dst)); err != nil {
				return dst, pc, err
			}
		case doMessageEnd:
			f.endMessage(len(dst))
		case doEnv:
			if dst, err = f.environ(&c.envs[in.a], dst); err != nil {
				return dst, pc, err
			}
		case doFail:
			return dst, pc, c.errs[in.a]
		case doTick:
			if err := f.charge(int(in.b)); err != nil {
				return dst, pc, err
			}
		case doEnd:
			return dst, pc, nil
		}
		pc++
	}
}
