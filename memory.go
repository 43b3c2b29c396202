package prompty

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty/internal/feed"
)

func init() { RegisterStorageDriver("memory", memoryDriver{}) }

type memoryDriver struct{}

func (memoryDriver) Open(connectionString string) (TemplateStorage, error) {
	if connectionString != "" {
		return nil, fmt.Errorf("the memory driver takes no connection string, got %q; leave it empty", connectionString)
	}
	return NewMemoryStorage(), nil
}

// memoryStorage is the reference for what a storage does.
type memoryStorage struct {
	mu      sync.RWMutex // guards the fields below; the templates in shelves are never changed
	shelves map[string]*shelf
	frozen  bool // a snapshot

	changes  atomic.Uint64 // how many visible changes there were; written under mu
	closed   atomic.Bool   // written under mu
	instance string        // ends every revision, so that none is another storage's
	feed     *feed.Feed[Change]
}

// shelf holds one name's versions. It stays when the last of them is deleted,
// so that their numbers are not used again.
type shelf struct {
	live []*StoredTemplate // ascending; appended to or replaced, never changed in place
	high int               // the highest number ever used
	last time.Time         // of that version
}

func (s *shelf) latest() *StoredTemplate {
	if s == nil || len(s.live) == 0 {
		return nil
	}
	return s.live[len(s.live)-1]
}

func (s *shelf) find(version int) int {
	if s != nil {
		if i, ok := slices.BinarySearchFunc(s.live, version, func(t *StoredTemplate, v int) int { return t.Version - v }); ok {
			return i
		}
	}
	return -1
}

// NewMemoryStorage returns an empty storage that lives as long as the process,
// with every capability but [Locator]. It is the reference for all others.
func NewMemoryStorage() TemplateStorage {
	return newMemory(make(map[string]*shelf))
}

func newMemory(shelves map[string]*shelf) *memoryStorage {
	m := &memoryStorage{shelves: shelves, instance: "." + strconv.FormatUint(rand.Uint64(), 36)}
	m.feed = newFeed(rememberedChanges, m.revision(0))
	return m
}

func (m *memoryStorage) revision(changes uint64) string {
	return strconv.FormatUint(changes, 10) + m.instance
}

// read runs fn under the read lock once ctx, the name and the state allow it.
func (m *memoryStorage) read(ctx context.Context, name string, fn func(*shelf) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed.Load() {
		return NewStorageClosedError()
	}
	if err := CheckName(name); err != nil {
		return err
	}
	return fn(m.shelves[name])
}

// write is read for changes: fn returns what it did, for the watchers.
func (m *memoryStorage) write(ctx context.Context, fn func() ([]Change, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed.Load() {
		return NewStorageClosedError()
	}
	if m.frozen {
		return &StorageError{Err: ErrReadOnly}
	}
	changes, err := fn()
	if err != nil {
		return err
	}
	if len(changes) > 0 {
		now := time.Now()
		m.feed.Publish(feed.Batch[Change]{To: m.revision(m.changes.Add(1)), Changes: changes, Since: now})
	}
	return nil
}

func (m *memoryStorage) Get(ctx context.Context, name string) (t *StoredTemplate, err error) {
	err = m.read(ctx, name, func(s *shelf) error {
		if t = s.latest().Clone(); t == nil {
			return NewStorageTemplateNotFoundError(name)
		}
		return nil
	})
	return t, err
}

// LatestID implements [Prober].
func (m *memoryStorage) LatestID(ctx context.Context, name string) (id TemplateID, err error) {
	err = m.read(ctx, name, func(s *shelf) error {
		t := s.latest()
		if t == nil {
			return NewStorageTemplateNotFoundError(name)
		}
		id = t.ID
		return nil
	})
	return id, err
}

func (m *memoryStorage) GetVersion(ctx context.Context, name string, version int) (t *StoredTemplate, err error) {
	err = m.read(ctx, name, func(s *shelf) error {
		i := s.find(version)
		if i < 0 {
			return NewStorageVersionNotFoundError(name, version)
		}
		t = s.live[i].Clone()
		return nil
	})
	return t, err
}

func (m *memoryStorage) GetByID(ctx context.Context, id TemplateID) (*StoredTemplate, error) {
	name, version := string(id), 0
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		version, _ = strconv.Atoi(name[i+1:])
		name = name[:i]
	}
	var t *StoredTemplate
	if CheckName(name) != nil {
		name = "none" // only the context and the state are of interest
	}
	err := m.read(ctx, name, func(s *shelf) error {
		if i := s.find(version); i >= 0 && s.live[i].ID == id {
			t = s.live[i].Clone()
			return nil
		}
		return NewStorageTemplateNotFoundError(string(id))
	})
	return t, err
}

func (m *memoryStorage) Exists(ctx context.Context, name string) (found bool, err error) {
	err = m.read(ctx, name, func(s *shelf) error {
		found = s.latest() != nil
		return nil
	})
	return found, err
}

func (m *memoryStorage) ListVersions(ctx context.Context, name string) (list []int, err error) {
	err = m.read(ctx, name, func(s *shelf) error {
		if s != nil {
			for _, t := range slices.Backward(s.live) {
				list = append(list, t.Version)
			}
		}
		return nil
	})
	return list, err
}

// History implements [Historian].
func (m *memoryStorage) History(ctx context.Context, name string) (list []HistoryEntry, err error) {
	err = m.read(ctx, name, func(s *shelf) error {
		if s.latest() == nil {
			return NewStorageTemplateNotFoundError(name)
		}
		for _, t := range slices.Backward(s.live) {
			list = append(list, historyEntry(t))
		}
		return nil
	})
	return list, err
}

func (m *memoryStorage) List(ctx context.Context, query *TemplateQuery) ([]*StoredTemplate, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed.Load() {
		return nil, NewStorageClosedError()
	}
	var list []*StoredTemplate
	for name, s := range m.shelves {
		if len(s.live) == 0 || !query.MatchName(name) {
			continue
		}
		from := len(s.live) - 1
		if query != nil && query.IncludeAllVersions {
			from = 0
		}
		for _, t := range s.live[from:] {
			if query.Match(t) {
				list = append(list, t)
			}
		}
	}
	list = query.Page(list)
	for i, t := range list {
		list[i] = t.Clone()
	}
	return list, nil
}

func (m *memoryStorage) Save(ctx context.Context, tmpl *StoredTemplate) error {
	return m.save(ctx, []*StoredTemplate{tmpl}, nil)
}

// SaveIf implements [ConditionalSaver].
func (m *memoryStorage) SaveIf(ctx context.Context, tmpl *StoredTemplate, base int) error {
	return m.save(ctx, []*StoredTemplate{tmpl}, &base)
}

// SaveAll implements [BatchSaver].
func (m *memoryStorage) SaveAll(ctx context.Context, tmpls []*StoredTemplate) error {
	return m.save(ctx, tmpls, nil)
}

// save stores all of tmpls or none; base, unless nil, is the latest version
// that must be there.
func (m *memoryStorage) save(ctx context.Context, tmpls []*StoredTemplate, base *int) error {
	return m.write(ctx, func() ([]Change, error) {
		for _, t := range tmpls {
			if err := CheckTemplate(t); err != nil {
				return nil, err
			}
			if base == nil {
				continue
			}
			latest := 0
			if l := m.shelves[t.Name].latest(); l != nil {
				latest = l.Version
			}
			if latest != *base {
				return nil, NewStorageConflictError(t.Name, *base, latest)
			}
		}
		now := time.Now().UTC().Round(0)
		changes := make([]Change, 0, len(tmpls))
		for _, t := range tmpls {
			changes = append(changes, m.append(t, now))
		}
		return changes, nil
	})
}

// append puts a valid template on its shelf.
func (m *memoryStorage) append(t *StoredTemplate, now time.Time) Change {
	s := m.shelves[t.Name]
	if s == nil {
		s = new(shelf)
		m.shelves[strings.Clone(t.Name)] = s
	}
	kind := Changed
	if len(s.live) == 0 {
		kind = Created
	}
	if !now.After(s.last) {
		now = s.last.Add(time.Microsecond)
	}
	s.high, s.last = s.high+1, now
	t.Version, t.CreatedAt, t.UpdatedAt = s.high, now, now
	t.ID = TemplateID(t.Name + "@" + strconv.Itoa(t.Version))
	s.live = append(s.live, t.Clone())
	return Change{Name: t.Name, Kind: kind}
}

func (m *memoryStorage) Delete(ctx context.Context, name string) error {
	return m.write(ctx, func() ([]Change, error) {
		if err := CheckName(name); err != nil {
			return nil, err
		}
		s := m.shelves[name]
		if s.latest() == nil {
			return nil, NewStorageTemplateNotFoundError(name)
		}
		s.live = nil
		return []Change{{name, Deleted}}, nil
	})
}

func (m *memoryStorage) DeleteVersion(ctx context.Context, name string, version int) error {
	return m.write(ctx, func() ([]Change, error) {
		if err := CheckName(name); err != nil {
			return nil, err
		}
		s := m.shelves[name]
		i := s.find(version)
		if i < 0 {
			return nil, NewStorageVersionNotFoundError(name, version)
		}
		s.live = slices.Concat(s.live[:i], s.live[i+1:])
		kind := Changed
		if len(s.live) == 0 {
			kind = Deleted
		}
		return []Change{{name, kind}}, nil
	})
}

// Snapshot implements [Snapshotter]. It costs one map entry a name; texts are
// shared.
func (m *memoryStorage) Snapshot(ctx context.Context) (TemplateStorage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed.Load() {
		return nil, NewStorageClosedError()
	}
	shelves := maps.Clone(m.shelves)
	for name, s := range shelves {
		c := *s
		shelves[name] = &c
	}
	view := newMemory(shelves)
	view.frozen = true
	return view, nil
}

// Describe implements [Describer].
func (m *memoryStorage) Describe(ctx context.Context) (Description, error) {
	list, err := m.List(ctx, nil)
	state := strconv.Itoa(len(list)) + " templates"
	if m.frozen {
		state += ", a read-only snapshot"
	}
	return Description{Driver: "memory", Location: "this process", State: state}, err
}

// Watch implements [Watcher].
func (m *memoryStorage) Watch(ctx context.Context) (<-chan ChangeBatch, error) {
	return m.WatchFrom(ctx, "")
}

// WatchFrom implements [Resumer].
func (m *memoryStorage) WatchFrom(ctx context.Context, revision string) (<-chan ChangeBatch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := m.feed.Subscribe(revision)
	if err != nil {
		return nil, NewStorageClosedError()
	}
	return feed.Chan(ctx, s, fromFeed), nil
}

// Sync implements [Syncer]: what has changed is published by then.
func (m *memoryStorage) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.closed.Load() {
		return NewStorageClosedError()
	}
	return nil
}

// ChangeCount implements changeCounter, exactly.
func (m *memoryStorage) ChangeCount() (uint64, bool) { return m.changes.Load(), !m.closed.Load() }

func (m *memoryStorage) Close() error {
	m.mu.Lock()
	m.closed.Store(true)
	m.shelves = nil
	m.mu.Unlock()
	m.feed.Close()
	return nil
}
