//go:build unix

package worktree

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// rmdir removes an empty folder, and nothing else.
func (p *place) rmdir(name string) error {
	d, err := p.root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Unlinkat(int(d.Fd()), name, unix.AT_REMOVEDIR)
}

// keepOwner gives f the permissions and owner of the file that it will replace,
// so that a service's save does not lock the author out of her own file. Where
// that is not permitted f keeps its own.
func keepOwner(f *os.File, like fs.FileInfo, exec bool) {
	perm := like.Mode().Perm() &^ 0o111
	if exec {
		perm |= perm >> 2 & 0o111 // who may read may execute
	}
	fi, err := f.Stat()
	if err != nil {
		return
	}
	if fi.Mode().Perm() != perm {
		_ = f.Chmod(perm)
	}
	was, ok1 := like.Sys().(*syscall.Stat_t)
	is, ok2 := fi.Sys().(*syscall.Stat_t)
	if ok1 && ok2 && (was.Uid != is.Uid || was.Gid != is.Gid) {
		_ = f.Chown(int(was.Uid), int(was.Gid))
	}
}
