package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// Severity says how bad an [Issue] is.
type Severity string

const (
	SeverityError   Severity = "error"   // the template cannot be used
	SeverityWarning Severity = "warning" // it is probably not what the author meant
)

// Issue is one finding of Validate.
type Issue struct {
	Severity Severity `json:"severity"`
	Template string   `json:"template"`
	Line     int      `json:"line"`   // from 1
	Column   int      `json:"column"` // from 1, in code points
	Offset   int      `json:"offset"` // bytes before the place
	Tag      string   `json:"tag,omitempty"`
	Message  string   `json:"message"`
}

// String gives "name:line:column: severity: message".
func (i Issue) String() string {
	return showName(i.Template) + ":" + strconv.Itoa(i.Line) + ":" + strconv.Itoa(i.Column) + ": " + string(i.Severity) + ": " + i.Message
}

// Validate returns what is wrong with a template and what is suspicious about
// it, in the order of the source: the errors that Parse and Link would give,
// and as warnings declared inputs that nothing uses, variables that the inputs
// do not declare (if any are declared), conditions that are constant, branches
// that cannot be reached, includes that cannot be loaded, and text outside of
// blocks and blocks that replace nothing in a template that extends another;
// 200 issues at most. load may be nil; then no include
// or base can be found.
func (e *Engine) Validate(ctx context.Context, name, source string, load LoadFunc) []Issue {
	t, errs := e.parse(name, source)
	v := &validator{t: t, names: make(map[string]bool), declared: make(map[string]bool)}
	if t.header != nil {
		for _, in := range t.header.Inputs {
			v.declared[in.Name] = true
		}
	}
	for _, err := range errs {
		v.error(err)
	}
	p := &Program{eng: e, tmpl: t, links: make(map[Ref]link), targets: make(map[*Template]*target)}
	if err := v.link(ctx, p, load, len(errs) == 0); err != nil {
		v.error(err)
	}
	v.links = p.links
	v.walk(t.root, nil)
	v.outsideBlocks()
	v.inputs(p)
	slices.SortStableFunc(v.issues, func(a, b Issue) int { return a.Offset - b.Offset })
	return v.issues
}

// validator collects the issues of one template.
type validator struct {
	t      *Template
	links  map[Ref]link
	issues []Issue
	names  map[string]bool // the variables that the template itself uses

	declared map[string]bool // its inputs
}

// maxIssues bounds the issues, as nobody reads more and each has to find its
// line.
const maxIssues = 200

func (v *validator) add(severity Severity, offset int, tag, format string, args ...any) {
	if len(v.issues) >= maxIssues {
		return
	}
	e := newError(v.t.name, v.t.source, offset, tag, nil)
	v.issues = append(v.issues, Issue{severity, e.Template, e.Line, e.Column, e.Offset, tag, fmt.Sprintf(format, args...)})
}

func (v *validator) warn(offset int, tag, format string, args ...any) {
	v.add(SeverityWarning, offset, tag, format, args...)
}

// error adds an error that has a place, if it can be in another template.
func (v *validator) error(err error) {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		v.add(SeverityError, v.t.body, "", "%s", firstLine(err))
	case e.Template == v.t.name:
		v.issues = append(v.issues, Issue{SeverityError, e.Template, e.Line, e.Column, e.Offset, e.Tag, firstLine(e.Err)})
	default:
		v.add(SeverityError, v.t.body, "", "%s", firstLine(err))
	}
}

// link finds the other templates and, if t is good, compiles it.
func (v *validator) link(ctx context.Context, p *Program, load LoadFunc, good bool) error {
	if err := p.load(ctx, load); err != nil {
		return err
	}
	if base := p.tmpl.base; base != nil && !good {
		if _, known := p.links[base.ref]; !known {
			return nil // what it extends could not be read
		}
	}
	if _, err := p.lineage(); err != nil || !good {
		return err
	}
	if _, err := p.compile(p.tmpl, false); err != nil {
		return err
	}
	return p.compileTargets()
}

// walk looks at nodes where the given names are those of loops around them.
func (v *validator) walk(list []*node, scope []string) {
	for _, n := range list {
		v.node(n, scope)
	}
}

func (v *validator) node(n *node, scope []string) {
	switch n.kind {
	case nodeText, nodeRaw, nodeComment, nodeExtends:
		return
	case nodeVar:
		v.path(n, scope)
		v.expr(n, append(scope[:len(scope):len(scope)], "value"))
	case nodeIf:
		v.branches(n, scope)
		return
	case nodeFor:
		v.path(n, scope)
		v.expr(n, scope)
		scope = scope[:len(scope):len(scope)]
		for _, name := range []string{"item", "index"} {
			if s, ok := n.get(name); ok {
				scope = append(scope, s)
			}
		}
	case nodeSwitch:
		v.expr(n, scope)
		v.cases(n, scope)
		return
	case nodeInclude:
		v.path(n, scope)
		v.expr(n, scope)
		if l := v.links[n.ref]; l.err != nil {
			v.warn(n.start, n.name(), "include %s: %s", quote(n.ref.String()), firstLine(l.err))
		}
	default:
		v.expr(n, scope)
	}
	v.walk(n.body, scope)
}

// firstLine is an error's text without the excerpt.
func firstLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	return s
}

func (v *validator) branches(n *node, scope []string) {
	always := false
	for _, b := range n.body {
		switch {
		case always:
			v.warn(b.start, b.name(), "this branch is unreachable: a condition before it is always true")
		case b.expr != nil && b.expr.fold:
			always = value.Truthy(b.expr.val)
			v.constant(b, always, "branch")
		default:
			v.expr(b, scope)
		}
		v.walk(b.body, scope)
	}
}

func (v *validator) constant(n *node, truth bool, what string) {
	effect := ""
	if !truth {
		effect = ", so the " + what + " is unreachable"
	}
	v.warn(n.expr.pos, n.name(), "constant condition: %s is always %t%s", n.expr, truth, effect)
}

func (v *validator) cases(n *node, scope []string) {
	always := false
	seen := make(map[string]bool)
	for _, b := range n.body {
		if b.kind != nodeCase {
			continue
		}
		text, ok := b.get("value")
		switch {
		case always:
			v.warn(b.start, b.name(), "this case is unreachable: the condition of one before it is always true")
		case b.expr != nil && b.expr.fold:
			always = value.Truthy(b.expr.val)
			v.constant(b, always, "case")
		case ok && seen[text]:
			v.warn(b.start, b.name(), "this case is unreachable: %s stands in a case before it", quote(text))
		default:
			v.expr(b, scope)
		}
		seen[text] = seen[text] || ok
		v.walk(b.body, scope)
	}
}

func (v *validator) path(n *node, scope []string) {
	if n.path != nil {
		v.use(n.path[0], n.pathPos, n.name(), scope)
	}
}

func (v *validator) expr(n *node, scope []string) {
	n.expr.walk(func(e *expr) {
		if e.kind == exprPath {
			v.use(e.segs[0], e.pos, n.name(), scope)
		}
	})
}

// use notes that a variable is used.
func (v *validator) use(name string, offset int, tag string, scope []string) {
	if slices.Contains(scope, name) {
		return
	}
	v.names[name] = true
	if len(v.declared) == 0 || v.declared[name] || len(v.issues) >= maxIssues {
		return
	}
	known := scope[:len(scope):len(scope)]
	for _, in := range v.t.header.Inputs[:min(len(v.t.header.Inputs), 1000)] {
		known = append(known, in.Name)
	}
	v.warn(offset, tag, "variable %s is not declared in inputs%s", quote(name), didYouMean(value.Suggest(name, known)))
}

// outsideBlocks warns of what a template that extends another has in vain: text
// outside of blocks, and blocks that no base has.
func (v *validator) outsideBlocks() {
	if v.t.base == nil {
		return
	}
	for _, n := range v.t.root {
		switch {
		case n.kind == nodeBlock || n.kind == nodeComment || n.kind == nodeExtends:
		case n.kind == nodeText && isBlank(n.raw(v.t.source)):
		default:
			raw := n.raw(v.t.source)
			at := n.start + len(raw) - len(strings.TrimLeft(raw, spaces))
			v.warn(at, n.name(), "this is never printed: the template extends a base, so only what stands in its blocks is")
		}
	}
	known := make(map[string]bool)
	base := v.t.base
	for depth := 0; base != nil && depth <= maxDepth; depth++ {
		l := v.links[base.ref]
		if l.tmpl == nil {
			return // it may have any
		}
		for name := range l.tmpl.blocks {
			known[name] = true
		}
		base = l.tmpl.base
	}
	v.unknownBlocks(v.t.root, known)
}

// unknownBlocks warns of blocks that replace nothing. Blocks inside of others
// are new names for what derives from the template.
func (v *validator) unknownBlocks(list []*node, known map[string]bool) {
	names := slices.Sorted(maps.Keys(known))
	names = names[:min(len(names), 1000)]
	for _, n := range list {
		if n.kind != nodeBlock || len(v.issues) >= maxIssues {
			continue
		}
		if name, ok := n.get("name"); ok && !known[name] {
			v.warn(n.tag.attr("name").at, n.name(), "block %s is never printed: no base has a block of that name%s", quote(name), didYouMean(value.Suggest(name, names)))
		}
	}
}

// inputs warns of inputs that neither the template nor what it includes and
// extends uses. What could not be loaded might use any, as might a resolver.
func (v *validator) inputs(p *Program) {
	if v.t.header == nil || len(v.t.header.Inputs) == 0 {
		return
	}
	used := v.names
	for _, l := range p.links {
		if l.err != nil {
			return
		}
		other := &validator{t: &Template{}, names: used}
		other.walk(l.tmpl.root, nil)
	}
	for _, in := range v.t.header.Inputs {
		if !used[in.Name] && len(v.issues) < maxIssues {
			v.warn(offsetOf(v.t.source, in.Line, in.Column), "", "input %s is not used", quote(in.Name))
		}
	}
}
