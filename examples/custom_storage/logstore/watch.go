package logstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
)

// lookEvery is how late a change made by another process may be noticed.
const lookEvery = 20 * time.Millisecond

// mark tells two states of a name apart: every save raises the first number,
// and every delete lowers the second.
type mark struct{ high, live int }

// Watch implements [prompty.Watcher]. A reader is told how the state differs
// from the one it was told last.
func (s *Store) Watch(ctx context.Context) (<-chan prompty.ChangeBatch, error) {
	told := make(map[string]mark)
	err := s.view(ctx, func() error {
		s.changes(told) // from this state on
		s.watchers.Add(1)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(chan prompty.ChangeBatch)
	go func() {
		defer s.watchers.Done()
		defer close(out)
		s.follow(ctx, told, out)
	}()
	return out, nil
}

// follow looks at the state whenever we have written, and every now and then.
// What comes while a batch waits for its reader is found by the next look.
func (s *Store) follow(ctx context.Context, told map[string]mark, out chan<- prompty.ChangeBatch) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		var b prompty.ChangeBatch
		var more <-chan struct{}
		s.view(ctx, func() error { // a file that cannot be read now may be at the next tick
			b.Changes = s.changes(told)
			b.Revision = strconv.FormatInt(s.read, 10)
			more = s.more
			return nil
		})
		if len(b.Changes) > 0 {
			select {
			case out <- b:
				continue
			case <-ctx.Done():
				return
			case <-s.done:
				return
			}
		}
		select {
		case <-more:
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-s.done:
			return
		}
	}
}

// changes returns how the state differs from told, and makes told the same.
func (s *Store) changes(told map[string]mark) []prompty.Change {
	var list []prompty.Change
	for name, h := range s.shelves {
		before, now := told[name], mark{h.high, len(h.live)}
		if before == now {
			continue
		}
		told[name] = now
		kind := prompty.Changed
		switch {
		case now.live == 0: // said of what came and went, too: somebody may have read it
			kind = prompty.Deleted
		case before.live == 0:
			kind = prompty.Created
		}
		list = append(list, prompty.Change{Name: name, Kind: kind})
	}
	slices.SortFunc(list, func(a, b prompty.Change) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Sync implements [prompty.Syncer]. Every watch looks at the state itself, so
// there is nothing to wait for.
func (s *Store) Sync(ctx context.Context) error {
	return s.view(ctx, func() error { return nil })
}
