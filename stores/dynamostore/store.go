package dynamostore

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/go-prompty/prompty/stores/internal/backend"
)

// store is the backend.
type store struct {
	*remote
	manual bool

	mu    sync.Mutex // guards the fields below
	turns map[string]*turn
	hints map[string]*head // what this store last knew of names that it changed
}

// turn is held by who changes a name in this process: the others would only
// fail against it in the database.
type turn struct {
	held  chan struct{}
	users int
}

// mostHints bounds what is remembered.
const mostHints = 4096

func open(ctx context.Context, c *connection) (backend.Backend, error) {
	dialing, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := connect(dialing, c)
	if err != nil {
		return nil, err
	}
	s := &store{remote: r, manual: c.manual, turns: make(map[string]*turn), hints: make(map[string]*head)}
	d, err := r.prepare(ctx, c.manual)
	if err != nil {
		r.close()
		return nil, err
	}
	if stream := d.StreamSpecification; stream != nil && aws.ToBool(stream.StreamEnabled) && d.LatestStreamArn != nil {
		return &streaming{store: s, arn: *d.LatestStreamArn}, nil
	}
	return s, nil
}

func (s *store) Close() error {
	s.remote.close()
	return nil
}

// lock waits until nobody else in this process changes one of the names.
func (s *store) lock(ctx context.Context, names []string) (unlock func(), err error) {
	var held []string
	unlock = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, name := range held {
			t := s.turns[name]
			if t.users--; t.users == 0 {
				delete(s.turns, name)
			}
			<-t.held
		}
	}
	for _, name := range slices.Sorted(slices.Values(names)) { // in one order, or two would wait for each other
		s.mu.Lock()
		t := s.turns[name]
		if t == nil {
			t = &turn{held: make(chan struct{}, 1)}
			s.turns[name] = t
		}
		t.users++
		s.mu.Unlock()
		select {
		case t.held <- struct{}{}:
			held = append(held, name)
		case <-ctx.Done():
			s.mu.Lock()
			if t.users--; t.users == 0 {
				delete(s.turns, name)
			}
			s.mu.Unlock()
			unlock()
			return nil, ctx.Err()
		}
	}
	return unlock, nil
}

// hint returns what is remembered of a name, or nil.
func (s *store) hint(name string) *head {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hints[name]
}

// remember keeps heads, without templates; nil forgets.
func (s *store) remember(heads map[string]*head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.hints, heads)
	for name, h := range s.hints {
		if h == nil || len(s.hints) > mostHints {
			delete(s.hints, name)
		}
	}
}
