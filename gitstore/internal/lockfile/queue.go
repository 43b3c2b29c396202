package lockfile

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-prompty/prompty/internal/flock"
)

// A queue lets one goroutine of one process through at a time: within the
// Owner by a semaphore, between processes by flock on a file that is never
// removed. The kernel gives flock back when a process dies.
type queue struct {
	sem    chan struct{} // holds one token while someone is through
	file   *os.File      // guarded by sem; nil until first used
	closed bool          // guarded by sem
}

// Queue waits until this process, and in it this goroutine, is the only one of
// ours that writes in the repository, so that git's lock files are contended
// only by git. It returns ctx.Err() when ctx ends first. release may be called
// more than once; where the file system has no flock, only this Owner's
// goroutines queue.
func (o *Owner) Queue(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	q := &o.queue
	select {
	case q.sem <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for wait := 100 * time.Microsecond; ; wait = min(2*wait, 4*time.Millisecond) {
		got, err := o.tryQueue()
		if got && err == nil {
			return sync.OnceFunc(q.release), nil
		}
		if err == nil {
			err = pause(ctx, wait/2+rand.N(wait))
		}
		if err != nil {
			<-q.sem
			return nil, err
		}
	}
}

func (q *queue) release() {
	if q.file != nil {
		// An error would mean that the descriptor is bad: closing it gives the lock back.
		if err := flock.Unlock(q.file); err != nil {
			q.file.Close()
			q.file = nil
		}
	}
	<-q.sem
}

// close waits for whoever is through, and lets nobody else in.
func (q *queue) close() {
	q.sem <- struct{}{}
	q.closed = true
	if q.file != nil {
		q.file.Close()
		q.file = nil
	}
	<-q.sem
}

// tryQueue tries once. The lock counts only if the file is still the one at
// the path: after "rm -r .git/prompty" others would lock a new one.
func (o *Owner) tryQueue() (bool, error) {
	q := &o.queue
	if q.closed {
		return false, errClosed
	}
	path := filepath.Join(o.stateDir(), "lock")
	if q.file == nil {
		mode, err := o.makeDirs()
		if err != nil {
			return false, err
		}
		// Without waiting, in case someone has put a named pipe there.
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|nonBlock, mode)
		if err != nil {
			return false, err
		}
		fi, err := f.Stat()
		if err != nil || !fi.Mode().IsRegular() {
			f.Close()
			return false, fmt.Errorf("%s is not a regular file; move it away", path)
		}
		_ = matchMode(f, mode) // may belong to someone else who shares the repository
		q.file = f
	}
	got, err := flock.TryLock(q.file)
	if errors.Is(err, flock.ErrUnsupported) {
		return true, nil
	}
	if err != nil || !got {
		return false, err
	}
	if fi, err := q.file.Stat(); err == nil && sameFile(path, fi) {
		return true, nil
	}
	q.file.Close()
	q.file = nil
	return false, nil
}
