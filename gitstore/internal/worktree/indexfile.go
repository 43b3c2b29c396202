package worktree

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
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

// store puts x in the place of the index, whose lock is held.
func (t *Tree) store(x *gitindex.Index, durable bool) error {
	dir := filepath.Join(t.opts.GitDir, stateDir)
	temp := filepath.Join(dir, tempIndex)
	if err := t.ask("write index"); err != nil {
		return err
	}
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) { // what a crash left may be another user's
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(x.Bytes())
	if err == nil && t.opts.Perm != 0 {
		err = f.Chmod(t.opts.Perm)
	}
	if err == nil && durable {
		err = f.Sync()
	}
	fi, serr := f.Stat()
	if err = errors.Join(err, serr, f.Close()); err == nil {
		if err = t.ask("rename index"); err == nil {
			err = os.Rename(temp, filepath.Join(t.opts.GitDir, "index"))
		}
	}
	if err != nil {
		os.Remove(temp)
		return err
	}
	t.mu.Lock()
	t.index = loaded{x, fi.ModTime()}
	t.mu.Unlock()
	return nil
}
