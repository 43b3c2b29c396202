package lockfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// takeOver removes the lock file if a dead process of ours left it. It reports
// whether there is a point in trying again at once.
func (o *Owner) takeOver(lockPath string) bool {
	fi, err := os.Lstat(lockPath)
	if err != nil {
		return os.IsNotExist(err)
	}
	if links(fi) < 2 {
		return false // git's own
	}
	entries, err := os.ReadDir(o.ownersDir())
	if err != nil {
		return false
	}
	for _, e := range entries {
		if strings.Contains(e.Name(), ".") {
			continue
		}
		path := filepath.Join(o.ownersDir(), e.Name())
		if sameFile(path, fi) {
			return o.bury(path, func(dead fs.FileInfo) bool { return removeIf(lockPath, dead) })
		}
	}
	return false
}

// bury removes the owner file at path if its process is dead, after what the
// process left. remove is called under the dead one's flock: nobody else
// removes its locks meanwhile, and it makes no new ones. The owner file stays
// while lock files refer to it, since they are known by it. It returns what
// remove did.
func (o *Owner) bury(path string, remove func(fs.FileInfo) bool) bool {
	f, err := openNoFollow(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if _, host := readSignature(path); host != "" && host != hostname() && remote(f) {
		return false // there, flock may not reach as far as the file system does
	}
	if got, err := tryLock(f); err != nil || !got {
		return false
	}
	fi, err := f.Stat()
	if err != nil || !fi.Mode().IsRegular() || !sameFile(path, fi) {
		return false
	}
	done := remove(fi)
	if fi, err = f.Stat(); err == nil && links(fi) == 1 {
		removeIf(path, fi)
	}
	return done
}

// removeIf removes path if it is that file.
func removeIf(path string, info fs.FileInfo) bool {
	return sameFile(path, info) && os.Remove(path) == nil
}

// sweep removes what dead processes left: owner files, temporary files and
// lock files, so that git itself is not blocked until the same file is locked
// by us again. What can't be removed is not in anyone's way.
func (o *Owner) sweep() {
	entries, err := os.ReadDir(o.ownersDir())
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.Contains(e.Name(), ".") {
			o.bury(filepath.Join(o.ownersDir(), e.Name()), o.removeLocks)
		}
	}
	for _, e := range entries {
		name, _, isTemp := strings.Cut(e.Name(), ".")
		if !isTemp {
			continue
		}
		// An owner file is there before its first temporary one, and goes last.
		if _, err := os.Lstat(filepath.Join(o.ownersDir(), name)); os.IsNotExist(err) {
			os.Remove(filepath.Join(o.ownersDir(), e.Name()))
		}
	}
}

// removeLocks removes the lock files that are links to a dead process's owner
// file, wherever they stand in the git directory.
func (o *Owner) removeLocks(dead fs.FileInfo) bool {
	if links(dead) < 2 {
		return true
	}
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
		if strings.HasSuffix(path, ".lock") {
			removeIf(path, dead)
		}
		return nil
	})
	return true
}
