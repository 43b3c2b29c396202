package gitstore_test

import (
	"testing"

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
