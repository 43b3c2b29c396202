package prompty

import (
	"cmp"
	"context"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty/engine"
)

// programKey names what is executed; version 0 is the latest.
type programKey struct {
	name    string
	version int
}

func (k programKey) compare(other programKey) int {
	return cmp.Or(cmp.Compare(k.name, other.name), k.version-other.version)
}

// program is a template linked with everything it includes and extends.
type program struct {
	*engine.Program
	parts   []part        // what it was linked from, itself first
	weight  int           // bytes of memory, roughly
	current atomic.Uint64 // one more than the storage's change count when parts were last found current; 0: it had none
}

// part is one template a program was linked from, or looked for in vain.
type part struct {
	ref     engine.Ref
	id      TemplateID // of what the storage had; "" if it had nothing
	standIn bool       // served in the place of a latest version that is broken
}

// changeCounter is a storage that counts changes, so that nobody has to ask it
// again while the count stands still. n moves whenever anything Get would return
// may have changed: before a change made through the storage returns, and before
// a batch is published for one made by others. It is not ok while it cannot tell,
// and has moved when it is again.
type changeCounter interface{ ChangeCount() (n uint64, ok bool) }

// counterOf returns s if it counts changes, else nil; a tenant's view does if its
// storage does.
func counterOf(s TemplateStorage) changeCounter {
	if v, ok := s.(*tenantView); ok && counterOf(v.inner) == nil {
		return nil
	}
	c, _ := s.(changeCounter)
	return c
}

// changeCount is the storage's, or while following one that has none, our own.
func (se *StorageEngine) changeCount() (uint64, bool) {
	if se.count != nil {
		return se.count.ChangeCount()
	}
	return se.watch.moves.Load(), se.watch.following.Load()
}

// countsExactly reports whether a storage's count moves at the very moment of
// each change. Others learn of what is changed beside them a little later.
func countsExactly(s TemplateStorage) bool {
	switch s := s.(type) {
	case *memoryStorage:
		return true
	case *tenantView:
		return countsExactly(s.inner)
	}
	return false
}

// expirer is a storage that may answer from the past. After expire its next
// answer for the name is the storage's own.
type expirer interface{ expire(name string) }

// expirerOf returns the first of s and what it wraps that is one; a tenant's
// view is if its storage is.
func expirerOf(s TemplateStorage) expirer {
	for range mostWrapped {
		d, wraps := s.(interface{ Unwrap() TemplateStorage })
		e, ok := s.(expirer)
		if ok && !(isView(s) && expirerOf(d.Unwrap()) == nil) {
			return e
		}
		if !wraps {
			break
		}
		s = d.Unwrap()
	}
	return nil
}

func isView(s TemplateStorage) bool {
	_, ok := s.(*tenantView)
	return ok
}

// program returns what executes key now.
func (se *StorageEngine) program(ctx context.Context, key programKey) (*program, error) {
	if p, ok := se.programs.Load(key); ok {
		p := p.(*program)
		if n, ok := se.changeCount(); ok && p.current.Load() == n+1 {
			return p, nil
		}
	}
	p, news, err := se.renew(ctx, key)
	se.tell(news)
	return p, err
}

// renew is program by asking the storage. news is for [StorageEngine.tell].
func (se *StorageEngine) renew(ctx context.Context, key programKey) (p *program, news []*ReloadError, err error) {
	if err := se.ready(ctx); err != nil {
		return nil, nil, err
	}
	start := time.Now()
	for attempt := 0; ; attempt++ {
		held, found := se.programs.Load(key)
		if found {
			p = held.(*program)
			n, counted := se.changeCount()
			ok, err := isCurrent(ctx, se.storage, p.parts)
			if err != nil {
				return nil, nil, err
			}
			if ok {
				if counted {
					p.current.Store(n + 1)
				}
				return p, nil, nil
			}
		}
		if p, news, err = se.link(ctx, key, held, attempt); !errors.Is(err, errMoved) {
			break
		}
	}
	if m := se.config.Metrics; m != nil && err == nil {
		m.Count("reloads", 1)
		m.Observe("reload", time.Since(start))
	}
	return p, news, err
}

// isCurrent reports whether the storage would give the same parts again.
func isCurrent(ctx context.Context, s TemplateStorage, parts []part) (bool, error) {
	for _, p := range parts {
		id, err := refID(ctx, s, p.ref)
		switch {
		case err == nil, isAbsent(err):
		case isUnusable(p.ref, err):
			id = unusableID(err)
		default:
			return false, err
		}
		if id != p.id {
			return false, nil
		}
	}
	return true, nil
}

func isAbsent(err error) bool {
	return errors.Is(err, ErrTemplateNotFound) || errors.Is(err, ErrInvalidName)
}

// isUnusable reports whether the latest version is there and cannot be a
// template, such as a file that somebody saved in another encoding.
func isUnusable(ref engine.Ref, err error) bool {
	return ref.Version == 0 && errors.Is(err, ErrInvalidTemplate)
}

// unusableID stands for the ID of what has none. No storage gives such a one.
func unusableID(err error) TemplateID { return TemplateID("\x00" + err.Error()) }

func refID(ctx context.Context, s TemplateStorage, ref engine.Ref) (TemplateID, error) {
	if ref.Version == 0 {
		return LatestID(ctx, s, ref.Name)
	}
	t, err := checked(s.GetVersion(ctx, ref.Name, ref.Version))
	if err != nil {
		return "", err
	}
	return t.ID, nil
}

func getRef(ctx context.Context, s TemplateStorage, ref engine.Ref) (*StoredTemplate, error) {
	if ref.Version == 0 {
		return checked(s.Get(ctx, ref.Name))
	}
	return checked(s.GetVersion(ctx, ref.Name, ref.Version))
}

// errMoved says that a linking saw more than one state of the storage, or may be
// older than what has taken its place.
var errMoved = errors.New("the storage changed meanwhile")

// linking is one attempt to make a program from one state of the storage.
type linking struct {
	se     *StorageEngine
	s      TemplateStorage // to read from: the storage, or a snapshot of it
	fresh  expirer         // s, if it is one
	parts  []part
	weight int     // of the sources read
	found  []found // what is to be reported if the state was one
	parses bool    // the latest version of what is linked parses, but does not link
	failed error   // the storage could not be asked; says nothing of a template
}

// patience is how many changes a linking meets before it takes a snapshot of a
// storage that counts them: it would never end beside a busy writer.
const patience = 3

// mostAttempts is how often a linking gives way to others of the same program.
const mostAttempts = 10

// link makes the program of key, in the place of held, or gives errMoved. That all was read from one
// state is shown by a snapshot, by an exact change count that stood still, or by
// the parts being the latest still after the last of them was read: each was then
// the latest all that time.
func (se *StorageEngine) link(ctx context.Context, key programKey, held any, attempt int) (*program, []*ReloadError, error) {
	if err := se.ready(ctx); err != nil {
		return nil, nil, err
	}
	l := linking{se: se, s: se.storage}
	count, counted := se.changeCount()
	exact := counted && se.exact
	epoch := se.texts.current()
	l.fresh = expirerOf(se.storage)
	frozen := false
	if snap, ok := As[Snapshotter](se.storage); ok && (!exact || attempt >= patience) && l.fresh == nil {
		view, err := snap.Snapshot(ctx)
		switch {
		case err == nil:
			defer view.Close()
			l.s, frozen = view, true
		case !errors.Is(err, errors.ErrUnsupported):
			return nil, nil, err
		}
	}
	linked, broken, err := l.run(ctx, key)
	if l.failed != nil {
		return nil, nil, l.failed
	}
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	still := frozen
	if exact && !still {
		now, ok := se.changeCount()
		still = ok && now == count
	}
	if !still {
		if l.fresh != nil {
			for _, p := range l.parts {
				l.fresh.expire(p.ref.Name)
			}
		}
		if same, err := isCurrent(ctx, l.s, l.parts); err != nil {
			return nil, nil, err
		} else if !same {
			return nil, nil, errMoved
		}
	}
	if key.version == 0 {
		l.found = append(l.found, found{name: key.name, broken: broken, parses: l.parses, linked: true})
	}
	for i := range l.found {
		l.found[i].id = l.latestID(l.found[i].name)
	}
	var p *program
	if err == nil {
		p = &program{Program: linked, parts: l.parts, weight: l.weight + programBytes}
		if counted {
			p.current.Store(count + 1)
		}
	}
	if attempt >= mostAttempts {
		held = anyProgram
	}
	news, ok := se.settle(ctx, key, result{p, held, epoch, l.found, isAbsent(err)})
	if !ok {
		return nil, nil, errMoved
	}
	return p, news, err
}

// run links key's template: the latest version, or else the newest before it
// that parses. If that one does not link (its base is missing, say), the one
// before it is tried, but no others: an old text that happens to link is not
// what was last in service. broken says why the latest is not served.
func (l *linking) run(ctx context.Context, key programKey) (linked *engine.Program, broken *ReloadError, err error) {
	c, broken, err := l.choose(ctx, engine.Ref{Name: key.name, Version: key.version})
	if err != nil {
		return nil, broken, err
	}
	linked, err = l.se.engine.Link(ctx, c.text, l.load)
	if err == nil || l.failed != nil || key.version != 0 {
		return linked, broken, err
	}
	if l.parses = broken == nil; l.parses {
		broken = &ReloadError{Name: key.name, Version: c.version, Err: err}
	}
	broken.Serving = 0
	if l.se.config.Strict {
		return nil, broken, err
	}
	older, olderErr := l.older(ctx, key.name, c.version)
	if olderErr != nil {
		return nil, broken, err
	}
	linked, olderErr = l.se.engine.Link(ctx, older.text, l.load)
	if olderErr != nil {
		return nil, broken, err
	}
	broken.Serving = older.version
	return linked, broken, nil
}

// load is the engine's way to what a template includes and extends.
func (l *linking) load(ctx context.Context, ref engine.Ref) (*engine.Template, error) {
	c, broken, err := l.choose(ctx, ref)
	if ref.Version == 0 && l.failed == nil {
		l.found = append(l.found, found{name: ref.Name, broken: broken})
	}
	return c.text, err
}

// choice is a version that parses.
type choice struct {
	text    *engine.Template
	version int
}

// choose finds the version of ref to use: the one it names, or the latest that
// parses. broken says why that is not the latest.
func (l *linking) choose(ctx context.Context, ref engine.Ref) (c choice, broken *ReloadError, err error) {
	if l.failed != nil {
		return c, nil, l.failed
	}
	if l.fresh != nil {
		l.fresh.expire(ref.Name)
	}
	t, err := getRef(ctx, l.s, ref)
	below := math.MaxInt
	switch {
	case err == nil:
		l.parts, l.weight = append(l.parts, part{ref: ref, id: t.ID}), l.weight+len(t.Source)
		var text *engine.Template
		if text, err = l.se.texts.parse(l.se.engine, t); err == nil {
			return choice{text, t.Version}, nil, nil
		}
		broken, below = &ReloadError{Name: ref.Name, Version: t.Version, Err: err}, t.Version
	case isUnusable(ref, err):
		l.parts = append(l.parts, part{ref: ref, id: unusableID(err)})
		broken = &ReloadError{Name: ref.Name, Err: err}
	case isAbsent(err):
		l.parts = append(l.parts, part{ref: ref})
		return c, nil, err
	default:
		l.failed = err
		return c, nil, err
	}
	if ref.Version != 0 || l.se.config.Strict {
		return c, broken, err
	}
	c, olderErr := l.older(ctx, ref.Name, below)
	if olderErr != nil {
		return c, broken, err
	}
	broken.Serving = c.version
	return c, broken, nil
}

// latestID is the ID that the latest version of a name was read with.
func (l *linking) latestID(name string) TemplateID {
	for _, p := range l.parts {
		if p.ref == (engine.Ref{Name: name}) {
			return p.id
		}
	}
	return ""
}

// older finds the newest version below one that parses.
func (l *linking) older(ctx context.Context, name string, below int) (choice, error) {
	versions, err := l.s.ListVersions(ctx, name)
	for _, v := range versions {
		if v >= below {
			continue
		}
		t, getErr := checked(l.s.GetVersion(ctx, name, v))
		if isAbsent(getErr) {
			continue
		}
		if err = getErr; err != nil {
			break
		}
		if text, err := l.se.texts.parse(l.se.engine, t); err == nil {
			l.parts = append(l.parts, part{engine.Ref{Name: name, Version: v}, t.ID, true})
			l.weight += len(t.Source)
			return choice{text, v}, nil
		}
	}
	if err != nil {
		l.failed = err
		return choice{}, err
	}
	return choice{}, NewStorageTemplateNotFoundError(name)
}
