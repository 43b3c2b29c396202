package lockfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-prompty/prompty/internal/flock"
)

// takeOver takes the lock if a dead process of ours left it. The lock file is
// replaced in one step: what it protects may be half done, and nobody else gets
// in before the new holder has looked. Without a lock, again says that the lock
// file is gone, so that there is a point in trying at once.
func (o *Owner) takeOver(path string) (l *Lock, again bool) {
	fi, err := os.Lstat(path + ".lock")
	if err != nil {
		return nil, os.IsNotExist(err)
	}
	if links(fi) < 2 || o.plain() {
		return nil, false // git's own
	}
	entries, err := os.ReadDir(o.ownersDir())
	if err != nil {
		return nil, false
	}
	for _, e := range entries {
		name := filepath.Join(o.ownersDir(), e.Name())
		if !strings.Contains(e.Name(), ".") && sameFile(name, fi) {
			o.bury(name, func(dead fs.FileInfo) { l = o.inherit(path, dead) })
			break
		}
	}
	return l, false
}

// inherit puts our lock file in the place of a dead process's, whose flock the
// caller holds. It returns nil if that isn't there any more, or can't be done.
func (o *Owner) inherit(path string, dead fs.FileInfo) *Lock {
	own, info, err := o.mine()
	if err != nil {
		return nil
	}
	link := o.tempName(own)
	if err := os.Link(own, link); err != nil {
		return nil
	}
	if !sameFile(path+".lock", dead) || os.Rename(link, path+".lock") != nil {
		os.Remove(link)
		return nil
	}
	return &Lock{owner: o, path: path, info: info}
}

// Leave ends a lock whose work could not be finished, and leaves the lock file
// standing as a dead process's: git is kept out, and whoever of ours takes the
// lock next, in this process or another, gets it without a gap. After an error
// the lock is held as before. Where hard links don't work it is always one.
func (l *Lock) Leave() error {
	if l.ended || l.file != nil {
		return fmt.Errorf("%s.lock cannot be left", l.path)
	}
	o := l.owner
	f, err := o.nobody()
	if err != nil {
		return err
	}
	defer f.Close() // from then on it can be taken over
	link := o.tempName(f.Name())
	if err = os.Link(f.Name(), link); err == nil {
		if err = fs.ErrNotExist; sameFile(l.path+".lock", l.info) {
			err = os.Rename(link, l.path+".lock")
		}
		if err != nil {
			os.Remove(link)
		}
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	l.ended = true
	return nil
}

// nobody makes an owner file, under flock, that stands for no process.
func (o *Owner) nobody() (f *os.File, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, errClosed
	}
	for range 10 {
		if f, _, err = o.newOwner(); !errors.Is(err, errSwept) {
			break
		}
	}
	return f, err
}

// bury removes the owner file at path if its process is dead, after what the
// process left. remove is called under the dead one's flock: nobody else
// touches its locks meanwhile, and it makes no new ones. The owner file stays
// while lock files refer to it, since they are known by it.
func (o *Owner) bury(path string, remove func(dead fs.FileInfo)) {
	f, err := openNoFollow(path)
	if err != nil {
		return
	}
	defer f.Close()
	if _, host := readSignature(path); host != "" && host != hostname() && remote(f) {
		return // there, flock may not reach as far as the file system does
	}
	if got, err := flock.TryLock(f); err != nil || !got {
		return
	}
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() || !sameFile(path, fi) {
		return
	}
	remove(fi)
	if fi, err = f.Stat(); err == nil && links(fi) == 1 {
		removeIf(path, fi)
	}
}

// removeIf removes path if it is that file.
func removeIf(path string, info fs.FileInfo) {
	if sameFile(path, info) {
		os.Remove(path)
	}
}

// sweep removes what dead processes left: owner files, temporary files and
// lock files, so that git itself is not blocked until the same file is locked
// by us again. The locks of indexes stay: the index may be behind its branch,
// and a commit by git would undo what was saved; who takes the lock next mends
// that first. What can't be removed is not in anyone's way.
func (o *Owner) sweep() {
	entries, err := os.ReadDir(o.ownersDir())
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".") {
			continue
		}
		o.bury(filepath.Join(o.ownersDir(), e.Name()), func(dead fs.FileInfo) {
			for _, temp := range entries {
				if strings.HasPrefix(temp.Name(), e.Name()+".") {
					os.Remove(filepath.Join(o.ownersDir(), temp.Name()))
				}
			}
			if links(dead) > 1 {
				o.removeLocks(dead)
			}
		})
	}
	for _, e := range entries {
		name, _, isTemp := strings.Cut(e.Name(), ".")
		if !isTemp {
			continue
		}
		// An owner file is there before its first temporary one. It goes first
		// where a lock was taken over.
		if _, err := os.Lstat(filepath.Join(o.ownersDir(), name)); os.IsNotExist(err) {
			os.Remove(filepath.Join(o.ownersDir(), e.Name()))
		}
	}
}

// removeLocks removes the lock files that are links to a dead process's owner
// file, wherever they stand in the git directory, but for those of indexes.
func (o *Owner) removeLocks(dead fs.FileInfo) {
	// Errors end the search: the locks that remain are taken over when they are met.
	_ = filepath.WalkDir(o.commonDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "objects", "logs", "hooks", "modules", "lfs", "prompty":
				if filepath.Dir(path) == o.commonDir {
					return fs.SkipDir
				}
			}
			return nil
		}
		if strings.HasSuffix(path, ".lock") && !o.locksIndex(path) {
			removeIf(path, dead)
		}
		return nil
	})
}

// locksIndex reports whether path is index.lock of a work tree, main or linked.
func (o *Owner) locksIndex(path string) bool {
	dir, name := filepath.Split(path)
	dir = filepath.Clean(dir)
	return name == "index.lock" && (dir == o.commonDir || filepath.Dir(dir) == filepath.Join(o.commonDir, "worktrees"))
}
