// Package lockfile takes git's lock files: <file>.lock, made by exclusive
// creation, given back by rename or removal. Unlike git's own, a lock that
// this package left behind when its process was killed is recognised and
// taken over by the next process. The lock file of anyone else is never
// removed.
//
// Each process keeps one owner file, <common git dir>/prompty/owners/<random>,
// under flock for as long as it lives. A lock file is a hard link to it: made
// in one step, it fails like an exclusive creation where the lock file exists,
// and says without a window whose it is. If the owner file's flock can be
// taken, the process that made the lock is dead. Where hard links don't work
// (some file systems, Windows), lock files are created as git creates them,
// and stay behind after a kill -9 as git's do.
package lockfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// DefaultTimeout is how long Acquire waits unless it is told otherwise.
const DefaultTimeout = 5 * time.Second

var errSkeleton = errors.New("not implemented")

// An Owner takes lock files for one repository in the name of this process.
// It is safe for concurrent use.
type Owner struct{}

// Open prepares the taking of locks in the repository with that common git
// directory, and removes what dead processes left there. It writes nothing
// before the first lock is taken, so a repository that can only be read opens
// too.
func Open(commonDir string) (*Owner, error) { return nil, errSkeleton }

// Close gives up the owner file. Locks that are held stay valid until they are
// released. It is idempotent.
func (o *Owner) Close() error { return errSkeleton }

// Queue waits until this process, and in it this goroutine, is the only one of
// ours that writes in the repository, so that git's lock files are contended
// only by git. It returns ctx.Err() when ctx ends first. release must be
// called once; where the file system has no flock, only this Owner's
// goroutines queue.
func (o *Owner) Queue(ctx context.Context) (release func(), err error) { return nil, errSkeleton }

// Acquire takes path + ".lock", waiting while someone else has it, until ctx
// ends or the timeout passes (0: DefaultTimeout; negative: try once). Folders
// above path that don't exist are an error (fs.ErrNotExist). When time runs
// out the error is a *HeldError; ctx.Err() when ctx ended.
func (o *Owner) Acquire(ctx context.Context, path string, timeout time.Duration) (*Lock, error) {
	return nil, errSkeleton
}

// A Lock is a lock file that is held. Its methods are not safe for concurrent
// use. It ends with Replace or Release, whichever comes first.
type Lock struct{}

// Path returns the file that is locked, without ".lock".
func (l *Lock) Path() string { return "" }

// Replace puts a new file in the locked file's place and releases the lock.
// write gets an empty temporary file on the same file system; perm is its mode
// (0: 0666 less the umask). With sync the content and the name are on disk
// when Replace returns. On an error the old file stands as it was, and the
// lock is released as well, unless the error says otherwise.
func (l *Lock) Replace(write func(*os.File) error, perm fs.FileMode, sync bool) error {
	return errSkeleton
}

// Release gives the lock back and leaves the file as it is. After Replace or
// Release it does nothing.
func (l *Lock) Release() error { return errSkeleton }

// A HeldError says that a lock file stood in the way until time ran out.
type HeldError struct {
	Path  string    // the lock file
	Since time.Time // when it was made; zero if it went away at the last moment
	By    string    // "prompty (pid 123 on host)" if it is ours, else ""
}

func (e *HeldError) Error() string { return e.Path }
