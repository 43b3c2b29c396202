package storetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-prompty/prompty"
)

const (
	watchedChildren = 4
	writersInChild  = 8
)

// watch follows the place while processes of several writers each save and
// delete there, half of which are killed. In the end a copy that was kept by
// reading what the batches name must be what the place has.
func (k *killing) watch(number int) {
	t := k.t
	t.Helper()
	s, err := k.open(k.place)
	if err != nil {
		t.Fatalf("opening the place to watch it: %v", err)
	}
	if !canWatch(t.ctx(), s) {
		s.Close()
		return
	}
	before := t.rule
	t.rule = ruleWatchLoss
	f := t.follow(t.ctx(), s)
	f.during(func() {
		var wg sync.WaitGroup
		for i := range watchedChildren {
			wg.Go(func() { k.child(number+i, writersInChild, 4*writersInChild, time.Millisecond, i%2 == 0) })
		}
		wg.Wait()
	})
	f.settle("watched")
	t.Logf("%d batches for %d acknowledged versions of %d names", f.batches, k.acknowledged, len(f.copy))
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	t.rule = before
	k.verify()
}

// canWatch is false for a storage that was told not to, too.
func canWatch(ctx context.Context, s prompty.TemplateStorage) bool {
	c, ok := prompty.As[prompty.Watcher](s)
	if !ok {
		return false
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	_, err := c.Watch(ctx)
	return !errors.Is(err, errors.ErrUnsupported)
}
