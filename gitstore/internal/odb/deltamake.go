package odb

import (
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// deltaWriter makes a delta of copies from the base and of inserted bytes.
type deltaWriter struct {
	out      []byte
	from, to int    // the copy that is being gathered
	insert   []byte // or the insertion
}

// begin begins a delta between objects of these sizes.
func (w *deltaWriter) begin(base, data int) {
	*w = deltaWriter{out: w.out[:0], insert: w.insert[:0]}
	w.size(base)
	w.size(data)
}

func (w *deltaWriter) size(n int) {
	for ; n >= 0x80; n >>= 7 {
		w.out = append(w.out, byte(n)|0x80)
	}
	w.out = append(w.out, byte(n))
}

// copy adds base[from:to].
func (w *deltaWriter) copy(from, to int) {
	if from == to {
		return
	}
	if w.to == from && w.to > w.from && len(w.insert) == 0 {
		w.to = to
		return
	}
	w.flush()
	w.from, w.to = from, to
}

// add adds bytes that the base does not have.
func (w *deltaWriter) add(data []byte) {
	if len(data) == 0 {
		return
	}
	if w.to > w.from {
		w.flushCopy()
	}
	w.insert = append(w.insert, data...)
}

func (w *deltaWriter) flush() {
	w.flushInsert()
	w.flushCopy()
}

func (w *deltaWriter) flushInsert() {
	for rest := w.insert; len(rest) > 0; {
		n := min(len(rest), 0x7f)
		w.out = append(append(w.out, byte(n)), rest[:n]...)
		rest = rest[n:]
	}
	w.insert = w.insert[:0]
}

func (w *deltaWriter) flushCopy() {
	for w.from < w.to {
		n := min(w.to-w.from, 0x10000)
		at := len(w.out)
		w.out = append(w.out, 0x80)
		for i := range 4 {
			if b := byte(w.from >> (8 * i)); b != 0 {
				w.out[at] |= 1 << i
				w.out = append(w.out, b)
			}
		}
		for i := range 2 { // a size of 0x10000 has none
			if b := byte(n >> (8 * i)); b != 0 && n < 0x10000 {
				w.out[at] |= 0x10 << i
				w.out = append(w.out, b)
			}
		}
		w.from += n
	}
	w.from, w.to = 0, 0
}

// delta gives a delta from base to data, which is valid until the next, or nil
// if it would not be worth it. Of trees it finds every entry that is the same; of other objects, what
// is the same at both ends.
func (w *deltaWriter) delta(kind object.Kind, base, data []byte) []byte {
	if len(data) < 32 || len(base) < 32 || len(base) >= maxObject {
		return nil
	}
	limit := len(data) / 2
	w.begin(len(base), len(data))
	if kind == object.KindTree {
		if !w.tree(base, data, limit) {
			return nil
		}
	} else {
		head, tail := object.Common(base, data)
		if len(data)-head-tail > limit {
			return nil
		}
		w.copy(0, head)
		w.add(data[head : len(data)-tail])
		w.copy(len(base)-tail, len(base))
	}
	if w.flush(); len(w.out) > limit {
		return nil
	}
	return w.out
}

// tree writes the delta of a tree. It gives up when there is too much that
// differs.
func (w *deltaWriter) tree(base, data []byte, limit int) bool {
	at, inserted := 0, 0 // behind what was copied; bytes
	err := object.Spans(base, data, func(from, to, begin, end int) error {
		if inserted += end - begin; inserted > limit {
			return errDelta
		}
		w.copy(at, from)
		w.add(data[begin:end])
		at = to
		return nil
	})
	w.copy(at, len(base))
	return err == nil
}
