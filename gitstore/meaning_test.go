package gitstore_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// commits counts the first parents of a revision.
func commits(r *gittest.Repo, rev string) int {
	out, err := r.Try("rev-list", "--first-parent", "--count", rev)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(out)
	return n
}

// eachKind runs a test on a bare repository and on a work tree.
func eachKind(t *testing.T, test func(t *testing.T, r *gittest.Repo)) {
	t.Run("bare", func(t *testing.T) { t.Parallel(); test(t, gittest.Bare(t)) })
	t.Run("work tree", func(t *testing.T) { t.Parallel(); test(t, gittest.WorkTree(t)) })
}

// settled is what must be true of a repository after everything.
func settled(t *testing.T, r *gittest.Repo) {
	t.Helper()
	r.Fsck()
	if !r.Bare {
		if out := r.Status(); out != "" {
			t.Errorf("git status after all: %s", out)
		}
	}
}

// TestSave looks at the commits that our calls make.
func TestSave(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, r *gittest.Repo) {
		s := open(t, r.Dir)
		type commit struct{ Subject, Files, Trailers string }
		last := func() commit {
			return commit{
				r.Git("log", "-1", "--format=%s"),
				strings.ReplaceAll(r.Git("show", "--format=", "--name-status", "--no-renames", "HEAD"), "\n", " "),
				r.Git("log", "-1", "--format=%(trailers:only)"),
			}
		}
		saving := func(name, text string) func() error {
			return func() error { return s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: text}) }
		}
		for i, step := range []struct {
			do   func() error
			want commit
		}{
			{saving("support/refund", "one"), commit{"Save support/refund", "A\tsupport/refund.prompty", ""}},
			{saving("support/refund", "two\r\n"), commit{"Save support/refund", "M\tsupport/refund.prompty", ""}},
			{saving("support/refund", "two\r\n"), commit{"Save support/refund", "", "Prompty-Save: support/refund\n"}},
			{saving("support/größe", "x"), commit{"Save support/größe", "A\t\"support/gr\\303\\266\\303\\237e.prompty\"", ""}},
			{func() error { return s.DeleteVersion(t.Context(), "support/refund", 1) },
				commit{"Delete version 1 of support/refund", "", "Prompty-Delete-Version: support/refund@1\n"}},
			{func() error { return s.DeleteVersion(t.Context(), "support/refund", 3) },
				commit{"Delete version 3 of support/refund", "", "Prompty-Delete-Version: support/refund@3\n"}},
			{saving("support/refund", "four"), commit{"Save support/refund", "M\tsupport/refund.prompty", ""}},
			{func() error { return s.DeleteVersion(t.Context(), "support/refund", 4) },
				commit{"Delete version 4 of support/refund", "M\tsupport/refund.prompty", "Prompty-Delete-Version: support/refund@4\n"}},
			{func() error { return s.DeleteVersion(t.Context(), "support/refund", 2) },
				commit{"Delete version 2 of support/refund", "D\tsupport/refund.prompty", "Prompty-Delete-Version: support/refund@2\n"}},
			{saving("support/refund", "five"), commit{"Save support/refund", "A\tsupport/refund.prompty", ""}},
			{func() error { return s.Delete(t.Context(), "support/refund") }, commit{"Delete support/refund", "D\tsupport/refund.prompty", ""}},
			{saving("support/refund", "five"), commit{"Save support/refund", "A\tsupport/refund.prompty", ""}},
			{func() error { return s.Delete(t.Context(), "support/größe") }, commit{"Delete support/größe", "D\t\"support/gr\\303\\266\\303\\237e.prompty\"", ""}},
		} {
			must(t, step.do())
			got := last()
			// Paths that promptfile or git may add beside the trailer are no news.
			if i, _, found := strings.Cut(got.Trailers, "Prompty-Path: "); found {
				got.Trailers = i
			}
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("step %d (-want +got):\n%s", i, diff)
			}
			if n := commits(r, "HEAD"); n != i+1 {
				t.Fatalf("%d commits after %d calls", n, i+1)
			}
		}
		wantVersions(t, s, "support/refund", 6)
		want(t, s, "support/refund", 6, "five")
		agree(t, s, r, "main", "", ".prompty")
		settled(t, r)
	})
}

// TestIDs takes IDs to git show, and what is none to GetByID.
func TestIDs(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	s := open(t, r.Dir, "dir=p", "ext=.md")
	first := save(t, s, "a b/größe", "one\n")
	second := save(t, s, "a b/größe", "two\n")
	again := save(t, s, "a b/größe", "two\n")
	other := save(t, s, "other", "x")
	for _, v := range []*prompty.StoredTemplate{first, second, again, other} {
		if got := r.Git("show", string(v.ID)) + "\n"; got != v.Source && got != v.Source+"\n" {
			t.Errorf("git show %s prints %q, want %q", v.ID, got, v.Source)
		}
		got, err := s.GetByID(t.Context(), v.ID)
		if err != nil || got.Version != v.Version || got.Source != v.Source || got.ID != v.ID {
			t.Errorf("GetByID(%s) = %+v, %v, want version %d", v.ID, got, err, v.Version)
		}
		commit, path, _ := strings.Cut(string(v.ID), ":")
		for _, id := range []string{
			commit, commit[:12] + ":" + path, "HEAD:" + path, "main:" + path, strings.ToUpper(commit) + ":" + path,
			commit + ":" + strings.TrimSuffix(path, ".md"), commit + ":./" + path, commit + ":p/../" + path, commit + "^0:" + path,
		} {
			if got, err := s.GetByID(t.Context(), prompty.TemplateID(id)); !errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("GetByID(%s) = %v, %v, want ErrTemplateNotFound", id, got, err)
			}
		}
	}
	// In its commit the text is there, but no version.
	commit, _, _ := strings.Cut(string(other.ID), ":")
	_, path, _ := strings.Cut(string(again.ID), ":")
	if got, err := s.GetByID(t.Context(), prompty.TemplateID(commit+":"+path)); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("GetByID at a commit that left the file alone = %v, %v, want ErrTemplateNotFound", got, err)
	}
	must(t, s.DeleteVersion(t.Context(), "a b/größe", 1))
	if got, err := s.GetByID(t.Context(), first.ID); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("GetByID of a deleted version = %v, %v, want ErrTemplateNotFound", got, err)
	}
}

// TestMerges counts versions where people branch and merge.
func TestMerges(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r.Dir) // from the beginning, so that it follows
	follow := func(name, source string, versions ...int) {
		t.Helper()
		want(t, s, name, versions[0], source)
		wantVersions(t, s, name, versions...)
	}
	r.Commit("First", "a.prompty", "1", "b.prompty", "1", "keep.prompty", "k")
	follow("a", "1", 1)

	r.Git("checkout", "-q", "-b", "feature")
	for i := range 5 {
		r.Commit("Work", "a.prompty", fmt.Sprint("feature ", i), "new.prompty", fmt.Sprint(i))
	}
	follow("a", "feature 4", 6, 5, 4, 3, 2, 1) // feature is checked out
	r.Git("checkout", "-q", "main")
	follow("a", "1", 1)
	r.Commit("Beside", "b.prompty", "2")
	r.Git("merge", "-q", "--no-ff", "-m", "Merge pull request #12 from ann/feature", "-m", "Better words", "feature")
	follow("a", "feature 4", 2, 1)
	follow("new", "4", 1)
	follow("b", "2", 2, 1)

	// Both sides changed it; how the conflict was solved is one version.
	r.Git("checkout", "-q", "-b", "other", "HEAD~1")
	r.Commit("Other", "a.prompty", "other")
	r.Git("checkout", "-q", "main")
	if _, err := r.Try("merge", "-q", "other"); err == nil {
		t.Fatal("the merge has no conflict")
	}
	r.Write("a.prompty", "solved")
	r.Git("commit", "-qam", "Merge branch 'other' (#13)")
	follow("a", "solved", 3, 2, 1)

	// What the other side did first is no version: ours had it already.
	r.Git("checkout", "-q", "-b", "same", "HEAD~1")
	r.Commit("Same", "a.prompty", "solved")
	r.Git("checkout", "-q", "main")
	r.Git("merge", "-q", "--no-ff", "-m", "Merge same", "same")
	follow("a", "solved", 3, 2, 1)

	// An octopus brings two files in one step.
	for _, name := range []string{"x", "y"} {
		r.Git("checkout", "-q", "-b", "octopus-"+name, "main")
		r.Commit("One "+name, name+".prompty", "1")
		r.Commit("Two "+name, name+".prompty", "2")
	}
	r.Git("checkout", "-q", "main")
	r.Git("merge", "-q", "--no-ff", "-m", "Octopus", "octopus-x", "octopus-y")
	follow("x", "2", 1)
	follow("y", "2", 1)

	// A revert is a version like any other.
	r.Git("revert", "--no-edit", "-m", "1", "HEAD~2")
	follow("a", "feature 4", 4, 3, 2, 1)

	// A fast-forward brings each commit.
	r.Git("checkout", "-q", "-b", "fast")
	r.Commit("F1", "b.prompty", "f1")
	r.Commit("F2", "b.prompty", "f2")
	r.Git("checkout", "-q", "main")
	r.Git("merge", "-q", "--ff-only", "fast")
	follow("b", "f2", 4, 3, 2, 1)
	follow("keep", "k", 1)
	agree(t, s, r, "main", "", ".prompty")

	h, err := s.History(t.Context(), "a")
	must(t, err)
	type entry struct {
		Version     int
		Message     string
		PullRequest int
		Author      string
		Size        int
	}
	var got []entry
	for _, e := range h {
		got = append(got, entry{e.Version, e.Message, e.PullRequest, e.Author, e.Size})
		if id := e.Commit + ":a.prompty"; string(e.ID) != id {
			t.Errorf("History of version %d has the ID %s and the commit %s", e.Version, e.ID, e.Commit)
		}
		if at := r.Git("log", "-1", "--format=%at", e.Commit); fmt.Sprint(e.Time.Unix()) != at || e.Time.Location() != time.UTC {
			t.Errorf("History of version %d has the time %v, git says %s", e.Version, e.Time, at)
		}
	}
	who := gittest.Name + " <" + gittest.Email + ">"
	if diff := cmp.Diff([]entry{
		{4, `Revert "Merge branch 'other' (#13)"`, 0, who, 9},
		{3, "Merge branch 'other' (#13)", 13, who, 6},
		{2, "Merge pull request #12 from ann/feature", 12, who, 9},
		{1, "First", 0, who, 1},
	}, got); diff != "" {
		t.Errorf("History (-want +got):\n%s", diff)
	}
}

// TestNoVersion has commits that change no text, and what a file can turn into.
func TestNoVersion(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r.Dir)
	r.Commit("First", "a.prompty", "1", "b.prompty", "b", "dir/c.prompty", "c")
	must(t, os.Chmod(r.Path("a.prompty"), 0o755))
	r.Git("commit", "-qam", "Mode")
	r.Commit("Nothing")
	r.Commit("Elsewhere", "README.md", "x", "a.prompty.bak", "x", "UPPER.PROMPTY", "x", ".prompty", "x")
	wantVersions(t, s, "a", 1)

	if tmpl := save(t, s, "a", "2"); tmpl.Version != 2 {
		t.Errorf("Save gave version %d, want 2", tmpl.Version)
	}
	if mode := r.Git("ls-tree", "--format=%(objectmode)", "HEAD", "a.prompty"); mode != "100755" {
		t.Errorf("Save left the mode %s, want 100755 as before", mode)
	}
	// A rename is an end and a beginning.
	r.Git("mv", "b.prompty", "moved.prompty")
	r.Git("commit", "-qm", "Rename")
	wantVersions(t, s, "b")
	want(t, s, "moved", 1, "b")
	r.Git("mv", "moved.prompty", "b.prompty")
	r.Git("commit", "-qm", "Back")
	want(t, s, "b", 2, "b")
	wantVersions(t, s, "b", 2)

	// A link, a folder, a submodule, each time there and back.
	gone := func(what string) {
		t.Helper()
		if got, err := s.Get(t.Context(), "a"); err == nil {
			t.Errorf("Get where %s stands = %+v", what, got)
		}
		wantVersions(t, s, "a")
	}
	must(t, os.Remove(r.Path("a.prompty")))
	must(t, os.Symlink("b.prompty", r.Path("a.prompty")))
	r.Git("commit", "-qam", "Link")
	gone("a symbolic link")
	must(t, os.Remove(r.Path("a.prompty")))
	r.Commit("File", "a.prompty", "2")
	want(t, s, "a", 3, "2")
	wantVersions(t, s, "a", 3)
	r.Git("rm", "-q", "a.prompty")
	r.Commit("Folder", "a.prompty/x.prompty", "x")
	r.Git("add", "-A")
	gone("a folder")
	r.Git("rm", "-rq", "a.prompty")
	r.Commit("File", "a.prompty", "4")
	want(t, s, "a", 4, "4")
	r.Git("rm", "-q", "a.prompty")
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",a.prompty")
	r.Git("commit", "-qm", "Submodule")
	gone("a submodule")
	r.Git("rm", "-q", "--cached", "a.prompty")
	r.Commit("File", "a.prompty", "5")
	want(t, s, "a", 5, "5")

	list, err := s.List(t.Context(), nil)
	if want := []string{"a", "b", "dir/c"}; err != nil || !slices.Equal(names(list), want) {
		t.Errorf("List = %q, %v, want %q", names(list), err, want)
	}
	agree(t, s, r, "main", "", ".prompty")
	agree(t, open(t, r.Dir), r, "main", "", ".prompty")
}

// TestTrailersByHand lets people write our trailers, rightly and wrongly.
func TestTrailersByHand(t *testing.T) {
	t.Parallel()
	const del, again = "Prompty-Delete-Version: ", "Prompty-Save: "
	for _, tc := range []struct {
		name, message, text string // text "" leaves the file, "-" removes it
		versions            []int
	}{
		{"older", "Hide\n\n" + del + "a@1", "", []int{3, 2}},
		{"older, with a change", "Hide\n\n" + del + "a@1", "four", []int{4, 3, 2}},
		{"latest, restored", "Hide\n\n" + del + "a@3", "two", []int{2, 1}},
		{"latest, not restored", "Hide\n\n" + del + "a@3", "", []int{3, 2, 1}},
		{"latest, another text", "Hide\n\n" + del + "a@3", "one", []int{4, 3, 2, 1}},
		{"latest, removed", "Hide\n\n" + del + "a@3", "-", nil},
		{"not there yet", "Hide\n\n" + del + "a@4", "", []int{3, 2, 1}},
		{"zero", "Hide\n\n" + del + "a@0", "", []int{3, 2, 1}},
		{"no number", "Hide\n\n" + del + "a", "", []int{3, 2, 1}},
		{"nobody", "Hide\n\n" + del + "b@1", "", []int{3, 2, 1}},
		{"huge number", "Hide\n\n" + del + "a@99999999999999999999999", "", []int{3, 2, 1}},
		{"two", "Hide\n\n" + del + "a@1\n" + del + "a@2", "", []int{3}},
		{"with others", "Hide\n\nWhy.\n\nSigned-off-by: A <a@b>\n" + del + "a@2\nReviewed-by: B <b@c>", "", []int{3, 1}},
		{"not the last paragraph", "Hide\n\n" + del + "a@1\n\nMore words.", "", []int{3, 2, 1}},
		{"the subject", del + "a@1", "", []int{3, 2, 1}},
		{"another file's path", "Hide\n\n" + del + "a@1\nPrompty-Path: p/a.prompty", "", []int{3, 2, 1}},
		{"its path", "Hide\n\n" + del + "a@1\nPrompty-Path: x.prompty\nPrompty-Path: a.prompty", "", []int{3, 2}},
		{"save again", "Again\n\n" + again + "a", "", []int{4, 3, 2, 1}},
		{"save again, twice", "Again\n\n" + again + "a\n" + again + "a", "", []int{4, 3, 2, 1}},
		{"save again, changed", "Again\n\n" + again + "a", "four", []int{4, 3, 2, 1}},
		{"save again, removed", "Again\n\n" + again + "a", "-", nil},
		{"save again, nobody", "Again\n\n" + again + "b", "", []int{3, 2, 1}},
		{"save again, outside", "Again\n\n" + again + "../a", "", []int{3, 2, 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.WorkTree(t)
			s := open(t, r.Dir)
			for _, text := range []string{"one", "two", "three"} {
				r.Commit(text, "a.prompty", text, "other.prompty", "x")
			}
			wantVersions(t, s, "a", 3, 2, 1)
			switch tc.text {
			case "":
				r.Commit(tc.message)
			case "-":
				r.Git("rm", "-q", "a.prompty")
				r.Git("commit", "-qm", tc.message)
			default:
				r.Commit(tc.message, "a.prompty", tc.text)
			}
			wantVersions(t, s, "a", tc.versions...)
			wantVersions(t, s, "other", 1)
			agree(t, s, r, "main", "", ".prompty")
			next := 4
			if len(tc.versions) > 0 {
				next = max(next, tc.versions[0]+1)
			}
			if got := save(t, s, "a", "next"); got.Version != next {
				t.Errorf("the next version is %d, want %d", got.Version, next)
			}
			agree(t, open(t, r.Dir), r, "main", "", ".prompty")
		})
	}
}

// TestSaveAll counts commits and moves of the branch.
func TestSaveAll(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, r *gittest.Repo) {
		r.Git("config", "core.logAllRefUpdates", "always")
		s := open(t, r.Dir)
		make := func(prefix string, n int) (list []*prompty.StoredTemplate) {
			for i := range n {
				list = append(list, &prompty.StoredTemplate{Name: fmt.Sprintf("%s/%02d", prefix, i), Source: fmt.Sprint("text ", i)})
			}
			return list
		}
		moves := func() int {
			out, err := r.Try("reflog", "show", "main")
			if err != nil || out == "" {
				return 0
			}
			return strings.Count(out, "\n") + 1
		}
		step := func(what string, list []*prompty.StoredTemplate, do func() error, wantCommits, wantMoves int) {
			t.Helper()
			c, m := commits(r, "main"), moves()
			if err := do(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if c = commits(r, "main") - c; c != wantCommits {
				t.Errorf("%s made %d commits, want %d", what, c, wantCommits)
			}
			if m = moves() - m; m != wantMoves {
				t.Errorf("%s moved the branch %d times, want %d", what, m, wantMoves)
			}
			for _, x := range list {
				if got, err := s.GetByID(t.Context(), x.ID); err != nil || got.Version != x.Version || got.Source != x.Source {
					t.Errorf("%s: GetByID(%s) = %+v, %v, want version %d", what, x.ID, got, err, x.Version)
				}
			}
			settled(t, r)
		}
		all := func(list []*prompty.StoredTemplate) (string, []*prompty.StoredTemplate, func() error) {
			return fmt.Sprintf("SaveAll of %d", len(list)), list, func() error { return s.SaveAll(t.Context(), list) }
		}
		each := func(list []*prompty.StoredTemplate) (string, []*prompty.StoredTemplate, func() error) {
			return fmt.Sprintf("SaveEach of %d", len(list)), list, func() error { return s.SaveEach(t.Context(), list) }
		}
		run := func(f func([]*prompty.StoredTemplate) (string, []*prompty.StoredTemplate, func() error), list []*prompty.StoredTemplate, c, m int) {
			t.Helper()
			what, list, do := f(list)
			step(what, list, do, c, m)
		}
		run(all, nil, 0, 0)
		run(all, make("a", 1), 1, 1)
		run(all, make("b", 3), 1, 1)
		run(all, make("c", 40), 1, 1)
		run(all, append(make("b", 3), make("b", 2)...), 2, 1) // unchanged, and twice
		run(all, append(make("d", 2), make("b", 1)...), 1, 1)
		run(each, nil, 0, 0)
		run(each, make("e", 3), 3, 1)
		run(each, append(make("e", 30), make("e", 30)...), 60, 1)
		want(t, s, "b/00", 4, "text 0")
		want(t, s, "e/00", 3, "text 0")
		agree(t, s, r, "main", "", ".prompty")

		// All or none.
		before := r.Git("rev-parse", "main")
		for what, bad := range map[string]*prompty.StoredTemplate{
			"name": {Name: "../x", Source: "x"}, "text": {Name: "f/x", Source: "\xff"}, "case": {Name: "B/00", Source: "x"}, "nil": nil,
		} {
			list := slices.Insert(make("f", 3), 2, bad)
			for call, err := range map[string]error{"SaveAll": s.SaveAll(t.Context(), list), "SaveEach": s.SaveEach(t.Context(), list)} {
				if err == nil {
					t.Errorf("%s with a bad %s gave no error", call, what)
				}
			}
			if list[0].ID != "" || list[0].Version != 0 {
				t.Errorf("a batch with a bad %s set %+v", what, list[0])
			}
		}
		if now := r.Git("rev-parse", "main"); now != before {
			t.Errorf("batches that failed moved the branch: %s", r.Git("log", "--stat", before+".."+now))
		}
		settled(t, r)
	})
}

// TestSaveIf conflicts with what others committed.
func TestSaveIf(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, r *gittest.Repo) {
		s := open(t, r.Dir)
		tmpl := &prompty.StoredTemplate{Name: "a", Source: "one"}
		must(t, s.SaveIf(t.Context(), tmpl, 0))
		r.Commit("By hand", "a.prompty", "two")
		tip := r.Git("rev-parse", "main")
		err := s.SaveIf(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "three"}, 1)
		var conflict *prompty.ConflictError
		if !errors.As(err, &conflict) || conflict.Base != 1 || conflict.Latest != 2 {
			t.Errorf("SaveIf on top of version 1 after an outside commit: %v, want a conflict of 1 and 2", err)
		}
		if now := r.Git("rev-parse", "main"); now != tip {
			t.Error("a SaveIf that failed moved the branch")
		}
		must(t, s.SaveIf(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "three"}, 2))
		want(t, s, "a", 3, "three")
		settled(t, r)
	})
}

// TestNames refuses what could not be checked out.
func TestNames(t *testing.T) {
	t.Parallel()
	eachKind(t, func(t *testing.T, r *gittest.Repo) {
		s := open(t, r.Dir)
		save(t, s, "Team/Foo", "x")
		save(t, s, "a", "x")
		save(t, s, "a.prompty/b", "x") // beside the file a.prompty
		tip := r.Git("rev-parse", "main")
		for _, name := range []string{"team/foo", "Team/foo", "TEAM/Foo", "A"} {
			err := s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "y"})
			other := "Team"
			if name == "A" {
				other = "a"
			}
			wantError(t, "Save("+name+")", err, prompty.ErrConflict, other)
		}
		for _, name := range []string{"git~1", "GIT~1/x", "x/git~1/y"} {
			wantError(t, "Save("+name+")", s.Save(t.Context(), &prompty.StoredTemplate{Name: name, Source: "y"}), prompty.ErrInvalidName)
		}
		if now := r.Git("rev-parse", "main"); now != tip {
			t.Errorf("a refused Save moved the branch: %s", r.Git("log", "--stat", tip+".."+now))
		}
		settled(t, r)
	})
}

// TestClash reads what others let clash, and reports it.
func TestClash(t *testing.T) {
	t.Parallel()
	r := gittest.Bare(t)
	r.Commit("Clash", "Team/Foo.prompty", "1", "Team/foo.prompty", "2", "team/foo.prompty", "3", "bad:name.prompty", "4", "con.prompty", "5", "ok.prompty", "6")
	s := open(t, r.Dir)
	for name, text := range map[string]string{"Team/Foo": "1", "Team/foo": "2", "team/foo": "3", "ok": "6"} {
		want(t, s, name, 1, text)
	}
	d, err := s.Describe(t.Context())
	must(t, err)
	for _, problem := range []string{"Team/Foo", "bad:name.prompty", "con.prompty"} {
		if !slices.ContainsFunc(d.Problems, func(p string) bool { return strings.Contains(p, problem) }) {
			t.Errorf("Describe has no problem about %q: %q", problem, d.Problems)
		}
	}
	save(t, s, "Team/foo", "it is there already")
	list, err := s.List(t.Context(), nil)
	if want := []string{"Team/Foo", "Team/foo", "ok", "team/foo"}; err != nil || !slices.Equal(names(list), want) {
		t.Errorf("List = %q, %v, want %q", names(list), err, want)
	}
	must(t, s.Delete(t.Context(), "Team/Foo"))
	agree(t, s, r, "main", "", ".prompty")
}
