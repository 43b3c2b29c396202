//go:build !unix

package steady

import (
	"errors"
	"io/fs"
	"os"

	"github.com/go-prompty/prompty/internal/lease"
)

type handle struct{ *os.File }

func open(path string) (handle, error) {
	f, err := os.Open(path)
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		err = pe.Err
	}
	return handle{f}, err
}

// isHeld reports whether err says that a file could not be opened without
// waiting for another program.
func isHeld(error) bool { return false }

func (h handle) hold() (quiet, known bool, release func()) { return lease.Hold(h.File) }

func (h handle) stat() (Identity, fs.FileMode, error) {
	fi, err := h.File.Stat()
	if err != nil {
		return Identity{}, 0, err
	}
	return identify(fi), fi.Mode(), nil
}

// Stat gives the identity and the type and permissions of what path leads to.
func Stat(path string) (Identity, fs.FileMode, error) { return found(os.Stat(path)) }

// Lstat is Stat, but does not follow a symbolic link at the end of path.
func Lstat(path string) (Identity, fs.FileMode, error) { return found(os.Lstat(path)) }

func found(fi fs.FileInfo, err error) (Identity, fs.FileMode, error) {
	if err != nil {
		return Identity{}, 0, err
	}
	return identify(fi), fi.Mode(), nil
}

// identify makes do with the time of the last change of content, which
// programs can set.
func identify(fi fs.FileInfo) Identity {
	return Identity{Size: fi.Size(), Mtime: fi.ModTime().UnixNano(), Ctime: fi.ModTime().UnixNano()}
}
