package engine

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// stepError is an error that no onerror catches: a limit of the whole
// rendering, or a cancelled context.
type stepError struct{ error }

func (e stepError) Unwrap() error { return e.error }

// calleeError is the error of called code, which has its place already.
type calleeError struct{ at *Error }

func (e calleeError) Error() string { return e.at.Error() }

// caught applies the error strategy of what failed, given by its meta. It
// returns where to go on, or the error if that is nowhere. An error that nobody
// will see is not put into words: that would cost more than whatever failed.
func (f *frame) caught(c *code, a *activation, at int32, err error) (int, *Error) {
	m := &c.meta[at]
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
			return 0, discarded
		}
		e := f.explain(c, a, at, err)
		e.final = final
		return 0, e
	}
	k := &a.marks[h.mark]
	f.messages, f.inside, f.captures = f.messages[:k.messages], k.inside, k.captures
	// What is thrown away must count, or a loop could print without end.
	if err := f.charge(1 + (len(f.out)-k.length)/madePerStep); err != nil {
		return 0, f.last(c, a, at, err)
	}
	f.out = f.out[:k.length]
	if h.strategy == Log {
		if err := f.log(f.explain(c, a, at, err)); err != nil {
			return 0, f.last(c, a, at, err)
		}
	}
	if len(h.text) > f.max-len(f.out) {
		return 0, f.last(c, a, at, f.tooLong())
	}
	f.out = append(f.out, h.text...)
	return int(h.resume), nil
}

// discarded stands for every error that a caller's onerror makes disappear.
var discarded = &Error{Err: errors.New("discarded")}

// last is explain for a limit that dealing with an error ran into.
func (f *frame) last(c *code, a *activation, at int32, err error) *Error {
	e := f.explain(c, a, at, err)
	e.final = true
	return e
}

// log reports an error under the strategy Log.
func (f *frame) log(e *Error) error {
	cmp.Or(f.p.eng.logger, slog.Default()).WarnContext(f.ctx, "prompty: a tag failed and was left out", "error", e)
	return f.charge(checkEvery / 4)
}

// explain makes the error of what failed, with its place.
func (f *frame) explain(c *code, a *activation, at int32, err error) *Error {
	m := &c.meta[at]
	s := c.sites[m.site]
	f.steps += 1 + int(m.off)/readPerStep // it counts lines
	var e *Error
	off := int(m.off)
	switch x := err.(type) {
	case calleeError:
		e = x.at
		line, column, _, _ := position(s.tmpl.source, int(m.start))
		e.via = append(e.via, place{includedFrom, s.tmpl.name, line, column})
		c.addVia(e, m.site)
		return e
	case stepError:
		err, off = x.error, int(m.start)
	case missingError:
		seg := 0
		seg, err = f.missing(x.path, a)
		off += seg
	case tagError:
		err, off = x.error, int(m.start)
	}
	e = newError(s.tmpl.name, s.tmpl.source, off, c.tags[m.tag], err)
	c.addVia(e, m.site)
	return e
}

// missingError says that a path leads nowhere.
type missingError struct{ path *pathRef }

func (missingError) Error() string { return "missing" }

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
