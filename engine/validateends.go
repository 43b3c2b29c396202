package engine

import (
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// ends finds includes that rendering can never come back from: whatever the
// data is, they lead to themselves or are nested deeper than the limit. What
// stands in a condition, a loop, a custom tag or under an onerror might.
func (v *validator) ends() {
	if len(v.t.refs) == 0 || v.t.eng.onError != Throw {
		return
	}
	c := &certainty{links: v.links, below: make(map[*Template]int), next: make(map[*Template]inclusion)}
	limit := v.t.eng.limits.IncludeDepth
	for _, in := range c.inclusions(v.t) {
		offset, tag := int(in.node.start), in.node.name()
		if in.by != v.t { // a base
			offset, tag = int(v.t.base.start), v.t.base.name()
		}
		switch depth := 1 + c.depth(v.links[in.node.ref].tmpl); {
		case depth >= endless:
			v.add(SeverityError, ruleEndless, offset, tag, "include %s can never end: %s, and no condition is on that way", quote(in.node.ref.String()), c.circle(in.node.ref))
		case depth > limit:
			v.add(SeverityError, ruleLimit, offset, tag, "include %s: includes are nested %s deep from here, and the limit is %s", quote(in.node.ref.String()), value.Count(depth), value.Count(limit))
		}
	}
}

// endless is the depth of includes that lead to themselves.
const endless = 1 << 30

// certainty finds what is included whatever the data is.
type certainty struct {
	links map[Ref]link
	below map[*Template]int       // depths that are known; endless while they are looked for
	next  map[*Template]inclusion // the include that is endless

	lineage []*Template // of what is looked through
	found   []inclusion
	seen    map[Ref]bool // in found
	work    int          // nodes of all templates, each as often as it is met
	nesting int
}

// inclusion is an include tag that is always reached.
type inclusion struct {
	node *node
	by   *Template // in whose source it stands
}

// depth is how many includes are nested in t.
func (c *certainty) depth(t *Template) int {
	if t == nil || len(t.refs) == 0 {
		return 0
	}
	if depth, known := c.below[t]; known {
		return depth
	}
	c.below[t] = endless
	deepest := 0
	for _, in := range c.inclusions(t) {
		depth := min(1+c.depth(c.links[in.node.ref].tmpl), endless)
		if depth == endless {
			c.next[t] = in
		}
		deepest = max(deepest, depth)
	}
	c.below[t] = deepest
	return deepest
}

// circle describes the way that begins with an include and has no end.
func (c *certainty) circle(ref Ref) string {
	const most = 8
	way := []string{ref.String()}
	for seen := (map[Ref]bool{}); !seen[ref]; {
		seen[ref] = true
		ref = c.next[c.links[ref].tmpl].node.ref
		way = append(way, ref.String())
	}
	if len(way) > most {
		more := strconv.Itoa(len(way) - most)
		way = append(append(way[:most/2:most/2], "… ("+more+" more)"), way[len(way)-most/2:]...)
	}
	return strings.Join(way, " includes ")
}

// inclusions returns the includes that are reached whenever t is rendered, each
// template once.
func (c *certainty) inclusions(t *Template) []inclusion {
	lineage, whole := lineageOf(t, c.links)
	if !whole {
		return nil // it fails before
	}
	c.lineage, c.found, c.seen = lineage, nil, make(map[Ref]bool)
	last := lineage[len(lineage)-1]
	c.nodes(last, last.nodes(), nil)
	return c.found
}

// nodes looks through nodes of t; parents are what the block around them
// replaces.
func (c *certainty) nodes(t *Template, list []*node, parents []blockOf) {
	c.nesting++
	defer func() { c.nesting-- }()
	for _, n := range list {
		if c.work++; c.work > maxWork || c.nesting > maxNesting {
			return
		}
		if n.tag == nil || n.strategy != "" && n.strategy != Throw {
			continue
		}
		switch n.kind {
		case nodeMessage:
			c.nodes(t, n.body, parents)
		case nodeBlock:
			c.work += len(c.lineage)
			c.definition(definitions(c.lineage, n))
		case nodeParent:
			c.definition(parents)
		case nodeInclude:
			if !c.seen[n.ref] {
				c.seen[n.ref] = true
				c.found = append(c.found, inclusion{n, t})
			}
		}
	}
}

// definition looks through the first definition of a block.
func (c *certainty) definition(defs []blockOf) {
	if len(defs) > 0 && (defs[0].node.strategy == "" || defs[0].node.strategy == Throw) {
		c.nodes(defs[0].tmpl, defs[0].node.body, defs[1:])
	}
}
