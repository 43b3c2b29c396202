package engine

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// Append renders the program behind dst. data is a map with string keys, a
// struct, a pointer to either, or nil; it is not changed and nothing of it is
// kept. On an error, which is an [*Error] for everything that has a place in a
// template, it returns dst as it was.
func (p *Program) Append(ctx context.Context, dst []byte, data any) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return dst, p.stopped(err)
	}
	var s start
	pc, row, n := 0, (*part)(nil), len(dst)
	if root, _ := data.(map[string]any); root != nil && p.starts {
		pc, row, n = s.run(p, root, dst[:within(n, cap(dst), p.eng.limits.OutputBytes)], n)
		if pc < 0 {
			return dst[:n], nil
		}
	}
	return p.goOn(ctx, dst[:n], len(dst), data, &s, pc, row)
}

// within is how long an output may get that begins behind base bytes and has
// room for so many.
func within(base, room, most int) int {
	if most < room-base {
		return base + most
	}
	return room
}

// goOn renders what start has left.
func (p *Program) goOn(ctx context.Context, out []byte, base int, data any, s *start, pc int, row *part) ([]byte, error) {
	// Set one by one: a literal would be built beside f and copied, and reading
	// words back before they have reached the cache takes longer than a render
	// of one variable may.
	var f frame
	f.p, f.ctx, f.out = p, ctx, out
	err := f.render(data, base, s, pc, row)
	return f.out, err
}

// Render renders the program to a string.
func (p *Program) Render(ctx context.Context, data any) (string, error) {
	if !p.brief {
		buf := buffers.Get().(*[]byte)
		out, err := p.Append(ctx, (*buf)[:0], data)
		text := string(out)
		release(buf, out)
		return text, err
	}
	if err := ctx.Err(); err != nil {
		return "", p.stopped(err)
	}
	var s start
	var room [briefSize]byte // costs less than to fetch a buffer from the pool
	pc, row, n := 0, (*part)(nil), 0
	if root, _ := data.(map[string]any); root != nil && p.starts {
		pc, row, n = s.run(p, root, room[:within(0, len(room), p.eng.limits.OutputBytes)], 0)
		if pc < 0 {
			return string(room[:n]), nil
		}
	}
	buf := buffers.Get().(*[]byte)
	out, err := p.goOn(ctx, append((*buf)[:0], room[:n]...), 0, data, &s, pc, row)
	text := string(out)
	release(buf, out)
	return text, err
}

// briefSize is the length up to which an output is built on the stack.
const briefSize = 128

// brief reports whether the output of c is likely to have no more bytes than
// briefSize.
func (c *code) brief() bool {
	n := 0
	for i := range c.parts {
		n += len(c.parts[i].text)
	}
	return n <= briefSize*3/4
}

// stopped is the error of a context that has ended before the rendering began.
func (p *Program) stopped(err error) error {
	return newError(p.tmpl.name, p.tmpl.source, p.tmpl.body, "", err)
}

// Messages renders the program to messages: one for each prompty.message, and
// one with the role "user" for text between them that is more than white space.
// A template without any prompty.message is thus one message of the user. Up to
// eight messages take three allocations.
func (p *Program) Messages(ctx context.Context, data any) ([]Message, error) {
	if err := ctx.Err(); err != nil {
		return nil, p.stopped(err)
	}
	buf := buffers.Get().(*[]byte)
	var f frame
	f.p, f.ctx, f.out, f.collect = p, ctx, (*buf)[:0], true
	err := f.render(data, 0, &start{}, 0, nil)
	var list []Message
	if err == nil {
		list = messagesOf(string(f.out), f.messages)
	}
	release(buf, f.out)
	return list, err
}

// buffers hold output until it is a string.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled is the largest buffer worth keeping.
const maxPooled = 256 << 10

func release(buf *[]byte, out []byte) {
	if cap(out) <= maxPooled {
		*buf = out[:0]
		buffers.Put(buf)
	}
}

// render runs the program's main code, or what start has left of it, behind
// base bytes of the output.
func (f *frame) render(data any, base int, s *start, pc int, row *part) error {
	p := f.p
	f.max = base + p.eng.limits.OutputBytes
	if f.max < base {
		f.max = int(^uint(0) >> 1)
	}
	f.root = data
	f.rootMap, _ = data.(map[string]any)
	f.steps, f.turns = s.steps, s.turns
	f.check = min(checkEvery, p.eng.limits.Steps+1)
	if f.rootMap == nil || len(p.inputs) > 0 {
		if err := f.checkData(); err != nil {
			return err
		}
	}
	var err *Error
	switch p.room {
	case roomNone:
		err = f.main(&noActivation, s, pc, row)
	case roomTiny:
		err = f.runTiny(s, pc, row)
	case roomSmall:
		err = f.runSmall(s, pc, row)
	default:
		var a activation
		a.size(p.main)
		err = f.main(&a, s, pc, row)
	}
	if err != nil {
		f.out = f.out[:base]
		return err
	}
	return nil
}

// main runs what start has left.
func (f *frame) main(a *activation, s *start, pc int, row *part) *Error {
	c := f.p.main
	copy(a.slots, s.slots[:])
	if row != nil {
		if at, err := f.parts(c, a, row, c.ins[pc-1].c, nil); err != nil {
			return f.goOn(c, a, at, err)
		}
	}
	if at, err := f.exec(c, a, pc); err != nil {
		return f.goOn(c, a, at, err)
	}
	return nil
}

// checkData holds the data to what can be rendered at all and to the inputs.
func (f *frame) checkData() error {
	t := f.p.tmpl
	if k := value.KindOf(f.root); k != value.Map && k != value.Nil {
		err := fmt.Errorf("the data must be a map with string keys, a struct or nil, not %s", value.TypeName(f.root))
		return newError(t.name, t.source, t.body, "", err)
	}
	return f.checkInputs()
}

// room is how much an activation needs. One that is known to be small enough
// stands on the stack, which for most is faster than to fetch it from a pool;
// in two sizes, as all of it is zeroed each time.
type room uint8

const (
	roomNone room = iota
	roomTiny
	roomSmall
	roomAny
)

// noActivation is that of code that needs no room, all of it: nothing is ever
// written to it.
var noActivation activation

type tiny struct {
	slots [2]any
	loops [1]cursor
	stack [2]any
}

type small struct {
	slots [8]any
	loops [3]cursor
	marks [4]mark
	stack [8]any
}

// room returns what an activation of c needs.
func (c *code) room() room {
	var t tiny
	var s small
	switch none := c.nslots+c.nloops+c.nmarks+c.nstack == 0; {
	case none:
		return roomNone
	case c.nslots <= len(t.slots) && c.nloops <= len(t.loops) && c.nmarks == 0 && c.nstack <= len(t.stack):
		return roomTiny
	case c.nslots <= len(s.slots) && c.nloops <= len(s.loops) && c.nmarks <= len(s.marks) && c.nstack <= len(s.stack):
		return roomSmall
	}
	return roomAny
}

func (f *frame) runTiny(s *start, pc int, row *part) *Error {
	var t tiny
	var a activation
	a.slots, a.loops, a.stack = t.slots[:f.p.main.nslots], t.loops[:], t.stack[:]
	return f.main(&a, s, pc, row)
}

func (f *frame) runSmall(s *start, pc int, row *part) *Error {
	var room small
	var a activation
	a.slots, a.loops, a.marks, a.stack = room.slots[:f.p.main.nslots], room.loops[:], room.marks[:], room.stack[:]
	return f.main(&a, s, pc, row)
}
