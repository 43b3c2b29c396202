package history_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// checkSince compares two states with each other, as the model knows them.
func checkSince(t *testing.T, what string, v history.View, before *model, w history.View, now *model) {
	t.Helper()
	var want []string
	all := map[string]bool{}
	lost := false // a version of before is none of now's
	for _, m := range []*model{before, now} {
		for path := range m.paths {
			all[path] = true
		}
	}
	for path := range all {
		if !slices.Equal(before.live(path), now.live(path)) {
			want = append(want, path)
		}
		for _, x := range before.paths[path] {
			lost = lost || !now.chain[x.Commit]
		}
	}
	slices.Sort(want)
	got, rewritten := w.Since(v)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: Since (-want +got):\n%s", what, diff)
	}
	if lost && !rewritten || rewritten && onChain(now, before) {
		t.Fatalf("%s: Since says rewritten = %v", what, rewritten)
	}
}

// TestSince compares states that are many steps, and many files, apart.
func TestSince(t *testing.T) {
	t.Parallel()
	w := newWorld()
	ix := history.New(w, history.Scope{Ext: ".md"}, history.Overrides{})
	files := map[string]leaf{}
	var tip []object.ID
	text := 0
	commit := func(paths ...string) history.View {
		text++
		for _, p := range paths {
			files[p] = file(fmt.Sprint(text))
		}
		c := w.add(commit{files: files, seconds: 1_700_000_000}, tip...)
		tip = []object.ID{c.id}
		if _, _, err := ix.Advance(t.Context(), c.id); err != nil {
			t.Fatal(err)
		}
		return ix.View()
	}
	var many []string
	for i := range 1500 {
		many = append(many, fmt.Sprintf("many/%04d.md", i))
	}
	views := []history.View{ix.View(), commit("a.md"), commit(many...), commit("b.md")}
	for i := range 100 {
		views = append(views, commit(fmt.Sprintf("%d.md", i%3)))
	}
	last := views[len(views)-1]
	for _, c := range []struct {
		from int
		want []string
	}{
		{len(views) - 1, nil},
		{len(views) - 2, []string{"0.md"}},
		{len(views) - 3, []string{"0.md", "2.md"}},
		{len(views) - 80, []string{"0.md", "1.md", "2.md"}}, // more steps than are remembered
		{2, []string{"0.md", "1.md", "2.md", "b.md"}},
		{1, append([]string{"0.md", "1.md", "2.md", "b.md"}, many...)},
		{0, append([]string{"0.md", "1.md", "2.md", "a.md", "b.md"}, many...)},
	} {
		got, rewritten := last.Since(views[c.from])
		if diff := cmp.Diff(c.want, got); diff != "" || rewritten {
			t.Errorf("since state %d: rewritten = %v, paths (-want +got):\n%.500s", c.from, rewritten, diff)
		}
		if c.from > 0 {
			got, rewritten = views[c.from].Since(last)
			if !slices.Equal(got, c.want) || rewritten != (c.want != nil) {
				t.Errorf("back to state %d: rewritten = %v, paths %.500q", c.from, rewritten, got)
			}
		}
	}
	if got, rewritten := (history.View{}).Since(views[1]); !slices.Equal(got, []string{"a.md"}) || !rewritten {
		t.Errorf("the empty state since another one: %q, %v", got, rewritten)
	}
	// What the repository says beside its commits may make another history of the same ones.
	other := history.New(w, history.Scope{Ext: ".md"}, history.Overrides{Fingerprint: "x", Parents: map[object.ID][]object.ID{last.Tip(): {}}})
	if _, _, err := other.Advance(t.Context(), last.Tip()); err != nil {
		t.Fatal(err)
	}
	if got, rewritten := other.View().Since(last); len(got) != len(many)+5 || !rewritten {
		t.Errorf("after a graft %d paths differ, rewritten = %v", len(got), rewritten)
	}
}
