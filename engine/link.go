package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// maxLinked bounds how many templates one program can be made of.
const maxLinked = 10_000

// link is a template that another one names, or why there is none.
type link struct {
	tmpl *Template
	err  error
}

var errNoLoader = errors.New("template not found: no other templates are known here")

// Link makes a program of t and of all that it includes and extends, directly
// and through others. Each Ref is loaded once. load may be nil, if nothing
// else can be found.
//
// An include that cannot be loaded is an error only when it is reached while
// rendering, so that onerror can deal with it; a base that cannot be loaded is
// an error now. A template may include itself: rendering ends that at the limit
// of depth.
func (e *Engine) Link(ctx context.Context, t *Template, load LoadFunc) (*Program, error) {
	p := &Program{eng: e, tmpl: t}
	if err := p.load(ctx, load); err != nil {
		return nil, err
	}
	var err error
	lineage := []*Template{t}
	if t.base != nil {
		if lineage, err = p.lineage(); err != nil {
			return nil, err
		}
	}
	p.inputs = declaredInputs(lineage)
	if p.main = t.code; p.main == nil || t.eng != e {
		if p.main, err = p.compile(t, false, new(codeRoom)); err != nil {
			return nil, err
		}
	}
	p.room = p.main.room()
	p.brief = p.main.brief()
	p.starts = len(p.inputs) == 0 && p.main.starts()
	return p, p.compileTargets()
}

// load finds all templates.
func (p *Program) load(ctx context.Context, load LoadFunc) error {
	queue := []*Template{p.tmpl}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		for _, ref := range t.refs {
			if _, done := p.links[ref]; done {
				continue
			}
			if len(p.refs) == maxLinked {
				return newError(t.name, t.source, t.body, "", limitf("the template and what it includes are more than %s templates", value.Count(maxLinked)))
			}
			p.refs = append(p.refs, ref)
			if err := ctx.Err(); err != nil {
				return err
			}
			l := link{err: errNoLoader}
			if load != nil {
				l.tmpl, l.err = load(ctx, ref)
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			if l.err == nil && l.tmpl == nil {
				l.err = errNoLoader
			}
			if l.err != nil {
				l.tmpl = nil
			} else {
				queue = append(queue, l.tmpl)
			}
			if p.links == nil {
				p.links = make(map[Ref]link)
			}
			p.links[ref] = l
		}
	}
	return nil
}

// lineage returns the program's template and its bases.
func (p *Program) lineage() ([]*Template, error) {
	list := []*Template{p.tmpl}
	for t := p.tmpl; t.base != nil; {
		base := p.links[t.base.ref]
		if base.err != nil || len(list) > p.eng.limits.IncludeDepth {
			err := newError(t.name, t.source, int(t.base.start), t.base.name(), chainError(t.base.ref, base.err, p.eng.limits.IncludeDepth))
			for i := len(list) - 2; i >= 0; i-- {
				by := list[i]
				line, column, _, _ := position(by.source, int(by.base.start))
				err.via = append(err.via, place{extendedBy, by.name, line, column})
			}
			return nil, err
		}
		t = base.tmpl
		list = append(list, t)
	}
	return list, nil
}

// compileTargets compiles what is called, and what that calls.
func (p *Program) compileTargets() error {
	for again := true; again; {
		again = false
		for _, t := range p.targets {
			if t.code != nil {
				continue
			}
			var err error
			if t.code, err = p.compile(t.tmpl, true, new(codeRoom)); err != nil {
				return fmt.Errorf("include: %w", err)
			}
			again = true
		}
	}
	return nil
}
