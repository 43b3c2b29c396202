package fsstore

import (
	"errors"
	"os"
	"sync"

	"github.com/go-prompty/prompty/internal/writeback"
)

// There are three ways to bring things to the disk. Where it keeps the order,
// one flush at the end of a step is enough, and the other two wait for none.
//
//	written  the texts of files, before the names that they get next
//	barrier  names, before what is done next
//	confirm  all that was done
//
// Power loss then leaves what was done up to some moment. Elsewhere each flushes
// what it is given, and power loss may undo what was not flushed in any order.

// written makes sure of the files' texts and closes them in any case. Nil files
// are passed over.
func (d *disk) written(files ...*os.File) error {
	if !d.sync || !d.ordered {
		return d.flush(files...)
	}
	var errs []error
	for _, f := range files {
		if f != nil {
			writeback.Start(f)
		}
	}
	for _, f := range files {
		if f == nil {
			continue
		}
		err := d.ask("writeback", f.Name())
		if err == nil {
			err = writeback.Await(f)
		}
		errs = append(errs, err, f.Close())
	}
	return errors.Join(errs...)
}

// barrier makes sure of the entries of folders before what comes next.
func (d *disk) barrier(dirs ...string) error {
	if d.ordered {
		return nil
	}
	return d.flushDirs(dirs...)
}

// confirm makes all that was done durable. The entries of the first folder were
// changed last, by the last thing that was done.
func (d *disk) confirm(dirs ...string) error {
	if d.ordered {
		if _, err := d.root.Lstat(dirs[0]); err == nil {
			dirs = dirs[:1]
		}
	}
	return d.flushDirs(dirs...)
}

// flush makes files durable, at the same time so that a journal commits once,
// and closes them in any case. Nil files are passed over.
func (d *disk) flush(files ...*os.File) error {
	errs := make([]error, len(files))
	var wg sync.WaitGroup
	for i, f := range files {
		if f == nil {
			continue
		}
		if d.sync {
			if errs[i] = d.ask("fsync", f.Name()); errs[i] == nil {
				wg.Go(func() { errs[i] = f.Sync() })
			}
		}
	}
	wg.Wait()
	for i, f := range files {
		if f != nil {
			errs[i] = errors.Join(errs[i], f.Close())
		}
	}
	return errors.Join(errs...)
}

// flushDirs makes the entries of folders durable. A folder that is gone has
// nothing to flush.
func (d *disk) flushDirs(dirs ...string) error {
	if !d.sync {
		return nil
	}
	var files []*os.File
	var errs []error
	seen := map[string]bool{}
	for _, dir := range dirs {
		if seen[dir] {
			continue
		}
		seen[dir] = true
		f, err := d.root.Open(dir)
		switch {
		case err == nil:
			files = append(files, f)
		case !missing(err):
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, ignoreUnsupportedSync(d.flush(files...)))...)
}
