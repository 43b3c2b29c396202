package engine

import "sync"

// stacks are the memory of a parser that is used again.
type stacks struct {
	open  []openBlock
	ready []*node
	marks []int32
}

var stackPool = sync.Pool{New: func() any { return new(stacks) }}

// put keeps the stacks unless they are large. They hold on to nothing.
func (s *stacks) put(open []openBlock, ready []*node, marks []int32) {
	const most = 256
	if cap(open) <= most && cap(ready) <= most {
		clear(open[:cap(open)])
		clear(ready[:cap(ready)])
		s.open, s.ready, s.marks = open, ready, marks
		stackPool.Put(s)
	}
}
