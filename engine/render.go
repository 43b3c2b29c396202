package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// Append renders the program behind dst. data is a map with string keys, a
// struct, a pointer to either, or nil; it is not changed and nothing of it is
// kept. On an error, which is an [*Error] for everything that has a place in a
// template, it returns dst as it was.
func (p *Program) Append(ctx context.Context, dst []byte, data any) ([]byte, error) {
	f := frame{p: p, ctx: ctx}
	return f.render(dst, data)
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
// A template without any prompty.message is thus one message of the user.
func (p *Program) Messages(ctx context.Context, data any) ([]Message, error) {
	buf := buffers.Get().(*[]byte)
	f := frame{p: p, ctx: ctx, collect: true}
	out, err := f.render((*buf)[:0], data)
	var list []Message
	if err == nil {
		list = messagesOf(string(out), f.messages)
	}
	release(buf, out)
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
func (f *frame) render(dst []byte, data any) ([]byte, error) {
	p := f.p
	base := len(dst)
	f.max = base + p.eng.limits.OutputBytes
	if f.max < base {
		f.max = int(^uint(0) >> 1)
	}
	if m, ok := data.(map[string]any); ok {
		f.root, f.rootMap = m, m
	} else if err := rootKind(data); err != nil {
		return dst, newError(p.tmpl.name, p.tmpl.source, p.tmpl.body, "", err)
	} else {
		f.root = data
	}
	if err := f.look(); err != nil {
		return dst, newError(p.tmpl.name, p.tmpl.source, p.tmpl.body, "", errors.Unwrap(err))
	}
	if len(p.inputs) > 0 {
		if err := f.checkInputs(); err != nil {
			return dst, err
		}
	}
	var out []byte
	var err *Error
	switch c := p.main; {
	case c.bare():
		out, err = f.run(c, &activation{}, dst)
	case c.small():
		out, err = f.runSmall(dst)
	default:
		var a activation
		a.size(c)
		out, err = f.run(c, &a, dst)
	}
	if err != nil {
		return out[:base], err
	}
	return out, nil
}

func rootKind(data any) error {
	if k := value.KindOf(data); k != value.Map && k != value.Nil {
		return fmt.Errorf("the data must be a map with string keys, a struct or nil, not %s", value.TypeName(data))
	}
	return nil
}

// small are the arrays of an activation that is kept on the stack.
type small struct {
	slots [8]any
	loops [3]cursor
	marks [4]mark
	stack [8]any
}

// bare reports whether an activation needs nothing at all.
func (c *code) bare() bool { return c.nslots+c.nloops+c.nmarks+c.nstack == 0 }

// small reports whether an activation fits into small.
func (c *code) small() bool {
	var s small
	return c.nslots <= len(s.slots) && c.nloops <= len(s.loops) && c.nmarks <= len(s.marks) && c.nstack <= len(s.stack)
}

func (f *frame) runSmall(dst []byte) ([]byte, *Error) {
	var s small
	a := activation{slots: s.slots[:f.p.main.nslots], loops: s.loops[:], marks: s.marks[:], stack: s.stack[:0]}
	return f.run(f.p.main, &a, dst)
}
