package engine

import (
	"maps"
	"slices"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// declare finds the inputs of the template and of the bases that are known.
func (v *validator) declare() {
	list, _ := lineageOf(v.t, v.links)
	v.declared = declaredInputs(list)
	if v.t.header == nil || len(v.t.header.Inputs) == 0 {
		return
	}
	v.known = make(map[string]*declared, len(v.declared))
	for i := range v.declared {
		v.known[v.declared[i].Name] = &v.declared[i]
	}
}

// needs is what a template, with all that it includes and extends, can use of
// what it is rendered with.
type needs struct {
	names map[string]bool
	any   bool // it has custom tags, or a part of it is not known
}

// maxNeeds bounds the names that are gathered for the includes of a template:
// each template's count as often as it is reached from another include.
const maxNeeds = 1_000_000

// needsOf looks through a template and all that it is made of.
func (v *validator) needsOf(t *Template) *needs {
	if n := v.needs[t]; n != nil {
		return n
	}
	n := &needs{names: make(map[string]bool)}
	v.needs[t] = n
	seen := map[*Template]bool{t: true}
	for queue := []*Template{t}; len(queue) > 0 && !n.any; queue = queue[1:] {
		own := v.ownNeeds(queue[0])
		maps.Copy(n.names, own.names)
		v.work += len(own.names) + 1
		n.any = own.any || v.work > maxNeeds
		for _, ref := range queue[0].refs {
			next := v.links[ref].tmpl
			if next == nil {
				n.any = true
			} else if !seen[next] {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return n
}

// ownNeeds is what a template itself uses and declares.
func (v *validator) ownNeeds(t *Template) *needs {
	if n := v.own[t]; n != nil {
		return n
	}
	own := &validator{t: &Template{}, names: make(map[string]bool)}
	own.walk(t.nodes(), nil)
	if t.header != nil {
		for _, in := range t.header.Inputs {
			own.names[in.Name] = true
		}
	}
	n := &needs{own.names, own.custom}
	v.own[t] = n
	return n
}

// arguments warns of attributes of an include that the template there has no
// use for.
func (v *validator) arguments(n *node) {
	l := v.links[n.ref]
	if l.tmpl == nil || len(v.issues) >= maxIssues {
		return
	}
	spec := builtinTags["prompty.include"]
	var used *needs
	for i := range n.tag.attrs {
		a := &n.tag.attrs[i]
		if slices.Contains(spec.attrNames(), a.name) {
			continue
		}
		if used == nil {
			used = v.needsOf(l.tmpl)
		}
		if used.any || used.names[a.name] {
			continue
		}
		known := slices.Sorted(maps.Keys(used.names))
		v.warn(ruleUnusedArg, a.pos(v.t.source), n.name(), "%s does not use %s%s", quote(n.ref.String()), quote(a.name), didYouMean(value.Suggest(a.name, known[:min(len(known), 1000)])))
	}
}

// inputs warns of inputs that neither the template nor what it includes and
// extends uses, and of what is wrong with the sample. What could not be loaded
// might use any variable, as might a custom tag.
func (v *validator) inputs() {
	h := v.t.header
	if h == nil || len(h.Inputs) == 0 && h.Sample == nil {
		return
	}
	v.sample()
	all := &needs{names: maps.Clone(v.names), any: v.custom}
	for _, l := range v.links {
		if l.err != nil || all.any {
			return
		}
		own := &validator{t: &Template{}, names: all.names}
		own.walk(l.tmpl.nodes(), nil)
		all.any = all.any || own.custom
	}
	if all.any {
		return
	}
	for _, in := range h.Inputs {
		if !all.names[in.Name] && len(v.issues) < maxIssues {
			v.warn(ruleUnusedInput, offsetOf(v.t.source, in.Line, in.Column), "", "input %s is not used", quote(in.Name))
		}
	}
	var names []string
	for _, in := range v.declared[:min(len(v.declared), 1000)] {
		all.names[in.Name] = true
		names = append(names, in.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(h.Sample)) {
		if !all.names[key] && len(v.issues) < maxIssues {
			v.warn(ruleUnusedSample, v.keyOffset("sample"), "", "the sample has %s, which nothing uses%s", quote(key), didYouMean(value.Suggest(key, names)))
		}
	}
}

// sample holds the sample to the inputs, as rendering it would.
func (v *validator) sample() {
	if v.t.header.Sample == nil {
		return
	}
	f := &frame{root: v.t.header.Sample}
	for i := range v.declared {
		if fault := f.inputFault(&v.declared[i]); fault != "" && len(v.issues) < maxIssues {
			v.warn(ruleSample, v.keyOffset("sample"), "", "the sample does not fit the inputs: %s", fault)
		}
	}
}

// keyOffset is where a key of the front matter stands.
func (v *validator) keyOffset(key string) int {
	line, column, _ := v.t.header.KeyPosition(key)
	return offsetOf(v.t.source, line, column)
}
