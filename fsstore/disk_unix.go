//go:build unix

package fsstore

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func inode(fi fs.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Ino)
	}
	return 0
}

// keepOwner gives f the owner and mode of the file that it will replace, so
// that a service's Save does not lock the author out of her own file. Where
// that is not permitted f keeps its own.
func keepOwner(f *os.File, like fs.FileInfo) {
	fi, err := f.Stat()
	if err != nil {
		return
	}
	if fi.Mode().Perm() != like.Mode().Perm() {
		_ = f.Chmod(like.Mode().Perm())
	}
	was, ok1 := like.Sys().(*syscall.Stat_t)
	is, ok2 := fi.Sys().(*syscall.Stat_t)
	if ok1 && ok2 && (was.Uid != is.Uid || was.Gid != is.Gid) {
		_ = f.Chown(int(was.Uid), int(was.Gid))
	}
}

// tryLock takes the advisory lock (flock(2)) of f, or reports that someone
// else has it. It never waits.
func tryLock(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK):
			return false, errNoLocks
		default:
			return false, err
		}
	}
}

func unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// ignoreUnsupportedSync passes over file systems that cannot flush folders.
func ignoreUnsupportedSync(err error) error {
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

func isLoop(err error) bool { return errors.Is(err, unix.ELOOP) }
