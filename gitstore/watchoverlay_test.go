package gitstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// overlays are work trees whose uncommitted edits are watched.
func overlays(t *testing.T, test func(t *testing.T, r *gittest.Repo)) {
	for name, make := range map[string]func() *gittest.Repo{
		"main": func() *gittest.Repo { return gittest.WorkTree(t) },
		"linked": func() *gittest.Repo {
			r := gittest.Bare(t)
			r.Commit("First", "README.md", "x")
			return r.Linked("side")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, make())
		})
	}
}

// TestWatchWorkTree edits files in a work tree, and lets git at them.
func TestWatchWorkTree(t *testing.T) {
	t.Parallel()
	overlays(t, func(t *testing.T, r *gittest.Repo) {
		r.Commit("First", "p/a.prompty", "1", "p/b.prompty", "1", "p/d/c.prompty", "1", ".gitignore", "ignored/\n*.draft.prompty\n")
		s := open(t, r.Dir, "worktree=1&dir=p")
		e := listen(t, s)
		copy := copied{}
		copy.fill(t, s)
		wants := func(what, line string) string {
			t.Helper()
			b := e.wants(what, line)
			copy.take(t, s, b)
			copy.agrees(t, what, s)
			return b.Revision
		}
		head := r.Git("rev-parse", "HEAD")

		r.Write("p/a.prompty", "edited")
		edited := wants("an edit", "*a")
		if !strings.HasPrefix(edited, head+"+") {
			t.Errorf("with an edit the revision is %q, want %s+…", edited, head)
		}
		r.Write("p/new/n.prompty", "1")
		wants("a new file in a new folder", "+new/n")
		must(t, os.Remove(r.Path("p/b.prompty")))
		wants("a file removed", "-b")
		r.Write("p/notes.txt", "x")
		r.Write("q/a.prompty", "x")
		r.Write("p/x.draft.prompty", "x")
		r.Write("p/ignored/x.prompty", "x")
		e.silent("files that don't count")
		r.Git("add", "p/a.prompty")
		e.silent("git add")
		r.Git("commit", "-qm", "Edit", "p/a.prompty")
		got := want(t, s, "a", 2, "edited")
		b := e.wants("the commit of an edit", "*a")
		copy.take(t, s, b)
		if !strings.HasPrefix(string(got.ID), r.Git("rev-parse", "HEAD")) {
			t.Errorf("after its commit the ID is %s", got.ID)
		}

		r.Git("stash", "-q")
		wants("git stash", "+b")
		r.Git("stash", "pop", "-q")
		wants("git stash pop", "-b")
		r.Git("stash", "-q", "-u") // removes files without the index, and then resets
		e.catchUp("git stash -u", copy)
		r.Git("stash", "pop", "-q")
		e.catchUp("git stash pop", copy)
		r.Git("restore", ".")
		wants("git restore", "+b")
		r.Git("clean", "-qfd")
		wants("git clean", "-new/n")

		// Ways to write a file.
		must(t, os.WriteFile(r.Path("p/a.prompty~"), []byte("by rename"), 0o666))
		must(t, os.Rename(r.Path("p/a.prompty~"), r.Path("p/a.prompty")))
		wants("a rename over the file", "*a")
		must(t, os.Rename(r.Path("p/d"), r.Path("p/e")))
		wants("a folder renamed", "-d/c +e/c")
		must(t, os.Rename(r.Path("p/e"), r.Path("p/d")))
		wants("and back", "+d/c -e/c")
		r.Git("checkout", "-q", ".")
		wants("git checkout of a file", "*a")

		// Ignoring is by git's rules, which change.
		r.Write(".gitignore", "*.draft.prompty\n")
		wants("a folder ignored no more", "+ignored/x")
		r.Write("p/ignored/x.prompty", "y")
		wants("an edit there", "*ignored/x")
		r.Write(".gitignore", "ignored/\n")
		e.catchUp("other rules", copy)
		if _, there := copy["x.draft"]; !there || len(copy) != 4 {
			t.Errorf("with other rules there are %v", copy)
		}
		r.Git("add", "-f", "p/ignored/x.prompty")
		wants("an ignored file added", "+ignored/x")
		r.Write("p/ignored/x.prompty", "z")
		wants("and edited", "*ignored/x")
		r.Git("add", "-A")
		r.Git("commit", "-qm", "All")
		wants("a commit of everything", "*ignored/x *x.draft")

		// Branches.
		main := r.Git("symbolic-ref", "--short", "HEAD")
		r.Git("switch", "-qc", "topic")
		r.Write("p/a.prompty", "topic")
		wants("an edit on another branch", "*a")
		r.Git("commit", "-qam", "Topic")
		wants("its commit", "*a")
		r.Git("switch", "-q", main)
		wants("a branch switched", "*a")
		r.Write("p/a.prompty", "main")
		wants("an edit", "*a")
		r.Git("commit", "-qam", "Main")
		wants("its commit", "*a")
		if _, err := r.Try("merge", "-q", "topic"); err == nil {
			t.Fatal("there is no conflict")
		}
		wants("a conflict", "*a")
		r.Git("merge", "--abort")
		wants("its end", "*a")
		if _, err := r.Try("rebase", "-q", "topic"); err == nil {
			t.Fatal("there is no conflict")
		}
		wants("a conflict in a rebase", "*a")
		r.Write("p/a.prompty", "resolved")
		wants("a resolution", "*a")
		r.Git("add", "-A")
		r.Git("rebase", "--continue")
		e.catchUp("the rebase's end", copy)
		want(t, s, "a", 4, "resolved")
		r.Git("reset", "-q", "--hard", "topic")
		wants("a reset", "*a all")

		// Our own saves are never seen half done.
		for i := range 5 {
			x := save(t, s, "own", fmt.Sprint(i))
			b := e.wants("our own save", []string{"+own", "*own"}[min(i, 1)])
			if got, err := s.Get(t.Context(), "own"); err != nil || got.ID != x.ID || b.Revision != r.Git("rev-parse", "HEAD") {
				t.Errorf("after our own save: %+v, %v, revision %s", got, err, b.Revision)
			}
		}
		e.silent("what is done already")
	})
}

// TestWatchCheckout switches 10,000 files: that is one batch.
func TestWatchCheckout(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("checks out 20,000 files")
	}
	r := gittest.WorkTree(t)
	files := func(text string) (list []string) {
		for i := range 10_000 {
			list = append(list, fmt.Sprintf("d%03d/f%d.prompty", i/20, i), text)
		}
		return list
	}
	one := grow(r, "One", nil, files("one")...)
	two := grow(r, "Two", []string{one}, files("two")...)
	r.Git("update-ref", "refs/heads/two", two)
	r.Git("update-ref", "refs/heads/main", one)
	r.Git("reset", "-q", "--hard")
	plain, laid := open(t, r.Dir), open(t, r.Dir, "worktree=1")
	e, f := listen(t, plain), listen(t, laid)
	copy := copied{}
	copy.fill(t, laid)
	for i, branch := range []string{"two", "main"} {
		start := time.Now()
		r.Git("switch", "-q", branch)
		slow := time.Since(start) > time.Second // then nobody waits for git to the end
		for _, x := range []*ear{e, f} {
			b := x.next()
			if x == f {
				copy.take(t, laid, b)
			}
			if (len(b.Changes) != 10_000 || b.All) && (x == e || !slow) {
				t.Errorf("switch %d: %d changes, %v, want 10000 in one batch", i, len(b.Changes), b.All)
			}
			if x == e || !slow {
				x.silent("the switch is done")
			}
		}
		f.catchUp("a switch", copy)
	}
}

// TestWatchHeldIndex edits beside a git that has died and left its lock: what a
// person writes shows all the same.
func TestWatchHeldIndex(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	r.Commit("First", "a.prompty", "1")
	s := open(t, r.Dir, "worktree=1")
	e := listen(t, s)
	must(t, os.WriteFile(filepath.Join(r.GitDir(), "index.lock"), nil, 0o666))
	for i := range 3 {
		r.Write("a.prompty", fmt.Sprint("edit ", i))
		e.wants("an edit beside a dead git", "*a")
	}
	must(t, os.Remove(filepath.Join(r.GitDir(), "index.lock")))
	r.Git("commit", "-qam", "Second")
	e.wants("a commit", "*a")
}

// TestWatchResumeEdits goes on from a state with edits.
func TestWatchResumeEdits(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	first := r.Commit("First", "a.prompty", "1", "b.prompty", "1")
	s := open(t, r.Dir, "worktree=1")
	e := listen(t, s)
	r.Write("a.prompty", "2")
	one := e.wants("an edit", "*a").Revision
	r.Write("c.prompty", "1")
	two := e.wants("another one", "+c").Revision
	must(t, os.Remove(r.Path("b.prompty")))
	three := e.wants("and one more", "-b").Revision

	resume := func(what, from, line string) {
		t.Helper()
		x := listenFrom(t, s, from)
		if line != "" {
			if got := told(x.next()); got != line {
				t.Errorf("from %s: %q, want %q", what, got, line)
			}
		}
		marker := x.silent(what)
		r.Git("reset", "-q", first) // without the marker
		must(t, os.Remove(r.Path(marker+".prompty")))
		must(t, s.Sync(t.Context()))
	}
	resume("where it is", three, "")
	resume("one before", two, "-b")
	resume("two before", one, "-b +c")
	resume("the commit", first, "*a -b +c")

	must(t, s.Close())
	s = open(t, r.Dir, "worktree=1")
	for _, c := range []struct{ what, from, line string }{
		{"a commit", first, "*a -b +c"},
		{"edits that only another process has seen", one, "all"},
		{"the same edits, as they are now", three, ""},
	} {
		e := listenFrom(t, s, c.from)
		if c.line == "" {
			e.silent(c.what)
		} else if got := told(e.next()); got != c.line {
			t.Errorf("another process, from %s: %q, want %q", c.what, got, c.line)
		}
	}
}
