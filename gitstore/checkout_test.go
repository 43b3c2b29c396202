package gitstore_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// TestAlias writes a branch by way of a symbolic reference: it is checked out
// under its own name.
func TestAlias(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	save(t, open(t, r.Dir), "a", "one")
	r.Git("symbolic-ref", "refs/heads/master", "refs/heads/main")
	s := open(t, r.Dir, "branch=master")
	save(t, s, "a", "two")
	want(t, s, "a", 2, "two")
	want(t, open(t, r.Dir), "a", 2, "two")
	settled(t, r)

	r.Git("symbolic-ref", "HEAD", "refs/heads/master")
	save(t, open(t, r.Dir), "b", "one")
	save(t, s, "b", "two")
	save(t, open(t, r.Dir, "branch=main"), "b", "three")
	want(t, s, "b", 3, "three")
	settled(t, r)
}

// TestCheckoutBeside saves while git checkout has written the index and has not
// moved HEAD yet: a hook of git's runs at that moment.
func TestCheckoutBeside(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	s := open(t, r.Dir)
	for _, text := range []string{"main", "other"} {
		save(t, s, "a", text)
		r.Git("checkout", "-q", "-B", "other")
	}
	fifo := r.Path(".git/reached")
	must(t, syscall.Mkfifo(fifo, 0o600))
	must(t, os.MkdirAll(r.Path(".git/hooks"), 0o777))
	must(t, os.WriteFile(r.Path(".git/hooks/post-index-change"), []byte("#!/bin/sh\n[ \"$1\" = 1 ] && echo > .git/reached\n"), 0o777))
	for i := range 30 {
		branch := "main"
		if strings.HasSuffix(r.Git("symbolic-ref", "HEAD"), "main") {
			branch = "other"
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := os.ReadFile(fifo); err != nil { // waits for the hook
				t.Error(err)
			}
			if err := s.Save(context.Background(), &prompty.StoredTemplate{Name: fmt.Sprint("new", i), Source: "text"}); err != nil {
				t.Errorf("Save: %v", err)
			}
		})
		r.Git("checkout", "-q", branch)
		wg.Wait()
		if out := r.Status(); out != "" {
			t.Fatalf("round %d, on %s: git status says %s", i, branch, out)
		}
	}
	settled(t, r)
}

// TestWorkTreeAway leaves a branch alone that is checked out on a disk which is
// not mounted: its index could not follow. One that was just deleted is in
// nobody's way.
func TestWorkTreeAway(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	save(t, open(t, r.Dir), "a", "one")
	linked := r.Linked("side")
	s := open(t, r.Dir, "branch=side")
	r.Git("worktree", "lock", linked.Dir)
	must(t, os.Rename(linked.Dir, linked.Dir+".away"))
	err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "a", Source: "two"})
	wantError(t, "Save", err, prompty.ErrReadOnly, linked.Dir, "git worktree unlock")
	must(t, os.Rename(linked.Dir+".away", linked.Dir))
	settled(t, linked)
	save(t, s, "a", "two")
	settled(t, linked)

	r.Git("worktree", "unlock", linked.Dir)
	must(t, os.RemoveAll(linked.Dir))
	save(t, s, "a", "three")
	want(t, s, "a", 3, "three")
}
