// Package refs reads and moves the references of a git repository: loose
// files, packed-refs, symbolic references, HEAD and the reflogs, beside git
// itself and whoever else does so.
package refs

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// ErrNotFound is what reading a reference that does not exist gives, wrapped.
var ErrNotFound = errors.New("reference not found")

var errSkeleton = errors.New("not implemented")

// Options are what the repository's configuration says about references.
type Options struct {
	Bare        bool          // no work tree: reflogs are not begun unless LogAll says so
	LogAll      string        // core.logAllRefUpdates: "", "true", "false" or "always"
	Perm        fs.FileMode   // mode of new files; 0: 0666 less the umask
	LockTimeout time.Duration // 0: lockfile.DefaultTimeout
}

// A Store reads and moves the references of one repository, as seen from one
// of its work trees. It is safe for concurrent use.
type Store struct{}

// Open returns the references of the repository. gitDir is the work tree's own
// (HEAD stands there), commonDir the one that all work trees share. A nil
// owner gives a Store that only reads.
func Open(gitDir, commonDir string, owner *lockfile.Owner, o Options) *Store { return &Store{} }

// Read returns what a reference, named in full ("refs/heads/main", "HEAD"),
// points to. Symbolic references are followed. A missing one, and one that
// leads to a missing one, is ErrNotFound; a file that holds anything else than
// a reference is an error that names it.
func (s *Store) Read(name string) (object.ID, error) { return object.ID{}, errSkeleton }

// Head is the state of HEAD.
type Head struct {
	Branch   string    // in full, "refs/heads/main"; "" when detached
	ID       object.ID // zero when unborn
	Unborn   bool      // Branch does not exist yet
	Detached bool      // HEAD holds a commit, not a branch
}

// Head returns the state of HEAD. Where HEAD's file has not changed since the
// last call, it costs one stat and the read of the branch.
func (s *Store) Head() (Head, error) { return Head{}, errSkeleton }

// A Ref is one reference.
type Ref struct {
	Name   string
	ID     object.ID // zero if it is symbolic and leads nowhere
	Target string    // what a symbolic reference names; else ""
}

// List returns the references whose names begin with prefix ("refs/heads/";
// "" or "refs/" for all), sorted by name. Broken ones are left out.
func (s *Store) List(prefix string) ([]Ref, error) { return nil, errSkeleton }

// Lock takes the lock of a reference, named in full, so that nobody moves it
// until Commit or Abort. A symbolic reference is followed: what it leads to is
// locked. The reference need not exist. The HEAD of each work tree that has
// the reference checked out is locked too, if its reflog is kept. Waiting ends
// with ctx or Options.LockTimeout; the error is then a *lockfile.HeldError.
func (s *Store) Lock(ctx context.Context, name string) (*Update, error) { return nil, errSkeleton }

// An Update is a reference under lock.
type Update struct{}

// Name returns the reference that is locked, in full.
func (u *Update) Name() string { return "" }

// Old returns what the reference points to, read under the lock; zero if it
// does not exist.
func (u *Update) Old() object.ID { return object.ID{} }

// A Log is an entry for the reflogs.
type Log struct {
	Ident   object.Ident // who, and when
	Message string       // one line; white space is squeezed as git does
}

// Commit points the reference to id, writes the reflogs and releases the lock.
// With sync the reference is on disk when Commit returns. After an error the
// reference is as it was, and no lock is held.
func (u *Update) Commit(id object.ID, log Log, sync bool) error { return errSkeleton }

// Abort releases the lock and leaves the reference as it is. After Commit or
// Abort it does nothing.
func (u *Update) Abort() {}

// CheckName reports whether git would accept name as the full name of a
// reference (git-check-ref-format).
func CheckName(name string) error { return errSkeleton }
