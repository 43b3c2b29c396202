// Package logstore keeps templates in one file, to which every change is
// appended as a line of JSON. It is the backend of the guide
// docs/custom-storage.md: small, but whole. Several processes may share the
// file, and a crash at any moment loses nothing that was acknowledged.
package logstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/go-prompty/prompty"
)

func init() { prompty.RegisterStorageDriver("log", driver{}) }

type driver struct{}

func (driver) Open(connectionString string) (prompty.TemplateStorage, error) {
	return Open(connectionString)
}

// Store is a storage in one file.
type Store struct {
	file   *os.File
	lock   *flock.Flock  // keeps other processes from writing
	writer chan struct{} // its one place is taken by whoever writes

	mu      sync.Mutex // guards the fields below
	closed  bool
	read    int64 // so far the file is in shelves
	shelves map[string]*shelf
	more    chan struct{} // closed, and made anew, when we have written

	done     chan struct{} // closed by Close
	watchers sync.WaitGroup
}

// shelf holds one name. It stays when its versions are deleted, because their
// numbers must not be used again.
type shelf struct {
	live []*prompty.StoredTemplate // ascending
	high int                       // the highest number ever used
	last time.Time                 // when that version was saved
}

// line is what the file has for one change.
type line struct {
	Saved    *prompty.StoredTemplate `json:"saved,omitempty"`
	Deleted  string                  `json:"deleted,omitempty"`  // a name
	Versions []int                   `json:"versions,omitempty"` // which of it
}

// Open opens the file, or creates it.
func Open(path string) (*Store, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	return &Store{
		file:    file,
		lock:    flock.New(path + ".lock"),
		writer:  make(chan struct{}, 1),
		shelves: make(map[string]*shelf),
		more:    make(chan struct{}),
		done:    make(chan struct{}),
	}, nil
}

// view runs fn on the present state.
func (s *Store) view(ctx context.Context, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return prompty.NewStorageClosedError()
	}
	if err := s.catchUp(); err != nil {
		return &prompty.StorageError{Op: "read", Err: err}
	}
	return fn()
}

// catchUp reads what was appended since, by us or by others. A line without
// its end is still being written, or its writer is dead: it does not count.
func (s *Store) catchUp() error {
	added, err := io.ReadAll(io.NewSectionReader(s.file, s.read, 1<<62))
	if err != nil {
		return err
	}
	for {
		text, rest, whole := bytes.Cut(added, []byte("\n"))
		if !whole {
			return nil
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("%s at byte %d: %w; move the damaged line away", s.file.Name(), s.read, err)
		}
		s.apply(l)
		s.read += int64(len(text)) + 1
		added = rest
	}
}

func (s *Store) apply(l line) {
	if t := l.Saved; t != nil {
		h := s.shelves[t.Name]
		if h == nil {
			h = new(shelf)
			s.shelves[t.Name] = h
		}
		h.live = append(h.live, t)
		h.high, h.last = t.Version, t.CreatedAt
		return
	}
	if h := s.shelves[l.Deleted]; h != nil {
		h.live = slices.DeleteFunc(h.live, func(t *prompty.StoredTemplate) bool {
			return slices.Contains(l.Versions, t.Version)
		})
	}
}

// change appends the line that fn makes of the present state. Once the line
// is whole, the change has happened; before, nothing has.
func (s *Store) change(ctx context.Context, fn func() (line, error)) error {
	select {
	case s.writer <- struct{}{}:
		defer func() { <-s.writer }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.view(ctx, func() error { return nil }); err != nil {
		return err // closed: the lock must not be opened again
	}
	if _, err := s.lock.TryLockContext(ctx, time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &prompty.StorageError{Op: "lock", Err: err}
	}
	defer s.lock.Unlock()
	return s.view(ctx, func() error {
		l, err := fn()
		if err != nil {
			return err
		}
		if err := s.write(l); err != nil {
			return &prompty.StorageError{Op: "write", Err: err}
		}
		close(s.more) // wakes who watches
		s.more = make(chan struct{})
		return nil
	})
}

// write puts l where the whole lines end, over what a dead writer left there.
func (s *Store) write(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := s.file.Truncate(s.read); err != nil {
		return err
	}
	if _, err := s.file.WriteAt(append(text, '\n'), s.read); err != nil {
		return err
	}
	return s.file.Sync() // only now does the version survive a crash
}

// Get returns the latest version.
func (s *Store) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	if err := prompty.CheckName(name); err != nil {
		return nil, err
	}
	var found *prompty.StoredTemplate
	err := s.view(ctx, func() error {
		if found = s.latest(name).Clone(); found == nil {
			return prompty.NewStorageTemplateNotFoundError(name)
		}
		return nil
	})
	return found, err
}

// latest returns the last version of a name, or nil.
func (s *Store) latest(name string) *prompty.StoredTemplate {
	if h := s.shelves[name]; h != nil && len(h.live) > 0 {
		return h.live[len(h.live)-1]
	}
	return nil
}

// GetVersion returns one version.
func (s *Store) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if err := prompty.CheckName(name); err != nil {
		return nil, err
	}
	var found *prompty.StoredTemplate
	err := s.view(ctx, func() error {
		if found = s.find(name, version).Clone(); found == nil {
			return prompty.NewStorageVersionNotFoundError(name, version)
		}
		return nil
	})
	return found, err
}

// find returns one version of a name, or nil.
func (s *Store) find(name string, version int) *prompty.StoredTemplate {
	if h := s.shelves[name]; h != nil {
		for _, t := range h.live {
			if t.Version == version {
				return t
			}
		}
	}
	return nil
}

// GetByID returns the version with that ID, which is "name@version" here.
func (s *Store) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	var found *prompty.StoredTemplate
	err := s.view(ctx, func() error {
		at := strings.LastIndexByte(string(id), '@')
		if at >= 0 {
			version, _ := strconv.Atoi(string(id[at+1:]))
			found = s.find(string(id[:at]), version).Clone()
		}
		if found == nil || found.ID != id {
			found = nil
			return prompty.NewStorageTemplateNotFoundError(string(id))
		}
		return nil
	})
	return found, err
}

// Exists reports whether Get would find the template.
func (s *Store) Exists(ctx context.Context, name string) (bool, error) {
	if err := prompty.CheckName(name); err != nil {
		return false, err
	}
	var found bool
	err := s.view(ctx, func() error {
		found = s.latest(name) != nil
		return nil
	})
	return found, err
}

// ListVersions returns the numbers of the versions, descending.
func (s *Store) ListVersions(ctx context.Context, name string) ([]int, error) {
	if err := prompty.CheckName(name); err != nil {
		return nil, err
	}
	var list []int
	err := s.view(ctx, func() error {
		if h := s.shelves[name]; h != nil {
			for _, t := range slices.Backward(h.live) {
				list = append(list, t.Version)
			}
		}
		return nil
	})
	return list, err
}

// List returns what matches the query.
func (s *Store) List(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	var list []*prompty.StoredTemplate
	err := s.view(ctx, func() error {
		for _, h := range s.shelves {
			versions := h.live
			if n := len(versions); n > 0 && (query == nil || !query.IncludeAllVersions) {
				versions = versions[n-1:]
			}
			for _, t := range versions {
				if query.Match(t) {
					list = append(list, t)
				}
			}
		}
		list = query.Page(list)
		for i, t := range list {
			list[i] = t.Clone()
		}
		return nil
	})
	return list, err
}

// Save stores the next version.
func (s *Store) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return s.save(ctx, tmpl, func() error { return nil })
}

func (s *Store) save(ctx context.Context, tmpl *prompty.StoredTemplate, allowed func() error) error {
	if err := prompty.CheckTemplate(tmpl); err != nil {
		return err
	}
	saved := tmpl.Clone()
	err := s.change(ctx, func() (line, error) {
		if err := allowed(); err != nil {
			return line{}, err
		}
		now, high := time.Now().UTC(), 0
		if h := s.shelves[saved.Name]; h != nil {
			high = h.high
			if now.Before(h.last) { // the clock was set back
				now = h.last
			}
		}
		saved.Version = high + 1
		saved.ID = prompty.TemplateID(saved.Name + "@" + strconv.Itoa(saved.Version))
		saved.CreatedAt, saved.UpdatedAt = now.Round(0), now.Round(0)
		return line{Saved: saved}, nil
	})
	if err == nil {
		tmpl.ID, tmpl.Version, tmpl.CreatedAt, tmpl.UpdatedAt = saved.ID, saved.Version, saved.CreatedAt, saved.UpdatedAt
	}
	return err
}

// Delete hides all versions.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := prompty.CheckName(name); err != nil {
		return err
	}
	return s.change(ctx, func() (line, error) {
		if s.latest(name) == nil {
			return line{}, prompty.NewStorageTemplateNotFoundError(name)
		}
		l := line{Deleted: name}
		for _, t := range s.shelves[name].live {
			l.Versions = append(l.Versions, t.Version)
		}
		return l, nil
	})
}

// DeleteVersion hides one version.
func (s *Store) DeleteVersion(ctx context.Context, name string, version int) error {
	if err := prompty.CheckName(name); err != nil {
		return err
	}
	return s.change(ctx, func() (line, error) {
		if s.find(name, version) == nil {
			return line{}, prompty.NewStorageVersionNotFoundError(name, version)
		}
		return line{Deleted: name, Versions: []int{version}}, nil
	})
}

// Close waits for calls under way, and ends every watch.
func (s *Store) Close() error {
	s.writer <- struct{}{}
	defer func() { <-s.writer }()
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	if again {
		return nil
	}
	close(s.done)
	s.watchers.Wait()
	return s.file.Close()
}

// SaveIf implements [prompty.ConditionalSaver].
func (s *Store) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return s.save(ctx, tmpl, func() error {
		latest := 0
		if t := s.latest(tmpl.Name); t != nil {
			latest = t.Version
		}
		if latest != base {
			return prompty.NewStorageConflictError(tmpl.Name, base, latest)
		}
		return nil
	})
}
