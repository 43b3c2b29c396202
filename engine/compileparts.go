package engine

import "strings"

// part appends a part to the parts that the last instruction prints, or to those
// of a new one if nothing else may stand between it and what was before: the
// target of a jump, or another way to deal with errors. It is to be filled in.
func (c *compiler) part() *part {
	if c.length() >= maxCode {
		c.tooMuch()
		return new(part)
	}
	c.step()
	if !c.open() {
		lo := int32(len(c.parts))
		c.append(instr{op: doParts, a: lo, b: lo, c: -1, at: c.place()})
	}
	c.parts = append(c.parts, part{})
	c.ins[len(c.ins)-1].b++
	return &c.parts[len(c.parts)-1]
}

// open reports whether the last instruction can print one part more.
func (c *compiler) open() bool {
	last := len(c.ins) - 1
	return last >= 0 && c.ins[last].op == doParts && c.label <= last && c.meta[c.ins[last].at].handler == c.at.handler
}

// text prints a constant, behind the part before it or joined with its text.
func (c *compiler) text(s string) {
	if s == "" {
		return
	}
	if c.open() {
		p := &c.parts[len(c.parts)-1]
		switch {
		case p.text == "":
			c.step() // may end what is open
			if c.open() {
				p.text, p.behind = s, c.place()
				return
			}
		case len(p.text)+len(s) <= maxJoined:
			p.text += s
			return
		}
	}
	p := c.part()
	p.text, p.path, p.def, p.value, p.behind = s, -1, -1, -1, c.place()
}

// Joining many short texts must not take quadratic time.
const maxJoined = 256

// print prints what a path leads to, or the text of that index if it is
// missing; an index of -1 says that there is none.
func (c *compiler) print(path, def int32) {
	p := c.part()
	p.path, p.def, p.value, p.behind, p.from = path, def, c.place(), -1, elsewhere
	ref := &c.paths[path]
	name, depth, with := ref.segs[0], len(ref.segs), 0
	if ref.pathMore != nil {
		with = len(ref.dyn)
	}
	switch {
	case with == 1 && depth == 1:
		p.from, p.key = inWith, name
	case with > 0:
	case ref.src == fromRoot && depth == 1:
		p.from, p.key = inRoot, name
	case ref.src == fromRoot:
		p.from = inRootDeep
	case ref.src == fromSlot && depth == 1:
		p.from, p.deep = isSlot, 1
	case ref.src == fromSlot:
		p.from, p.deep = inSlot, 1
	}
}

// fuse makes one instruction of a loop whose body is nothing but parts. The
// loop begins at instruction begin.
func (c *compiler) fuse(begin int, s *loopSite, steps int) bool {
	if len(c.ins) != begin+2 || c.ins[begin+1].op != doParts || c.label != begin+1 {
		return false
	}
	s.steps, s.block = steps, 1+checkEvery/steps
	in, body := &c.ins[begin], c.ins[begin+1]
	in.op, in.b, in.c = doEach, body.a, body.b
	c.ins = c.ins[:begin+1]
	c.itemise(body.a, body.b, s.item)
	for i := body.a; i < body.b; i++ {
		switch p := &c.parts[i]; {
		case s.index < 0 || c.slotOf(p) != s.index:
		case p.from == isSlot:
			p.from = isIndex
		default: // a number has no keys, and its slot is not filled for fetch
			p.from = elsewhere
		}
	}
	first, last := &c.parts[body.a], &c.parts[body.b-1]
	if first != last && first.from == inNothing && len(first.text)+len(last.text) <= maxJoined {
		// One text less in each turn: what every turn begins with is printed
		// together with what the one before ends with.
		s.lead, s.leadAt = first.text, first.behind
		if last.text == "" {
			last.behind = first.behind
		}
		last.text += first.text
		in.b++
	}
	return true
}

// itemise makes a slot the item of parts lo to hi.
func (c *compiler) itemise(lo, hi int32, slot int) {
	for i := lo; i < hi; i++ {
		p := &c.parts[i]
		if c.slotOf(p) != slot {
			continue
		}
		switch segs := c.paths[p.path].segs; {
		case p.from == inWith:
			p.from, p.key = inItem, segs[0]
		case len(segs) == 1:
			p.from = isItem
		case len(segs) == 2:
			p.from, p.key = inItem, segs[1]
		default:
			p.from = inItemDeep
		}
	}
}

// slotOf returns the slot that a part looks into first, -1 if it is none.
func (c *compiler) slotOf(p *part) int {
	switch p.from {
	case isSlot, inSlot:
		return int(c.paths[p.path].slot)
	case inWith:
		return c.paths[p.path].dyn[0]
	}
	return -1
}

// seal links the parts of each row and lays their texts out for printing.
func (c *compiler) seal() {
	for i, in := range c.ins {
		switch in.op {
		case doParts:
			c.link(in.a, in.b)
			// The slot that comes first is likely to be the only one.
			for p := in.a; p < in.b && c.ins[i].c < 0; p++ {
				if slot := c.slotOf(&c.parts[p]); slot >= 0 {
					c.ins[i].c = int32(slot)
					c.itemise(p, in.b, slot)
				}
			}
		case doEach:
			c.link(in.b, in.c)
		}
	}
	if n := len(c.ins) - 2; n >= 0 && c.ins[n].op == doParts {
		c.ins[n].aux = 1
	}
	for i := range c.parts {
		p := &c.parts[i]
		switch n := len(p.text); {
		case n > 2*padSize:
			p.long, p.room = true, int32(n)
			if n >= maxUnaligned {
				p.text = strings.Clone(p.text)
			}
		default:
			p.size, p.room = uint8(n), padSize
			if copy(p.pad[:], p.text) > padSize {
				p.room = 2 * padSize
			}
		}
	}
}

// link links parts lo to hi.
func (c *compiler) link(lo, hi int32) {
	for i := lo; i < hi-1; i++ {
		c.parts[i].next = &c.parts[i+1]
	}
}

// maxUnaligned is the length from which on a text gets memory of its own: where
// it stands in the source it may begin at an odd address, which makes copying a
// long one take up to twice as long.
const maxUnaligned = 2 << 10
