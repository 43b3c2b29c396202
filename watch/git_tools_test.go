//go:build linux

package watch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/watch"
)

// TestGit lets git change a work tree. What it does under one index.lock is one
// batch, however many files that is.
func TestGit(t *testing.T) {
	t.Parallel()
	everyMode(t, func(t *testing.T, mode watch.Mode) {
		need(t, "git")
		root := t.TempDir()
		files := gitFiles(t, root)
		f := openFolder(t, root, watch.Options{Mode: mode})
		st := follow(t, f)
		// changed is how many names the batch has, which is the only one; 0: there
		// may be several.
		step := func(what string, changed int, do func()) {
			t.Helper()
			n := st.count()
			do()
			if mode != watch.Poll { // which would take a second each
				st.untilEqual(root)
			}
			st.settle(root)
			batches := st.since(n)
			switch {
			case changed == 0:
			case len(batches) != 1:
				t.Errorf("%s: %d batches, want one:\n%s", what, len(batches), st.log())
			case len(batches[0].Changes) != changed || batches[0].Resync:
				t.Errorf("%s: %d changes, resync %v, want %d:\n%s", what, len(batches[0].Changes), batches[0].Resync, changed, st.log())
			}
		}
		in := func(args ...string) func() { return func() { t.Helper(); git(t, root, args...) } }
		step("checkout", files, in("checkout", "-q", "other"))
		step("checkout back", files, in("checkout", "-q", "main"))
		step("checkout of one file", 1, in("checkout", "-q", "other", "--", "d1/f1.txt"))
		step("reset", 1, in("reset", "-q", "--hard"))
		step("checkout with a folder that comes", 3, in("checkout", "-q", "folder"))
		step("checkout with a folder that goes", 3, in("checkout", "-q", "main"))
		step("merge, fast forward", 3, in("merge", "-q", "--ff-only", "folder"))
		step("merge", 1, in("merge", "-q", "--no-edit", "side"))
		put(t, filepath.Join(root, "d1/f1.txt"), "edited")
		st.settle(root)
		step("stash", 1, in("stash", "-q"))
		step("stash pop", 1, in("stash", "pop", "-q"))
		step("restore", 1, in("restore", "."))
		step("rebase", 0, in("rebase", "-q", "-X", "theirs", "--onto", "other", "main~1", "main"))
		step("cherry-pick", 1, in("cherry-pick", "side2"))
		step("revert", 1, in("revert", "--no-edit", "HEAD"))
		step("rm", 1, in("rm", "-q", "d1/f1.txt"))
		step("mv", 2, in("mv", "d1/f2.txt", "d1/moved.txt"))
		step("commit", 0, in("commit", "-qam", "moved"))
		step("clean", 0, func() {
			put(t, filepath.Join(root, "scratch/x.txt"), "x")
			git(t, root, "clean", "-qfd")
		})
		step("apply", 1, func() {
			patch := filepath.Join(t.TempDir(), "patch")
			put(t, patch, run(t, root, "git", "diff", "HEAD~1", "HEAD", "--", "d1/f2.txt"))
			git(t, root, "apply", "-R", patch)
		})
		step("clean again", 1, in("clean", "-qfd"))
		step("switch --discard-changes", 0, in("switch", "-q", "--discard-changes", "other"))
		step("worktree add", 0, in("worktree", "add", "-q", "linked", "side"))
		put(t, filepath.Join(root, "linked/d1/f1.txt"), "edited in the linked work tree")
		st.settle(root)
		step("checkout in the linked work tree", 0, in("-C", "linked", "checkout", "-qf", "--detach", "other"))
		// A lock that nobody holds any more does not stop the news for ever.
		put(t, filepath.Join(root, ".git/index.lock"), "")
		put(t, filepath.Join(root, "beside.txt"), "changed beside a stale lock")
		st.untilHas("beside.txt", "changed beside a stale lock")
		must(t, os.Remove(filepath.Join(root, ".git/index.lock")))
		st.settle(root)
		if strings.Contains(st.log(), ".git/") {
			t.Errorf("told of git's own files:\n%s", st.log())
		}
	})
}

// gitFiles makes a repository: main and other differ in all of the files it
// tells the number of, folder adds three to main, side and side2 change one.
func gitFiles(t testing.TB, root string) int {
	t.Helper()
	const folders, each = 10, 50
	commit := func(branch, from, text string, names ...string) {
		git(t, root, "checkout", "-q", "-B", branch, from)
		for _, name := range names {
			put(t, filepath.Join(root, name), fmt.Sprintf("%s in %s\n%s", name, text, strings.Repeat("and more\n", 100)))
		}
		git(t, root, "add", "-A")
		git(t, root, "commit", "-qm", text)
	}
	var all []string
	for d := range folders {
		for i := range each {
			all = append(all, fmt.Sprintf("d%d/f%d.txt", d, i))
		}
	}
	git(t, root, "init", "-q", "-b", "main")
	git(t, root, "commit", "-q", "--allow-empty", "-m", "start")
	commit("main", "main", "main", all...)
	commit("other", "main", "other", all...)
	commit("folder", "main", "folder", "new/a.txt", "new/deep/er/b.txt", "new/c.txt")
	commit("side", "main", "side", "d3/f3.txt")
	commit("side2", "other", "side2", "d4/f4.txt")
	git(t, root, "checkout", "-q", "main")
	return len(all)
}
