package fsstore

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-prompty/prompty"
)

// sight is the latest version of a name and the file it was seen in. It is
// true as long as the file is that one: everything that changes what Get
// returns gives the file a new identity.
type sight struct {
	id     identity
	latest *prompty.StoredTemplate // not to be changed
	doubt  time.Time               // if set: an edit that could not be recorded; try again then
}

// doubtFor is how long an edit that cannot be recorded is served before
// recording it is tried again.
const doubtFor = time.Second

// maxSeen is the most bytes of a text that is kept in memory.
const maxSeen = 1 << 20

// forget drops what is known of names, or everything.
func (s *Store) forget(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		delete(s.seen, name)
	}
	if len(names) == 0 {
		clear(s.seen)
		clear(s.names)
		clear(s.shelves)
		clear(s.folders)
		s.surveyed = false
	}
}

// expect makes room for many names, so that it need not be made bit by bit.
func (s *Store) expect(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seen) == 0 && len(s.names) == 0 {
		s.seen, s.names = make(map[string]sight, n), make(map[string]bool, n)
	}
}

func (s *Store) remember(name string, st *state) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.latest == nil {
		delete(s.seen, name)
		delete(s.names, name)
		return
	}
	s.names[name] = true
	if !st.tree.clean || len(st.latest.Source) > maxSeen {
		delete(s.seen, name)
		return
	}
	g := sight{id: st.tree.id, latest: st.latest}
	if st.doubt {
		g.doubt = time.Now().Add(doubtFor)
	}
	s.seen[name] = g
}

// sighted returns what was seen of a name, unless it has to be looked at again.
func (s *Store) sighted(name string) (sight, bool) {
	s.mu.RLock()
	g, ok := s.seen[name]
	s.mu.RUnlock()
	return g, ok && (g.doubt.IsZero() || time.Now().Before(g.doubt))
}

// glance returns the latest version if one stat can tell that it still is.
func (s *Store) glance(name string) *prompty.StoredTemplate {
	g, ok := s.sighted(name)
	if !ok {
		return nil
	}
	if id, err := s.disk.identity(s.layout.tree(name)); err != nil || id != g.id {
		return nil
	}
	return g.latest
}

// latest is Get without the copy.
func (s *Store) latest(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	if t := s.glance(name); t != nil {
		return t, nil
	}
	st, err := s.look(ctx, name)
	if err != nil {
		return nil, err
	}
	if st.latest == nil {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return st.latest, nil
}

// look finds out what is true of a name, without the lock if there is nothing
// to do. If T is no template the error is unusable and the state has the shelf.
func (s *Store) look(ctx context.Context, name string) (*state, error) {
	st, err := s.lookFree(ctx, suspect{name: name})
	if !errors.Is(err, errWork) {
		return st, err
	}
	err = s.acquire(ctx)
	if forbids(err) || errors.Is(err, errReplaced) {
		return s.peek(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	defer s.release()
	st, err = s.repair(ctx, name, nil)
	return s.looked(ctx, name, st, err)
}

// looked remembers what repair found; where repair could not write, the name
// is looked at without.
func (s *Store) looked(ctx context.Context, name string, st *state, err error) (*state, error) {
	if forbids(err) && !isUnusable(err) {
		return s.peek(ctx, name)
	}
	if err == nil {
		s.remember(name, st)
	}
	return st, err
}

// errWork says that something is to be recorded or finished under the lock.
var errWork = errors.New("there is something to do")

// lookFree is look while nothing is to be done. T is read before the shelf:
// who sees the T of a Save sees its mark or its version, too. If T equals the
// newest version, that was the latest at the moment the shelf was read, or a
// later T is there already and the identity of this one is worth nothing. If
// T is missing or empty now, it may have been so since who.start().
func (s *Store) lookFree(ctx context.Context, who suspect) (*state, error) {
	name, start := who.name, who.start()
	for {
		f, err := s.readTreeOf(ctx, who)
		who.regular = false // next time it may be another
		if err != nil && !isUnusable(err) {
			return nil, err
		}
		h, herr := s.readShelf(name)
		if herr != nil {
			return nil, herr
		}
		n := h.newest()
		switch {
		case !h.settled():
			return nil, errWork
		case err != nil:
			return &state{shelf: h}, err
		case f == nil && n == 0:
			st := &state{shelf: h}
			s.remember(name, st)
			return st, nil
		case f != nil && n != 0:
			at, same, err := s.isVersion(name, n, f.data)
			if err != nil && !missing(err) && !isUnusable(err) {
				return nil, err
			}
			if same {
				st := &state{shelf: h, tree: f, latest: s.template(name, n, f.data, at)}
				s.remember(name, st)
				return st, nil
			}
		}
		if !s.inGap(name, f, h, start) {
			return nil, errWork
		}
		if err := s.pause(ctx, pollEvery); err != nil {
			return nil, err
		}
	}
}

// peek is look in a place that cannot be written: what repair would do is
// worked out but not done. T has to stay the same meanwhile, so that its
// shelf is the one that belongs to it.
func (s *Store) peek(ctx context.Context, name string) (*state, error) {
	for range 100 {
		f, err := s.readTree(ctx, name)
		if err != nil && !isUnusable(err) {
			return nil, err
		}
		st, perr := s.suppose(name, f)
		if missing(perr) {
			continue
		}
		if perr != nil {
			return nil, perr
		}
		if err != nil {
			return &state{shelf: st.shelf}, err
		}
		fi, serr := s.disk.stat(s.layout.tree(name))
		if f == nil && missing(serr) || f != nil && serr == nil && identify(fi) == f.id {
			s.remember(name, st)
			return st, nil
		}
	}
	return nil, errUnsettled
}

// suppose works out what a name is if nothing can be written.
func (s *Store) suppose(name string, f *file) (*state, error) {
	h, err := s.readShelf(name)
	if err != nil {
		return nil, err
	}
	is := func(n int, m mark) (bool, error) {
		if f == nil {
			return false, nil
		}
		return s.holds(name, n, m, f.data)
	}
	same := false
	if h.open != 0 {
		m := h.at[h.open]
		if same, err = is(h.open, m); err != nil {
			return nil, err
		}
		switch {
		case m == saving && same:
			h.live = append(h.live, h.open)
			delete(h.at, h.open)
			t, err := s.load(name, h.open, saving)
			return &state{shelf: h, tree: f, latest: t, doubt: true}, err
		case m == deleting && same && h.newest() != 0:
			t, err := s.load(name, h.newest(), live)
			return &state{shelf: h, tree: f, latest: t, doubt: true}, err
		case m == removing && same:
			f = nil
		case m == removing:
			h.live = slices.DeleteFunc(h.live, func(n int) bool { return n < h.open })
		}
	}
	if f == nil {
		return &state{shelf: &shelf{all: h.all, at: h.at}}, nil
	}
	if n := h.newest(); n != 0 {
		if same, err = is(n, live); err != nil {
			return nil, err
		}
		if same {
			t, err := s.load(name, n, live)
			return &state{shelf: h, tree: f, latest: t}, err
		}
	}
	at, err := s.afterEdit(name, h, f)
	if err != nil {
		return nil, err
	}
	n := h.high() + 1
	h.live, h.all = append(h.live, n), append(h.all, n)
	return &state{shelf: h, tree: f, latest: s.template(name, n, f.data, at), doubt: true}, nil
}

// Get returns the latest version: see [prompty.TemplateStorage]. If the file
// has not changed since the last look, that takes one stat. An edit by hand is
// recorded as a version before it is returned.
func (s *Store) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	if err := s.beginOn(ctx, name); err != nil {
		return nil, err
	}
	defer s.end()
	t, err := s.latest(ctx, name)
	return t.Clone(), s.fail(ctx, "get", name, 0, err)
}

// GetByID returns the version that has the ID: see [prompty.TemplateStorage].
func (s *Store) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.end()
	name, version, ok := parseID(id)
	if !ok {
		return nil, prompty.NewStorageTemplateNotFoundError(string(id))
	}
	t, err := s.version(ctx, name, version)
	return t.Clone(), s.fail(ctx, "get", name, version, err)
}

// GetVersion returns a version: see [prompty.TemplateStorage]. Recorded
// versions can be had even while the file in the tree is damaged.
func (s *Store) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if err := s.beginOn(ctx, name); err != nil {
		return nil, err
	}
	defer s.end()
	t, err := s.version(ctx, name, version)
	return t.Clone(), s.fail(ctx, "get", name, version, err)
}

func (s *Store) version(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	t, err := s.latest(ctx, name)
	switch {
	case err == nil && t.Version == version:
		return t, nil
	case version < 1, errors.Is(err, prompty.ErrTemplateNotFound):
		return nil, prompty.NewStorageVersionNotFoundError(name, version)
	case err != nil && !isUnusable(err):
		return nil, err
	}
	t, err = s.load(name, version, live)
	if missing(err) {
		return nil, prompty.NewStorageVersionNotFoundError(name, version)
	}
	return t, err
}

// Exists reports whether Get would find the template. A file that is there but
// cannot be a template gives Get's error.
func (s *Store) Exists(ctx context.Context, name string) (bool, error) {
	if err := s.beginOn(ctx, name); err != nil {
		return false, err
	}
	defer s.end()
	_, err := s.latest(ctx, name)
	if errors.Is(err, prompty.ErrTemplateNotFound) {
		return false, nil
	}
	return err == nil, s.fail(ctx, "exists", name, 0, err)
}

// LatestID returns the ID of the latest version: see [prompty.Prober].
func (s *Store) LatestID(ctx context.Context, name string) (prompty.TemplateID, error) {
	if err := s.beginOn(ctx, name); err != nil {
		return "", err
	}
	defer s.end()
	t, err := s.latest(ctx, name)
	if err != nil {
		return "", s.fail(ctx, "get", name, 0, err)
	}
	return t.ID, nil
}

// ListVersions returns the version numbers, descending: see
// [prompty.TemplateStorage].
func (s *Store) ListVersions(ctx context.Context, name string) ([]int, error) {
	if err := s.beginOn(ctx, name); err != nil {
		return nil, err
	}
	defer s.end()
	st, err := s.look(ctx, name)
	if err != nil && !isUnusable(err) {
		return nil, s.fail(ctx, "list versions", name, 0, err)
	}
	list := slices.Clone(st.shelf.live)
	slices.Reverse(list)
	return list, nil
}

// History returns the versions, the newest first: see [prompty.Historian].
func (s *Store) History(ctx context.Context, name string) ([]prompty.HistoryEntry, error) {
	if err := s.beginOn(ctx, name); err != nil {
		return nil, err
	}
	defer s.end()
	st, err := s.look(ctx, name)
	if err != nil && !isUnusable(err) {
		return nil, s.fail(ctx, "history", name, 0, err)
	}
	list, err := s.everyVersion(ctx, name, st)
	if err != nil {
		return nil, s.fail(ctx, "history", name, 0, err)
	}
	if len(list) == 0 {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	entries := make([]prompty.HistoryEntry, len(list))
	for i, t := range list {
		entries[i] = prompty.HistoryEntry{ID: t.ID, Version: t.Version, Author: t.CreatedBy, Time: t.CreatedAt, Size: len(t.Source)}
	}
	return entries, nil
}

// everyVersion reads all live versions, the newest first. One that goes
// meanwhile is left out.
func (s *Store) everyVersion(ctx context.Context, name string, st *state) ([]*prompty.StoredTemplate, error) {
	var list []*prompty.StoredTemplate
	for _, n := range slices.Backward(st.shelf.live) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if st.latest != nil && st.latest.Version == n {
			list = append(list, st.latest.Clone())
			continue
		}
		t, err := s.load(name, n, live)
		switch {
		case err == nil:
			list = append(list, t)
		case !missing(err):
			return nil, err
		}
	}
	return list, nil
}
