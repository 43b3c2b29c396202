package engine

import "cmp"

// start is a rendering as far as it goes without a frame, an activation and
// the calls that these need. That is all of most templates: rows, conditions
// about names in the data, an include with one of them, a short loop over one.
// Whatever else comes is left to a frame, which goes on from there.
type start struct {
	slots [1]any // of what with brings
	steps int
	turns int
}

// run runs the program's main code, printing into buf, of which n bytes are
// written and which ends where the output would get too long. It returns the
// instruction to go on with, -1 at the end, and if a row was left in the middle
// its next part. It never fails: what cannot be done here may be an error there.
// Whatever fills a slot that start has no room for ends it, so none is read that
// was not filled.
func (s *start) run(p *Program, root map[string]any, buf []byte, n int) (pc int, row *part, end int) {
	c := p.main
	var r strip
	r.c, r.root, r.slots = c, root, s.slots[:]
	for {
		in := &c.ins[pc]
		if in.op == doParts {
			r.items, r.turn = nil, 0
			if in.c >= 0 {
				r.items = r.slots[in.c : in.c+1]
			}
			if row, n = r.print(&c.parts[in.a], buf, n); row != nil {
				return pc + 1, row, n
			}
			if in.aux == 1 { // the last instruction but doEnd
				return -1, nil, n
			}
			pc++
			continue
		}
		next := pc + 1
		switch in.op {
		case doJump:
			next = int(in.c)
		case doJumpPath, doJumpCmp:
			is, ok := c.condition(in, root)
			if !ok {
				return pc, nil, n
			}
			if is == (in.aux&1 == 1) {
				next = int(in.c)
			}
		case doWith:
			if in.b < 0 || int(in.a) >= len(s.slots) {
				return pc, nil, n
			}
			m, ok := c.paths[in.b].in(root).(map[string]any)
			if !ok {
				return pc, nil, n
			}
			s.slots[in.a] = m
		case doEach:
			var ok bool
			if n, ok = s.each(p, &r, in, buf, n); !ok {
				return pc, nil, n
			}
		case doEnd:
			return -1, nil, n
		default:
			return pc, nil, n
		}
		pc = next
	}
}

// starts reports whether start can do anything of c.
func (c *code) starts() bool {
	switch c.ins[0].op {
	case doParts, doJump, doJumpPath, doJumpCmp, doWith, doEach, doEnd:
		return true
	}
	return false
}

// condition is the truth of what a jump looks at, if that is a name in the data
// and what the data has there is of the kind that one would think.
func (c *code) condition(in *instr, root map[string]any) (is, ok bool) {
	path := &c.paths[in.a]
	if !path.plain {
		return false, false
	}
	v := root[path.segs[0]]
	if in.op == doJumpPath {
		is, ok = v.(bool)
		return is, ok
	}
	op := operator(in.aux >> 1)
	switch y := c.consts[in.b].(type) {
	case string:
		x, ok := v.(string)
		return (x == y) == (op == opEq), ok && op <= opNe && len(x) < maxFree
	case int:
		x, ok := v.(int)
		return ordered(op, cmp.Compare(x, y)), ok
	}
	return false, false
}

// each runs a loop that is one with its parts, if all its turns fit between two
// looks at the limits. If not, or if one of them cannot be printed here, nothing
// is done.
func (s *start) each(p *Program, r *strip, in *instr, buf []byte, n int) (int, bool) {
	site, limits := &p.main.loops[in.a], &p.eng.limits
	if site.path < 0 || site.limit > 0 {
		return n, false
	}
	list, ok := p.main.paths[site.path].in(r.root).([]any)
	turns, steps := s.turns+len(list), s.steps+len(list)*site.steps
	if !ok || len(list) > limits.LoopTurnsEach || turns > limits.LoopTurns || steps >= min(checkEvery, limits.Steps+1) {
		return n, false
	}
	s.turns, s.steps = turns, steps
	if len(list) == 0 {
		return n, true
	}
	r.items, r.turn, r.first = list, 0, &p.main.parts[in.b]
	row, end := r.print(r.first, buf, n+copy(buf[n:], site.lead))
	if row != nil {
		s.turns, s.steps = turns-len(list), steps-len(list)*site.steps
		return n, false
	}
	return end - len(site.lead), true
}

// in is the value of a path that is a name in the data and nothing more; nil
// for any other.
func (p *pathRef) in(root map[string]any) any {
	if !p.plain {
		return nil
	}
	return root[p.segs[0]]
}
