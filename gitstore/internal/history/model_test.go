package history_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// model is the rules as the package's comment has them, without any thought of
// speed: what is known after a chain of commits.
type model struct {
	scope history.Scope
	tip   *commit
	chain map[object.ID]bool // every commit of it
	paths map[string][]numbered
}

// numbered is a version with a number that was given, live or not.
type numbered struct {
	history.Version
	live bool
}

func newModel(s history.Scope) *model {
	return &model{scope: s, chain: map[object.ID]bool{}, paths: map[string][]numbered{}}
}

func (m *model) clone() *model {
	c := &model{scope: m.scope, tip: m.tip, chain: maps.Clone(m.chain), paths: map[string][]numbered{}}
	for path, list := range m.paths {
		c.paths[path] = slices.Clone(list)
	}
	return c
}

// served are the files of a commit that are in scope.
func (m *model) served(c *commit) map[string]object.ID {
	files := map[string]object.ID{}
	if c == nil {
		return files
	}
	for path, l := range c.files {
		rest := path
		if m.scope.Dir != "" {
			var below bool
			if rest, below = strings.CutPrefix(path, m.scope.Dir+"/"); !below {
				continue
			}
		}
		parts := strings.Split(rest, "/")
		name := parts[len(parts)-1]
		regular := l.mode == 0o100644 || l.mode == 0o100755 || l.mode == 0o100664
		if regular && strings.HasSuffix(name, m.scope.Ext) && name != m.scope.Ext {
			files[path] = l.blob
		}
	}
	return files
}

// after is what is known after one more commit.
func (m *model) after(c *commit) *model {
	was, is := m.served(m.tip), m.served(c)
	m = m.clone()
	m.tip = c
	m.chain[c.id] = true
	var only []string
	for _, t := range c.trailers {
		if t.key == "Prompty-Path" {
			only = append(only, unquoted(t.value))
		}
	}
	path := func(name string) (string, bool) {
		p := unquoted(name) + m.scope.Ext
		if m.scope.Dir != "" {
			p = m.scope.Dir + "/" + p
		}
		return p, len(only) == 0 || slices.Contains(only, p)
	}
	add := func(path string) {
		list := m.paths[path]
		nano := c.seconds*1e9 + c.ns
		if len(list) > 0 && nano < list[len(list)-1].Nano+1e6 {
			nano = list[len(list)-1].Nano + 1e6
		}
		v := history.Version{N: len(list) + 1, Commit: c.id, Blob: is[path], Nano: nano}
		m.paths[path] = append(list, numbered{v, true})
	}

	restored := map[string]bool{}
	for _, t := range c.trailers {
		if t.key != "Prompty-Delete-Version" {
			continue
		}
		i := strings.LastIndex(t.value, "@")
		if i < 0 {
			continue
		}
		p, ours := path(t.value[:i])
		n, err := strconv.Atoi(t.value[i+1:])
		live := m.live(p)
		at := slices.IndexFunc(live, func(v history.Version) bool { return v.N == n })
		if !ours || err != nil || at < 0 {
			continue
		}
		if at == 0 {
			var want object.ID
			if len(live) > 1 {
				want = live[1].Blob
			}
			if is[p] != want {
				continue
			}
			restored[p] = true
		}
		m.paths[p][n-1].live = false
	}
	for p := range union(was, is) {
		switch {
		case restored[p], was[p] == is[p]:
		case is[p].IsZero():
			for i := range m.paths[p] {
				m.paths[p][i].live = false
			}
		default:
			add(p)
		}
	}
	saved := map[string]bool{}
	for _, t := range c.trailers {
		if t.key != "Prompty-Save" {
			continue
		}
		p, ours := path(t.value)
		if ours && !saved[p] && !restored[p] && !is[p].IsZero() && was[p] == is[p] {
			add(p)
			saved[p] = true
		}
	}
	return m
}

func union(a, b map[string]object.ID) map[string]bool {
	all := map[string]bool{}
	for p := range a {
		all[p] = true
	}
	for p := range b {
		all[p] = true
	}
	return all
}

// A name or path that begins with a space is in quotes, for trailers have no
// white space around them.
func quoted(s string) string {
	if strings.HasPrefix(s, " ") {
		return `"` + s + `"`
	}
	return s
}

func unquoted(s string) string {
	if strings.HasPrefix(s, `" `) && strings.HasSuffix(s, `"`) {
		return s[1 : len(s)-1]
	}
	return s
}

// live are a path's versions, newest first.
func (m *model) live(path string) []history.Version {
	var live []history.Version
	for _, v := range slices.Backward(m.paths[path]) {
		if v.live {
			live = append(live, v.Version)
		}
	}
	return live
}

// trailer makes one up that has something to do with what is there.
func (m *model) trailer(r *rand.Rand, c *commit) trailer {
	all := append(slices.Sorted(maps.Keys(m.paths)), paths[:9]...)
	path := all[r.IntN(len(all))]
	name := quoted(strings.TrimSuffix(strings.TrimPrefix(path, scope.Dir+"/"), scope.Ext))
	switch r.IntN(8) {
	case 0:
		return trailer{"Prompty-Path", quoted(path)}
	case 1, 2:
		return trailer{"Prompty-Save", name}
	case 3, 4: // hide any version
		return trailer{"Prompty-Delete-Version", fmt.Sprintf("%s@%d", name, r.IntN(len(m.paths[path])+2))}
	case 5:
		return trailer{"Prompty-Delete-Version", name}
	}
	// Hide the newest as it should be done.
	live := m.live(path)
	if len(live) == 0 {
		return trailer{"Reviewed-by", "Bob"}
	}
	if len(live) > 1 {
		put(c.files, path, leaf{object.ModeFile, live[1].Blob})
	} else {
		delete(c.files, path)
	}
	return trailer{"Prompty-Delete-Version", fmt.Sprintf("%s@%d", name, live[0].N)}
}

// check compares a view with the model in all that it tells.
func (m *model) check(t testing.TB, what string, v history.View) {
	t.Helper()
	var tip object.ID
	if m.tip != nil {
		tip = m.tip.id
	}
	if v.Tip() != tip {
		t.Errorf("%s: Tip() = %s, want %s", what, v.Tip(), tip)
	}
	var live []string
	for path, list := range m.paths {
		want := m.live(path)
		if len(want) > 0 {
			live = append(live, path)
		}
		if got := v.Versions(path); !slices.Equal(got, want) {
			t.Errorf("%s: Versions(%q) (-want +got):\n%s", what, path, cmp.Diff(want, got))
		}
		latest, ok := v.Latest(path)
		if ok != (len(want) > 0) || ok && latest != want[0] {
			t.Errorf("%s: Latest(%q) = %v, %v, want the first of %v", what, path, latest, ok, want)
		}
		if got := v.HighWater(path); got != len(list) {
			t.Errorf("%s: HighWater(%q) = %d, want %d", what, path, got, len(list))
		}
		for n := range len(list) + 3 {
			got, ok := v.Version(path, n-1)
			if is := n >= 2 && n-2 < len(list) && list[n-2].live; ok != is || ok && got != list[n-2].Version {
				t.Errorf("%s: Version(%q, %d) = %v, %v, want %v of %v", what, path, n-1, got, ok, is, list)
			}
		}
		for other, versions := range m.paths {
			for _, x := range versions {
				_, ok := v.ByCommit(path, x.Commit)
				if is := slices.ContainsFunc(want, func(v history.Version) bool { return v.Commit == x.Commit }); ok != is {
					t.Errorf("%s: ByCommit(%q, %s, which is of %q) gives %v", what, path, x.Commit, other, ok)
				}
			}
		}
		for _, x := range list {
			if got, ok := v.ByCommit(path, x.Commit); ok != x.live || ok && got != x.Version {
				t.Errorf("%s: ByCommit(%q, %s) = %v, %v, want %v", what, path, x.Commit, got, ok, x)
			}
		}
	}
	slices.Sort(live)
	if got := v.Paths(""); !slices.Equal(got, live) {
		t.Errorf("%s: Paths() = %q, want %q", what, got, live)
	}
	if v.Len() != len(live) {
		t.Errorf("%s: Len() = %d, want %d", what, v.Len(), len(live))
	}
	for _, prefix := range []string{"p/q/a", "p/q/sub/", "p/q/\xff", "z"} {
		want := slices.DeleteFunc(slices.Clone(live), func(p string) bool { return !strings.HasPrefix(p, prefix) })
		if got := v.Paths(prefix); !slices.Equal(got, want) {
			t.Errorf("%s: Paths(%q) = %q, want %q", what, prefix, got, want)
		}
	}
	for _, unknown := range []string{"", "p/q/none.md", "p/q/.md"} {
		if got, ok := v.Latest(unknown); ok || v.HighWater(unknown) != 0 || v.Versions(unknown) != nil {
			t.Errorf("%s: Latest(%q) = %v", what, unknown, got)
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// changes is what an update must say of two states of a chain that was not
// rewritten: at least what differs, and nothing that cannot be seen.
func (m *model) checkUpdate(t testing.TB, what string, before *model, up history.Update) {
	t.Helper()
	want := map[string]history.Kind{}
	for path := range m.paths {
		was, is := before.live(path), m.live(path)
		if slices.Equal(was, is) {
			continue
		}
		want[path] = history.Changed
		if len(was) == 0 {
			want[path] = history.Created
		} else if len(is) == 0 {
			want[path] = history.Deleted
		}
	}
	for path := range before.paths {
		if len(m.paths[path]) == 0 && len(before.live(path)) > 0 {
			want[path] = history.Deleted
		}
	}
	got := map[string]history.Kind{}
	for _, c := range up.Changed {
		if len(before.live(c.Path)) > 0 && slices.Equal(before.live(c.Path), m.live(c.Path)) && c.Kind == history.Changed {
			continue // what came and went on the way
		}
		got[c.Path] = c.Kind
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: Changed (-want +got):\n%s", what, diff)
	}
	if !slices.IsSortedFunc(up.Changed, func(a, b history.Change) int { return strings.Compare(a.Path, b.Path) }) {
		t.Fatalf("%s: Changed is not sorted: %v", what, up.Changed)
	}
	wantNumbers := []string{}
	for path, list := range before.paths {
		now := m.paths[path]
		for i, v := range list {
			if i >= len(now) || now[i].Blob != v.Blob {
				wantNumbers = append(wantNumbers, path)
				break
			}
		}
	}
	slices.Sort(wantNumbers)
	if !slices.Equal(up.Renumbered, wantNumbers) {
		t.Fatalf("%s: Renumbered = %q, want %q", what, up.Renumbered, wantNumbers)
	}
}
