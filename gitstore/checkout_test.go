package gitstore_test

import (
	"os"
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
