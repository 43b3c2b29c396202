package prompty

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/go-prompty/prompty/engine"
)

// ReloadError says why the latest version of a template is not served.
type ReloadError struct {
	Name             string
	Version, Serving int    // the version that is broken, 0 if it cannot even be one, and the one in service, 0 if none
	Place            string // file:line:column, if the storage is a [Locator]
	Err              error  // with template, line and column
}

func (e *ReloadError) Error() string {
	served := "nothing is served in its place"
	if e.Serving > 0 {
		served = fmt.Sprintf("version %d stays in service", e.Serving)
	}
	place := e.Place
	if place != "" {
		place += ": "
	}
	name := quoteName(e.Name)
	if e.Version > 0 {
		name += fmt.Sprintf("@%d", e.Version)
	}
	return fmt.Sprintf("%s%s: %s: %v", place, name, served, e.Err)
}

func (e *ReloadError) Unwrap() error { return e.Err }

// EngineStatus is what a [StorageEngine] holds now.
type EngineStatus struct {
	Programs  int            // compiled, latest and pinned versions
	Broken    []*ReloadError // by name: latest versions that are not served
	Following bool           // changes are followed by a watch; else the storage is asked before each use
	Watch     WatchStatus    // as the storage last told it
}

// Status reports on what was executed so far.
func (se *StorageEngine) Status() EngineStatus {
	s := EngineStatus{Following: se.watch.following.Load(), Watch: se.watch.now(se.storage)}
	for range se.programs.Range {
		s.Programs++
	}
	se.broken.mu.Lock()
	defer se.broken.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(se.broken.byName)) {
		s.Broken = append(s.Broken, se.broken.byName[name].broken)
	}
	return s
}

// Dependents returns who, executed so far, includes or extends name; sorted.
func (se *StorageEngine) Dependents(name string) []string {
	found := make(map[string]bool)
	for key, p := range se.programs.Range {
		for _, part := range p.(*program).parts[1:] {
			if part.ref.Name == name && !part.standIn {
				found[key.(programKey).name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// brokenVersions are the latest versions that are not served.
type brokenVersions struct {
	mu     sync.Mutex       // guards the fields below and writing to programs
	byName map[string]found // as found last, each broken
	told   map[toldKey]bool // what OnReloadError has heard of
	asked  map[string]bool  // which of byName were executed, not only included
	weight int              // of the programs
}

// toldKey is a text that is not served. It has the number of its version, and may
// share it with others while it is an edit that is not committed yet.
type toldKey struct {
	name string
	id   TemplateID
}

// found is what a linking has to say of the latest version of a template.
type found struct {
	name   string
	id     TemplateID   // "" if there is none
	broken *ReloadError // nil if it is good
	parses bool         // it is broken because it does not link, so only linking shows whether it is mended
	linked bool         // it was linked, not only parsed
}

// result is what a linking made of one state of the storage.
type result struct {
	p      *program // nil if it failed
	held   any      // the program there was when it began, nil for none, or anyProgram
	epoch  uint64   // of the texts when it began
	found  []found
	absent bool // there is no such template
}

type anything struct{}

// anyProgram as a result's held stands for each.
var anyProgram any = anything{}

// settle keeps a result, program and findings in one step, or reports false: if
// what is compiled was forgotten since, or another linking was faster, as nobody
// knows which of the two saw the newer state.
func (se *StorageEngine) settle(ctx context.Context, key programKey, r result) (news []*ReloadError, ok bool) {
	for _, f := range r.found {
		if f.broken != nil {
			f.broken.Place = se.place(ctx, f.broken)
		}
	}
	b := &se.broken
	b.mu.Lock()
	defer b.mu.Unlock()
	now, _ := se.programs.Load(key)
	if r.epoch != se.texts.current() || r.held != anyProgram && r.held != now {
		return nil, false
	}
	for _, f := range r.found {
		if b.note(f) {
			news = append(news, f.broken)
		}
	}
	switch {
	case r.p != nil && !se.config.DisableParsedTemplateCache:
		se.keep(key, r.p)
	case r.absent:
		se.drop(key)
	}
	return news, true
}

// tell reports what a linking found broken for the first time.
func (se *StorageEngine) tell(news []*ReloadError) {
	for _, broken := range news {
		if se.config.Metrics != nil {
			se.config.Metrics.Count("reload_errors", 1)
		}
		if se.config.OnReloadError != nil {
			se.config.OnReloadError(broken)
		}
	}
}

// note takes f in and reports whether it is news. Under mu.
func (b *brokenVersions) note(f found) bool {
	if f.broken == nil {
		if before := b.byName[f.name]; f.linked || !before.parses || before.id != f.id {
			delete(b.byName, f.name)
			delete(b.asked, f.name)
			if before.broken != nil && before.broken.Version == 0 { // no version: the same fault may come again
				delete(b.told, toldKey{f.name, before.id})
			}
		}
		return false
	}
	if b.byName == nil {
		b.byName, b.told, b.asked = make(map[string]found), make(map[toldKey]bool), make(map[string]bool)
	}
	b.byName[f.name] = f
	b.asked[f.name] = b.asked[f.name] || f.linked
	text := toldKey{f.name, f.id}
	news := !b.told[text]
	b.told[text] = true
	return news
}

// withoutProgram returns what is broken and has no program, by whether it was
// executed or only included.
func (se *StorageEngine) withoutProgram() (asked, included []string) {
	se.broken.mu.Lock()
	defer se.broken.mu.Unlock()
	for name := range se.broken.byName {
		if _, ok := se.programs.Load(programKey{name: name}); ok {
			continue
		}
		if se.broken.asked[name] {
			asked = append(asked, name)
		} else {
			included = append(included, name)
		}
	}
	return asked, included
}

// recheck takes a template off the broken ones if it parses now, or is gone.
func (se *StorageEngine) recheck(ctx context.Context, name string) {
	defer se.noteFault("looking at " + quoteName(name))
	t, err := getRef(ctx, se.storage, engine.Ref{Name: name})
	good := found{name: name}
	switch {
	case err == nil:
		if _, err := se.texts.parse(se.engine, t); err != nil {
			return
		}
		good.id = t.ID
	case !isAbsent(err):
		return
	}
	se.broken.mu.Lock()
	defer se.broken.mu.Unlock()
	se.broken.note(good)
}

// What the programs may hold: beyond it some go, and are linked anew when
// needed. Pinned versions and names that are gone would stay for ever.
const (
	mostProgramBytes = 128 << 20
	programBytes     = 4 << 10 // what a program costs beside its sources
)

// keep stores p. Under broken.mu.
func (se *StorageEngine) keep(key programKey, p *program) {
	se.drop(key)
	if se.broken.weight+p.weight > mostProgramBytes {
		for k := range se.programs.Range {
			if se.drop(k.(programKey)); se.broken.weight <= mostProgramBytes/2 {
				break
			}
		}
	}
	se.broken.weight += p.weight
	se.programs.Store(key, p)
}

// drop removes a program. Under broken.mu.
func (se *StorageEngine) drop(key programKey) {
	if p, ok := se.programs.LoadAndDelete(key); ok {
		se.broken.weight -= p.(*program).weight
	}
}

// place says in which file a fault stands; "" if that cannot be said.
func (se *StorageEngine) place(ctx context.Context, broken *ReloadError) string {
	l, ok := As[Locator](se.storage)
	fault, positioned := errors.AsType[*engine.Error](broken.Err)
	if !ok || !positioned || fault.Template != broken.Name {
		return ""
	}
	file, line, err := l.Locate(ctx, broken.Name, broken.Version, fault.Line)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", file, line, fault.Column)
}

// forget drops everything compiled, as it may mean something else now.
func (se *StorageEngine) forget() {
	se.broken.mu.Lock()
	defer se.broken.mu.Unlock()
	se.texts.clear()
	se.programs.Clear()
	se.broken.weight = 0
}

// disbelieve drops the programs and what is being linked: a storage that says
// that everything may have changed may be another under the same path, whose IDs
// and version numbers stand for other texts.
func (se *StorageEngine) disbelieve() {
	b := &se.broken
	b.mu.Lock()
	defer b.mu.Unlock()
	se.texts.turn()
	se.programs.Clear()
	b.weight = 0
	for text := range b.told {
		if now := b.byName[text.name]; now.id != text.id {
			delete(b.told, text)
		}
	}
}

// textCache keeps parsed templates by what they say, so that a version that
// comes back, or a program that is linked anew, parses only what is new.
type textCache struct {
	mu     sync.Mutex // guards the fields below
	parsed map[textKey]parsed
	bytes  int    // of the sources in parsed
	epoch  uint64 // how often it was cleared or turned
	off    bool   // parse every time; set once
}

// parsed is what Parse gave.
type parsed struct {
	text *engine.Template
	err  error
}

// textKey is a text, under the name that its errors speak of.
type textKey struct{ name, source string }

// These bound the cache: old versions would fill it for ever.
const (
	mostTexts     = 20_000
	mostTextBytes = 32 << 20
)

func (c *textCache) current() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

// turn begins an epoch: what was read before it is not linked any more. What was
// parsed says what it said.
func (c *textCache) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
}

func (c *textCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	c.parsed, c.bytes = nil, 0
}

func (c *textCache) parse(e *engine.Engine, t *StoredTemplate) (*engine.Template, error) {
	key := textKey{t.Name, t.Source}
	c.mu.Lock()
	p, found := c.parsed[key]
	epoch := c.epoch
	c.mu.Unlock()
	if found {
		return p.text, p.err
	}
	p.text, p.err = e.Parse(t.Name, t.Source)
	if c.off {
		return p.text, p.err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if epoch == c.epoch {
		if len(c.parsed) >= mostTexts || c.bytes+len(key.source) > mostTextBytes || c.parsed == nil {
			c.parsed, c.bytes = make(map[textKey]parsed), 0
		}
		if _, found := c.parsed[key]; !found {
			c.bytes += len(key.source)
		}
		c.parsed[key] = p
	}
	return p.text, p.err
}
