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
	Name    string
	Version int
	Serving int    // the version in service, 0 if none
	Place   string // file:line:column, if the storage is a [Locator]
	Err     error  // with template, line and column
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
	return fmt.Sprintf("%s%s@%d: %s: %v", place, quoteName(e.Name), e.Version, served, e.Err)
}

func (e *ReloadError) Unwrap() error { return e.Err }

// EngineStatus is what a [StorageEngine] holds now.
type EngineStatus struct {
	Programs int            // compiled, latest and pinned versions
	Broken   []*ReloadError // by name: latest versions that are not served
}

// Status reports on what was executed so far.
func (se *StorageEngine) Status() EngineStatus {
	var s EngineStatus
	for range se.programs.Range {
		s.Programs++
	}
	se.broken.mu.Lock()
	defer se.broken.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(se.broken.byName)) {
		s.Broken = append(s.Broken, se.broken.byName[name])
	}
	return s
}

// Dependents returns who, executed so far, includes or extends name; sorted.
func (se *StorageEngine) Dependents(name string) []string {
	found := make(map[string]bool)
	for key, p := range se.programs.Range {
		for _, part := range p.(*program).parts[1:] {
			if part.ref.Name == name {
				found[key.(programKey).name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// brokenVersions are the latest versions that are not served.
type brokenVersions struct {
	mu     sync.Mutex // guards byName
	byName map[string]*ReloadError
}

// report notes what became of the latest version of name: broken, or served if
// that is nil. OnReloadError hears of each version once.
func (se *StorageEngine) report(ctx context.Context, name string, broken *ReloadError) {
	b := &se.broken
	if broken != nil {
		broken.Place = se.place(ctx, broken)
	}
	b.mu.Lock()
	before := b.byName[name]
	switch {
	case broken == nil:
		delete(b.byName, name)
	default:
		if b.byName == nil {
			b.byName = make(map[string]*ReloadError)
		}
		b.byName[name] = broken
	}
	b.mu.Unlock()
	if broken != nil && se.config.OnReloadError != nil && (before == nil || before.Version != broken.Version) {
		se.config.OnReloadError(broken)
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
	se.texts.clear()
	se.programs.Clear()
}

// textCache keeps parsed templates by what they say, so that a version that
// comes back, or a program that is linked anew, parses only what is new.
type textCache struct {
	mu     sync.Mutex // guards the fields below
	parsed map[textKey]parsed
	epoch  uint64 // how often it was cleared
	off    bool   // parse every time; set once
}

// parsed is what Parse gave.
type parsed struct {
	text *engine.Template
	err  error
}

// textKey is a text, under the name that its errors speak of.
type textKey struct{ name, source string }

// mostTexts bounds the cache: old versions would fill it for ever.
const mostTexts = 20_000

func (c *textCache) current() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.epoch
}

func (c *textCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	clear(c.parsed)
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
		if len(c.parsed) >= mostTexts || c.parsed == nil {
			c.parsed = make(map[textKey]parsed)
		}
		c.parsed[key] = p
	}
	return p.text, p.err
}
