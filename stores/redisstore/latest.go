package redisstore

import "sync"

// latest remembers which version of a name was the latest when it was last seen.
// It need not be right.
type latest struct {
	mu    sync.RWMutex // guards known
	known map[string]int
}

// mostKnown names are remembered.
const mostKnown = 10_000

// of returns the version, or 0.
func (l *latest) of(name string) int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.known[name]
}

func (l *latest) learn(name string, version int) {
	if l.of(name) == version {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) >= mostKnown {
		l.known = make(map[string]int)
	}
	l.known[name] = version
}
