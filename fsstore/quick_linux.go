package fsstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/internal/lease"
	"golang.org/x/sys/unix"
)

// quick is a way into the folder in which the system walks the whole path in one
// call, openat2(2), and stays below the folder by itself. os.Root opens every
// folder on the way. Whatever it does not open is left to os.Root, which says
// what is wrong; links are among that.
type quick struct{ root *os.File }

// newQuick tries whether the system has that call, and a sandbox permits it.
func newQuick(root *os.Root) quick {
	f, err := root.Open(".")
	if err != nil {
		return quick{}
	}
	q := quick{f}
	fd, ok, err := q.at(".", forEntries)
	if !ok || err != nil {
		f.Close()
		return quick{}
	}
	_ = unix.Close(fd)
	return q
}

func (q quick) works() bool { return q.root != nil }

func (q quick) close() error {
	if q.root == nil {
		return nil
	}
	return q.root.Close()
}

// How quick opens: never through a symbolic link.
const resolve = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS

var (
	forState  = &unix.OpenHow{Flags: unix.O_CLOEXEC | unix.O_PATH, Resolve: resolve}
	forText   = &unix.OpenHow{Flags: unix.O_CLOEXEC | unix.O_RDONLY | unix.O_NONBLOCK | unix.O_NOCTTY, Resolve: resolve}
	forFolder = &unix.OpenHow{Flags: unix.O_CLOEXEC | unix.O_RDONLY | unix.O_DIRECTORY, Resolve: resolve}
	// To change what is in a folder.
	forEntries = &unix.OpenHow{Flags: unix.O_CLOEXEC | unix.O_PATH | unix.O_DIRECTORY, Resolve: resolve}
)

func (q quick) at(p string, how *unix.OpenHow) (fd int, ok bool, err error) {
	for {
		fd, err := unix.Openat2(int(q.root.Fd()), p, how)
		switch err {
		case nil:
			return fd, true, nil
		case unix.EINTR:
			continue
		case unix.ENOENT:
			return 0, true, &fs.PathError{Op: "open", Path: p, Err: err}
		}
		return 0, false, nil
	}
}

// state is a stat of what no symbolic link leads to, if it is of this type.
func (q quick) state(p string, kind uint32) (st unix.Stat_t, ok bool, err error) {
	fd, ok, err := q.at(p, forState)
	if !ok || err != nil {
		return st, ok, err
	}
	err = unix.Fstat(fd, &st)
	_ = unix.Close(fd)
	return st, err == nil && st.Mode&unix.S_IFMT == kind, nil
}

func (q quick) identity(p string) (identity, bool) {
	if !q.works() {
		return identity{}, false
	}
	st, ok, err := q.state(p, unix.S_IFREG)
	return identityOf(&st), ok && err == nil
}

// folder is the identity of a folder: it moves with the folder's entries.
func (q quick) folder(p string) (identity, bool) {
	if !q.works() {
		return identity{}, false
	}
	st, ok, err := q.state(p, unix.S_IFDIR)
	return identityOf(&st), ok && err == nil
}

func identityOf(st *unix.Stat_t) identity {
	return identity{ino: st.Ino, size: st.Size, mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano()}
}

func (q quick) open(p string, regular bool) (h handle, ok bool, err error) {
	if !regular { // opening a device can do things
		if _, ok, err := q.state(p, unix.S_IFREG); !ok || err != nil {
			return nil, ok, err
		}
	}
	fd, ok, err := q.at(p, forText)
	if !ok || err != nil {
		return nil, ok, err
	}
	return &rawHandle{fd: fd, name: path.Base(p)}, true, nil
}

// rawHandle is a file without what package os does for those that can wait.
type rawHandle struct {
	fd   int
	name string
	eof  bool
}

func (h *rawHandle) Read(b []byte) (int, error) {
	if h.eof || len(b) == 0 {
		return 0, io.EOF
	}
	for {
		n, err := unix.Read(h.fd, b)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return 0, &fs.PathError{Op: "read", Path: h.name, Err: err}
		case n == 0:
			return 0, io.EOF
		}
		h.eof = n < len(b) // as regular files do it at their end
		return n, nil
	}
}

func (h *rawHandle) Stat() (fs.FileInfo, error) {
	fi := &rawInfo{name: h.name}
	if err := syscall.Fstat(h.fd, &fi.st); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: h.name, Err: err}
	}
	return fi, nil
}

func (h *rawHandle) Close() error { return unix.Close(h.fd) }

func (h *rawHandle) hold() (quiet, known bool, release func()) { return lease.HoldFD(h.fd) }

// rawInfo is what os.FileInfo is, of a regular file or what else was opened.
type rawInfo struct {
	name string
	st   syscall.Stat_t
}

func (i *rawInfo) Name() string       { return i.name }
func (i *rawInfo) Size() int64        { return i.st.Size }
func (i *rawInfo) Mode() fs.FileMode  { return fs.FileMode(i.st.Mode&0o777) | typeOf(i.st.Mode) }
func (i *rawInfo) ModTime() time.Time { return time.Unix(i.st.Mtim.Unix()) }
func (i *rawInfo) IsDir() bool        { return i.Mode().IsDir() }
func (i *rawInfo) Sys() any           { return &i.st }

func typeOf(mode uint32) fs.FileMode {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return 0
	case unix.S_IFDIR:
		return fs.ModeDir
	case unix.S_IFLNK:
		return fs.ModeSymlink
	case unix.S_IFIFO:
		return fs.ModeNamedPipe
	case unix.S_IFSOCK:
		return fs.ModeSocket
	case unix.S_IFCHR:
		return fs.ModeDevice | fs.ModeCharDevice
	case unix.S_IFBLK:
		return fs.ModeDevice
	}
	return fs.ModeIrregular
}

// listings are buffers for what a folder holds.
var listings = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// visit is disk.visit. A dirent is what linux_dirent64 in getdents(2) is.
func (q quick) visit(d *disk, dir string, fn func(dirent, func() (identity, bool)) error) (done bool, err error) {
	if !q.works() {
		return false, nil
	}
	fd, ok, err := q.at(dir, forFolder)
	if !ok || err != nil {
		return ok, err
	}
	defer unix.Close(fd)
	buf := listings.Get().(*[32 << 10]byte)
	defer listings.Put(buf)
	var e dirent
	state := func() (identity, bool) {
		if d.fault != nil && d.fault("lstat", path.Join(dir, e.name)) != nil {
			return identity{}, false
		}
		var st unix.Stat_t
		if err := unix.Fstatat(fd, e.name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
			return identity{}, false
		}
		return identityOf(&st), true
	}
	for {
		n, err := unix.Getdents(fd, buf[:])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return true, &fs.PathError{Op: "readdir", Path: dir, Err: err}
		case n <= 0:
			return true, nil
		}
		names := string(buf[:n]) // at once, not one by one
		for rest := buf[:n]; len(rest) > 0; {
			const nameAt = 19 // after the inode, the offset, the length and the type
			length := int(binary.NativeEndian.Uint16(rest[16:]))
			from := n - len(rest) + nameAt
			e = dirent{name: names[from : from+bytes.IndexByte(rest[nameAt:], 0)]}
			kind := uint32(rest[18]) << 12 // DT_x is S_IFx without the zeros
			rest = rest[length:]
			if e.name == "." || e.name == ".." {
				continue
			}
			if kind == 0 { // the file system does not say
				var st unix.Stat_t
				if err := unix.Fstatat(fd, e.name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
					continue // gone
				}
				kind = st.Mode
			}
			e.mode = typeOf(kind)
			if err := fn(e, state); err != nil {
				return true, err
			}
		}
	}
}
