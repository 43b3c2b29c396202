package odb

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/internal/writeback"
)

// writeLoose writes each object into a file of its own. All data is written
// before the first file gets its name, so that what one waits for is waited
// for once.
func (db *DB) writeLoose(objects []pending, sync Sync) (err error) {
	files := make([]*os.File, 0, len(objects))
	defer func() {
		for _, f := range files {
			f.Close()
			if err != nil {
				os.Remove(f.Name())
			}
		}
	}()
	made := make(map[string]bool) // folders, and whether they are new
	for _, p := range objects {
		path := loosePath(db.dir, p.id)
		f, isNew, err := db.createIn(filepath.Dir(path), "tmp_obj_")
		if err != nil {
			return err
		}
		files = append(files, f)
		made[filepath.Dir(path)] = made[filepath.Dir(path)] || isNew
		z := compressors(db.opts.Compression)
		var head [maxHeader]byte
		_, err = f.Write(z.compress(p.kind, object.AppendHeader(head[:0], p.kind, int64(len(p.data))), p.data))
		z.free()
		if err != nil {
			return err
		}
		if err := db.shareFile(f.Name()); err != nil {
			return err
		}
		if sync == SyncBatch {
			writeback.Start(f)
		}
	}
	for _, f := range files {
		if err := settle(f, sync); err != nil {
			return err
		}
	}
	for i, p := range objects {
		if err := files[i].Close(); err != nil {
			return err
		}
		if err := rename(files[i].Name(), loosePath(db.dir, p.id)); err != nil {
			return err
		}
	}
	if sync != SyncFull {
		return nil
	}
	above := false
	for dir, isNew := range made {
		above = above || isNew
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	if above {
		return syncDir(db.dir)
	}
	return nil
}

// settle does what sync asks for before a file gets its name.
func settle(f *os.File, sync Sync) error {
	switch sync {
	case SyncBatch:
		return writeback.Await(f)
	case SyncFull:
		return f.Sync()
	}
	return nil
}

// rename gives a file its name. Where a file cannot be replaced, the one that
// has the name already holds the same.
func rename(from, to string) error {
	err := os.Rename(from, to)
	if err == nil {
		return nil
	}
	if fi, statErr := os.Lstat(to); statErr == nil && fi.Mode().IsRegular() {
		return os.Remove(from)
	}
	return err
}

// createIn makes a file for new objects under a name that git prune knows, and
// the folder if there is none. Git removes folders that are empty, at any time.
func (db *DB) createIn(dir, prefix string) (f *os.File, newDir bool, err error) {
	for try := 0; ; try++ {
		name := filepath.Join(dir, prefix+strconv.FormatUint(rand.Uint64(), 36))
		f, err = os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o444)
		switch {
		case err == nil || try > 20:
			return f, newDir, err
		case errors.Is(err, fs.ErrNotExist):
			if err = os.Mkdir(dir, 0o777); err == nil {
				newDir = true
				err = db.shareDir(dir)
			}
			if err != nil && !errors.Is(err, fs.ErrExist) {
				return nil, newDir, err
			}
		case !errors.Is(err, fs.ErrExist):
			return nil, newDir, err
		}
	}
}

// shareFile gives a file the bits of core.sharedRepository.
func (db *DB) shareFile(path string) error {
	if db.opts.Shared == 0 {
		return nil
	}
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return os.Chmod(path, shared(db.opts.Shared, fi.Mode().Perm()))
}

// shareDir is shareFile for a folder, in which new files have its group.
func (db *DB) shareDir(path string) error {
	if db.opts.Shared == 0 {
		return nil
	}
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	return os.Chmod(path, shared(db.opts.Shared, fi.Mode().Perm())|fs.ModeSetgid)
}

// shared gives the mode that core.sharedRepository makes of another: who may
// read may search folders, and what the owner may not write, nobody may.
func shared(setting int, mode fs.FileMode) fs.FileMode {
	bits := fs.FileMode(max(setting, -setting)) & 0o777
	if mode&0o200 == 0 {
		bits &^= 0o222
	}
	if mode&0o100 != 0 {
		bits |= bits & 0o444 >> 2
	}
	if setting < 0 {
		return bits
	}
	return mode | bits
}
