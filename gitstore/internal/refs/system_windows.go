package refs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

const nonBlock = 0

// readSmall reads the beginning of a file into buf. A file that isn't there,
// and a folder in its place, is ErrNotFound.
func readSmall(path string, buf []byte) (int, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err == nil && fi.IsDir() {
		return 0, ErrNotFound
	}
	n, err := io.ReadFull(f, buf)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return n, err
}

// A stamp is a file's state, to tell whether it has changed.
type stamp struct {
	size  int64
	mtime int64
	link  bool // a symbolic link, whose stamp says nothing about the content
}

// stampOf returns a file's stamp; ErrNotFound if there is no file.
func stampOf(path string) (stamp, error) {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return stamp{}, ErrNotFound
	}
	if err != nil {
		return stamp{}, err
	}
	return stamp{size: fi.Size(), mtime: fi.ModTime().UnixNano(), link: fi.Mode()&fs.ModeSymlink != 0}, nil
}

// settled reports whether any later change of the file must show in its stamp.
func (s stamp) settled(read time.Time) bool {
	return !s.link && read.UnixNano()-s.mtime > int64(racy)
}
