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
	// Set one by one: a literal would be built beside f and copied, and reading
	// words back before they have reached the cache takes longer than a render
	// of one variable may.
	var f frame
	f.p, f.ctx, f.out = p, ctx, dst
	err := f.render(data)
	return f.out, err
}

// Render renders the program to a string.
func (p *Program) Render(ctx context.Context, data any) (string, error) {
	buf := buffers.Get().(*[]byte)
	out, err := p.Append(ctx, (*buf)[:0], data)
	text := string(out)
	release(buf, out)
	return text, err
}

// Messages renders the program to messages: one for each prompty.message, and
// one with the role "user" for text between them that is more than white space.
// A template without any prompty.message is thus one message of the user. Up to
// eight messages take three allocations.
func (p *Program) Messages(ctx context.Context, data any) ([]Message, error) {
	buf := buffers.Get().(*[]byte)
	var f frame
	f.p, f.ctx, f.out, f.collect = p, ctx, (*buf)[:0], true
	err := f.render(data)
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

// render runs the program's main code.
func (f *frame) render(data any) error {
	p, base := f.p, len(f.out)
	f.max = base + p.eng.limits.OutputBytes
	if f.max < base {
		f.max = int(^uint(0) >> 1)
	}
	f.root = data
	f.rootMap, _ = data.(map[string]any)
	f.check = min(checkEvery, p.eng.limits.Steps+1)
	if err := f.ctx.Err(); err != nil {
		return newError(p.tmpl.name, p.tmpl.source, p.tmpl.body, "", err)
	}
	if f.rootMap == nil || len(p.inputs) > 0 {
		if err := f.checkData(); err != nil {
			return err
		}
	}
	var err *Error
	switch p.room {
	case roomParts:
		if at, failed := f.parts(p.main, &noActivation, &p.main.parts[0], -1, nil); failed != nil {
			err = f.goOn(p.main, &noActivation, at, failed)
		}
	case roomNone:
		err = f.run(p.main, &noActivation)
	case roomTiny:
		err = f.runTiny()
	case roomSmall:
		err = f.runSmall()
	default:
		var a activation
		a.size(p.main)
		err = f.run(p.main, &a)
	}
	if err != nil {
		f.out = f.out[:base]
		return err
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
	roomParts room = iota // nor an interpreter: it is one row of parts
	roomNone
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
	case none && len(c.ins) == 2 && c.ins[0].op == doParts:
		return roomParts
	case none:
		return roomNone
	case c.nslots <= len(t.slots) && c.nloops <= len(t.loops) && c.nmarks == 0 && c.nstack <= len(t.stack):
		return roomTiny
	case c.nslots <= len(s.slots) && c.nloops <= len(s.loops) && c.nmarks <= len(s.marks) && c.nstack <= len(s.stack):
		return roomSmall
	}
	return roomAny
}

func (f *frame) runTiny() *Error {
	var t tiny
	var a activation
	a.slots, a.loops, a.stack = t.slots[:f.p.main.nslots], t.loops[:], t.stack[:]
	return f.run(f.p.main, &a)
}

func (f *frame) runSmall() *Error {
	var s small
	var a activation
	a.slots, a.loops, a.marks, a.stack = s.slots[:f.p.main.nslots], s.loops[:], s.marks[:], s.stack[:]
	return f.run(f.p.main, &a)
}
