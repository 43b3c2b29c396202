//go:build unix

package refs

import (
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const nonBlock = unix.O_NONBLOCK

// readSmall reads the beginning of a file into buf. It makes the calls itself:
// an os.File costs twice as much as the reading. A file or folder above it
// that isn't there, and a folder in its place, is ErrNotFound. It doesn't wait
// if that is a named pipe.
func readSmall(path string, buf []byte) (int, error) {
	fd, err := openSmall(path, unix.O_NOFOLLOW)
	if pe, ok := err.(*fs.PathError); ok && pe.Err == unix.ELOOP {
		// Git made symbolic references as links once, and still reads them.
		if target, err := os.Readlink(path); err == nil && strings.HasPrefix(target, "refs/") {
			return copy(buf, "ref: "+target), nil
		}
		fd, err = openSmall(path, 0)
	}
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	n := 0
	for n < len(buf) {
		got, err := unix.Read(fd, buf[n:])
		switch err {
		case nil:
		case unix.EINTR:
			continue
		case unix.EISDIR:
			return 0, ErrNotFound
		case unix.EAGAIN: // a named pipe
			return 0, nil
		default:
			return 0, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if got == 0 {
			break
		}
		n += got
		if n < len(buf) && n == 41 && buf[40] == '\n' {
			break // a commit's id: all there is
		}
	}
	return n, nil
}

func openSmall(path string, flags int) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|flags, 0)
		switch err {
		case nil:
			return fd, nil
		case unix.EINTR:
		case unix.ENOENT, unix.ENOTDIR:
			return -1, ErrNotFound
		default:
			return -1, &fs.PathError{Op: "open", Path: path, Err: err}
		}
	}
}

// A stamp is a file's identity and state, to tell whether it has changed.
type stamp struct {
	dev, ino, size uint64
	mtime, ctime   int64
	link           bool // a symbolic link, whose stamp says nothing about the content
}

// stampOf returns a file's stamp; ErrNotFound if there is no file.
func stampOf(path string) (stamp, error) {
	var st unix.Stat_t
	for {
		err := unix.Lstat(path, &st)
		switch err {
		case nil:
			return stamp{dev: uint64(st.Dev), ino: uint64(st.Ino), size: uint64(st.Size), mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(), link: st.Mode&unix.S_IFMT == unix.S_IFLNK}, nil
		case unix.EINTR:
		case unix.ENOENT, unix.ENOTDIR:
			return stamp{}, ErrNotFound
		default:
			return stamp{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
		}
	}
}

// settled reports whether any later change of the file must show in its stamp:
// the clock that stamps are taken from has ticked since the last one.
func (s stamp) settled(read time.Time) bool {
	return !s.link && read.UnixNano()-s.ctime > int64(racy)
}
