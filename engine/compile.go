package engine

import (
	"slices"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
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
	tickEvery      = 512 // steps without a loop or a call
)

// compiler turns the nodes of a template into code.
type compiler struct {
	p *Program
	*code
	called   bool // the code is that of a target
	scope    *scope
	defaults []map[string]any // outermost template first
	last     *view            // the one made last
	views    []view           // room for some

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
	steps                      int // that the code so far takes, each instruction run once
	tick                       int // steps at the last tick
	work                       int // nodes so far
	full                       error
}

// blockDef is one definition of a block.
type blockDef struct {
	node *node
	site int32
}

// compile makes the code of a template.
func (p *Program) compile(t *Template, called bool, room *codeRoom) (*code, error) {
	c := &compiler{p: p, code: room.make(t), views: room.views[:0], inlined: room.inlined[:0], called: called, at: meta{handler: noHandler}, catcher: noHandler}
	c.scope = &rootScope
	if called {
		c.scope = &envScope
	}
	c.template(t)
	c.emit(instr{op: doEnd})
	c.seal()
	return c.code, c.full
}

// codeRoom is code together with the little that most code needs.
type codeRoom struct {
	code
	sites   [1]site
	consts  [2]any
	views   [2]view
	inlined [1]*Template
	tags    [6]string
}

// make returns code with room for what t itself is likely to need.
func (room *codeRoom) make(t *Template) *code {
	c := &room.code
	room.sites[0] = site{tmpl: t, parent: -1}
	c.sites, c.consts, c.tags = room.sites[:], room.consts[:0], room.tags[:1]
	n := t.counts.nodes
	c.meta = make([]meta, 0, n+t.counts.operands+1)
	// Most tags are parts, together with the text behind them.
	c.parts = make([]part, 0, t.counts.texts+1)
	c.ins = make([]instr, 0, n/2+t.counts.operands-t.counts.consts+2) // constants are mostly part of a jump
	if n := t.counts.paths; n > 0 {
		c.paths = make([]pathRef, 0, n)
		c.segs = make([]string, 0, n)
	}
	return c
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
			c.text(n.text(c.sites[c.at.site].tmpl))
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
		c.fail(limitf("tags, blocks and includes are nested more than %s deep in all", value.Count(maxNesting)))
		c.depth--
		return
	}
	at, covered, catcher, marks := c.at, c.covered, c.catcher, c.nmark
	c.at.off, c.at.start = n.start, n.start
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
	if c.length() >= maxCode {
		c.tooMuch()
		return len(c.ins) - 1
	}
	if in.op != doEnd {
		c.step()
	}
	in.at = c.place()
	return c.append(in)
}

func (c *compiler) append(in instr) int {
	// Field by field: a copy of what was just written in parts has to wait.
	n := len(c.ins)
	c.ins = append(c.ins, instr{})
	i := &c.ins[n]
	i.op, i.aux, i.at, i.a, i.b, i.c = in.op, in.aux, in.at, in.a, in.b, in.c
	return n
}

// length is how much code there is so far.
func (c *compiler) length() int { return len(c.ins) + len(c.parts) }

// step counts a step and, where many have gone by, has them counted when the
// code runs, too.
func (c *compiler) step() {
	if c.steps-c.tick >= tickEvery {
		c.append(instr{op: doTick, b: int32(c.steps - c.tick), at: c.place()})
		c.tick = c.steps
	}
	c.steps++
}

// place is the index of the meta of what is emitted next.
func (c *compiler) place() int32 {
	n := len(c.meta)
	if n > 0 && c.meta[n-1] == c.at {
		return int32(n - 1)
	}
	c.meta = append(c.meta, meta{})
	m := &c.meta[n]
	m.off, m.start, m.site, m.tag, m.handler = c.at.off, c.at.start, c.at.site, c.at.tag, c.at.handler
	return int32(n)
}

func (c *compiler) tooMuch() {
	if c.full == nil {
		c.full = c.errorHere(limitf("the template and what it includes and extends grow to more than %s parts", value.Count(maxWork)))
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

// jumps is a list of jumps that do not know yet where to go: the number of the
// last one, from 1 on, which holds the number of the one before; 0 ends it.
type jumps int32

// add puts an instruction on a list.
func (c *compiler) add(list *jumps, jump int) {
	c.ins[jump].c = int32(*list)
	*list = jumps(jump + 1)
}

// patch makes jumps go to the next instruction.
func (c *compiler) patch(list jumps) {
	to := int32(c.here())
	if c.full != nil {
		return // there may be no instruction of its own for each
	}
	for list != 0 {
		in := &c.ins[list-1]
		list, in.c = jumps(in.c), to
	}
}

// jump adds a jump to a list.
func (c *compiler) jump(list *jumps) { c.add(list, c.emit(instr{op: doJump})) }

func (c *compiler) fail(err error) {
	c.errs = append(c.errs, err)
	c.emit(instr{op: doFail, a: int32(len(c.errs) - 1)})
}

func (c *compiler) textIndex(s string) int32 {
	c.texts = append(c.texts, s)
	return int32(len(c.texts) - 1)
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
		c.at.off = n.tag.attr("name").at
		c.envs = append(c.envs, envSite{name, def, hasDef, n.flag("required")})
		c.emit(instr{op: doEnv, a: int32(len(c.envs) - 1)})
	case nodeCustom:
		c.custom(n)
	}
}

// view is what can be seen from the current place.
func (c *compiler) view() *view {
	v := c.last
	if v == nil || v.scope != c.scope || len(v.defaults) != len(c.defaults) || len(v.defaults) > 0 && &v.defaults[0] != &c.defaults[0] {
		if n := len(c.views); n < cap(c.views) {
			c.views = c.views[:n+1]
			v = &c.views[n]
		} else {
			v = new(view)
		}
		v.scope, v.defaults = c.scope, c.defaults
		c.last = v
	}
	return v
}

// path finds out as much about a path as is known without data. It returns the
// path's index.
func (c *compiler) path(segs []string) int32 {
	c.paths = append(c.paths, pathRef{})
	p := &c.paths[len(c.paths)-1]
	at := len(c.segs)
	c.segs = append(c.segs, segs...)
	p.src, p.segs, p.view = fromNowhere, c.segs[at:len(c.segs):len(c.segs)], c.view()
	c.begin(p, segs[0])
	if p.pathMore != nil {
		c.steps += withSteps * len(p.dyn)
	}
	p.plain = p.src == fromRoot && len(segs) == 1 && (p.pathMore == nil || p.dyn == nil)
	return int32(len(c.paths) - 1)
}

// begin finds where a path begins.
func (c *compiler) begin(p *pathRef, name string) {
	for s := c.scope; s != nil; s = s.parent {
		switch s.kind {
		case scopeVars:
			c.work += len(s.names) / 16
			i := slices.Index(s.names, name)
			if i < 0 {
				continue
			}
			if p.src, p.slot = fromSlot, int32(s.slots[i]); p.slot < 0 {
				p.src, p.more().fixed = fromConst, s.consts[i]
			}
			return
		case scopeWith:
			more := p.more()
			more.dyn = append(more.dyn, s.slot)
			continue
		case scopeRoot:
			p.src = fromRoot
		case scopeEnv:
			p.src = fromEnv
		}
		break
	}
	for _, d := range c.defaults {
		if v, ok := d[name]; ok {
			p.more().fixed, p.hasFall = v, true
			break
		}
	}
}

// more returns the part of a path that few have, to be changed.
func (p *pathRef) more() *pathMore {
	if p.pathMore == nil {
		p.pathMore = new(pathMore)
	}
	return p.pathMore
}

// pathText is the path as an author writes it.
func (p *pathRef) text() string { return strings.Join(p.segs, ".") }
