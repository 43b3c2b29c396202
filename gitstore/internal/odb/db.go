// Package odb reads and writes the objects of a Git repository: loose files and
// packs, with alternates. It runs beside Git itself, which may repack, prune and
// collect garbage in the same folders meanwhile. Only what is in the local file
// system counts: nothing is fetched.
package odb

import (
	"errors"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

var errMissing = errors.New("not written yet")

// Options tune a [DB]. The zero value is useful.
type Options struct {
	// Compression is zlib's level for new objects, as core.looseCompression or
	// core.compression say: 0 to 9. Nil is Git's default for loose objects, 1.
	Compression *int
	// CacheBytes bounds the memory that holds objects which may be read again.
	// 0 is 64 MiB, less than 0 is none.
	CacheBytes int64
	// Shared is core.sharedRepository as Git keeps it: 0 leaves modes to the
	// umask, 0o660 and 0o664 add bits to them, and a negative value replaces
	// them.
	Shared int
}

// DB is the object database of one repository. It is safe for concurrent use.
type DB struct{}

// Open opens the folder "objects" of a repository and, for reading, those that
// it borrows from by objects/info/alternates.
func Open(objectsDir string, o Options) (*DB, error) { return nil, errMissing }

// Close releases all files. What was read stays valid; every method gives
// os.ErrClosed from then on. A second Close does nothing.
func (db *DB) Close() error { return errMissing }

// Read gives an object. The bytes are shared with others: they must not be
// changed. A missing object is [*NotFoundError], a damaged one [*CorruptError].
// The data of commits and trees, not that of blobs, is checked against the id
// only by its length and checksum in the pack or file.
func (db *DB) Read(id object.ID) (object.Kind, []byte, error) { return 0, nil, errMissing }

// Stat gives the kind and the size of an object without reading it all.
func (db *DB) Stat(id object.ID) (object.Kind, int64, error) { return 0, 0, errMissing }

// Has reports whether there is such an object.
func (db *DB) Has(id object.ID) bool { return false }

// Expand gives the ids of all objects that begin with these hexadecimal digits,
// at least 4 of them, in order and each once.
func (db *DB) Expand(prefix string) ([]object.ID, error) { return nil, errMissing }

// NotFoundError says that no file or pack has an object.
type NotFoundError struct {
	ID  object.ID
	Dir string // the folder "objects" that was looked in first
}

func (e *NotFoundError) Error() string {
	return "object " + e.ID.String() + " is not in " + e.Dir
}

// CorruptError says that a file of the database is damaged.
type CorruptError struct {
	File   string
	Offset int64     // where in the file what is damaged begins
	ID     object.ID // the object that was wanted; zero if it is about the whole file
	Err    error     // what is wrong
}

func (e *CorruptError) Error() string { return e.File + " is damaged: " + e.Err.Error() }

// Unwrap gives what is wrong.
func (e *CorruptError) Unwrap() error { return e.Err }

// Sync is how much of new objects is on the disk when [Batch.Flush] returns.
type Sync uint8

// The ways to flush.
const (
	// SyncNone leaves it to the system.
	SyncNone Sync = iota
	// SyncBatch starts and awaits the writing of all data. It is durable when
	// the caller has flushed another file of the same file system afterwards,
	// that of the ref, for instance: core.fsyncMethod=batch in git-config(1).
	// Where the system has no such means this is SyncFull.
	SyncBatch
	// SyncFull flushes each file and each folder.
	SyncFull
)

// Begin begins a batch of new objects.
func (db *DB) Begin() *Batch { return &Batch{} }

// Batch gathers new objects. They are in the database, for this process and for
// others, once Flush has returned. It is not safe for concurrent use.
type Batch struct{}

// Put adds an object and gives its id. Objects that exist already are kept from
// being pruned and not written again. data must not be changed until Flush or
// Discard. A blob that carries a SHA-1 collision attack is
// [object.ErrCollision].
func (b *Batch) Put(kind object.Kind, data []byte) (object.ID, error) {
	return object.ID{}, errMissing
}

// PutBased is Put for an object that resembles another one, which makes a pack
// of many smaller: a tree before one of its entries was changed. The base may
// be in the batch or in the database; if it is in neither, or zero, this is
// Put.
func (b *Batch) PutBased(kind object.Kind, data []byte, base object.ID) (object.ID, error) {
	return object.ID{}, errMissing
}

// Read gives an object of the batch or of the database, like [DB.Read].
func (b *Batch) Read(id object.ID) (object.Kind, []byte, error) { return 0, nil, errMissing }

// Flush writes the objects: a few become loose files, many become one pack.
// After an error some may be in the database, which does no harm. The batch is
// empty afterwards.
func (b *Batch) Flush(sync Sync) error { return errMissing }

// Discard forgets the objects and removes what was written for them.
func (b *Batch) Discard() {}
