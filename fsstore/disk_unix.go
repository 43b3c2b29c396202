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

// ignoreUnsupportedSync passes over file systems that cannot flush folders.
func ignoreUnsupportedSync(err error) error {
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}

func isLoop(err error) bool { return errors.Is(err, unix.ELOOP) }
