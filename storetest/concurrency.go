package storetest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/go-prompty/prompty"
)

var concurrencyChecks = []check{
	{name: "savers of one name in one handle", rule: ruleVersions, fn: func(t *trial) { checkSavers(t, 1, 12, 4) }},
	{name: "savers of one name in many handles", rule: ruleVersions, fn: func(t *trial) { t.needShared(); checkSavers(t, 4, 3, 4) }},
	{name: "savers of many names", rule: ruleVersions, fn: checkSaversOfManyNames},
	{name: "savers beside deletes", rule: ruleVersions, fn: checkSaversBesideDeletes},
	{name: "readers beside a saver", rule: ruleVersions, fn: checkReadersBesideSaver},
	{name: "another handle sees what was done", rule: ruleVersions, fn: checkOtherHandle},
}

// log remembers which version each save got.
type log struct {
	mu   sync.Mutex // guards text
	text map[int]string
	t    *trial
}

func (t *trial) newLog() *log { return &log{text: make(map[int]string), t: t} }

// acknowledged records that Save gave text that version.
func (l *log) acknowledged(version int, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if other, twice := l.text[version]; twice {
		l.t.Errorf("version %d was given twice: to %q and to %q", version, other, text)
	}
	l.text[version] = text
}

// consecutive checks that the versions are 1 to n.
func (l *log) consecutive(n int) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.text) != n {
		l.t.Errorf("%d saves got %d different versions", n, len(l.text))
	}
	for v := 1; v <= n; v++ {
		if _, ok := l.text[v]; !ok {
			l.t.Errorf("%d savers left a gap: nobody got version %d", n, v)
			return
		}
	}
}

// stored checks that every acknowledged version reads as it was saved.
func (l *log) stored(s prompty.TemplateStorage, name string) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := l.t.versions(s, name); len(got) != len(l.text) {
		l.t.Errorf("ListVersions(%q) has %d versions, %d were acknowledged", name, len(got), len(l.text))
	}
	for v, text := range l.text {
		got, err := s.GetVersion(l.t.ctx(), name, v)
		if err != nil {
			l.t.Errorf("version %d was acknowledged and is lost: %v", v, err)
		} else if got.Source != text {
			l.t.Errorf("version %d holds %q, but its saver wrote %q", v, got.Source, text)
		}
	}
}

// all runs the functions at once and waits for them.
func all(fns ...func()) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for _, fn := range fns {
		wg.Go(func() { <-start; fn() })
	}
	close(start)
	wg.Wait()
}

func checkSavers(t *trial, handles, savers, saves int) {
	p, ctx, l := t.place(), t.ctx(), t.newLog()
	var fns []func()
	for h := range handles {
		s := p.handle()
		for w := range savers {
			fns = append(fns, func() {
				for i := range saves {
					tmpl := t.draft("doc", fmt.Sprintf("handle %d saver %d save %d", h, w, i))
					if err := s.Save(ctx, tmpl); err != nil {
						t.Errorf("Save beside other savers: %v", err)
						return
					}
					l.acknowledged(tmpl.Version, tmpl.Source)
				}
			})
		}
	}
	all(fns...)
	l.consecutive(handles * savers * saves)
	l.stored(p.reader(p.handle()), "doc")
	for _, s := range p.handles {
		if s = p.reader(s); t.get(s, "doc").Version != handles*savers*saves {
			t.Errorf("Get after all savers ended gave version %d, want %d", t.get(s, "doc").Version, handles*savers*saves)
		}
	}
}

func checkSaversOfManyNames(t *trial) {
	s, ctx := t.storage(), t.ctx()
	var fns []func()
	for w := range 8 {
		fns = append(fns, func() {
			for i := range 4 {
				tmpl := t.draft(fmt.Sprintf("new/folder%d/doc%d", w%2, w), "text")
				if err := s.Save(ctx, tmpl); err != nil {
					t.Errorf("Save(%q) beside savers of other names: %v", tmpl.Name, err)
				} else if tmpl.Version != i+1 {
					t.Errorf("Save(%q), alone with that name, gave version %d, want %d", tmpl.Name, tmpl.Version, i+1)
				}
			}
		})
	}
	all(fns...)
	if got := len(t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true})); got != 32 {
		t.Errorf("List has %d versions after 32 saves", got)
	}
}

func checkSaversBesideDeletes(t *trial) {
	s, ctx, l := t.storage(), t.ctx(), t.newLog()
	const savers, saves = 4, 8
	var fns []func()
	for w := range savers {
		fns = append(fns, func() {
			for i := range saves {
				tmpl := t.draft("doc", fmt.Sprintf("saver %d save %d", w, i))
				if err := s.Save(ctx, tmpl); err != nil {
					t.Errorf("Save beside Delete: %v", err)
					return
				}
				l.acknowledged(tmpl.Version, tmpl.Source)
				var err error
				switch i % 4 {
				case 1:
					err = s.Delete(ctx, "doc")
				case 3:
					err = s.DeleteVersion(ctx, "doc", tmpl.Version)
				}
				if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
					t.Errorf("Delete beside Save: %v", err)
				}
			}
		})
	}
	all(fns...)
	l.consecutive(savers * saves)
	for _, v := range t.versions(s, "doc") {
		if got := t.getVersion(s, "doc", v); got.Source != l.text[v] {
			t.Errorf("version %d holds %q, but its saver wrote %q", v, got.Source, l.text[v])
		}
	}
}

// checkReadersBesideSaver wants each reader to see versions rise, each whole.
func checkReadersBesideSaver(t *trial) {
	s, ctx := t.storage(), t.ctx()
	text := func(v int) string { return fmt.Sprintf("text of version %d", v) }
	t.saveText(s, "doc", text(1))
	const last = 30
	fns := []func(){func() {
		for v := 2; v <= last; v++ {
			if err := s.Save(ctx, t.draft("doc", text(v))); err != nil {
				t.Errorf("Save beside readers: %v", err)
				return
			}
		}
	}}
	for range 3 {
		fns = append(fns, func() {
			for seen := 0; seen < last; {
				got, err := s.Get(ctx, "doc")
				if err != nil {
					t.Errorf("Get beside a saver: %v", err)
					return
				}
				if got.Version < seen {
					t.Errorf("Get gave version %d after it gave version %d", got.Version, seen)
					return
				}
				if seen = got.Version; got.Source != text(seen) {
					t.Errorf("Get gave version %d with the text %q", seen, got.Source)
				}
				byID, err := s.GetByID(ctx, got.ID)
				if err != nil || byID.Version != seen {
					t.Errorf("GetByID of what Get gave: %v, %v, want version %d", byID, err, seen)
				}
				if list, err := s.List(ctx, nil); err != nil || len(list) != 1 || list[0].Source != text(list[0].Version) {
					t.Errorf("List beside a saver = %v, %v", names(list), err)
				}
				if list, err := s.ListVersions(ctx, "doc"); err != nil || len(list) < seen {
					t.Errorf("ListVersions has %d versions, %v, after Get gave version %d", len(list), err, seen)
				}
			}
		})
	}
	all(fns...)
}

func checkOtherHandle(t *trial) {
	t.needShared()
	p := t.place()
	a, b := p.handle(), p.handle()
	one := t.saveText(a, "doc", "one")
	t.wantSame(t.get(p.reader(b), "doc"), one, "what another handle saved")
	two := t.saveText(b, "doc", "two")
	if two.Version != 2 {
		t.Errorf("Save in another handle gave version %d, want 2", two.Version)
	}
	t.wantSame(t.get(p.reader(a), "doc"), two, "what another handle saved on top")
	byID, err := p.reader(a).GetByID(t.ctx(), two.ID)
	t.found(byID, err, "GetByID of another handle's ID")
	t.wantSame(byID, two, "GetByID of another handle's ID")
	t.deleteVersion(a, "doc", 2)
	t.wantSame(t.get(p.reader(b), "doc"), one, "the latest after another handle deleted version 2")
	t.deleteName(b, "doc")
	t.wantAbsent(p.reader(a), "doc", "after another handle deleted it")
	if got := t.saveText(a, "doc", "three").Version; got != 3 {
		t.Errorf("Save after another handle's Delete gave version %d, want 3", got)
	}
}
