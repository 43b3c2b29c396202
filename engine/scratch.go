package engine

import (
	"slices"
	"sync"
)

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

// codePool has code that is empty but for its room. What is compiled grows
// there, and is copied when its size is known.
var codePool = sync.Pool{New: func() any { return new(code) }}

// finish returns a copy of c that has no room to spare, and makes c ready for
// the next template.
func (c *code) finish() *code {
	done := *c
	done.ins = take(&c.ins)
	done.meta = take(&c.meta)
	done.sites = take(&c.sites)
	done.tags = take(&c.tags)
	done.handlers = take(&c.handlers)
	done.texts = take(&c.texts)
	done.paths = take(&c.paths)
	done.consts = take(&c.consts)
	done.funcs = take(&c.funcs)
	done.loops = take(&c.loops)
	done.calls = take(&c.calls)
	done.customs = take(&c.customs)
	done.messages = take(&c.messages)
	done.envs = take(&c.envs)
	done.errs = take(&c.errs)
	c.nslots, c.nloops, c.nmarks, c.nstack = 0, 0, 0, 0
	if cap(c.ins) <= 4<<10 {
		codePool.Put(c)
	}
	return &done
}

// take returns a copy of a list and empties it.
func take[T any](list *[]T) []T {
	if len(*list) == 0 {
		return nil
	}
	done := slices.Clone(*list)
	clear(*list)
	*list = (*list)[:0]
	return done
}
