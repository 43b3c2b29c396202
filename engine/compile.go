package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/promptfile"
)

// Bounds of one piece of code. An include is inlined as long as its template
// and the code so far are small, else it is called; so what includes multiply
// stays small. What cannot be called, as the blocks of a base cannot, runs
// into the last bound.
const (
	maxInlineNodes = 4 << 10  // of an inlined template
	maxInlineCode  = 32 << 10 // instructions so far
	maxCode        = 400_000
	maxWork        = 300_000 // nodes, each counted as often as it is compiled
	maxSites       = 4 << 10
	maxInlineDepth = 256 // tags around an inlined template
	maxNesting     = 4 << 10
	tickEvery      = 512 // instructions without a loop or a call
)

// compiler turns the nodes of a template into code.
type compiler struct {
	p *Program
	*code
	called   bool // the code is that of a target
	scope    *scope
	defaults []map[string]any // outermost template first
	last     *view            // the one made last

	at meta // of the instructions that are emitted next
	// covered says that the current tag or one around it has an onerror
	// attribute, which covers the tags in it that have none. catcher is the
	// handler of the nearest of them.
	covered bool
	catcher int32

	inlined []*Template // the templates around the current place
	blocks  map[string][]blockDef
	current []blockDef // of the block around the current place: what parent prints, from the next on
	nesting int        // of blocks
	depth   int        // of tags in all

	slots, nloop, nmark, stack int // in use
	label                      int // last instruction that is jumped to
	tick                       int // instruction after the last tick
	work                       int // nodes so far
	full                       error
}

// blockDef is one definition of a block.
type blockDef struct {
	node *node
	site int32
}

// compile makes the code of a template.
func (p *Program) compile(t *Template, called bool) (*code, error) {
	c := &compiler{p: p, code: &code{}, called: called, at: meta{handler: noHandler}, catcher: noHandler}
	c.scope = &scope{kind: scopeRoot}
	if called {
		c.scope = &scope{kind: scopeEnv}
	}
	c.sites = []site{{tmpl: t, parent: -1}}
	c.tags = []string{""}
	// Most tags take one or two instructions, most texts one.
	c.ins, c.meta = make([]instr, 0, t.size*3/2+8), make([]meta, 0, t.size*3/2+8)
	c.paths = make([]pathRef, 0, t.size/2)
	c.template(t)
	c.emit(instr{op: doEnd})
	return c.code, c.full
}

// template compiles a template and its bases at the current place, the site of
// which is t's.
func (c *compiler) template(t *Template) {
	outer, current := c.blocks, c.current
	at, defaults := c.at, c.defaults
	c.inlined = append(c.inlined, t)
	c.blocks, c.current = make(map[string][]blockDef), nil
	root := t
	for n := 0; ; n++ {
		c.defaults = append(c.defaults[:len(c.defaults):len(c.defaults)], root.defaults...)
		c.work += len(root.blocks)
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
		c.nodes(root.root)
	}
	c.inlined = c.inlined[:len(c.inlined)-1]
	c.blocks, c.current, c.defaults = outer, current, defaults
	c.at = at
}

func chainError(ref Ref, err error, depth int) error {
	if err != nil {
		return fmt.Errorf("extends %s: %w", quote(ref.String()), err)
	}
	return limitf("templates extend each other more than %s deep", count(depth))
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

func (c *compiler) nodes(list []*node) {
	for _, n := range list {
		if c.work++; c.work > maxWork {
			c.tooMuch()
		}
		if c.full != nil {
			return
		}
		switch n.kind {
		case nodeText, nodeRaw:
			c.text(n.text)
		case nodeComment, nodeExtends:
		default:
			c.tagged(n, func(n *node, _ int) { c.node(n) })
		}
	}
}

// tagged compiles a tag under the error strategy that it has. compile gets the
// index of the tag's handler, -1 if it has none of its own, and may set where
// that resumes; else it resumes after the tag.
func (c *compiler) tagged(n *node, compile func(n *node, handler int)) {
	if c.depth++; c.depth > maxNesting {
		c.fail(limitf("tags, blocks and includes are nested more than %s deep in all", count(maxNesting)))
		c.depth--
		return
	}
	at, covered, catcher, marks := c.at, c.covered, c.catcher, c.nmark
	c.at.off, c.at.start = int32(n.start), int32(n.start)
	c.at.tag = c.tagIndex(n.name())
	h := -1
	switch {
	case n.strategy == Throw:
		c.at.handler, c.catcher = throwHandler, throwHandler
	case n.strategy == "" && (covered || c.p.eng.onError == Throw):
		c.at.handler = c.catcher
	case n.strategy == "":
		h = c.handle(n, c.p.eng.onError)
	default:
		h = c.handle(n, n.strategy)
		c.catcher = int32(h)
	}
	c.covered = covered || n.strategy != ""
	compile(n, h)
	if h >= 0 && c.handlers[h].resume == 0 {
		c.handlers[h].resume = int32(c.here())
	}
	c.at, c.covered, c.catcher, c.nmark = at, covered, catcher, marks
	c.depth--
}

func (c *compiler) tagIndex(name string) int32 {
	// Few names are in use, and the last ones are most likely to come again.
	for i := len(c.tags) - 1; i >= 0; i-- {
		if c.tags[i] == name {
			return int32(i)
		}
	}
	c.tags = append(c.tags, name)
	return int32(len(c.tags) - 1)
}

// handle makes the handler of a tag the current one.
func (c *compiler) handle(n *node, s Strategy) int {
	h := handler{strategy: s, explicit: n.strategy != "", mark: int32(c.mark())}
	switch s {
	case Default:
		h.text, _ = n.get("default")
	case KeepRaw:
		h.text = c.sites[c.at.site].tmpl.source[n.start:n.end]
	}
	c.emit(instr{op: doMark, a: h.mark})
	c.handlers = append(c.handlers, h)
	c.at.handler = int32(len(c.handlers) - 1)
	return len(c.handlers) - 1
}

func (c *compiler) mark() int {
	c.nmark++
	c.nmarks = max(c.nmarks, c.nmark)
	return c.nmark - 1
}

func (c *compiler) slot() int {
	c.slots++
	c.nslots = max(c.nslots, c.slots)
	return c.slots - 1
}

func (c *compiler) emit(in instr) int {
	if len(c.ins) >= maxCode {
		c.tooMuch()
		return len(c.ins) - 1
	}
	if len(c.ins)-c.tick >= tickEvery && in.op != doEnd {
		c.tick = len(c.ins) + 1
		c.emit(instr{op: doTick, b: tickEvery})
		c.tick = len(c.ins)
	}
	c.ins = append(c.ins, in)
	c.meta = append(c.meta, c.at)
	return len(c.ins) - 1
}

func (c *compiler) tooMuch() {
	if c.full == nil {
		c.full = c.errorHere(limitf("the template and what it includes and extends grow to more than %s parts", count(maxWork)))
	}
}

// errorHere is an error at the current place, with the way that led there.
func (c *compiler) errorHere(err error) *Error {
	s := c.sites[c.at.site]
	e := newError(s.tmpl.name, s.tmpl.source, int(c.at.off), c.tags[c.at.tag], err)
	c.addVia(e, c.at.site)
	return e
}

// addVia adds the places that a site was brought in from.
func (c *code) addVia(e *Error, from int32) {
	for s := c.sites[from]; s.parent >= 0; s = c.sites[s.parent] {
		by := c.sites[s.parent].tmpl
		line, column, _, _ := position(by.source, int(s.off))
		e.via = append(e.via, place{s.how, by.name, line, column})
	}
}

// here is the next instruction, as the target of a jump.
func (c *compiler) here() int {
	c.label = len(c.ins)
	return c.label
}

// patch makes jumps go to the next instruction.
func (c *compiler) patch(jumps []int) {
	to := int32(c.here())
	for _, j := range jumps {
		c.ins[j].c = to
	}
}

// jump emits a jump that is to be patched.
func (c *compiler) jump() int { return c.emit(instr{op: doJump}) }

func (c *compiler) fail(err error) {
	c.errs = append(c.errs, err)
	c.emit(instr{op: doFail, a: int32(len(c.errs) - 1)})
}

func (c *compiler) textIndex(s string) int32 {
	c.texts = append(c.texts, s)
	return int32(len(c.texts) - 1)
}

// text prints a constant, joined with the one before it.
func (c *compiler) text(s string) {
	if s == "" {
		return
	}
	last := len(c.ins) - 1
	if last >= 0 && c.ins[last].op == doText && c.label <= last && c.meta[last].handler == c.at.handler {
		if before := &c.texts[c.ins[last].a]; len(*before)+len(s) <= 256 {
			*before += s
			return
		}
	}
	c.emit(instr{op: doText, a: c.textIndex(s)})
}

func (c *compiler) node(n *node) {
	switch n.kind {
	case nodeVar:
		c.variable(n)
	case nodeIf:
		c.ifelse(n)
	case nodeFor:
		c.loop(n)
	case nodeSwitch:
		c.cases(n)
	case nodeInclude:
		c.include(n)
	case nodeBlock:
		c.block(n)
	case nodeParent:
		c.parent()
	case nodeMessage:
		c.message(n)
	case nodeEnv:
		name, _ := n.get("name")
		def, hasDef := n.get("default")
		c.at.off = int32(n.tag.attr("name").at)
		c.envs = append(c.envs, envSite{name, def, hasDef, n.flag("required")})
		c.emit(instr{op: doEnv, a: int32(len(c.envs) - 1)})
	case nodeCustom:
		c.custom(n)
	}
}

func (c *compiler) variable(n *node) {
	ref := c.resolve(n.path)
	c.at.off = int32(n.pathPos)
	def, hasDef := n.get("default")
	if n.expr == nil {
		switch {
		case ref.src == fromConst && len(ref.segs) == 1 && len(ref.dyn) == 0:
			c.text(ref.fixed.(string))
		case hasDef:
			c.emit(instr{op: doPrintOr, a: c.path(ref), b: c.textIndex(def)})
		default:
			c.emit(instr{op: doPrint, a: c.path(ref)})
		}
		return
	}
	text := int32(-1)
	if hasDef {
		text = c.textIndex(def)
	}
	c.push()
	load := c.emit(instr{op: doLoad, a: c.path(ref), b: text})
	slot := c.slot()
	c.store(slot)
	outer := c.scope
	c.scope = &scope{parent: outer, names: []string{"value"}, slots: []int{slot}}
	c.value(n.expr)
	c.at.off = int32(n.expr.pos)
	c.emit(instr{op: doPrintTop})
	c.pop(1)
	c.scope = outer
	c.slots--
	c.patch([]int{load})
}

func (c *compiler) store(slot int) {
	c.emit(instr{op: doStore, a: int32(slot)})
	c.pop(1)
}

func (c *compiler) ifelse(n *node) {
	var ends []int
	for i, b := range n.body {
		branch := func(b *node, handler int) {
			var next []int
			if b.expr != nil {
				c.jumpIf(b.expr, false, &next)
			}
			c.nodes(b.body)
			if i < len(n.body)-1 {
				ends = append(ends, c.jump())
			}
			ends = append(ends, c.resumeAtEnd(handler)...)
			c.patch(next)
		}
		if i == 0 || b.strategy == "" {
			branch(b, -1)
		} else {
			c.tagged(b, branch)
		}
	}
	c.patch(ends)
}

// resumeAtEnd makes a branch or case that fails the one that was taken: it
// returns the jump to the end of the whole construct.
func (c *compiler) resumeAtEnd(handler int) []int {
	if handler < 0 {
		return nil
	}
	over := c.jump()
	c.handlers[handler].resume = int32(c.here())
	end := c.jump()
	c.patch([]int{over})
	return []int{end}
}

func (c *compiler) loop(n *node) {
	s := loopSite{loop: c.nloop, path: -1, index: -1, limit: n.limit}
	c.nloop++
	c.nloops = max(c.nloops, c.nloop)
	c.at.off = int32(n.pathPos)
	if n.expr != nil {
		c.value(n.expr)
		c.pop(1)
		c.at.off = int32(n.pathPos)
	} else {
		s.path = int(c.path(c.resolve(n.path)))
	}
	item, _ := n.get("item")
	sc := &scope{parent: c.scope, names: []string{item}}
	s.item = c.slot()
	sc.slots = []int{s.item}
	if index, ok := n.get("index"); ok {
		s.index = c.slot()
		sc.names, sc.slots = append(sc.names, index), append(sc.slots, s.index)
	}
	c.loops = append(c.loops, s)
	site := int32(len(c.loops) - 1)
	begin := c.emit(instr{op: doFor, a: site})
	outer := c.scope
	c.scope = sc
	body := c.here()
	c.nodes(n.body)
	c.emit(instr{op: doNext, a: site, b: int32(len(c.ins) - body + 1), c: int32(body)})
	c.tick = len(c.ins)
	c.scope = outer
	c.patch([]int{begin})
	c.slots -= len(sc.slots)
	c.nloop--
}

func (c *compiler) cases(n *node) {
	slot := c.slot()
	c.value(n.expr)
	c.store(slot)
	var ends []int
	for _, b := range n.body {
		if b.kind != nodeCase {
			continue
		}
		c.tagged(b, func(b *node, handler int) {
			var next []int
			if b.expr != nil {
				c.jumpIf(b.expr, false, &next)
			} else if v, ok := b.get("value"); ok {
				next = []int{c.emit(instr{op: doCaseText, a: int32(slot), b: c.textIndex(v)})}
			}
			c.nodes(b.body)
			ends = append(ends, c.jump())
			ends = append(ends, c.resumeAtEnd(handler)...)
			c.patch(next)
		})
	}
	c.patch(ends)
	c.slots--
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
		c.fail(limitf("blocks are nested more than %s deep", count(c.p.eng.limits.BlockDepth)))
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

func (c *compiler) message(n *node) {
	m := messageSite{cache: n.flag("cache")}
	m.role, _ = n.get("role")
	m.name, _ = n.get("name")
	c.messages = append(c.messages, m)
	if n.expr != nil {
		c.value(n.expr)
		c.pop(1)
		c.at.off = int32(n.expr.pos)
	}
	c.emit(instr{op: doMessage, a: int32(len(c.messages) - 1)})
	c.at.off = int32(n.start)
	c.nodes(n.body)
	c.emit(instr{op: doMessageEnd})
}

func (c *compiler) custom(n *node) {
	s := customSite{node: n, mark: -1, view: c.view(), attrs: make(map[string]string)}
	for _, a := range n.tag.attrs {
		if a.name != "onerror" {
			s.attrs[a.name] = a.value
		}
	}
	if !n.tag.selfClosing {
		s.mark = c.mark()
		c.emit(instr{op: doCapture, a: int32(s.mark)})
		c.nodes(n.body)
	}
	c.customs = append(c.customs, s)
	c.emit(instr{op: doCustom, a: int32(len(c.customs) - 1)})
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
	case c.called || t.size > maxInlineNodes || len(c.ins) > maxInlineCode || slices.Contains(c.inlined, t) ||
		len(c.sites) > maxSites || c.depth > maxInlineDepth:
		c.calls = append(c.calls, callSite{target: c.p.target(t), view: c.view(), depth: depth, covered: c.covered})
		c.emit(instr{op: doCall, a: int32(len(c.calls) - 1)})
	default:
		at := c.at
		c.sites = append(c.sites, site{tmpl: t, parent: at.site, off: int32(n.start), how: includedFrom})
		c.at.site, c.at.off, c.at.start = int32(len(c.sites)-1), 0, 0
		c.at.handler = c.catcher
		c.template(t)
		c.at = at
	}
	c.scope, c.slots, c.defaults = outer, slots, defaults
}

func includeDepth(limit int) error {
	return limitf("includes are nested more than %s deep: does the template include itself?", count(limit))
}

// includeScope is what the included template sees.
func (c *compiler) includeScope(n *node) *scope {
	inner := c.scope
	if n.flag("isolate") {
		inner = nil
	}
	if n.expr != nil || n.path != nil {
		c.at.off = int32(n.pathPos)
		if n.expr != nil {
			c.value(n.expr)
		} else {
			c.push()
			c.emit(instr{op: doLoad, a: c.path(c.resolve(n.path)), b: -1})
		}
		c.pop(1)
		c.at.off = int32(n.start)
		slot := c.slot()
		c.emit(instr{op: doWith, a: int32(slot)})
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
	if p.targets[t] == nil {
		p.targets[t] = &target{tmpl: t}
	}
	return p.targets[t]
}

// view is what can be seen from the current place.
func (c *compiler) view() *view {
	v := c.last
	if v == nil || v.scope != c.scope || len(v.defaults) != len(c.defaults) || len(v.defaults) > 0 && &v.defaults[0] != &c.defaults[0] {
		v = &view{c.scope, c.defaults}
		c.last = v
	}
	return v
}

// resolve finds out as much about a path as is known without data.
func (c *compiler) resolve(segs []string) pathRef {
	p := pathRef{src: fromNowhere, segs: segs, view: c.view()}
	for s := c.scope; s != nil; s = s.parent {
		switch s.kind {
		case scopeVars:
			c.work += len(s.names) / 16
			i := slices.Index(s.names, segs[0])
			if i < 0 {
				continue
			}
			if p.src, p.slot = fromSlot, s.slots[i]; p.slot < 0 {
				p.src, p.fixed = fromConst, s.consts[i]
			}
			return p
		case scopeWith:
			p.dyn = append(p.dyn, s.slot)
			continue
		case scopeRoot:
			p.src = fromRoot
		case scopeEnv:
			p.src = fromEnv
		}
		break
	}
	for _, d := range c.defaults {
		if v, ok := d[segs[0]]; ok {
			p.fixed, p.hasFall = v, true
			break
		}
	}
	return p
}

func (c *compiler) path(p pathRef) int32 {
	c.paths = append(c.paths, p)
	return int32(len(c.paths) - 1)
}

// pathText is the path as an author writes it.
func (p *pathRef) text() string { return strings.Join(p.segs, ".") }
