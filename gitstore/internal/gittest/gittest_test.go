package gittest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Exit(m.Run())
}

// TestVersions reads a history made by hand, so that the tests that lean on it
// stand on something.
func TestVersions(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	one := r.Commit("One", "p/a.md", "1", "other/a.md", "x")
	two := r.Commit("Two", "p/a.md", "2", "p/b.prompty", "no")
	r.Git("checkout", "-q", "-b", "side")
	r.Commit("Side 1", "p/a.md", "s1", "p/c.md", "c1")
	r.Commit("Side 2", "p/a.md", "s2", "p/c.md", "c2")
	r.Git("checkout", "-q", "main")
	r.Git("merge", "-q", "--no-ff", "-m", "Merge pull request #1", "side")
	merge := r.Git("rev-parse", "HEAD")
	hide := r.Commit("Hide\n\nPrompty-Delete-Version: a@3", "p/a.md", "2")
	r.Commit("Hide nothing\n\nPrompty-Delete-Version: a@9\nPrompty-Delete-Version: a@2")
	again := r.Commit("Again\n\nPrompty-Save: a\nPrompty-Path: p/a.md")
	r.Commit("Not ours\n\nPrompty-Save: a\nPrompty-Path: a.md")
	os.Chmod(r.Path("p/a.md"), 0o755)
	r.Git("commit", "-q", "-am", "Mode")
	r.Git("rm", "-q", "p/c.md")
	r.Git("commit", "-q", "-m", "Gone")
	back := r.Commit("Back", "p/c.md", "c1")

	type v struct {
		N      int
		Commit string
		Hidden bool
	}
	want := map[string][]v{
		"a": {{1, one, false}, {2, two, false}, {3, merge, true}, {4, again, false}},
		"c": {{1, merge, true}, {2, back, false}},
	}
	got := map[string][]v{}
	for name, versions := range r.Versions("main", "p", ".md") {
		for _, x := range versions {
			got[name] = append(got[name], v{x.N, x.Commit, x.Hidden})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Versions (-want +got):\n%s\nhide %s\n%s", diff, hide, r.Git("log", "--graph", "--format=%H %s"))
	}
}

// TestRandom makes sure that random histories are histories, and of what.
func TestRandom(t *testing.T) {
	t.Parallel()
	var all, hidden, names int
	for seed := range uint64(4) {
		r := gittest.Bare(t)
		r.Random(seed, 200)
		r.Fsck()
		for _, versions := range r.Versions("main", "", ".prompty") {
			names++
			for _, v := range versions {
				all++
				if v.Hidden {
					hidden++
				}
			}
		}
		if merges := strings.Count(r.Git("rev-list", "--min-parents=2", "main"), "\n"); merges < 5 {
			t.Errorf("seed %d: %d merges", seed, merges)
		}
	}
	if all < 250 || hidden < 60 || hidden > all*2/3 || names < 30 {
		t.Errorf("%d versions of %d names, %d of them hidden: too tame", all, names, hidden)
	}
}
