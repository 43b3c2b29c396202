package fsstore

import (
	"maps"
	"slices"
	"time"
)

// Listing a folder takes the system a quarter of a microsecond for each file, so
// what many versions there are of a name is remembered, and believed while the
// folder's times say that nothing was added, removed or renamed. They cannot say
// so of what happened in the same tick of the clock. So whoever has the lock and
// has changed the folder sets its time back by more than a tick: every change
// that comes after it shows.
//
// Only file systems that are known are believed, on this machine: over a network,
// times come late.

const (
	manyVersions = 64  // files in a versions folder that are worth it
	mostShelves  = 256 // remembered
)

// kept is a shelf that is true while its folder is as it was.
type kept struct {
	id    identity
	shelf *shelf
}

func (h *shelf) clone() *shelf {
	c := *h
	// With room for one more: what is next is often a version.
	c.live = append(make([]int, 0, len(h.live)+1), h.live...)
	c.all = append(make([]int, 0, len(h.all)+1), h.all...)
	c.at, c.others = maps.Clone(h.at), slices.Clone(h.others)
	return &c
}

// keptShelf returns what is remembered of a versions folder, if that is true.
func (s *Store) keptShelf(name string) *shelf {
	s.mu.RLock()
	k, ok := s.shelves[name]
	s.mu.RUnlock()
	if !ok {
		return nil
	}
	if id, ok := s.disk.quick.folder(s.layout.versions(name)); !ok || id != k.id {
		return nil
	}
	return k.shelf.clone()
}

// listedShelf remembers what was listed, unless the folder has changed since, or
// so shortly before that it could not be told.
func (s *Store) listedShelf(name string, began time.Time, h *shelf) {
	if !s.disk.ordered || len(h.all) < manyVersions {
		return
	}
	id, ok := s.disk.quick.folder(s.layout.versions(name))
	if ok && !recent(time.Unix(0, max(id.mtime, id.ctime)), began, 2*tick) {
		s.keep(name, kept{id, h.clone()})
	}
}

// wroteShelf remembers what h says after a step that has made the folder so. The
// lock is held.
func (s *Store) wroteShelf(name string, h *shelf) {
	if !s.disk.ordered || len(h.all) < manyVersions || !h.settled() {
		return
	}
	dir := s.layout.versions(name)
	before := time.Now().Add(-2 * tick)
	if s.disk.ask("touch", dir) != nil || s.disk.chtimes(dir, before) != nil {
		return
	}
	if id, ok := s.disk.quick.folder(dir); ok && id.mtime == before.UnixNano() { // else somebody was there
		s.keep(name, kept{id, h.clone()})
	}
}

func (s *Store) keep(name string, k kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.shelves[name]; !ok && len(s.shelves) >= mostShelves {
		for other := range s.shelves {
			delete(s.shelves, other)
			break
		}
	}
	s.shelves[name] = k
}
