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
	Rule     string   `json:"rule"` // the ID of one of [Rules]
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
// and as warnings what [Rules] lists; 200 issues at most. load may be nil; then
// no include or base can be found.
func (e *Engine) Validate(ctx context.Context, name, source string, load LoadFunc) []Issue {
	t, errs := e.parse(name, source)
	v := &validator{t: t, names: make(map[string]bool), custom: len(errs) > 0, needs: make(map[*Template]*needs), own: make(map[*Template]*needs)}
	for _, err := range errs {
		rule := ruleSyntax
		if errors.Is(err, ErrLimit) {
			rule = ruleLimit
		} else if err.Offset < t.body {
			rule = ruleFrontMatter
		}
		v.error(rule, err)
	}
	p := &Program{eng: e, tmpl: t, links: make(map[Ref]link), targets: make(map[*Template]*target)}
	if rule, err := v.link(ctx, p, load, len(errs) == 0); err != nil {
		v.error(rule, err)
	}
	v.links = p.links
	v.declare()
	v.walk(t.root, nil)
	v.outsideBlocks()
	v.inputs()
	if len(errs) == 0 {
		v.ends()
	}
	slices.SortStableFunc(v.issues, func(a, b Issue) int { return a.Offset - b.Offset })
	return v.issues
}

// validator collects the issues of one template.
type validator struct {
	t      *Template
	links  map[Ref]link
	issues []Issue
	names  map[string]bool // the variables that the template itself uses
	custom bool            // it may use any, as it has custom tags or could not be read

	declared []declared           // the inputs of it and of its bases
	known    map[string]*declared // the same by name; empty if it has none of its own

	needs, own map[*Template]*needs // of templates with all they are made of, and of themselves
	work       int                  // what finding them took
}

// maxIssues bounds the issues, as nobody reads more and each has to find its
// line.
const maxIssues = 200

func (v *validator) add(severity Severity, rule string, offset int, tag, format string, args ...any) {
	if len(v.issues) >= maxIssues {
		return
	}
	e := newError(v.t.name, v.t.source, offset, tag, nil)
	v.issues = append(v.issues, Issue{severity, rule, e.Template, e.Line, e.Column, e.Offset, tag, fmt.Sprintf(format, args...)})
}

func (v *validator) warn(rule string, offset int, tag, format string, args ...any) {
	v.add(SeverityWarning, rule, offset, tag, format, args...)
}

// error adds an error that has a place, if it can be in another template.
func (v *validator) error(rule string, err error) {
	e, ok := errors.AsType[*Error](err)
	switch {
	case !ok:
		v.add(SeverityError, rule, v.t.body, "", "%s", firstLine(err))
	case e.Template == v.t.name:
		v.issues = append(v.issues, Issue{SeverityError, rule, e.Template, e.Line, e.Column, e.Offset, e.Tag, firstLine(e.Err)})
	default:
		v.add(SeverityError, rule, v.t.body, "", "%s", firstLine(err))
	}
}

// link finds the other templates and, if t is good, compiles it. An error comes
// with its rule.
func (v *validator) link(ctx context.Context, p *Program, load LoadFunc, good bool) (rule string, err error) {
	if err := p.load(ctx, load); err != nil {
		return ruleLimit, err // or the context's, whose issues nobody reads
	}
	if base := p.tmpl.base; base != nil && !good {
		if _, known := p.links[base.ref]; !known {
			return "", nil // what it extends could not be read
		}
	}
	if _, err := p.lineage(); err != nil || !good {
		return ruleBrokenBase, err
	}
	if _, err := p.compile(p.tmpl, false, new(codeRoom)); err != nil {
		return ruleLimit, err
	}
	return ruleLimit, p.compileTargets()
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
			v.warn(ruleBrokenInclude, int(n.start), n.name(), "include %s: %s", quote(n.ref.String()), firstLine(l.err))
		}
		v.arguments(n)
	case nodeCustom:
		v.custom = true
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
			v.warn(ruleUnreachable, int(b.start), b.name(), "this branch is unreachable: a condition before it is always true")
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
	v.warn(ruleConstant, int(n.expr.pos), n.name(), "constant condition: %s is always %t%s", n.expr, truth, effect)
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
			v.warn(ruleUnreachable, int(b.start), b.name(), "this case is unreachable: the condition of one before it is always true")
		case b.expr != nil && b.expr.fold:
			always = value.Truthy(b.expr.val)
			v.constant(b, always, "case")
		case ok && seen[text]:
			v.warn(ruleUnreachable, int(b.start), b.name(), "this case is unreachable: %s stands in a case before it", quote(text))
		default:
			v.expr(b, scope)
			v.caseValue(n, b, scope)
		}
		seen[text] = seen[text] || ok
		v.walk(b.body, scope)
	}
}

func (v *validator) path(n *node, scope []string) {
	if n.path != nil {
		v.use(n.path[0], int(n.pathPos), n.name(), scope)
	}
}

func (v *validator) expr(n *node, scope []string) {
	n.expr.walk(func(e *expr) {
		switch {
		case e.kind == exprPath:
			v.use(e.segs[0], int(e.pos), n.name(), scope)
		case e.kind == exprChain && len(e.args) == 2 && (e.args[1].op == opEq || e.args[1].op == opNe):
			v.compared(e.args[0], e.args[1], n.name(), scope)
			v.compared(e.args[1], e.args[0], n.name(), scope)
		}
	})
}

// use notes that a variable is used.
func (v *validator) use(name string, offset int, tag string, scope []string) {
	if slices.Contains(scope, name) {
		return
	}
	v.names[name] = true
	if len(v.known) == 0 || v.known[name] != nil || len(v.issues) >= maxIssues {
		return
	}
	known := scope[:len(scope):len(scope)]
	for _, in := range v.declared[:min(len(v.declared), 1000)] {
		known = append(known, in.Name)
	}
	v.warn(ruleUndeclared, offset, tag, "variable %s is not declared in inputs%s", quote(name), didYouMean(value.Suggest(name, known)))
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
			at := int(n.start) + len(raw) - len(strings.TrimLeft(raw, spaces))
			v.warn(ruleOutsideBlocks, at, n.name(), "this is never printed: the template extends a base, so only what stands in its blocks is")
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
			v.warn(ruleUnknownBlock, int(n.tag.attr("name").at), n.name(), "block %s is never printed: no base has a block of that name%s", quote(name), didYouMean(value.Suggest(name, names)))
		}
	}
}
