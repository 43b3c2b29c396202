package notify

import (
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// minInterval keeps a wrong interval from taking a whole core.
const minInterval = time.Millisecond

// poll knows nothing of what happens: it says when to look.
type poll struct {
	interval func() time.Duration
	box      mailbox
	quit     chan struct{}
	done     chan struct{}
	woken    chan struct{} // has room for one: there is a first folder

	mu      sync.Mutex // guards all below
	closed  bool
	last    Handle
	handles map[string]Handle
	paths   map[Handle]string
}

// Poll tells to look at every folder, all in one batch, time and again. Before
// each round it asks how long to wait. Add always works.
func Poll(interval func() time.Duration) Source {
	s := &poll{
		interval: interval,
		box:      newMailbox(),
		quit:     make(chan struct{}),
		done:     make(chan struct{}),
		woken:    make(chan struct{}, 1),
		handles:  make(map[string]Handle),
		paths:    make(map[Handle]string),
	}
	go s.run()
	return s
}

func (s *poll) Add(path string) (Handle, error) {
	path = filepath.Clean(path)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	h, ok := s.handles[path]
	if !ok {
		s.last++
		h = s.last
		s.handles[path], s.paths[h] = h, path
		select {
		case s.woken <- struct{}{}:
		default:
		}
	}
	return h, nil
}

func (s *poll) Remove(h Handle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	delete(s.handles, s.paths[h])
	delete(s.paths, h)
	return nil
}

func (s *poll) Events() <-chan []Event { return s.box }

func (s *poll) CloseWrites() bool { return false }

func (s *poll) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.quit)
	}
	<-s.done
	return nil
}

func (s *poll) run() {
	defer close(s.done)
	defer close(s.box)
	for {
		if s.idle() { // without folders no clock need tick
			select {
			case <-s.woken:
			case <-s.quit:
				return
			}
		}
		timer := time.NewTimer(max(s.interval(), minInterval))
		select {
		case <-timer.C:
		case <-s.quit:
			timer.Stop()
			return
		}
		s.box.replace(s.round())
	}
}

func (s *poll) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.handles) == 0
}

// round asks for a look at each folder, those first that were added first.
func (s *poll) round() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var events []Event
	for _, h := range slices.Sorted(maps.Keys(s.paths)) {
		events = append(events, Event{Handle: h, Op: Rescan})
	}
	return events
}
