package engine

import (
	"cmp"
	"maps"
	"slices"

	"github.com/go-prompty/prompty/promptfile"
)

// Extends returns the template that this one extends itself; false if it
// extends none.
func (t *Template) Extends() (Ref, bool) {
	if t.base == nil {
		return Ref{}, false
	}
	return t.base.ref, true
}

// Input is a variable that a program looks for in its data.
type Input struct {
	// Input is the declaration. Of a variable that nobody declares it has the
	// name, the type "any" and the place where it is used first.
	promptfile.Input
	Template string // whose front matter has the declaration, or which uses the variable

	Declared bool
	// Checked says that the template itself or one of its bases declares it, so
	// that data which does not fit is an error.
	Checked bool
}

// Inputs returns the inputs that the template and its bases declare, in that
// order, and then, by name, what else the program can look for in its data: what
// they and the templates that they include use, with the declarations of those.
// What custom tags look up is not known, nor what an include with the attribute
// with takes from there; neither is among them.
func (p *Program) Inputs() []Input {
	var list []Input
	own := make(map[string]bool)
	for _, in := range p.inputs {
		own[in.Name] = true
		list = append(list, Input{in.Input, in.tmpl.name, true, true})
	}
	uses := p.uses()
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		if own[name] {
			continue
		}
		u := uses[name]
		if u.declared != nil {
			list = append(list, Input{*u.declared, u.tmpl.name, true, false})
			continue
		}
		line, column, _, _ := position(u.tmpl.source, u.offset)
		list = append(list, Input{promptfile.Input{Name: name, Type: "any", Line: line, Column: column}, u.tmpl.name, false, false})
	}
	return list
}

// use is where a template looks for a variable that nothing in it sets.
type use struct {
	tmpl     *Template
	offset   int
	declared *promptfile.Input // by tmpl
}

// uses finds what the program's template looks for.
func (p *Program) uses() map[string]use {
	f := &finder{p: p, found: make(map[*Template]map[string]use)}
	f.order(p.tmpl)
	// What a template includes comes before it, but where they include each
	// other in a circle. There it takes another round, till nothing is new.
	for again := true; again; {
		again = false
		for _, t := range f.templates {
			before := len(f.found[t])
			f.template(t)
			again = again || len(f.found[t]) > before
		}
	}
	return f.found[p.tmpl]
}

// finder finds what templates look for.
type finder struct {
	p         *Program
	templates []*Template // each after what it includes and extends
	found     map[*Template]map[string]use

	root     *Template // what is looked through, with its bases
	lineage  []*Template
	declared map[string]declared
	depth    int // of tags
	work     int // nodes, each as often as it is met
}

func (f *finder) order(t *Template) {
	if f.found[t] != nil {
		return
	}
	f.found[t] = make(map[string]use)
	for _, ref := range t.refs {
		if next := f.p.links[ref].tmpl; next != nil {
			f.order(next)
		}
	}
	f.templates = append(f.templates, t)
}

// template looks through a template as it is rendered: the body of its last
// base, with the blocks that stand for those of it.
func (f *finder) template(t *Template) {
	lineage, whole := lineageOf(t, f.p.links)
	if !whole {
		return // it cannot be rendered
	}
	f.root, f.lineage, f.depth, f.work = t, lineage, 0, 0
	last := lineage[len(lineage)-1]
	f.declared = make(map[string]declared)
	for _, in := range declaredInputs(f.lineage) {
		f.declared[in.Name] = in
	}
	f.nodes(last, last.nodes(), nil, nil)
}

// lineageOf returns a template and its bases, as far as they are known, and
// whether that is all of them.
func lineageOf(t *Template, links map[Ref]link) (list []*Template, whole bool) {
	list = []*Template{t}
	for t.base != nil && len(list) <= maxDepth {
		next := links[t.base.ref].tmpl
		if next == nil {
			return list, false
		}
		t = next
		list = append(list, t)
	}
	return list, true
}

// blockOf is a block's definition in a template.
type blockOf struct {
	tmpl *Template
	node *node
}

// definitions are those of the block that a tag names, the one that is printed
// first, then each that it replaces.
func definitions(lineage []*Template, n *node) []blockOf {
	name, _ := n.get("name")
	var defs []blockOf
	for _, t := range lineage {
		if def := t.blocks[name]; def != nil {
			defs = append(defs, blockOf{t, def})
		}
	}
	return defs
}

// nodes looks through nodes of t; scope are the loop variables that they see,
// and parents are the definitions of the block around them that it replaces.
func (f *finder) nodes(t *Template, list []*node, scope []string, parents []blockOf) {
	f.depth++
	defer func() { f.depth-- }()
	for _, n := range list {
		if n.tag == nil || n.kind == nodeRaw || n.kind == nodeComment || n.kind == nodeExtends {
			continue
		}
		if f.work++; f.work > maxWork || f.depth > maxNesting {
			return // it could not be compiled either
		}
		f.node(t, n, scope, parents)
	}
}

func (f *finder) node(t *Template, n *node, scope []string, parents []blockOf) {
	inner := scope
	switch n.kind {
	case nodeVar:
		inner = append(scope[:len(scope):len(scope)], "value")
	case nodeBlock:
		f.block(n, scope)
		return
	case nodeParent:
		if len(parents) > 0 {
			f.nodes(parents[0].tmpl, parents[0].node.body, scope, parents[1:])
		}
		return
	}
	if n.path != nil {
		f.use(t, n.path[0], int(n.pathPos), scope)
	}
	n.expr.walk(func(e *expr) {
		if e.kind == exprPath {
			f.use(t, e.segs[0], int(e.pos), inner)
		}
	})
	switch n.kind {
	case nodeFor:
		scope = scope[:len(scope):len(scope)]
		for _, name := range []string{"item", "index"} {
			if s, ok := n.get(name); ok {
				scope = append(scope, s)
			}
		}
	case nodeInclude:
		f.include(n, scope)
	}
	f.nodes(t, n.body, scope, parents)
}

// block looks through the definition of a block that is printed.
func (f *finder) block(n *node, scope []string) {
	defs := definitions(f.lineage, n)
	if len(defs) > 0 {
		f.nodes(defs[0].tmpl, defs[0].node.body, scope, defs[1:])
	}
}

// include adds what an included template looks for and does not find here.
func (f *finder) include(n *node, scope []string) {
	target := f.p.links[n.ref].tmpl
	_, with := n.get("with")
	if target == nil || with || n.flag("isolate") {
		return
	}
	own := builtinTags["prompty.include"].attrNames()
	for name, u := range f.found[target] {
		given := n.tag.attr(name) != nil && !slices.Contains(own, name)
		if !given && !slices.Contains(scope, name) {
			f.add(name, u)
		}
	}
}

func (f *finder) use(t *Template, name string, offset int, scope []string) {
	if slices.Contains(scope, name) {
		return
	}
	u := use{tmpl: t, offset: offset}
	if in, ok := f.declared[name]; ok {
		u.tmpl, u.declared = in.tmpl, &in.Input
	}
	f.add(name, u)
}

// add notes a use, of several the one that is declared, then the first.
func (f *finder) add(name string, u use) {
	found := f.found[f.root]
	if was, ok := found[name]; !ok || was.declared == nil && u.declared != nil || (was.declared == nil) == (u.declared == nil) && before(u, was) {
		found[name] = u
	}
}

func before(a, b use) bool {
	return cmp.Or(cmp.Compare(a.tmpl.name, b.tmpl.name), a.offset-b.offset) < 0
}
