package odb

import (
	"errors"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

var errMissing = errors.New("not written yet")

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
