package engine

import (
	"context"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// frame is one rendering. It stays on the stack of the goroutine, so nothing
// may keep a pointer to it.
type frame struct {
	p       *Program
	ctx     context.Context
	root    any
	rootMap map[string]any // root, if it is one
	out     []byte         // the output, behind what was there before
	max     int            // how long out may get
	steps   int
	check   int   // number of steps at which to look up again
	turns   int   // of all loops
	scopes  int   // steps that looking through the scopes of env takes
	env     *env  // what the running code sees, if it was called
	depth   int32 // of includes

	captures int32 // bodies of custom tags around this place
	inside   bool  // of a message
	collect  bool  // messages are wanted, not text
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
	top     int  // of the stack
	covered bool // the include that called it has an onerror attribute, or one around it has
	discard bool // an error ends at one that does not log it
}

// mark is a state of the output to go back to.
type mark struct {
	length   int
	messages int
	inside   bool
	captures int32
}

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
func (f *frame) run(c *code, a *activation) *Error {
	at, err := f.exec(c, a, 0)
	if err != nil {
		return f.goOn(c, a, at, err)
	}
	return nil
}

// goOn deals with an error and runs code from there.
func (f *frame) goOn(c *code, a *activation, at int32, err error) *Error {
	for err != nil {
		pc, fatal := f.caught(c, a, at, err)
		if fatal != nil {
			return fatal
		}
		a.top = 0
		at, err = f.exec(c, a, pc)
	}
	return nil
}

// lookup finds the value of a path.
func (f *frame) lookup(p *pathRef, a *activation) (any, bool) {
	if p.pathMore != nil {
		for _, slot := range p.dyn {
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

// find is lookup for expressions, in which a missing path is nil.
func (f *frame) find(p *pathRef, a *activation) any {
	if p.plain { // most of them are
		if v := f.rootMap[p.segs[0]]; v != nil {
			return v
		}
	}
	v, _ := f.lookup(p, a)
	return v
}

func (a *activation) push(v any) {
	a.stack[a.top] = v
	a.top++
}

func (a *activation) pop() any {
	a.top--
	return a.stack[a.top]
}

// exec runs code from pc on to the end or to an error, with which it returns
// the meta of what failed. Hardly anything is kept in variables here: whatever
// is alive around the switch would have to be saved and restored for each
// instruction.
func (f *frame) exec(c *code, a *activation, pc int) (int32, error) {
	for {
		in := &c.ins[pc]
		pc++
		if in.op == doParts { // every other one is
			if at, err := f.parts(c, a, &c.parts[in.a], in.c, nil); err != nil {
				return at, err
			}
			if in.aux == 1 { // the last instruction but doEnd
				return 0, nil
			}
			continue
		}
		var err error
		switch in.op {
		case doEach:
			if at, err := f.each(c, a, in); err != nil {
				return at, err
			}
		case doFor:
			k := &a.loops[c.loops[in.a].loop]
			if err = f.begin(c, a, in, k); err == nil {
				if k.n == 0 {
					pc = int(in.c)
				} else {
					err = f.turn(k, &c.loops[in.a], a)
				}
			}
		case doNext:
			k := &a.loops[c.loops[in.a].loop]
			if err = f.charge(int(in.b)); err == nil {
				if k.i++; k.i < k.n {
					pc = int(in.c)
					err = f.turn(k, &c.loops[in.a], a)
				}
			}
		case doLoad:
			p := &c.paths[in.a]
			if v, ok := f.lookup(p, a); ok {
				a.push(unbox(v))
			} else if in.b < 0 {
				err = missingError{p}
			} else {
				pc = int(in.c)
				err = f.print(&c.texts[in.b])
			}
		case doPrintTop:
			err = f.print(a.pop())
		case doConst:
			a.push(c.consts[in.a])
		case doPath:
			a.push(unbox(f.find(&c.paths[in.a], a)))
		case doNeg:
			var v any
			if v, err = value.Neg(a.pop()); err == nil {
				a.push(v)
			}
		case doBin:
			y, x := a.pop(), a.pop()
			var v any
			if v, err = f.binary(operator(in.aux), x, y); err == nil {
				a.push(v)
			}
		case doFunc:
			args := a.stack[a.top-int(in.b) : a.top]
			var v any
			if v, err = f.call(c.funcs[in.a], args); err == nil {
				a.top -= len(args)
				a.push(v)
			}
		case doStore:
			a.slots[in.a] = a.pop()
		case doJump:
			pc = int(in.c)
		case doJumpTop:
			if value.Truthy(a.pop()) == (in.aux == 1) {
				pc = int(in.c)
			}
		case doJumpPath:
			if truthy(f.find(&c.paths[in.a], a)) == (in.aux == 1) {
				pc = int(in.c)
			}
		case doJumpCmp:
			var is bool
			if is, err = f.test(c, a, in); err == nil && is == (in.aux&1 == 1) {
				pc = int(in.c)
			}
		case doJumpCmpTop:
			y, x := a.pop(), a.pop()
			var is bool
			if is, err = f.compare(operator(in.aux>>1), x, y); err == nil && is == (in.aux&1 == 1) {
				pc = int(in.c)
			}
		case doCaseText:
			var same bool
			if same, err = f.printsAs(a.slots[in.a], c.texts[in.b]); err == nil && !same {
				pc = int(in.c)
			}
		case doWith:
			err = f.with(c, a, in)
		case doCall:
			err = f.include(c, a, in)
		case doMark, doCapture:
			a.marks[in.a] = mark{len(f.out), len(f.messages), f.inside, f.captures}
			if in.op == doCapture {
				f.captures++
			}
		case doCustom:
			err = f.custom(&c.customs[in.a], a)
		case doMessage:
			m := &c.messages[in.a]
			role := m.role
			if role == "" {
				role, err = roleOf(a.pop())
			}
			if err == nil {
				err = f.beginMessage(m, role)
			}
		case doMessageEnd:
			f.endMessage()
		case doEnv:
			err = f.environ(&c.envs[in.a])
		case doFail:
			err = c.errs[in.a]
		case doTick:
			err = f.charge(int(in.b))
		case doEnd:
			return 0, nil
		}
		if err != nil {
			return in.at, err
		}
	}
}

// truthy is [value.Truthy], at once for what most conditions are about.
func truthy(v any) bool {
	if b, ok := v.(bool); ok {
		return b
	}
	return value.Truthy(v)
}
