package lockfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-prompty/prompty/internal/writeback"
)

// DefaultTimeout is how long Acquire waits unless it is told otherwise.
const DefaultTimeout = 5 * time.Second

// ErrInPlace is what Replace's error is, besides, when the new file already
// stands in the old one's place, but may not survive a power failure, or the
// lock file could not be removed.
var ErrInPlace = errors.New("the new file is in place")

// A Lock is a lock file that is held. Its methods are not safe for concurrent
// use. It ends with Replace or Release, whichever comes first.
type Lock struct {
	owner *Owner
	path  string
	info  fs.FileInfo // of the lock file, to know that it is still ours
	file  *os.File    // the lock file itself, where it is no hard link
	ended bool
}

// Acquire takes path + ".lock", waiting while someone else has it, until ctx
// ends or the timeout passes (0: DefaultTimeout; negative: try once). A folder
// above path that doesn't exist is an error (fs.ErrNotExist). When time runs
// out the error is a *HeldError; ctx.Err() when ctx ended.
func (o *Owner) Acquire(ctx context.Context, path string, timeout time.Duration) (*Lock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	var deadline time.Time
	freed := 0 // locks that went away since the last pause
	for wait := 200 * time.Microsecond; ; wait = min(2*wait, 20*time.Millisecond) {
		l, err := o.try(path)
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		if freed < 10 {
			l, again := o.takeOver(path)
			if l != nil {
				return l, nil
			}
			if again {
				freed++
				continue
			}
		}
		freed = 0
		if deadline.IsZero() { // the clock is read only when someone is in the way
			deadline = time.Now().Add(timeout)
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, heldError(path + ".lock")
		}
		// Random, so that processes that wait together don't come back together.
		if err := pause(ctx, min(wait/2+rand.N(wait), left)); err != nil {
			return nil, err
		}
	}
}

// try makes the lock file, or fails with fs.ErrExist.
func (o *Owner) try(path string) (*Lock, error) {
	for again := true; ; again = false {
		if o.plain() {
			return o.tryPlain(path)
		}
		own, info, err := o.mine()
		if err != nil {
			return nil, err
		}
		err = os.Link(own, path+".lock")
		switch {
		case err == nil:
			return &Lock{owner: o, path: path, info: info}, nil
		case errors.Is(err, fs.ErrExist):
			return nil, err
		case errors.Is(err, fs.ErrNotExist) && again:
			// Is it the owner file that is gone, or the folder of path?
			o.lost(info)
		case cannotLink(err): // in that folder
			return o.tryPlain(path)
		default:
			return nil, err
		}
	}
}

// plain reports whether locks are taken without links to the owner file.
func (o *Owner) plain() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.noLinks && !o.closed // mine says what is wrong with a closed one
}

// tryPlain makes the lock file as git does: the new content is written into it.
func (o *Owner) tryPlain(path string) (*Lock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, errors.Join(err, os.Remove(path+".lock"))
	}
	return &Lock{owner: o, path: path, info: fi, file: f}, nil
}

// Path returns the file that is locked, without ".lock".
func (l *Lock) Path() string { return l.path }

// Lasts reports whether the lock may be left standing: the file is still ours,
// and when this process dies the next of ours will take it over.
func (l *Lock) Lasts() bool {
	return !l.ended && l.file == nil && sameFile(l.path+".lock", l.info)
}

// Flush says how Replace makes a file last.
type Flush uint8

const (
	NoFlush   Flush = iota
	FlushOnce       // content and name outlive power loss: with one flush where package writeback knows the file system, else as FlushEach
	FlushEach       // the same, with a flush for the content and one for the name
)

// Replace puts a new file in the locked file's place and releases the lock.
// write gets an empty temporary file on the same file system; perm is its mode
// (0: 0666 less the umask). After an error the lock is released and the old file
// stands as it was, unless the error is also ErrInPlace.
func (l *Lock) Replace(write func(*os.File) error, perm fs.FileMode, flush Flush) error {
	if l.ended {
		return fmt.Errorf("%s.lock was released before", l.path)
	}
	temp, err := l.stage(write, perm, flush)
	if err == nil && !sameFile(l.path+".lock", l.info) {
		err = fmt.Errorf("%s.lock was removed by someone while it was held; nothing was written, try again", l.path)
	}
	if err == nil {
		// On one file system for certain: a link could be made.
		err = os.Rename(temp, l.path)
	}
	if err != nil {
		if temp != "" && l.file == nil {
			os.Remove(temp)
		}
		return errors.Join(err, l.Release())
	}
	if l.file != nil {
		l.ended = true // renaming has released it
	} else {
		err = l.Release()
	}
	if flush != NoFlush {
		err = errors.Join(err, SyncDir(filepath.Dir(l.path)))
	}
	if err != nil {
		return fmt.Errorf("%s was written, but: %w", l.path, errors.Join(err, ErrInPlace))
	}
	return nil
}

// stage writes the new content and returns where it stands: in our own folder,
// since git would see a stray file among the references.
func (l *Lock) stage(write func(*os.File) error, perm fs.FileMode, flush Flush) (temp string, err error) {
	f := l.file
	if f == nil {
		if f, err = l.owner.temp(); err != nil {
			return "", err
		}
	}
	err = write(f)
	if err == nil && perm != 0 {
		err = matchMode(f, perm)
	}
	if err == nil {
		switch {
		case flush == FlushOnce && writeback.Ordered(filepath.Dir(l.path)):
			err = writeback.Await(f)
		case flush != NoFlush:
			err = f.Sync()
		}
	}
	return f.Name(), errors.Join(err, f.Close())
}

// temp makes a file that is swept when the process dies.
func (o *Owner) temp() (*os.File, error) {
	for again := true; ; again = false {
		own, info, err := o.mine()
		if err != nil {
			return nil, err
		}
		f, err := os.OpenFile(o.tempName(own), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil || !again || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		o.lost(info)
	}
}

// tempName is a new name for a file beside our owner file.
func (o *Owner) tempName(own string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.temps++
	return own + "." + strconv.FormatUint(o.temps, 36)
}

// Release gives the lock back and leaves the file as it is. After Replace or
// Release it does nothing. A lock file that has been removed meanwhile, and
// perhaps made again by someone else, is left alone.
func (l *Lock) Release() error {
	if l.ended {
		return nil
	}
	l.ended = true
	if l.file != nil {
		l.file.Close()
	}
	if !sameFile(l.path+".lock", l.info) {
		return nil
	}
	err := os.Remove(l.path + ".lock")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// pause waits unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
