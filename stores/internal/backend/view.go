package backend

import (
	"context"
	"sync"
	"time"

	"github.com/go-prompty/prompty"
)

// view is the reading half of a storage, and its end.
type view struct {
	reads   Reader
	options Options
	first   func()       // what Close does first
	release func() error // and last

	mu     sync.Mutex // guards the fields below
	closed bool
	failed bool                   // calls under way must fail
	calls  map[*callUnderWay]bool // under way
	idle   chan struct{}          // closed when the last of them ends, after closed
	states map[*view]bool         // snapshots of it that are open

	ended sync.Once
	err   error // of release
}

func newView(reads Reader, options Options, release func() error) *view {
	return &view{
		reads: reads, options: options, first: func() {}, release: release,
		calls: make(map[*callUnderWay]bool), idle: make(chan struct{}), states: make(map[*view]bool),
	}
}

// callUnderWay is a call that Close waits for, or fails. That it is not a child
// of a context of the storage's own makes it cheap.
type callUnderWay struct{ fail context.CancelFunc }

// begin starts a call, which end ends. The context ends with ctx, and with the
// storage.
func (s *view) begin(ctx context.Context) (inner context.Context, c *callUnderWay, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	c = new(callUnderWay)
	inner, c.fail = context.WithCancel(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.fail()
		return nil, nil, prompty.NewStorageClosedError()
	}
	s.calls[c] = true
	return inner, c, nil
}

func (s *view) end(c *callUnderWay) {
	c.fail()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, c)
	if len(s.calls) == 0 && s.closed {
		close(s.idle)
	}
}

// failAll fails the calls under way.
func (s *view) failAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = true
	for c := range s.calls {
		c.fail()
	}
}

func (s *view) hasFailed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// call runs fn, one call of a method.
func (s *view) call(ctx context.Context, op, name string, version int, fn func(context.Context) error) error {
	inner, c, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer s.end(c)
	return s.failure(ctx, op, name, version, fn(inner))
}

// named is call for methods that take a name.
func (s *view) named(ctx context.Context, op, name string, version int, fn func(context.Context) error) error {
	return s.call(ctx, op, name, version, func(ctx context.Context) error {
		if err := prompty.CheckName(name); err != nil {
			return err
		}
		return fn(ctx)
	})
}

func (s *view) Get(ctx context.Context, name string) (t *prompty.StoredTemplate, err error) {
	err = s.named(ctx, "get", name, 0, func(ctx context.Context) (err error) {
		t, err = s.reads.Get(ctx, name)
		return err
	})
	return given(t, err)
}

func (s *view) GetVersion(ctx context.Context, name string, version int) (t *prompty.StoredTemplate, err error) {
	err = s.named(ctx, "get", name, version, func(ctx context.Context) (err error) {
		if !possible(version) {
			return prompty.NewStorageVersionNotFoundError(name, version)
		}
		t, err = s.reads.GetVersion(ctx, name, version)
		return err
	})
	return given(t, err)
}

func (s *view) GetByID(ctx context.Context, id prompty.TemplateID) (t *prompty.StoredTemplate, err error) {
	name, version, ok := parseID(id)
	err = s.call(ctx, "get", string(id), 0, func(ctx context.Context) (err error) {
		if !ok || !possible(version) {
			return prompty.NewStorageTemplateNotFoundError(string(id))
		}
		t, err = s.reads.GetVersion(ctx, name, version)
		return err
	})
	return given(t, err)
}

// given is t, unless there is an error.
func given(t *prompty.StoredTemplate, err error) (*prompty.StoredTemplate, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

// possible reports whether a version of that number can be: databases count in
// 32 bits.
func possible(version int) bool { return version > 0 && version <= 1<<31-1 }

func (s *view) latest(ctx context.Context, op, name string) (version int, err error) {
	err = s.named(ctx, op, name, 0, func(ctx context.Context) (err error) {
		version, err = s.reads.LatestVersion(ctx, name)
		return err
	})
	return version, err
}

func (s *view) Exists(ctx context.Context, name string) (bool, error) {
	version, err := s.latest(ctx, "look for", name)
	return err == nil && version > 0, err
}

// LatestID implements [prompty.Prober].
func (s *view) LatestID(ctx context.Context, name string) (prompty.TemplateID, error) {
	version, err := s.latest(ctx, "get", name)
	if err != nil {
		return "", err
	}
	if version == 0 {
		return "", prompty.NewStorageTemplateNotFoundError(name)
	}
	return ID(name, version), nil
}

func (s *view) ListVersions(ctx context.Context, name string) (list []int, err error) {
	err = s.named(ctx, "list the versions of", name, 0, func(ctx context.Context) (err error) {
		list, err = s.reads.ListVersions(ctx, name)
		return err
	})
	return list, err
}

// History implements [prompty.Historian].
func (s *view) History(ctx context.Context, name string) (list []prompty.HistoryEntry, err error) {
	err = s.named(ctx, "list the history of", name, 0, func(ctx context.Context) (err error) {
		list, err = s.reads.History(ctx, name)
		return err
	})
	return list, err
}

func (s *view) List(ctx context.Context, query *prompty.TemplateQuery) (list []*prompty.StoredTemplate, err error) {
	var q prompty.TemplateQuery
	if query != nil {
		q = *query
	}
	err = s.call(ctx, "list", "", 0, func(ctx context.Context) (err error) {
		list, err = s.reads.List(ctx, &q)
		return err
	})
	return list, err
}

// grace is how long Close waits for calls under way before it fails them.
const grace = time.Second

// Close fails what follows at once, and what is under way after a second.
func (s *view) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		if len(s.calls) == 0 {
			close(s.idle)
		}
	}
	s.mu.Unlock()
	s.ended.Do(func() {
		s.first()
		select {
		case <-s.idle:
		case <-time.After(grace):
		}
		s.failAll()
		<-s.idle
		for state := range s.states { // no call is under way that could change them, and none can begin
			state.Close()
		}
		s.err = Redact(s.release(), s.options.Secrets...)
	})
	return s.err
}
