package engine

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-prompty/prompty/engine/internal/value"
	"github.com/go-prompty/prompty/promptfile"
)

// template compiles a template and its bases at the current place, the site of
// which is t's.
func (c *compiler) template(t *Template) {
	outer, current := c.blocks, c.current
	at, defaults := c.at, c.defaults
	c.inlined = append(c.inlined, t)
	c.blocks, c.current = nil, nil
	root := t
	for n := 0; ; n++ {
		c.defaults = append(c.defaults[:len(c.defaults):len(c.defaults)], root.defaults...)
		c.work += len(root.blocks)
		if c.blocks == nil && len(root.blocks) > 0 {
			c.blocks = make(map[string][]blockDef)
		}
		for name, b := range root.blocks {
			c.blocks[name] = append(c.blocks[name], blockDef{b, c.at.site})
		}
		if root.base == nil {
			break
		}
		base := c.p.links[root.base.ref]
		if base.err != nil || n >= c.p.eng.limits.IncludeDepth {
			// Link refuses such a chain for the program's own template.
			c.at.off = int32(root.base.start)
			c.fail(chainError(root.base.ref, base.err, c.p.eng.limits.IncludeDepth))
			root = nil
			break
		}
		c.sites = append(c.sites, site{tmpl: base.tmpl, parent: c.at.site, off: int32(root.base.start), how: extendedBy})
		c.at.site = int32(len(c.sites) - 1)
		root = base.tmpl
	}
	if root != nil {
		c.nodes(root.nodes())
	}
	c.inlined = c.inlined[:len(c.inlined)-1]
	c.blocks, c.current, c.defaults = outer, current, defaults
	c.at = at
}

func chainError(ref Ref, err error, depth int) error {
	if err != nil {
		return fmt.Errorf("extends %s: %w", quote(ref.String()), err)
	}
	return limitf("templates extend each other more than %s deep", value.Count(depth))
}

// inputDefaults makes a template's defaults.
func inputDefaults(h *promptfile.Header) []map[string]any {
	if h == nil {
		return nil
	}
	d := make(map[string]any)
	for _, in := range h.Inputs {
		if in.HasDefault {
			d[in.Name] = in.Default
		}
	}
	if len(d) == 0 {
		return nil
	}
	return []map[string]any{d}
}

// block prints the block of that name that is furthest from the base.
func (c *compiler) block(n *node) {
	name, _ := n.get("name")
	c.definition(c.blocks[name], n)
}

// parent prints what the block around it replaces.
func (c *compiler) parent() {
	if len(c.current) < 2 {
		c.fail(errors.New("there is nothing for prompty.parent to print: the base has no block of this name"))
		return
	}
	c.definition(c.current[1:], nil)
}

// definition compiles the first of the definitions of a block. placed is the
// block tag that it stands for, if it is one, under whose strategy it is.
func (c *compiler) definition(defs []blockDef, placed *node) {
	if c.nesting++; c.nesting > c.p.eng.limits.BlockDepth {
		c.fail(limitf("blocks are nested more than %s deep", value.Count(c.p.eng.limits.BlockDepth)))
		c.nesting--
		return
	}
	current, at, def := c.current, c.at, defs[0]
	c.current, c.at.site, c.at.off, c.at.start = defs, def.site, int32(def.node.start), int32(def.node.start)
	if def.node == placed || def.node.strategy == "" {
		c.nodes(def.node.body)
	} else {
		c.tagged(def.node, func(n *node, _ int) { c.nodes(n.body) })
	}
	c.current, c.at = current, at
	c.nesting--
}

// include brings a template in: inlined if it is small and not recursive, else
// by a call.
func (c *compiler) include(n *node) {
	linked := c.p.links[n.ref]
	if linked.err != nil {
		c.fail(fmt.Errorf("include %s: %w", quote(n.ref.String()), linked.err))
		return
	}
	outer, slots, defaults := c.scope, c.slots, c.defaults
	c.scope = c.includeScope(n)
	if n.flag("isolate") {
		c.defaults = nil
	}
	t := linked.tmpl
	depth := len(c.inlined)
	switch {
	case !c.called && depth > c.p.eng.limits.IncludeDepth:
		c.fail(includeDepth(c.p.eng.limits.IncludeDepth))
	case c.called || t.counts.nodes > maxInlineNodes || c.length() > maxInlineCode || slices.Contains(c.inlined, t) ||
		len(c.sites) > maxSites || c.depth > maxInlineDepth:
		c.calls = append(c.calls, callSite{target: c.p.target(t), view: c.view(), depth: depth, scopes: c.scope.steps(), covered: c.covered})
		c.emit(instr{op: doCall, a: int32(len(c.calls) - 1)})
	default:
		at := c.at
		c.sites = append(c.sites, site{tmpl: t, parent: at.site, off: n.start, how: includedFrom})
		c.at.site, c.at.off, c.at.start = int32(len(c.sites)-1), 0, 0
		c.at.handler = c.catcher
		c.template(t)
		c.at = at
	}
	c.scope, c.slots, c.defaults = outer, slots, defaults
}

func includeDepth(limit int) error {
	return limitf("includes are nested more than %s deep: does the template include itself?", value.Count(limit))
}

// includeScope is what the included template sees.
func (c *compiler) includeScope(n *node) *scope {
	inner := c.scope
	if n.flag("isolate") {
		inner = nil
	}
	if n.expr != nil || n.path != nil {
		c.at.off = n.pathPos
		path := int32(-1)
		if n.expr != nil {
			c.value(n.expr)
			c.pop(1)
		} else {
			path = c.path(n.path)
		}
		slot := c.slot()
		c.emit(instr{op: doWith, a: int32(slot), b: path})
		c.at.off = n.start
		inner = &scope{parent: inner, kind: scopeWith, slot: slot}
	}
	vars := &scope{parent: inner}
	for _, a := range n.tag.attrs {
		switch a.name {
		case "template", "version", "with", "isolate", "onerror", "default":
			continue
		}
		vars.names, vars.slots, vars.consts = append(vars.names, a.name), append(vars.slots, -1), append(vars.consts, a.value)
	}
	if len(vars.names) == 0 {
		return inner
	}
	return vars
}

// target is the code to call for a template.
func (p *Program) target(t *Template) *target {
	if p.targets == nil {
		p.targets = make(map[*Template]*target)
	}
	if p.targets[t] == nil {
		p.targets[t] = &target{tmpl: t}
	}
	return p.targets[t]
}
