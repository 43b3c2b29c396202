// Package odb reads and writes the objects of a Git repository: loose files and
// packs, with alternates. It runs beside Git itself, which may repack, prune and
// collect garbage in the same folders meanwhile. Only what is in the local file
// system counts: nothing is fetched. SHA-1 only.
package odb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Options tune a [DB]. The zero value is useful.
type Options struct {
	// Compression is zlib's level for new objects, as core.looseCompression or
	// core.compression say: 1 to 9, -1 for zlib's own default, and 0 for 1,
	// Git's default for loose objects. NoCompression stands for their 0.
	Compression int
	// CacheBytes bounds the memory that holds parts of packs and objects which
	// may be read again. 0 is 64 MiB.
	CacheBytes int64
	// Shared is core.sharedRepository as Git keeps it: 0 leaves modes to the
	// umask, 0o660 and 0o664 add bits to them, and a negative value replaces
	// them.
	Shared int
}

// NoCompression as [Options.Compression] stores objects as they are.
const NoCompression = -2

// DB is the object database of one repository. It is safe for concurrent use.
type DB struct {
	dir  string
	opts Options

	set     atomic.Pointer[packSet]
	recent  atomic.Pointer[pack] // where the last object was found
	bases   *cache[place]
	objects *cache[object.ID] // trees and commits that were loose or are our own
	windows *windows

	keep  int64 // keepBytes and spillBytes, smaller in tests
	spill int

	scan   sync.Mutex // held while looking for packs and while closing
	closed atomic.Bool
}

// Open opens the folder "objects" of a repository and, for reading, those that
// it borrows from by objects/info/alternates. Packs are opened when they are
// needed.
func Open(objectsDir string, o Options) (*DB, error) {
	fi, err := os.Stat(objectsDir)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, fmt.Errorf("%s is no folder; a repository's objects are in one", objectsDir)
	}
	if o.CacheBytes <= 0 {
		o.CacheBytes = 64 << 20
	}
	db := &DB{
		dir: filepath.Clean(objectsDir), opts: o,
		bases:   newCache[place](o.CacheBytes / 2),
		objects: newCache[object.ID](o.CacheBytes / 4),
		keep:    keepBytes, spill: spillBytes,
		windows: &windows{max: max(int(o.CacheBytes/4/windowSize), 4)},
	}
	db.sweep()
	return db, nil
}

// Close releases all files. What was read stays valid; reading gives
// os.ErrClosed from then on. A second Close does nothing.
func (db *DB) Close() error {
	db.scan.Lock()
	defer db.scan.Unlock()
	if db.closed.Swap(true) {
		return nil
	}
	set := db.set.Swap(nil)
	if set == nil {
		return nil
	}
	var errs []error
	for _, p := range set.packs {
		errs = append(errs, p.close())
	}
	return errors.Join(errs...)
}

// Read gives an object. The bytes are shared with others: they must not be
// changed. A missing object is [*NotFoundError], a damaged one [*CorruptError],
// unless another pack or file has it whole. Everything but a packed tree is
// checked against its id; that is checked by its pack's checksums alone.
func (db *DB) Read(id object.ID) (object.Kind, []byte, error) { return db.ReadUpTo(id, maxObject) }

// ReadUpTo is Read for who can use no more than limit bytes: a larger object is
// [*TooLargeError], and most of it is not read.
func (db *DB) ReadUpTo(id object.ID, limit int64) (object.Kind, []byte, error) {
	if db.closed.Load() {
		return 0, nil, os.ErrClosed
	}
	if kind, data, ok := db.objects.get(id, hashID(&id)); ok {
		return kind, data, checkSize(int64(len(data)), limit)
	}
	limit = min(limit, maxObject)
	var kind object.Kind
	var data []byte
	var large *TooLargeError
	unlessLarge := func(err error) error { // that is an answer, too: the search ends
		if errors.As(err, &large) {
			return nil
		}
		return err
	}
	err := db.look(id, func(p *pack, off int64) (err error) {
		kind, data, err = p.read(off, db.bases, limit)
		if err == nil && kind != object.KindTree && object.Hash(kind, data) != id {
			err = &CorruptError{File: p.path, Offset: off, Err: errors.New("there is another object than the index says")}
		}
		return unlessLarge(err)
	}, func(path string) (err error) {
		if kind, data, err = readLoose(path, id, limit); err == nil && kind != object.KindBlob {
			db.objects.put(id, hashID(&id), kind, data)
		}
		return unlessLarge(err)
	})
	if err == nil && large != nil {
		err = fmt.Errorf("object %s: %w", id, large)
	}
	if err != nil {
		return 0, nil, err
	}
	return kind, data, nil
}

// Stat gives the kind and the size of an object without reading it all.
func (db *DB) Stat(id object.ID) (object.Kind, int64, error) {
	var kind object.Kind
	var size int64
	err := db.look(id, func(p *pack, off int64) (err error) {
		kind, size, err = p.stat(off)
		return err
	}, func(path string) (err error) {
		kind, size, err = statLoose(path, id)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	return kind, size, nil
}

// Has reports whether there is such an object, damaged or not.
func (db *DB) Has(id object.ID) (bool, error) {
	err := db.look(id, func(p *pack, _ int64) error {
		_, err := p.open()
		return err
	}, func(path string) error {
		_, err := os.Stat(path)
		return err
	})
	var missing *NotFoundError
	if errors.As(err, &missing) {
		return false, nil
	}
	return err == nil, err
}

// look calls inPack or loose for each place where an object is, until one
// gives no error. If there is none it looks for new packs and tries again.
func (db *DB) look(id object.ID, inPack func(*pack, int64) error, loose func(string) error) error {
	set, err := db.current()
	if err != nil {
		return err
	}
	fresh := false
	for try := 0; ; try++ {
		err := db.lookIn(set, id, inPack, loose)
		if err == nil {
			return nil
		}
		// A second look suffices for what is missing or damaged, if the folders
		// were listed after the first: what somebody else has listed before may
		// lack the pack into which a loose object went. Packs can vanish as
		// often as somebody repacks.
		if fresh && !errors.Is(err, errVanished) || try > 10 {
			return db.explain(set, id, err)
		}
		if set, fresh, err = db.rescan(set); err != nil {
			return err
		}
	}
}

// errAbsent says that no place was found.
var errAbsent = errors.New("absent")

// lookIn is one round of look. Of several errors it gives the first. Without
// loose it looks in packs only.
func (db *DB) lookIn(set *packSet, id object.ID, inPack func(*pack, int64) error, loose func(string) error) error {
	problem := error(nil)
	note := func(err error) {
		if problem == nil {
			problem = err
		}
	}
	recent := db.recent.Load()
	if recent != nil {
		if x := recent.idx.Load(); x != nil {
			if off, ok := x.find(&id); ok {
				err := inPack(recent, off)
				if err == nil {
					return nil
				}
				note(err)
			}
		}
	}
	for _, p := range set.packs {
		if p == recent {
			continue
		}
		x, err := p.index()
		if err != nil {
			note(err)
			continue
		}
		if off, ok := x.find(&id); ok {
			if err := inPack(p, off); err != nil {
				note(err)
				continue
			}
			db.recent.Store(p)
			return nil
		}
	}
	for _, dir := range set.dirs {
		if loose == nil {
			break
		}
		err := loose(loosePath(dir, id))
		if err == nil {
			return nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			note(err)
		}
	}
	if problem == nil {
		problem = set.problem
	}
	if problem == nil {
		return errAbsent
	}
	return problem
}

// explain makes an error for callers.
func (db *DB) explain(set *packSet, id object.ID, err error) error {
	var damage *CorruptError
	switch {
	case errors.Is(err, errAbsent), errors.Is(err, errVanished):
		return &NotFoundError{ID: id, Dir: db.dir, Lost: set.lost}
	case errors.As(err, &damage):
		named := *damage
		named.ID = id
		return &named
	}
	return fmt.Errorf("object %s: %w", id, err)
}

// Expand gives the ids of all objects that begin with these hexadecimal digits,
// of which there are 4 to 40, in order and each once.
func (db *DB) Expand(prefix string) ([]object.ID, error) {
	if len(prefix) < 4 || len(prefix) > 40 {
		return nil, fmt.Errorf("%.50q is no abbreviation of an object's id: 4 to 40 hexadecimal digits are", prefix)
	}
	low, err := object.ParseID(prefix + strings.Repeat("0", 40-len(prefix)))
	if err != nil {
		return nil, fmt.Errorf("%.50q is no abbreviation of an object's id: 4 to 40 hexadecimal digits are", prefix)
	}
	high, err := object.ParseID(prefix + strings.Repeat("f", 40-len(prefix)))
	if err != nil {
		return nil, err
	}
	set, _, err := db.rescan(db.set.Load())
	if err != nil {
		return nil, err
	}
	var found []object.ID
	for _, p := range set.packs {
		x, err := p.index()
		if errors.Is(err, errVanished) {
			continue
		}
		if err != nil {
			return nil, err
		}
		x.expand(low, high, func(id object.ID) { found = append(found, id) })
	}
	first := low.String()[:2]
	for _, dir := range set.dirs {
		entries, err := os.ReadDir(filepath.Join(dir, first))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			id, err := object.ParseID(first + e.Name())
			if err == nil && id.Compare(low) >= 0 && id.Compare(high) <= 0 {
				found = append(found, id)
			}
		}
	}
	slices.SortFunc(found, object.ID.Compare)
	return slices.Compact(found), nil
}

// NotFoundError says that no file or pack has an object.
type NotFoundError struct {
	ID   object.ID
	Dir  string   // the folder "objects" that was looked in first
	Lost []string // folders that it borrows from and that are not there
}

func (e *NotFoundError) Error() string {
	text := fmt.Sprintf("object %s is not in %s", e.ID, e.Dir)
	if len(e.Lost) > 0 {
		return text + ", which borrows from " + strings.Join(e.Lost, " and ") + ", where nothing is: bring it back, or correct info/alternates there"
	}
	return text + "; run `git fsck` to see what else is missing, and fetch it from a repository that has it"
}

// TooLargeError says that an object was not read into memory as it is too large.
type TooLargeError struct {
	Size  int64
	Limit int64 // what would have been read
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("it has %d bytes, of which at most %d are read", e.Size, e.Limit)
}

// checkSize gives a TooLargeError if it is.
func checkSize(size, limit int64) error {
	if size > limit {
		return &TooLargeError{Size: size, Limit: limit}
	}
	return nil
}

// CorruptError says that a file of the database is damaged.
type CorruptError struct {
	File   string
	Offset int64     // where in the file what is damaged begins
	ID     object.ID // the object that was wanted; zero if it is about the whole file
	Err    error     // what is wrong
}

func (e *CorruptError) Error() string {
	text := e.File
	if e.Offset > 0 {
		text = fmt.Sprintf("%s at byte %d", text, e.Offset)
	}
	text += " is damaged: " + e.Err.Error()
	if !e.ID.IsZero() {
		text = "object " + e.ID.String() + ": " + text
	}
	return text + "; run `git fsck`, and take the file or its objects from a backup or another clone"
}

// Unwrap gives what is wrong.
func (e *CorruptError) Unwrap() error { return e.Err }
