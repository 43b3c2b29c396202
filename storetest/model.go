package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/go-prompty/prompty"
)

// modelBudget ends a model test on a slow backend early: what was not tried
// this time is tried another time, with another seed.
const modelBudget = 4 * time.Second

// Model compares a backend with a map: first under random operations, one
// after the other, then under many at once, whose history must be explained by
// some order of them (linearizability). It logs its seeds; rapid shrinks what
// it finds, and its flags, such as -rapid.checks, apply.
func Model(t *testing.T, open func(testing.TB) Place, list ...Claim) {
	c := newClaims(list)
	t.Run("one after the other", func(t *testing.T) {
		t.Parallel()
		modelRuns(t, &trial{TB: t, rule: "model", claims: c, open: open})
	})
	t.Run("at once", func(t *testing.T) {
		t.Parallel()
		linearRuns(&trial{TB: t, rule: "model (linearizability)", claims: c, open: open})
	})
}

func modelRuns(tb rapid.TB, t *trial) {
	start := time.Now()
	rapid.Check(tb, func(rt *rapid.T) {
		if time.Since(start) < modelBudget {
			modelRun(rt, t)
		}
	})
}

// model is what a storage must be: per name the versions that are there, and
// the highest number ever used.
type model struct {
	live map[string][]*prompty.StoredTemplate
	high map[string]int
}

func (m *model) latest(name string) *prompty.StoredTemplate {
	list := m.live[name]
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1]
}

func (m *model) find(name string, version int) int {
	return slices.IndexFunc(m.live[name], func(x *prompty.StoredTemplate) bool { return x.Version == version })
}

// saved takes what a Save set over into the model.
func (m *model) saved(rt *rapid.T, tmpl *prompty.StoredTemplate) {
	if m.high[tmpl.Name]++; tmpl.Version != m.high[tmpl.Name] {
		rt.Fatalf("%s: a save of %q gave version %d, want %d", ruleVersions, tmpl.Name, tmpl.Version, m.high[tmpl.Name])
	}
	m.live[tmpl.Name] = append(m.live[tmpl.Name], tmpl.Clone())
}

// modelRun does a random series of operations on a new place.
func modelRun(rt *rapid.T, t *trial) {
	opener := t.open(t.TB)
	s, err := opener()
	if err != nil {
		rt.Fatalf("opening the place: %v", err)
	}
	defer func() { s.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), t.claims.patience)
	defer cancel()
	m := &model{live: make(map[string][]*prompty.StoredTemplate), high: make(map[string]int)}
	name := rapid.SampledFrom([]string{"a", "a/b", "é", "b"})
	draw := func(rt *rapid.T) *prompty.StoredTemplate {
		tmpl := t.draft(name.Draw(rt, "name"), rapid.SampledFrom(sources).Draw(rt, "source"))
		tmpl.Tags = rapid.SliceOfN(rapid.SampledFrom(odd), 0, 3).Draw(rt, "tags")
		if n := rapid.IntRange(0, 2).Draw(rt, "metadata"); n > 0 {
			tmpl.Metadata = map[string]string{"k": rapid.SampledFrom(odd).Draw(rt, "value"), fmt.Sprint(n): ""}
		}
		return tmpl
	}
	actions := map[string]func(*rapid.T){
		"Save": func(rt *rapid.T) {
			tmpl := draw(rt)
			if err := s.Save(ctx, tmpl); err != nil {
				rt.Fatalf("Save(%q): %v", tmpl.Name, err)
			}
			m.saved(rt, tmpl)
		},
		"Delete": func(rt *rapid.T) {
			n := name.Draw(rt, "name")
			wantModelErr(rt, s.Delete(ctx, n), m.latest(n) != nil, prompty.ErrTemplateNotFound, "Delete", n)
			delete(m.live, n)
		},
		"DeleteVersion": func(rt *rapid.T) {
			n := name.Draw(rt, "name")
			v := rapid.IntRange(max(1, m.high[n]-2), m.high[n]+1).Draw(rt, "version")
			i := m.find(n, v)
			wantModelErr(rt, s.DeleteVersion(ctx, n, v), i >= 0, prompty.ErrVersionNotFound, "DeleteVersion", n)
			if i >= 0 {
				m.live[n] = slices.Delete(m.live[n], i, i+1)
			}
		},
		"": func(rt *rapid.T) { compareModel(rt, ctx, s, m, name.Draw(rt, "look")) },
	}
	if _, ok := prompty.As[prompty.ConditionalSaver](s); ok {
		actions["SaveIf"] = func(rt *rapid.T) {
			tmpl := draw(rt)
			base := rapid.IntRange(0, m.high[tmpl.Name]).Draw(rt, "base")
			latest := 0
			if x := m.latest(tmpl.Name); x != nil {
				latest = x.Version
			}
			err := prompty.SaveIf(ctx, s, tmpl, base)
			wantModelErr(rt, err, base == latest, prompty.ErrConflict, "SaveIf", tmpl.Name)
			if err == nil {
				m.saved(rt, tmpl)
			}
		}
	}
	if !t.claims.private {
		actions["open again"] = func(rt *rapid.T) {
			if err := s.Close(); err != nil {
				rt.Fatalf("Close: %v", err)
			}
			if s, err = opener(); err != nil {
				rt.Fatalf("opening the place again: %v", err)
			}
		}
	}
	rt.Repeat(actions)
}

func wantModelErr(rt *rapid.T, err error, ok bool, want error, call, name string) {
	if ok && err != nil {
		rt.Fatalf("%s(%q): %v", call, name, err)
	}
	if !ok && !errors.Is(err, want) {
		rt.Fatalf("%s(%q): error = %v, want %s", call, name, err, sentinelName(want))
	}
}

// compareModel reads one name in every way, and the list.
func compareModel(rt *rapid.T, ctx context.Context, s prompty.TemplateStorage, m *model, name string) {
	want := m.latest(name)
	got, err := s.Get(ctx, name)
	wantModelErr(rt, err, want != nil, prompty.ErrTemplateNotFound, "Get", name)
	if diff := cmp.Diff(want, got); diff != "" {
		rt.Fatalf("Get(%q) differs from what was saved (-want +got):\n%s", name, shorten(diff))
	}
	exists, err := s.Exists(ctx, name)
	if err != nil || exists != (want != nil) {
		rt.Fatalf("Exists(%q) = %v, %v", name, exists, err)
	}
	var versions []int
	for _, x := range slices.Backward(m.live[name]) {
		versions = append(versions, x.Version)
	}
	list, err := s.ListVersions(ctx, name)
	if err != nil || !slices.Equal(list, versions) {
		rt.Fatalf("ListVersions(%q) = %v, %v, want %v", name, list, err, versions)
	}
	for v := 1; v <= m.high[name]; v++ {
		i := m.find(name, v)
		got, err := s.GetVersion(ctx, name, v)
		wantModelErr(rt, err, i >= 0, prompty.ErrVersionNotFound, "GetVersion", name)
		if i < 0 {
			continue
		}
		if diff := cmp.Diff(m.live[name][i], got); diff != "" {
			rt.Fatalf("GetVersion(%q, %d) differs from what was saved (-want +got):\n%s", name, v, shorten(diff))
		}
		if got, err := s.GetByID(ctx, m.live[name][i].ID); err != nil || got.Version != v || got.Name != name {
			rt.Fatalf("GetByID of %s@%d = %v, %v", name, v, got, err)
		}
	}
	q := &prompty.TemplateQuery{IncludeAllVersions: true}
	stored, err := s.List(ctx, q)
	if err != nil {
		rt.Fatalf("List: %v", err)
	}
	all := q.Page(slices.Concat(slices.Collect(maps.Values(m.live))...))
	if diff := cmp.Diff(names(all), names(stored)); diff != "" {
		rt.Fatalf("List of all versions (-want +got):\n%s", diff)
	}
}
