package repo

import (
	"errors"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

var errSkeleton = errors.New("not implemented")

// A Worktree is one work tree of the repository.
type Worktree struct {
	Path       string    // "" for the main one of a bare repository
	GitDir     string    // its own git directory
	Branch     string    // what its HEAD names, in full; "" when detached
	Head       object.ID // what its HEAD leads to; zero when unborn
	InProgress string    // "rebase", "am", "merge", "cherry-pick", "revert", "bisect" or ""
	RebaseOf   string    // the branch being rebased there, in full
	UpdateRefs []string  // further branches that this rebase will move (git rebase --update-refs)
	Main       bool      // not a linked one
	Gone       bool      // its folder does not exist (yet, or any more)
}

// Worktrees returns the main work tree and the linked ones, the main one
// first. For a bare repository the main one has no Path.
func (r *Repo) Worktrees() ([]Worktree, error) { return nil, errSkeleton }

// Objects is where ResolveRev looks commits and tags up; *odb.DB is one.
type Objects interface {
	Read(id object.ID) (object.Kind, []byte, error)
	Expand(prefix string) ([]object.ID, error)
}

// A Rev is what the name of a revision stands for.
type Rev struct {
	Commit object.ID
	Ref    string // the reference that moves, in full ("HEAD" for HEAD); "" for a tag, a commit, or anything with a suffix
}

// ResolveRev finds the commit that rev names: a full or abbreviated reference
// (branch, tag, remote branch), HEAD or @, a commit's id or four or more digits
// of it, each with any number of ~n and ^n. What is ambiguous or unknown is
// ErrUnknownRevision, with the nearest names.
func (r *Repo) ResolveRev(rs *refs.Store, db Objects, rev string) (Rev, error) {
	return Rev{}, errSkeleton
}

// Grafts are what makes a repository's history differ from what its commits
// say.
type Grafts struct {
	Parents     map[object.ID][]object.ID // from the file shallow (none) and info/grafts
	Replace     map[object.ID]object.ID   // refs/replace: read the second instead of the first
	Fingerprint string                    // equal only if all of it is equal; "" if there is none of it
}

// Grafts returns what overrides the commits' parents here.
func (r *Repo) Grafts(rs *refs.Store) (Grafts, error) { return Grafts{}, errSkeleton }
