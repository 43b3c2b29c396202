package fsstore

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// What changes names has to open their folders. done is false where that did not
// work, and nothing has happened.

// in calls fn with the folder of p and what p is called there.
func (q quick) in(op, p string, fn func(dir int, base string) error) (done bool, err error) {
	dir, ok := q.parent(p)
	if !ok {
		return false, nil
	}
	defer unix.Close(dir)
	if err := fn(dir, path.Base(p)); err != nil {
		return true, &fs.PathError{Op: op, Path: p, Err: err}
	}
	return true, nil
}

// inBoth is in for two paths.
func (q quick) inBoth(op, a, b string, fn func(dirA int, a string, dirB int, b string) error) (done bool, err error) {
	dirA, ok := q.parent(a)
	if !ok {
		return false, nil
	}
	defer unix.Close(dirA)
	dirB, ok := q.parent(b)
	if !ok {
		return false, nil
	}
	defer unix.Close(dirB)
	if err := fn(dirA, path.Base(a), dirB, path.Base(b)); err != nil {
		return true, &os.LinkError{Op: op, Old: a, New: b, Err: err}
	}
	return true, nil
}

func (q quick) parent(p string) (fd int, ok bool) {
	if !q.works() {
		return 0, false
	}
	fd, ok, err := q.at(path.Dir(p), forEntries)
	return fd, ok && err == nil
}

func (q quick) create(p string, perm fs.FileMode) (f *os.File, done bool, err error) {
	if !q.works() {
		return nil, false, nil
	}
	how := &unix.OpenHow{Flags: unix.O_CLOEXEC | unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL, Mode: uint64(perm.Perm()), Resolve: resolve}
	fd, ok, err := q.at(p, how)
	if !ok || err != nil {
		return nil, ok, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(q.root.Name(), filepath.FromSlash(p))), true, nil
}

func (q quick) chtimes(p string, mtime time.Time) (done bool, err error) {
	ts := []unix.Timespec{{Nsec: unix.UTIME_OMIT}, unix.NsecToTimespec(mtime.UnixNano())}
	return q.in("chtimes", p, func(dir int, base string) error {
		return unix.UtimesNanoAt(dir, base, ts, unix.AT_SYMLINK_NOFOLLOW)
	})
}

func (q quick) mkdir(p string) (done bool, err error) {
	return q.in("mkdir", p, func(dir int, base string) error { return unix.Mkdirat(dir, base, 0o777) })
}

func (q quick) remove(p string) (done bool, err error) {
	done, err = q.in("remove", p, func(dir int, base string) error { return unix.Unlinkat(dir, base, 0) })
	if errors.Is(err, unix.EISDIR) {
		return false, nil
	}
	return done, err
}

func (q quick) rename(from, to string) (done bool, err error) {
	return q.inBoth("rename", from, to, unix.Renameat)
}

func (q quick) exchange(a, b string) (done bool, err error) {
	return q.inBoth("exchange", a, b, exchange)
}

func (q quick) link(from, to string) (done bool, err error) {
	return q.inBoth("link", from, to, func(dirA int, a string, dirB int, b string) error { return unix.Linkat(dirA, a, dirB, b, 0) })
}
