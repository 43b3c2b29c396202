package engine

import "sync"

// stacks are the memory of a parser's stacks, which is used again.
type stacks struct {
	open  []openBlock
	ready []*node
}

var stackPool = sync.Pool{New: func() any { return new(stacks) }}

// put keeps the stacks unless they are large. They hold on to nothing.
func (s *stacks) put(open []openBlock, ready []*node) {
	const most = 256
	if cap(open) <= most && cap(ready) <= most {
		clear(open[:cap(open)])
		clear(ready[:cap(ready)])
		s.open, s.ready = open, ready
		stackPool.Put(s)
	}
}
