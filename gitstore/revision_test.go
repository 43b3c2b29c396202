package gitstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestFollow serves what is committed, whoever committed it, and how.
func TestFollow(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	linked := func() *gittest.Repo { r.Commit("First", "a.prompty", "1"); return r.Linked("beside") }()
	s, besideStore := open(t, r.Dir), open(t, r.Dir, "branch=beside")
	linkedStore := open(t, linked.Dir)
	want(t, s, "a", 1, "1")
	r.Commit("By hand", "a.prompty", "2")
	want(t, s, "a", 2, "2")
	want(t, linkedStore, "a", 1, "1")
	linked.Commit("Beside", "a.prompty", "beside")
	want(t, linkedStore, "a", 2, "beside")
	want(t, besideStore, "a", 2, "beside")
	want(t, s, "a", 2, "2")

	// The branch is checked out in the linked work tree, which must follow.
	save(t, besideStore, "a", "saved")
	if got := linked.Read("a.prompty"); got != "saved" {
		t.Errorf("the linked work tree holds %q after a Save to its branch", got)
	}
	settled(t, linked)
	settled(t, r)

	// Packed refs, gc, and a push from a clone.
	r.Git("pack-refs", "--all", "--prune")
	want(t, s, "a", 2, "2")
	r.Git("gc", "-q", "--prune=now")
	want(t, s, "a", 2, "2")
	if got, err := s.GetVersion(t.Context(), "a", 1); err != nil || got.Source != "1" {
		t.Errorf("GetVersion(1) after gc = %+v, %v", got, err)
	}
	r.Git("config", "receive.denyCurrentBranch", "updateInstead")
	clone := r.Clone()
	clone.Commit("Pushed", "a.prompty", "3", "b.prompty", "1")
	clone.Git("push", "-q", "origin", "HEAD:main")
	want(t, s, "a", 3, "3")
	want(t, s, "b", 1, "1")

	// A checkout of another branch shows, but not to who asked for a branch.
	mainStore := open(t, r.Dir, "branch=main")
	r.Git("checkout", "-q", "--orphan", "none")
	r.Git("rm", "-rfq", ".")
	if got, err := s.List(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("List on an unborn branch = %q, %v", names(got), err)
	}
	want(t, mainStore, "a", 3, "3")
	r.Git("checkout", "-q", "main")
	want(t, s, "a", 3, "3")
}

// TestUnborn makes the first commit.
func TestUnborn(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, r *gittest.Repo) {
		s := open(t, r.Dir)
		if list, err := s.List(t.Context(), nil); err != nil || len(list) != 0 {
			t.Errorf("List = %q, %v", names(list), err)
		}
		if _, err := s.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("Get: %v, want ErrTemplateNotFound", err)
		}
		snap, err := s.Snapshot(t.Context())
		must(t, err)
		defer snap.Close()
		if d, err := s.Describe(t.Context()); err != nil || d.State == "" {
			t.Errorf("Describe = %+v, %v", d, err)
		}
		if !r.Bare {
			r.Write("staged.txt", "x")
			r.Git("add", "staged.txt")
		}
		save(t, s, "d/a", "1")
		if n := commits(r, "main"); n != 1 {
			t.Errorf("main has %d commits", n)
		}
		if files := r.Git("ls-tree", "-r", "--name-only", "main"); files != "d/a.prompty" {
			t.Errorf("the root commit holds %q", files)
		}
		if list, err := snap.List(t.Context(), nil); err != nil || len(list) != 0 {
			t.Errorf("List of the snapshot from before = %q, %v", names(list), err)
		}
		if !r.Bare {
			if got := r.Status(); got != "A  staged.txt" {
				t.Errorf("git status = %q, want what was staged", got)
			}
		}
		r.Fsck()
	})
}

// TestDetached reads, and says what to do about writing.
func TestDetached(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, r *gittest.Repo) {
		first := r.Commit("One", "a.prompty", "1")
		r.Commit("Two", "a.prompty", "2")
		s := open(t, r.Dir)
		want(t, s, "a", 2, "2")
		r.Git("update-ref", "--no-deref", "HEAD", first)
		if !r.Bare {
			r.Git("reset", "-q", "--hard")
		}
		want(t, s, "a", 1, "1")
		for what, err := range map[string]error{
			"Save":          s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "3"}),
			"SaveAll":       s.SaveAll(t.Context(), []*prompty.StoredTemplate{{Name: "b", Source: "3"}}),
			"Delete":        s.Delete(t.Context(), "a"),
			"DeleteVersion": s.DeleteVersion(t.Context(), "a", 1),
		} {
			wantError(t, what, err, nil, "detached", "branch")
		}
		if head := r.Git("rev-parse", "HEAD"); head != first {
			t.Error("HEAD moved")
		}
		// The branch can be written all the same.
		branch := open(t, r.Dir, "branch=main")
		if got := save(t, branch, "a", "3"); got.Version != 3 {
			t.Errorf("Save to main = version %d, want 3", got.Version)
		}
		if !r.Bare {
			if got := r.Read("a.prompty"); got != "1" {
				t.Errorf("the work tree, which has another commit checked out, now holds %q", got)
			}
		}
		settled(t, r)
	})
}

// TestAt opens other revisions.
func TestAt(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	one := r.Commit("One", "p/a.prompty", "1")
	two := r.Commit("Two", "p/a.prompty", "2")
	r.Git("tag", "light", one)
	r.Git("tag", "-a", "-m", "Heavy", "v1.2", two)
	r.Git("tag", "-a", "-m", "Of a tag", "twice", "v1.2")
	r.Git("checkout", "-q", "-b", "feature/x", one)
	r.Commit("Feature", "p/a.prompty", "feature", "p/b.prompty", "b")
	r.Git("checkout", "-q", "main")
	r.Git("merge", "-q", "--no-ff", "-s", "ours", "-m", "Merge", "feature/x")
	r.Git("update-ref", "refs/remotes/origin/main", two)
	r.Git("branch", "ä/ö", one)
	s := open(t, r.Dir, "dir=p")
	for rev, w := range map[string]struct {
		version int
		source  string
	}{
		"main": {2, "2"}, "refs/heads/main": {2, "2"}, "heads/main": {2, "2"}, "HEAD": {2, "2"}, "@": {2, "2"},
		"light": {1, "1"}, "v1.2": {2, "2"}, "refs/tags/v1.2": {2, "2"}, "twice": {2, "2"},
		"feature/x": {2, "feature"}, "origin/main": {2, "2"}, "ä/ö": {1, "1"},
		one: {1, "1"}, one[:8]: {1, "1"}, strings.ToUpper(one): {1, "1"}, two[:10]: {2, "2"},
		"main~1": {2, "2"}, "HEAD~2": {1, "1"}, "HEAD^": {2, "2"}, "HEAD^2": {2, "feature"}, "HEAD^2~1": {1, "1"}, "v1.2~1": {1, "1"}, "@~": {2, "2"}, "v1.2^{commit}": {2, "2"},
	} {
		for _, how := range []string{"At", "ref="} {
			var at prompty.TemplateStorage
			var err error
			if how == "At" {
				at, err = s.At(t.Context(), rev)
			} else {
				at, err = tryOpen(r.Dir, "dir=p", "ref="+strings.NewReplacer("/", "%2F", "^", "%5E", "~", "%7E").Replace(rev))
			}
			if err != nil {
				t.Errorf("%s %s: %v", how, rev, err)
				continue
			}
			want(t, at, "a", w.version, w.source)
			for what, err := range map[string]error{
				"Save":          at.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}),
				"Delete":        at.Delete(t.Context(), "a"),
				"DeleteVersion": at.DeleteVersion(t.Context(), "a", 1),
				"SaveIf":        prompty.SaveIf(t.Context(), at, &prompty.StoredTemplate{Name: "a", Source: "x"}, 1),
				"SaveAll":       prompty.SaveAll(t.Context(), at, []*prompty.StoredTemplate{{Name: "a", Source: "x"}, {Name: "b", Source: "x"}}),
			} {
				if !errors.Is(err, prompty.ErrReadOnly) && !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("%s %s: %s: %v, want ErrReadOnly", how, rev, what, err)
				}
			}
			if h, err := prompty.History(t.Context(), at, "a"); err != nil || h[0].Version != w.version || h[0].Commit == "" {
				t.Errorf("%s %s: History = %+v, %v", how, rev, h, err)
			}
			must(t, at.Close())
			if _, err := at.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrClosed) {
				t.Errorf("%s %s: Get after Close: %v", how, rev, err)
			}
		}
	}
	want(t, s, "a", 2, "2")
	for rev, hint := range map[string]string{
		"mian": "main", "feature/y": "feature/x", "v1.3": "v1.2", "0000000": "0000000", "main~99": "main~99", "HEAD^3": "HEAD^3", strings.Repeat("1", 40): "1111", "": "", "main:p": "main:p", "--all": "--all", "light^{tree}": "",
	} {
		at, err := s.At(t.Context(), rev)
		if err == nil {
			t.Errorf("At(%q) = %v, want an error", rev, at)
			at.Close()
		} else if !strings.Contains(err.Error(), hint) {
			t.Errorf("At(%q): %v, want an error that says %q", rev, err, hint)
		}
	}

	// A branch moves on; a tag and a commit stay.
	branch, err := s.At(t.Context(), "feature/x")
	must(t, err)
	fixed, err := s.At(t.Context(), "main~0")
	must(t, err)
	save(t, open(t, r.Dir, "dir=p", "branch=feature/x"), "a", "feature 2")
	save(t, s, "a", "3")
	want(t, branch, "a", 3, "feature 2")
	want(t, fixed, "a", 2, "2")
	must(t, s.Close())
	for _, at := range []prompty.TemplateStorage{branch, fixed} {
		if _, err := at.Get(t.Context(), "a"); !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("Get at another revision after the store was closed: %v", err)
		}
	}
	settled(t, r)
}

// TestRewritten takes commits away under our feet.
func TestRewritten(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, r *gittest.Repo) {
		s := open(t, r.Dir)
		old := map[int]*prompty.StoredTemplate{}
		for i := 1; i <= 5; i++ {
			old[i] = save(t, s, "a", fmt.Sprint("old ", i))
			save(t, s, "b", fmt.Sprint("b ", i))
		}
		snap, err := s.Snapshot(t.Context())
		must(t, err)
		defer snap.Close()
		move := func(rev string) {
			t.Helper()
			if r.Bare {
				r.Git("update-ref", "refs/heads/main", r.Git("rev-parse", rev))
			} else {
				r.Git("reset", "-q", "--hard", rev)
			}
		}
		tip := r.Git("rev-parse", "main")
		move("main~5") // after the third of a, the second of b
		want(t, s, "a", 3, "old 3")
		wantVersions(t, s, "b", 2, 1)
		if got, err := s.GetByID(t.Context(), old[5].ID); !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("GetByID of a version that was rewritten away = %+v, %v", got, err)
		}
		d, err := s.Describe(t.Context())
		must(t, err)
		if said := strings.Join(append(d.Problems, d.State), "\n"); !strings.Contains(said, "rewritten") {
			t.Errorf("Describe after a reset = %+v, want it to say rewritten", d)
		}
		r.Commit("Another", "a.prompty", "new 4", "c.prompty", "c")
		want(t, s, "a", 4, "new 4")
		want(t, s, "c", 1, "c")
		wantVersions(t, s, "a", 4, 3, 2, 1)
		if got, err := s.GetVersion(t.Context(), "a", 3); err != nil || got.ID != old[3].ID {
			t.Errorf("GetVersion before the rewrite = %+v, %v, want as it was", got, err)
		}
		agree(t, s, r, "main", "", ".prompty")

		want(t, snap, "a", 5, "old 5")
		want(t, snap, "b", 5, "b 5")
		agree(t, snap, r, tip, "", ".prompty")

		move(tip) // and back
		want(t, s, "a", 5, "old 5")
		agree(t, s, r, "main", "", ".prompty")

		// To a history that has nothing in common.
		r.Git("update-ref", "refs/heads/main", r.Git("commit-tree", "-m", "Root", "main^{tree}"))
		if !r.Bare {
			r.Git("reset", "-q", "--hard")
		}
		want(t, s, "a", 1, "old 5")
		wantVersions(t, s, "b", 1)
		agree(t, s, r, "main", "", ".prompty")
		save(t, s, "a", "two")
		want(t, s, "a", 2, "two")
		settled(t, r)
	})
}

// TestSnapshot keeps one state through everything.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r.Dir)
	save(t, s, "a", "1")
	save(t, s, "b", "1")
	must(t, s.DeleteVersion(t.Context(), "b", 1))
	save(t, s, "b", "2")
	snap, err := s.Snapshot(t.Context())
	must(t, err)
	tip := r.Git("rev-parse", "main")
	save(t, s, "a", "2")
	save(t, s, "c", "1")
	must(t, s.DeleteVersion(t.Context(), "a", 1))
	must(t, s.Delete(t.Context(), "b"))
	r.Git("gc", "-q")
	want(t, snap, "a", 1, "1")
	want(t, snap, "b", 2, "2")
	wantVersions(t, snap, "c")
	agree(t, snap, r, tip, "", ".prompty")
	list, err := snap.List(t.Context(), nil)
	if err != nil || !slices.Equal(names(list), []string{"a", "b"}) {
		t.Errorf("List of a snapshot = %q, %v", names(list), err)
	}
	if err := snap.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "x"}); !errors.Is(err, prompty.ErrReadOnly) {
		t.Errorf("Save to a snapshot: %v, want ErrReadOnly", err)
	}
	must(t, snap.Close())
	want(t, s, "a", 2, "2")
}
