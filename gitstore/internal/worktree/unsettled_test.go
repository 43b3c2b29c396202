package worktree

import (
	"os"
	"testing"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestUnsettled stops where git checkout is between the index and HEAD.
func TestUnsettled(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	must(t, os.WriteFile(r.Path("a"), []byte("main"), 0o666))
	r.Git("add", "a")
	r.Git("commit", "-qm", "Main")
	r.Git("checkout", "-qb", "other")
	must(t, os.WriteFile(r.Path("a"), []byte("other"), 0o666))
	r.Git("commit", "-qam", "Other")
	r.Git("checkout", "-q", "main")
	b, err := open(r.Dir)
	must(t, err)
	const young = -Settling / 2 // a time to come, so that the test may take some
	check := func(what string, age time.Duration, want bool) {
		t.Helper()
		at := time.Now().Add(-age)
		must(t, os.Chtimes(r.Path(".git/index"), at, at))
		x, err := b.Begin(t.Context())
		must(t, err)
		got, err := x.Unsettled()
		must(t, err)
		must(t, x.Abort())
		if got != want {
			t.Errorf("%s: unsettled %v, want %v", what, got, want)
		}
	}
	check("at rest", young, false)
	r.Git("read-tree", "-m", "-u", "main", "other")
	r.Git("write-tree") // as git checkout does, for the cache tree
	check("before HEAD moves", young, true)
	check("a while later", time.Hour, false)
	r.Git("symbolic-ref", "HEAD", "refs/heads/other")
	check("after", young, false)
}
