// Package repo finds a git repository and says what it is: its directories,
// configuration, owner and work trees, what a revision's name means there, and
// whether it uses something that this module cannot read.
package repo

import (
	"errors"
	"io/fs"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

// ErrNoRepository is what Find gives, wrapped, where there is no repository.
var ErrNoRepository = errors.New("no git repository")

// ErrUnknownRevision is what ResolveRev gives, wrapped, for a revision that
// names nothing, names several things or cannot be read.
var ErrUnknownRevision = errors.New("unknown revision")

var errSkeleton = errors.New("not implemented")

// A Repo is a repository as seen from one of its work trees. All paths are
// absolute, in the system's form, with symbolic links resolved.
type Repo struct {
	GitDir     string  // the work tree's own: HEAD and the index stand there
	CommonDir  string  // shared by all work trees: objects, refs, config; GitDir unless the work tree is a linked one
	WorkTree   string  // "" if Bare
	Prefix     string  // where in the work tree Find's path lies, slash-separated; "" for its top
	Bare       bool    // without a work tree
	ObjectsDir string  // CommonDir's objects
	Config     *Config // what git would read here
}

// Options change what Find accepts.
type Options struct {
	AnyOwner bool // accept a repository that belongs to another user
}

// A RefusedError says why a repository cannot be used, and what would help.
type RefusedError struct {
	Path   string
	Reason string
	Remedy string
}

func (e *RefusedError) Error() string { return e.Path }

// Find returns the repository at path: a bare one, a git directory, a work
// tree (main or linked) or any folder in it. The environment's GIT_DIR and the
// like are ignored. Without a repository the error is ErrNoRepository; one that
// cannot be used gives a *RefusedError.
func Find(path string, o Options) (*Repo, error) { return nil, errSkeleton }

// Init makes an empty repository at path, as "git init" does, with HEAD on the
// branch ("" means init.defaultBranch, else main), and returns it. A repository
// that is there already is returned by Find's rules.
func Init(path string, bare bool, branch string) (*Repo, error) { return nil, errSkeleton }

// FilePerm returns the mode for new files that core.sharedRepository asks for;
// 0 if it asks for none and the umask rules.
func (r *Repo) FilePerm() fs.FileMode { return 0 }

// RefOptions returns what refs.Open needs to know of the configuration.
func (r *Repo) RefOptions() refs.Options { return refs.Options{} }

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
