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
		if b.Locked() != nil {
			t.Errorf("%s: our own lock is taken for git's", what)
		}
		must(t, x.Abort())
		if got != want {
			t.Errorf("%s: unsettled %v, want %v", what, got, want)
		}
		if got, err := b.Unsettled(Settling); err != nil || got != want {
			t.Errorf("%s: without a lock it is unsettled %v, %v, want %v", what, got, err, want)
		}
	}
	check("at rest", young, false)
	r.Git("read-tree", "-m", "-u", "main", "other")
	r.Git("write-tree") // as git checkout does, for the cache tree
	check("before HEAD moves", young, true)
	check("a while later", time.Hour, false)
	r.Git("symbolic-ref", "HEAD", "refs/heads/other")
	check("after", young, false)

	if b.Locked() != nil {
		t.Error("locked by nobody")
	}
	must(t, os.WriteFile(r.Path(".git/index.lock"), []byte("DIRC"), 0o666))
	if b.Locked() == nil {
		t.Error("git's lock is not seen")
	}
	must(t, os.WriteFile(r.Path(".git/index"), []byte("damaged"), 0o666))
	if _, err := b.Unsettled(Settling); err == nil {
		t.Error("a damaged index is settled")
	}
}

// TestEnters asks for folders one by one what Scan goes into.
func TestEnters(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	for path, text := range map[string]string{
		".gitignore": "ignored/\n/top\n", "a/f": "x", "ignored/f": "x", "a/ignored/f": "x", "a/top/f": "x", "top/f": "x", "forced/ignored/f": "x", "new/f": "x",
	} {
		r.Write(path, text)
	}
	r.Git("add", "a/f")
	r.Git("add", "-f", "forced/ignored/f")
	r.Git("init", "-q", r.Path("other"))
	b, err := open(r.Dir)
	must(t, err)
	for dir, want := range map[string]bool{
		"a": true, "ignored": false, "a/ignored": false, "a/top": true, "top": false, "forced": true, "forced/ignored": true, "new": true, "other": false,
	} {
		if got, err := b.Enters(dir); err != nil || got != want {
			t.Errorf("Enters(%q) = %v, %v, want %v", dir, got, err, want)
		}
	}
	must(t, os.WriteFile(r.Path(".git/index"), []byte("damaged"), 0o666))
	if _, err := b.Enters("a"); err == nil {
		t.Error("a damaged index tells what is entered")
	}
}
