package fsstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/flock"
)

// lock is held by whoever writes: one goroutine of one process at a time.
// Within the process it is the semaphore; between processes, flock on a file
// that is never removed. The kernel gives flock back when a process dies, so
// the one who gets it may find a step half done: repair.go.
type lock struct {
	sem  chan struct{} // holds one token while someone has the lock
	file *os.File      // guarded by sem; nil until first used
}

// longestPoll is the longest pause before the lock is tried again.
const longestPoll = 4 * time.Millisecond

// acquire waits for the lock until ctx ends, the store is closed or another
// folder is in this one's place. An error that forbids() knows says that this
// place cannot be written.
func (s *Store) acquire(ctx context.Context) error {
	select {
	case s.lock.sem <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return prompty.NewStorageClosedError()
	}
	for wait := 100 * time.Microsecond; ; wait = min(2*wait, longestPoll) {
		got, err := s.tryFileLock()
		if got && err == nil {
			return nil
		}
		if err == nil {
			// Random, so that processes that wait together don't come back together.
			err = s.pause(ctx, wait/2+rand.N(wait))
		}
		if err == nil && wait == longestPoll { // who has the lock of that one may keep it for good
			if perr := s.inPlace(); errors.Is(perr, errReplaced) {
				err = perr
			}
		}
		if err != nil {
			<-s.lock.sem
			return err
		}
	}
}

// tryWrite finds out whether this place can be written, without waiting for
// who has the lock: if there is one, it can.
func (s *Store) tryWrite() error {
	select {
	case s.lock.sem <- struct{}{}:
	default:
		return nil
	}
	got, err := s.tryFileLock()
	if got && err == nil {
		s.release()
		return nil
	}
	<-s.lock.sem
	return err
}

func (s *Store) release() {
	// An error would mean that the descriptor is bad: closing it gives the lock back.
	if err := flock.Unlock(s.lock.file); err != nil {
		s.lock.file.Close()
		s.lock.file = nil
	}
	<-s.lock.sem
}

// pause waits unless ctx ends or the store is closed first.
func (s *Store) pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return prompty.NewStorageClosedError()
	}
}

// tryFileLock tries once. The lock counts only if the file is still the one at
// the path: after "rm -r .prompty" others would lock a new one.
func (s *Store) tryFileLock() (bool, error) {
	if s.lock.file == nil {
		if err := s.openLockFile(); err != nil {
			return false, err
		}
	}
	if err := s.disk.ask("flock", lockPath); err != nil {
		return false, err
	}
	got, err := flock.TryLock(s.lock.file)
	if err != nil || !got {
		return false, err
	}
	mine, err1 := s.lock.file.Stat()
	there, err2 := s.disk.lstat(lockPath)
	if err1 == nil && err2 == nil && os.SameFile(mine, there) {
		return true, nil
	}
	s.lock.file.Close()
	s.lock.file = nil
	if err := errors.Join(err1, err2); err != nil && !missing(err) {
		return false, err
	}
	return false, nil
}

func (s *Store) openLockFile() error {
	touched, err := s.disk.mkdirs(tmpDir)
	if err != nil {
		return err
	}
	if slices.Contains(touched, ".") { // the folder of versions is new
		s.hideFromGit()
		if err := s.disk.barrier(touched...); err != nil {
			return err
		}
	}
	if err := s.disk.ask("openlock", lockPath); err != nil {
		return err
	}
	// Without waiting, in case someone has put a named pipe there.
	f, err := s.disk.root.OpenFile(lockPath, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK, 0o666)
	if err != nil {
		return err
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		f.Close()
		return fmt.Errorf("%s is not a regular file; move it away", lockPath)
	}
	s.lock.file = f
	s.forget() // the state may be a new one
	return nil
}

// hideFromGit keeps the versions of this place out of "git add" in a work tree:
// two branches would number theirs alike. Without it nothing is lost, so an
// error is none.
func (s *Store) hideFromGit() {
	f, err := s.disk.create(stateDir+"/.gitignore", []byte("*\n"), 0o666, time.Time{})
	if err == nil {
		f.Close()
	}
}

// stage writes a file into the folder for unfinished ones. Whoever holds the
// lock is alone there: what already has the name was left by a crash.
func (s *Store) stage(base string, data []byte, perm fs.FileMode, mtime time.Time) (string, *os.File, error) {
	p := tmpDir + "/" + base
	f, err := s.disk.create(p, data, perm, mtime)
	switch {
	case errors.Is(err, fs.ErrExist):
		if err = s.disk.remove(p); err == nil {
			f, err = s.disk.create(p, data, perm, mtime)
		}
	case missing(err):
		if _, err = s.disk.mkdirs(tmpDir); err == nil {
			f, err = s.disk.create(p, data, perm, mtime)
		}
	}
	if err != nil {
		s.discard(p)
		return "", nil, err
	}
	return p, f, nil
}

// discard removes files that nobody needs. What stays is removed by the next
// stage, or by the next repair.
func (s *Store) discard(paths ...string) {
	for _, p := range paths {
		_ = s.disk.remove(p)
	}
}
