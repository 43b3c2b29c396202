package engine

func (c *compiler) variable(n *node) {
	path := c.path(n.path)
	c.at.off = n.pathPos
	def, hasDef := n.get("default")
	if n.expr == nil {
		switch ref := &c.paths[path]; {
		case ref.src == fromConst && len(ref.segs) == 1 && len(ref.dyn) == 0:
			c.text(ref.fixed.(string))
			*ref = pathRef{}
			c.paths = c.paths[:path]
		case hasDef:
			c.print(path, c.textIndex(def))
		default:
			c.print(path, -1)
		}
		return
	}
	text := int32(-1)
	if hasDef {
		text = c.textIndex(def)
	}
	c.push()
	var missing jumps
	c.add(&missing, c.emit(instr{op: doLoad, a: path, b: text}))
	slot := c.slot()
	c.store(slot)
	outer := c.scope
	c.scope = &scope{parent: outer, names: []string{"value"}, slots: []int{slot}}
	c.value(n.expr)
	c.at.off = n.expr.pos
	c.emit(instr{op: doPrintTop})
	c.pop(1)
	c.scope = outer
	c.slots--
	c.patch(missing)
}

func (c *compiler) store(slot int) {
	c.emit(instr{op: doStore, a: int32(slot)})
	c.pop(1)
}

func (c *compiler) ifelse(n *node) {
	var ends jumps
	for i, b := range n.body {
		branch := func(b *node, handler int) {
			var next jumps
			if b.expr != nil {
				c.jumpIf(b.expr, false, &next)
			}
			c.nodes(b.body)
			if i < len(n.body)-1 {
				c.jump(&ends)
			}
			c.resumeAtEnd(handler, &ends)
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
// resumes with a jump to the end of the whole construct.
func (c *compiler) resumeAtEnd(handler int, ends *jumps) {
	if handler < 0 {
		return
	}
	var over jumps
	c.jump(&over)
	c.handlers[handler].resume = int32(c.here())
	c.jump(ends)
	c.patch(over)
}

func (c *compiler) loop(n *node) {
	s := loopSite{loop: c.nloop, path: -1, index: -1, limit: n.limit}
	c.nloop++
	c.at.off = n.pathPos
	if n.expr != nil {
		c.value(n.expr)
		c.pop(1)
		c.at.off = n.pathPos
	} else {
		s.path = int(c.path(n.path))
	}
	item, _ := n.get("item")
	s.item = c.slot()
	index, ok := n.get("index")
	if ok {
		s.index = c.slot()
	}
	c.loops = append(c.loops, s)
	site := int32(len(c.loops) - 1)
	begin := c.emit(instr{op: doFor, a: site})
	outer, last := c.scope, c.last
	c.scope = newLoopScope(outer, item, s.item, index, s.index)
	body, before := c.here(), c.steps
	c.nodes(n.body)
	if steps := c.steps - before + 1; !c.fuse(begin, &c.loops[site], steps) {
		c.nloops = max(c.nloops, c.nloop)
		c.emit(instr{op: doNext, a: site, b: int32(steps), c: int32(body)})
		var empty jumps
		c.add(&empty, begin)
		c.patch(empty)
	}
	c.tick = c.steps
	c.slots -= len(c.scope.slots)
	c.scope, c.last = outer, last
	c.nloop--
}

func (c *compiler) cases(n *node) {
	slot := c.slot()
	c.value(n.expr)
	c.store(slot)
	var ends jumps
	for _, b := range n.body {
		if b.kind != nodeCase {
			continue
		}
		c.tagged(b, func(b *node, handler int) {
			var next jumps
			if b.expr != nil {
				c.jumpIf(b.expr, false, &next)
			} else if v, ok := b.get("value"); ok {
				c.add(&next, c.emit(instr{op: doCaseText, a: int32(slot), b: c.textIndex(v)}))
			}
			c.nodes(b.body)
			c.jump(&ends)
			c.resumeAtEnd(handler, &ends)
			c.patch(next)
		})
	}
	c.patch(ends)
	c.slots--
}

func (c *compiler) message(n *node) {
	m := messageSite{cache: n.flag("cache")}
	m.role, _ = n.get("role")
	m.name, _ = n.get("name")
	c.messages = append(c.messages, m)
	if n.expr != nil {
		c.value(n.expr)
		c.pop(1)
		c.at.off = n.expr.pos
	}
	c.emit(instr{op: doMessage, a: int32(len(c.messages) - 1)})
	c.at.off = n.start
	c.nodes(n.body)
	c.emit(instr{op: doMessageEnd})
}

func (c *compiler) custom(n *node) {
	s := customSite{name: n.name(), resolver: n.resolver, mark: -1, view: c.view(), attrs: make(map[string]string)}
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
