//go:build unix

package steady

import (
	"errors"
	"io"
	"io/fs"

	"github.com/go-prompty/prompty/internal/lease"
	"golang.org/x/sys/unix"
)

// handle is an open file. It goes without os.File, whose poller and finalizer
// a file that is read once has no use for: they cost a third of the time.
type handle int

func open(path string) (handle, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err != unix.EINTR {
			return handle(fd), err
		}
	}
}

// isHeld reports whether err says that a file could not be opened without
// waiting for another program.
func isHeld(err error) bool { return errors.Is(err, unix.EWOULDBLOCK) }

func (h handle) Close() { _ = unix.Close(int(h)) }

func (h handle) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(h), p)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

func (h handle) hold() (quiet, known bool, release func()) { return lease.HoldFD(int(h)) }

func (h handle) stat() (Identity, fs.FileMode, error) {
	var st unix.Stat_t
	err := unix.Fstat(int(h), &st)
	return identify(&st), mode(&st), err
}

// Stat gives the identity and the type and permissions of what path leads to.
func Stat(path string) (Identity, fs.FileMode, error) { return statAt("stat", path, 0) }

// Lstat is Stat, but does not follow a symbolic link at the end of path.
func Lstat(path string) (Identity, fs.FileMode, error) {
	return statAt("lstat", path, unix.AT_SYMLINK_NOFOLLOW)
}

func statAt(op, path string, flags int) (Identity, fs.FileMode, error) {
	for {
		var st unix.Stat_t
		err := unix.Fstatat(unix.AT_FDCWD, path, &st, flags)
		if err == nil {
			return identify(&st), mode(&st), nil
		}
		if err != unix.EINTR {
			return Identity{}, 0, &fs.PathError{Op: op, Path: path, Err: err}
		}
	}
}

func identify(st *unix.Stat_t) Identity {
	return Identity{Dev: uint64(st.Dev), Ino: uint64(st.Ino), Size: st.Size, Mtime: st.Mtim.Nano(), Ctime: st.Ctim.Nano(), Links: uint64(st.Nlink)}
}

func mode(st *unix.Stat_t) fs.FileMode {
	m := fs.FileMode(st.Mode & 0o777)
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		m |= fs.ModeDir
	case unix.S_IFLNK:
		m |= fs.ModeSymlink
	case unix.S_IFIFO:
		m |= fs.ModeNamedPipe
	case unix.S_IFSOCK:
		m |= fs.ModeSocket
	case unix.S_IFBLK:
		m |= fs.ModeDevice
	case unix.S_IFCHR:
		m |= fs.ModeDevice | fs.ModeCharDevice
	default:
		m |= fs.ModeIrregular
	}
	return m
}
