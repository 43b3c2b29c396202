package engine

import "sync"

// memory is what parsers use one after the other: their stacks and, for templates
// that keep no nodes, what they make nodes of.
type memory struct {
	open  []openBlock
	ready []*node
	marks []int32

	nodes  slab[node]
	lists  slab[*node]
	tags   slab[tag]
	attrs  slab[attr]
	inners slab[inner]
	exprs  slab[expr]
	segs   slab[string]
}

var memoryPool = sync.Pool{New: func() any { return new(memory) }}

// maxLent bounds the tags of templates that are made in memory that is lent, and
// with them that memory.
const maxLent = 128

// put keeps the memory. The stacks hold on to nothing, unless they are large: then
// they go.
func (m *memory) put(open []openBlock, ready []*node, marks []int32) {
	const most = 256
	if cap(open) <= most && cap(ready) <= most {
		clear(open[:cap(open)])
		clear(ready[:cap(ready)])
		m.open, m.ready, m.marks = open, ready, marks
		memoryPool.Put(m)
	}
}

// lend gives a parser memory for what it makes, as far as there is enough.
func (m *memory) lend(p *parser) {
	lend(&p.nodes, &m.nodes, p.nodeChunk)
	lend(&p.lists, &m.lists, p.nodeChunk)
	lend(&p.tags, &m.tags, p.tagChunk)
	lend(&p.attrs, &m.attrs, 4)
	lend(&p.inners, &m.inners, min(p.chunk, 8))
	lend(&p.exprs.nodes, &m.exprs, min(p.chunk, 8))
	lend(&p.exprs.segs, &m.segs, 4)
}

// takeBack takes it back, with what the parser has added. Nothing may refer to
// it any more; it is cleared at once.
func (m *memory) takeBack(p *parser) {
	takeBack(&m.nodes, &p.nodes)
	takeBack(&m.lists, &p.lists)
	takeBack(&m.tags, &p.tags)
	takeBack(&m.attrs, &p.attrs)
	takeBack(&m.inners, &p.inners)
	takeBack(&m.exprs, &p.exprs.nodes)
	takeBack(&m.segs, &p.exprs.segs)
}

func lend[T any](to, from *slab[T], least int) {
	if len(from.room) >= least {
		*to, *from = *from, slab[T]{}
	}
}

func takeBack[T any](to, from *slab[T]) {
	clear(from.room[:from.used])
	to.room, to.used = from.room, 0
}
