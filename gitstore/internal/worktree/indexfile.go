package worktree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
)

// loaded is an index and the time of its file. What was changed at that time or
// later cannot be known from its stat alone ("racy git" in git's own terms).
type loaded struct {
	*gitindex.Index
	time time.Time
}

// load reads the index, or finds that it is the one that was read last: the
// hash at its end says so.
func (t *Tree) load() (loaded, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	path := filepath.Join(t.opts.GitDir, "index")
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return loaded{Index: gitindex.New(t.set.version)}, nil
	}
	if err != nil {
		return loaded{}, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return loaded{}, err
	}
	if t.index.Index != nil && sameHash(f, fi.Size(), t.index.Bytes()) {
		t.index.time = fi.ModTime()
		return t.index, nil
	}
	if fi.Size() > maxFile {
		return loaded{}, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	raw := make([]byte, fi.Size())
	if _, err := io.ReadFull(f, raw); err != nil {
		return loaded{}, fmt.Errorf("%s: %w", path, err)
	}
	x, err := gitindex.Parse(raw)
	switch {
	case errors.Is(err, gitindex.ErrSplit):
		return loaded{}, &UnsupportedError{path, err.Error(), "git update-index --no-split-index joins it"}
	case errors.Is(err, gitindex.ErrSparse):
		return loaded{}, &UnsupportedError{path, err.Error(), "git sparse-checkout reapply --no-sparse-index makes it whole"}
	case err != nil:
		return loaded{}, fmt.Errorf("%s: %w; git reset makes it anew from HEAD and keeps the files", path, err)
	}
	t.index = loaded{x, fi.ModTime()}
	return t.index, nil
}

const hashSize = 20

// sameHash reports whether f, of that size, ends in the same hash as raw. A
// file without hash is never the same.
func sameHash(f *os.File, size int64, raw []byte) bool {
	if size != int64(len(raw)) {
		return false
	}
	var sum [hashSize]byte
	if _, err := f.ReadAt(sum[:], size-hashSize); err != nil {
		return false
	}
	return sum != [hashSize]byte{} && bytes.Equal(sum[:], raw[len(raw)-hashSize:])
}

// takeRoom makes the file of the new index, as large as it may become. Its
// content is known only when the files are in place: it has their times.
func (x *Txn) takeRoom() error {
	t := x.tree
	if err := t.ask("take room"); err != nil {
		return err
	}
	temp := filepath.Join(t.opts.GitDir, stateDir, roomName)
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) { // what a crash left may be another user's
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	x.room = f
	if t.opts.Perm != 0 {
		if err := f.Chmod(t.opts.Perm); err != nil {
			return err
		}
	}
	size := len(x.index.Bytes()) + 4096
	for path := range x.plan { // an entry, and a cache tree for each folder
		size += 2*len(path) + 128 + 64*strings.Count(path, "/")
	}
	return allocate(f, int64(size))
}

// writeZeros takes room where the file system has no other way.
func writeZeros(f *os.File, size int64) error {
	zeros := make([]byte, min(size, 1<<16))
	for at := int64(0); at < size; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}

// dropRoom gives back what was not used.
func (x *Txn) dropRoom() error {
	if x.room == nil {
		return nil
	}
	f := x.room
	x.room = nil
	err := os.Remove(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(f.Close(), err)
}

// store puts next in the place of the index, whose lock is held.
func (x *Txn) store(next *gitindex.Index) error {
	t := x.tree
	if x.room == nil {
		if err := x.takeRoom(); err != nil {
			return err
		}
	}
	f := x.room
	err := t.ask("write index")
	if err == nil {
		_, err = f.WriteAt(next.Bytes(), 0)
	}
	if err == nil {
		err = f.Truncate(int64(len(next.Bytes())))
	}
	if err == nil && x.durable {
		err = f.Sync()
	}
	var fi fs.FileInfo
	if err == nil {
		fi, err = f.Stat()
	}
	if err == nil {
		err = t.ask("rename index")
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(t.opts.GitDir, "index"))
	}
	if err != nil {
		return err
	}
	x.room = nil
	t.mu.Lock()
	t.index = loaded{next, fi.ModTime()}
	t.mu.Unlock()
	return f.Close()
}
