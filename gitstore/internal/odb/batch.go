package odb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/internal/writeback"
)

// Sync is how much of new objects is on the disk when [Batch.Flush] returns.
type Sync uint8

// The ways to flush.
const (
	// SyncNone leaves it to the system.
	SyncNone Sync = iota
	// SyncBatch starts and awaits the writing of all data. It is durable when
	// the caller has flushed another file of the same file system afterwards,
	// that of the ref, for instance: core.fsyncMethod=batch in git-config(1).
	// Where the system or the file system has no such means this is SyncFull.
	SyncBatch
	// SyncFull flushes each file and each folder.
	SyncFull
)

// packFrom is how many objects become a pack instead of loose files.
const packFrom = 20

// Batch gathers new objects. They are in the database, for this process and for
// others, once Flush has returned. It is not safe for concurrent use.
type Batch struct {
	db    *DB
	loose []pending // while they are few
	known map[object.ID]int
	pack  *packWriter // once they are many; then known has their places there
	err   error       // what went wrong with an object, which is then not there

	hold bool       // whether packs get .keep files
	held []*os.File // these
}

// pending is an object that will be written.
type pending struct {
	id   object.ID
	base object.ID
	kind object.Kind
	data []byte
}

// Begin begins a batch of new objects.
func (db *DB) Begin() *Batch { return &Batch{db: db, known: make(map[object.ID]int)} }

// Put adds an object and gives its id. Objects that exist already are kept from
// being pruned and not written again. data must not be changed until Flush or
// Discard. A blob that carries a SHA-1 collision attack is
// [object.ErrCollision].
func (b *Batch) Put(kind object.Kind, data []byte) (object.ID, error) {
	return b.PutBased(kind, data, object.ID{})
}

// PutBased is Put for an object that resembles another one, which makes a pack
// of many smaller: a tree before one of its entries was changed. The base
// should be in the batch; if it is not, or zero, this is Put.
func (b *Batch) PutBased(kind object.Kind, data []byte, base object.ID) (object.ID, error) {
	if kind < object.KindCommit || kind > object.KindTag {
		return object.ID{}, fmt.Errorf("%v is nothing that can be written", kind)
	}
	var id object.ID
	if kind == object.KindBlob {
		var err error
		if id, err = object.HashBlob(data); err != nil {
			return object.ID{}, err
		}
	} else {
		id = object.Hash(kind, data)
	}
	if _, ok := b.known[id]; ok {
		return id, nil
	}
	exists, err := b.freshen(id)
	if err != nil || exists {
		return id, err
	}
	if err := b.add(pending{id: id, base: base, kind: kind, data: data}); err != nil {
		b.err = err
		return object.ID{}, err
	}
	return id, nil
}

func (b *Batch) add(p pending) error {
	if b.pack != nil {
		b.known[p.id] = len(b.pack.entries)
		return b.pack.add(p, b.known)
	}
	b.known[p.id] = len(b.loose)
	if b.loose = append(b.loose, p); len(b.loose) < packFrom {
		return nil
	}
	b.pack = newPackWriter(b.db)
	for _, p := range b.loose {
		if err := b.pack.add(p, b.known); err != nil {
			return err
		}
	}
	b.loose = nil
	return nil
}

// Read gives an object of the batch or of the database, like [DB.Read].
func (b *Batch) Read(id object.ID) (object.Kind, []byte, error) {
	at, ok := b.known[id]
	if !ok {
		return b.db.Read(id)
	}
	if b.pack != nil {
		return b.pack.read(at)
	}
	return b.loose[at].kind, b.loose[at].data, nil
}

// Flush writes the objects: a few become loose files, many become one pack.
// After an error some may be in the database, which does no harm. The batch is
// empty afterwards and can be used again.
func (b *Batch) Flush(sync Sync) error {
	defer b.reset()
	if b.db.closed.Load() {
		return os.ErrClosed
	}
	if b.err != nil {
		return b.err
	}
	if sync == SyncBatch && !writeback.Ordered(b.db.dir) {
		sync = SyncFull
	}
	if b.pack != nil {
		keep, err := b.pack.finish(sync, b.hold)
		if err != nil {
			return fmt.Errorf("write a pack: %w", err)
		}
		if keep != nil {
			b.held = append(b.held, keep)
		}
		b.pack.each(b.keep)
		return nil
	}
	if err := b.db.writeLoose(b.loose, sync); err != nil {
		return fmt.Errorf("write objects: %w", err)
	}
	for _, p := range b.loose {
		b.keep(p)
	}
	return nil
}

// keep remembers what will be asked for next.
func (b *Batch) keep(p pending) {
	if p.kind == object.KindTree || p.kind == object.KindCommit {
		b.db.objects.put(p.id, hashID(&p.id), p.kind, p.data)
	}
}

// Hold makes packs that Flush writes safe from git repack -ad until Discard: it
// would delete a pack to which no ref leads yet. Call it before Flush, and
// Discard when the ref has moved, or did not.
func (b *Batch) Hold() { b.hold = true }

// Discard ends the batch: it forgets objects that were not flushed, removes what
// was written for them, and lets go of what Hold holds. What was flushed stays.
func (b *Batch) Discard() {
	b.reset()
	for _, keep := range b.held {
		release(keep)
	}
	b.held, b.hold = nil, false
}

func (b *Batch) reset() {
	if b.pack != nil {
		b.pack.discard()
	}
	b.pack, b.loose, b.err = nil, nil, nil
	clear(b.known)
}

// freshen reports whether there is such an object already, in a file that was
// just given today's date: git prune and git gc spare what is young, so that an
// object to which no ref leads will be there when ours does. What cannot be
// dated counts as missing, for it may be gone any moment. (Git does the same.)
// What will be in a pack is not looked for in loose files: each would take a
// system call, and that an object is there twice does no harm.
func (b *Batch) freshen(id object.ID) (bool, error) {
	set, err := b.db.current()
	if err != nil {
		return false, err
	}
	touch := func(path string) error {
		now := time.Now()
		return os.Chtimes(path, now, now)
	}
	inLoose := func(path string) error {
		// A power failure can leave empty files, which Git would keep.
		if fi, err := os.Stat(path); err != nil || fi.Size() == 0 {
			return fs.ErrNotExist
		}
		return touch(path)
	}
	if b.pack != nil {
		inLoose = nil
	}
	err = b.db.lookIn(set, id, func(p *pack, _ int64) error {
		if p.cruft {
			return errVanished // its objects have dates of their own
		}
		if _, err := p.open(); err != nil {
			return err
		}
		return touch(p.path)
	}, inLoose)
	if errors.Is(err, os.ErrClosed) {
		return false, err
	}
	return err == nil, nil
}
