package odb

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Between Flush and the moment when a ref leads to a new pack, git repack -ad
// can find the pack, see that nothing in it is reachable, and delete it. As Git
// does when it fetches, Hold puts a .keep file beside the pack before it gets
// its name. The process locks that file (flock(2)) for as long as it means it,
// so that what a killed one leaves behind can be told and is removed by the
// next that opens the database.

// keepText is how our .keep files begin.
const keepText = "held by prompty until a ref leads to this pack"

// hold makes the .keep file of a pack, or gives nil if there is one or the
// system has no such locks.
func (db *DB) hold(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	// Locked before it has our text: nobody takes it for a dead one.
	locked, err := tryLock(f)
	if err == nil && locked {
		if _, err = f.WriteString(keepText + "\n"); err == nil {
			return f, nil
		}
	}
	release(f)
	return nil, err
}

// release removes a .keep file and gives up its lock.
func release(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}

// sweep removes the .keep files of processes that are gone. Git lives with
// those that stay.
func (db *DB) sweep() {
	entries, err := os.ReadDir(filepath.Join(db.dir, "pack"))
	if err != nil {
		return
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".keep") && e.Type().IsRegular() {
			sweepKeep(filepath.Join(db.dir, "pack", e.Name()))
		}
	}
}

func sweepKeep(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	text := make([]byte, len(keepText))
	if _, err := io.ReadFull(f, text); err != nil || string(text) != keepText {
		return // somebody else's
	}
	if locked, err := tryLock(f); err != nil || !locked {
		return
	}
	mine, err := f.Stat()
	if err != nil {
		return
	}
	if now, err := os.Lstat(path); err == nil && os.SameFile(mine, now) {
		os.Remove(path)
	}
}
