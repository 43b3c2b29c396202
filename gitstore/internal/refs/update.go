package refs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// An Update is a reference under lock. It is not safe for concurrent use.
type Update struct {
	store *Store
	name  string
	old   object.ID
	lock  *lockfile.Lock
	heads []headLock
	made  []string // folders made for the reference
	ended bool
}

// A headLock is the HEAD of a work tree that has the reference checked out.
type headLock struct {
	gitDir string
	lock   *lockfile.Lock
}

// Lock takes the lock of a reference, named in full, so that nobody moves it
// until Commit or Abort. A symbolic reference is followed: what it leads to is
// locked. The reference need not exist. The HEAD of each work tree that has
// the reference checked out is locked too, if its reflog is kept. Waiting ends
// with ctx or Options.LockTimeout; the error is then a *lockfile.HeldError.
func (s *Store) Lock(ctx context.Context, name string) (*Update, error) {
	if s.owner == nil {
		return nil, errors.New("references were opened for reading only")
	}
	end, _, err := s.resolve(name)
	if err != nil && err != ErrNotFound {
		return nil, err
	}
	u := &Update{store: s, name: end}
	if err := u.acquire(ctx); err != nil {
		u.Abort()
		return nil, err
	}
	return u, nil
}

// acquire takes the locks: the HEADs before the reference, as git commit does.
func (u *Update) acquire(ctx context.Context) error {
	s := u.store
	timeout := s.opts.LockTimeout
	if timeout == 0 {
		timeout = lockfile.DefaultTimeout
	}
	deadline := time.Now().Add(timeout)
	for _, gitDir := range s.gitDirs() {
		head := filepath.Join(gitDir, "HEAD")
		if u.name == "HEAD" || !s.leadsTo(head, u.name) || !s.keepsLog(gitDir, "HEAD") {
			continue
		}
		l, err := s.owner.Acquire(ctx, head, until(deadline))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a work tree that was removed just now
		}
		if err != nil {
			return err
		}
		u.heads = append(u.heads, headLock{gitDir, l})
		if !s.leadsTo(head, u.name) { // switched to another branch meanwhile
			u.heads = u.heads[:len(u.heads)-1]
			if err := l.Release(); err != nil {
				return err
			}
		}
	}
	if err := u.acquireRef(ctx, deadline); err != nil {
		return err
	}
	id, target, err := s.readOne(u.name)
	switch {
	case err == ErrNotFound:
		return u.checkFree()
	case err != nil:
		return err
	case target != "":
		return fmt.Errorf("%s was made a symbolic reference at this moment; try again", u.name)
	}
	u.old = id
	return nil
}

// until is the time left, in the form that Acquire wants.
func until(deadline time.Time) time.Duration {
	if left := time.Until(deadline); left > 0 {
		return left
	}
	return -1
}

// acquireRef takes the lock of the reference itself. Git removes folders as
// soon as they are empty, maybe between our making one and using it.
func (u *Update) acquireRef(ctx context.Context, deadline time.Time) error {
	path := u.store.path(u.name)
	for {
		l, err := u.store.owner.Acquire(ctx, path, until(deadline))
		if err == nil {
			u.lock = l
			return nil
		}
		if errors.Is(err, syscall.ENOTDIR) {
			return u.blocked(err)
		}
		if !errors.Is(err, fs.ErrNotExist) || time.Now().After(deadline) {
			return err
		}
		if err := u.makeDir(filepath.Dir(path)); err != nil {
			if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) {
				return u.blocked(err)
			}
			return err
		}
	}
}

// blocked says which reference stands where this one needs a folder.
func (u *Update) blocked(err error) error {
	for name := parent(u.name); strings.Count(name, "/") >= 2; name = parent(name) {
		if fi, statErr := os.Lstat(u.store.path(name)); statErr == nil && !fi.IsDir() {
			return fmt.Errorf("cannot create %s: %s exists; rename or delete one of them", u.name, name)
		}
	}
	return err
}

func parent(name string) string { return name[:max(0, strings.LastIndexByte(name, '/'))] }

// checkFree makes sure that a reference that doesn't exist can be created: none
// has a name that is the beginning of another's, up to a slash.
func (u *Update) checkFree() error {
	s := u.store
	if perWorktree(u.name) {
		return nil
	}
	p, err := s.packedRefs()
	if err != nil {
		return err
	}
	for name := parent(u.name); strings.Count(name, "/") >= 2; name = parent(name) {
		if _, ok, err := p.find(name); err != nil {
			return err
		} else if ok {
			return fmt.Errorf("cannot create %s: %s exists; rename or delete one of them", u.name, name)
		}
	}
	clash := ""
	if err := p.below(u.name+"/", func(name string, _ object.ID) bool { clash = name; return false }); err != nil {
		return err
	}
	path := s.path(u.name)
	if fi, err := os.Lstat(path); clash == "" && err == nil && fi.IsDir() {
		if removeEmpty(path); exists(path) {
			if below, _ := s.List(u.name + "/"); len(below) > 0 {
				clash = below[0].Name
			} else {
				clash = "the folder " + path
			}
		}
	}
	if clash != "" {
		return fmt.Errorf("cannot create %s: %s exists; rename or delete one of them", u.name, clash)
	}
	return nil
}

// removeEmpty removes a folder if there is nothing but folders in it, which is
// what git leaves where references were.
func removeEmpty(dir string) {
	var dirs []string
	// What can't be read can't be removed either, and is then in the way.
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return fs.SkipAll
		}
		dirs = append(dirs, path)
		return nil
	})
	for i := len(dirs) - 1; i >= 0; i-- {
		if syscall.Rmdir(dirs[i]) != nil {
			return
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// makeDir makes a folder and those above it, shared as the repository is.
func (u *Update) makeDir(dir string) error {
	if dir == u.store.commonDir || dir == u.store.gitDir {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("the git directory is gone")}
	}
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrNotExist) {
		if err := u.makeDir(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o777)
	}
	switch {
	case err == nil:
		u.made = append(u.made, dir)
		return u.store.shareDir(dir)
	case errors.Is(err, fs.ErrExist):
		if fi, statErr := os.Stat(dir); statErr == nil && !fi.IsDir() {
			return err
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil // removed again: the caller tries again
	}
	return err
}

// shareDir gives a folder the rights that core.sharedRepository asks for.
func (s *Store) shareDir(dir string) error {
	perm := s.opts.Perm
	if perm == 0 {
		return nil
	}
	return os.Chmod(dir, perm|perm>>2&0o111|fs.ModeSetgid)
}

// Name returns the reference that is locked, in full.
func (u *Update) Name() string { return u.name }

// Old returns what the reference points to, read under the lock; zero if it
// does not exist.
func (u *Update) Old() object.ID { return u.old }

// Commit points the reference to id, writes the reflogs and releases the lock.
// After an error no lock is held and the reference is as it was, unless the
// error is also lockfile.ErrInPlace: then it has moved, but might not survive a
// power failure.
func (u *Update) Commit(id object.ID, log Log, flush lockfile.Flush) error {
	if u.ended {
		return fmt.Errorf("the lock of %s was released before", u.name)
	}
	defer u.Abort()
	if id.IsZero() {
		return fmt.Errorf("%s cannot point to the zero id", u.name)
	}
	if flush != lockfile.NoFlush {
		for _, dir := range u.made {
			if err := lockfile.SyncDir(filepath.Dir(dir)); err != nil {
				return err
			}
		}
	}
	undo, err := u.writeLogs(id, log)
	if err == nil && id != u.old {
		line := append(id.Append(nil), '\n')
		err = u.lock.Replace(func(f *os.File) error {
			_, err := f.Write(line)
			return err
		}, u.store.opts.Perm, flush)
	}
	if err != nil && !errors.Is(err, lockfile.ErrInPlace) {
		undo()
	}
	return err
}

// Abort releases the lock and leaves the reference as it is. After Commit or
// Abort it does nothing.
func (u *Update) Abort() {
	if u.ended {
		return
	}
	u.ended = true
	// An error leaves a lock file that is known to be ours, and goes with the process.
	if u.lock != nil {
		_ = u.lock.Release()
	}
	for _, h := range u.heads {
		_ = h.lock.Release()
	}
	for i := len(u.made) - 1; i >= 0; i-- {
		if syscall.Rmdir(u.made[i]) != nil {
			break // in use
		}
	}
}
