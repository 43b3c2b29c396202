package transfer

import (
	"context"
	"sync"
)

// atOnce is how many reads are under way at a time: a database far away answers
// many questions in the time of one.
const atOnce = 8

// gate lets so many reads pass at a time, however deep they are nested.
type gate chan struct{}

func newGate() gate { return make(gate, atOnce) }

// do calls read when there is room.
func (g gate) do(ctx context.Context, read func() error) error {
	select {
	case g <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-g }()
	return read()
}

// ahead looks at n things, some of them ahead, and hands what it sees of each to
// use, in their order and from its own goroutine. The first error of look or use
// ends it.
func ahead[T any](ctx context.Context, n int, look func(context.Context, int) (T, error), use func(int, T) error) error {
	type seen struct {
		t   T
		err error
	}
	var looks sync.WaitGroup
	defer looks.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ring := make([]chan seen, min(n, atOnce))
	start := func(i int) {
		c := make(chan seen, 1)
		ring[i%len(ring)] = c
		looks.Go(func() {
			t, err := look(ctx, i)
			c <- seen{t, err}
		})
	}
	for i := range ring {
		start(i)
	}
	for i := range n {
		s := <-ring[i%len(ring)]
		if s.err != nil {
			return s.err
		}
		if next := i + len(ring); next < n {
			start(next)
		}
		if err := use(i, s.t); err != nil {
			return err
		}
	}
	return nil
}
