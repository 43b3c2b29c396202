package odb

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/internal/writeback"
)

const (
	// depthLimit is how long our chains of deltas get, as in git repack.
	depthLimit = 50
	// What was added last is kept as it is up to so many bytes, for the next
	// object may be based on it.
	keepBytes = 16 << 20
	// Packs are made in memory up to this size.
	spillBytes = 32 << 20
	// Deltas of up to so many bytes are not compressed: they are mostly ids.
	storedBytes = 100
)

// packWriter makes a pack that stands on its own: deltas have their base in
// front of them in the same pack.
type packWriter struct {
	db      *DB
	entries []packed
	buf     []byte   // what was made and is not in the file
	file    *os.File // once it was too much for memory
	spilled int64    // bytes in the file
	kept    int64    // bytes of data that entries hold
	oldest  int      // the first entry that may hold its data
	deltas  deltaWriter
}

type packed struct {
	id     object.ID
	kind   object.Kind
	depth  int32
	crc    uint32
	offset int64
	body   int32  // from offset to the compressed data
	size   int    // of the compressed data's content
	base   int    // the entry that a delta is based on, or -1
	root   int    // the entry at the bottom of the chain
	data   []byte // while it is kept
}

func newPackWriter(db *DB) *packWriter {
	w := &packWriter{db: db, buf: make([]byte, 0, 1<<19)}
	w.buf = append(w.buf, "PACK\x00\x00\x00\x02\x00\x00\x00\x00"...) // the count comes last
	return w
}

// add appends an object. known has the places of those before it.
func (w *packWriter) add(p pending, known map[object.ID]int) error {
	at := len(w.entries)
	e := packed{id: p.id, kind: p.kind, offset: w.spilled + int64(len(w.buf)), base: -1, root: at, size: len(p.data), data: p.data}
	var delta []byte
	if base, ok := known[p.base]; ok && base < at && w.entries[base].kind == p.kind {
		if w.entries[base].depth >= depthLimit {
			base = w.entries[base].root
		}
		_, from, err := w.read(base)
		if err != nil {
			return err
		}
		if delta = w.deltas.delta(p.kind, from, p.data); delta != nil {
			b := &w.entries[base]
			e.base, e.root, e.depth, e.size = base, b.root, b.depth+1, len(delta)
		}
	}
	content, kind := p.data, uint8(p.kind)
	if e.base >= 0 {
		content, kind = delta, offsetDelta
	}
	begin := len(w.buf)
	w.buf = appendEntryHead(w.buf, kind, e.size)
	if e.base >= 0 {
		w.buf = appendDistance(w.buf, e.offset-w.entries[e.base].offset)
	}
	e.body = int32(len(w.buf) - begin)
	if e.base >= 0 && e.size <= storedBytes {
		w.buf = appendStored(w.buf, nil, content)
	} else {
		z := compressors(w.db.opts.Compression)
		contentKind := p.kind
		if e.base >= 0 {
			contentKind = object.KindBlob // for what a delta resembles
		}
		w.buf = append(w.buf, z.compress(contentKind, nil, content)...)
		z.free()
	}
	e.crc = crc32.ChecksumIEEE(w.buf[begin:])
	if len(w.entries) == cap(w.entries) {
		w.entries = slices.Grow(w.entries, max(len(w.entries), 1<<8))
	}
	w.entries = append(w.entries, e)
	w.kept += int64(len(p.data))
	for w.kept > w.db.keep && w.oldest < at {
		old := &w.entries[w.oldest]
		w.kept -= int64(len(old.data))
		old.data = nil
		w.oldest++
	}
	return w.spill()
}

// read gives the data of an entry.
func (w *packWriter) read(at int) (object.Kind, []byte, error) {
	e := &w.entries[at]
	if e.data != nil || e.base < 0 && e.size == 0 {
		return e.kind, e.data, nil
	}
	end := w.spilled + int64(len(w.buf))
	if at+1 < len(w.entries) {
		end = w.entries[at+1].offset
	}
	from := e.offset + int64(e.body)
	var src []byte
	if from >= w.spilled {
		src = w.buf[from-w.spilled : end-w.spilled]
	} else {
		src = make([]byte, end-from)
		if _, err := w.file.ReadAt(src, from); err != nil {
			return 0, nil, err
		}
	}
	data := make([]byte, e.size)
	if _, err := inflate(data, src); err != nil {
		return 0, nil, err
	}
	if e.base >= 0 {
		_, base, err := w.read(e.base) // no deeper than depthLimit
		if err != nil {
			return 0, nil, err
		}
		if data, err = patch(base, data); err != nil {
			return 0, nil, err
		}
	}
	return e.kind, data, nil
}

// each calls visit for the objects whose data is at hand.
func (w *packWriter) each(visit func(pending)) {
	for i := range w.entries {
		if e := &w.entries[i]; e.data != nil {
			visit(pending{id: e.id, kind: e.kind, data: e.data})
		}
	}
}

// spill moves what was made into a file if it is much.
func (w *packWriter) spill() error {
	if len(w.buf) < w.db.spill {
		return nil
	}
	return w.write()
}

func (w *packWriter) write() (err error) {
	if w.file == nil {
		if w.file, _, err = w.db.createIn(filepath.Join(w.db.dir, "pack"), "tmp_pack_"); err != nil {
			return err
		}
	}
	n, err := w.file.WriteAt(w.buf, w.spilled)
	if err != nil {
		return err
	}
	w.spilled += int64(n)
	w.buf = w.buf[:0]
	return nil
}

// finish completes the pack, writes its index, and gives both their names: the
// index last, for Git looks for that. With hold there is a .keep file before.
func (w *packWriter) finish(sync Sync, hold bool) (keep *os.File, err error) {
	defer func() {
		if err != nil && keep != nil {
			release(keep)
			keep = nil
		}
	}()
	var count [4]byte
	binary.BigEndian.PutUint32(count[:], uint32(len(w.entries)))
	h := sha1.New()
	if w.file == nil {
		copy(w.buf[8:], count[:])
		h.Write(w.buf)
	} else {
		if err := w.write(); err != nil {
			return nil, err
		}
		if _, err := w.file.WriteAt(count[:], 8); err != nil {
			return nil, err
		}
		if _, err := io.Copy(h, io.NewSectionReader(w.file, 0, w.spilled)); err != nil {
			return nil, err
		}
	}
	var sum object.ID
	h.Sum(sum[:0])
	w.buf = append(w.buf, sum[:]...)
	if err := w.write(); err != nil {
		return nil, err
	}
	if sync == SyncBatch {
		writeback.Start(w.file)
	}
	dir := filepath.Join(w.db.dir, "pack")
	idx, _, err := w.db.createIn(dir, "tmp_idx_")
	if err != nil {
		return nil, err
	}
	defer func() {
		idx.Close()
		os.Remove(idx.Name())
	}()
	if _, err := idx.Write(w.index(sum)); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "pack-"+sum.String())
	for _, f := range []*os.File{w.file, idx} {
		if err := w.db.shareFile(f.Name()); err != nil {
			return nil, err
		}
		if err := settle(f, sync); err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
	if hold {
		if keep, err = w.db.hold(name + ".keep"); err != nil {
			return nil, err
		}
	}
	if err := rename(w.file.Name(), name+".pack"); err != nil {
		return keep, err
	}
	if err := rename(idx.Name(), name+".idx"); err != nil {
		return keep, err
	}
	if sync == SyncFull {
		return keep, syncDir(dir)
	}
	return keep, nil
}

// index makes the index, in version 2.
func (w *packWriter) index(packSum object.ID) []byte {
	sorted := make([]*packed, len(w.entries))
	for i := range w.entries {
		sorted[i] = &w.entries[i]
	}
	slices.SortFunc(sorted, func(a, b *packed) int { return bytes.Compare(a.id[:], b.id[:]) })
	x := make([]byte, 0, 1100+28*len(sorted))
	x = append(x, "\xfftOc\x00\x00\x00\x02"...)
	at := 0
	for first := range 256 {
		for at < len(sorted) && int(sorted[at].id[0]) <= first {
			at++
		}
		x = binary.BigEndian.AppendUint32(x, uint32(at))
	}
	for _, e := range sorted {
		x = append(x, e.id[:]...)
	}
	for _, e := range sorted {
		x = binary.BigEndian.AppendUint32(x, e.crc)
	}
	var large []byte
	for _, e := range sorted {
		if e.offset < 1<<31 {
			x = binary.BigEndian.AppendUint32(x, uint32(e.offset))
			continue
		}
		x = binary.BigEndian.AppendUint32(x, 1<<31|uint32(len(large)/8))
		large = binary.BigEndian.AppendUint64(large, uint64(e.offset))
	}
	x = append(append(x, large...), packSum[:]...)
	return appendSum(sha1.New(), x)
}

func appendSum(h hash.Hash, data []byte) []byte {
	h.Write(data)
	return h.Sum(data)
}

// discard removes the file of a pack that was not finished.
func (w *packWriter) discard() {
	if w.file != nil {
		w.file.Close()
		os.Remove(w.file.Name()) // it has another name if it was finished
	}
}

func appendEntryHead(dst []byte, kind uint8, size int) []byte {
	c := kind<<4 | byte(size&15)
	for size >>= 4; size > 0; size >>= 7 {
		dst = append(dst, c|0x80)
		c = byte(size & 0x7f)
	}
	return append(dst, c)
}

// appendDistance appends how far before a delta its base begins, in the
// numbers of offset deltas (gitformat-pack(5)).
func appendDistance(dst []byte, distance int64) []byte {
	var text [10]byte
	at := len(text) - 1
	text[at] = byte(distance & 0x7f)
	for distance >>= 7; distance > 0; distance >>= 7 {
		distance--
		at--
		text[at] = 0x80 | byte(distance&0x7f)
	}
	return append(dst, text[at:]...)
}
