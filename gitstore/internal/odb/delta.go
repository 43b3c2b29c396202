package odb

import "errors"

var errDelta = errors.New("the delta is damaged")

// deltaSize reads a size at the beginning of a delta (gitformat-pack(5)).
func deltaSize(delta []byte) (size int64, rest []byte, err error) {
	for i, shift := 0, 0; i < len(delta) && shift < 63; i, shift = i+1, shift+7 {
		size |= int64(delta[i]&0x7f) << shift
		if delta[i]&0x80 == 0 {
			return size, delta[i+1:], nil
		}
	}
	return 0, nil, errDelta
}

// patchedSize gives how long what a delta makes says to be.
func patchedSize(delta []byte) (int64, error) {
	_, rest, err := deltaSize(delta)
	if err != nil {
		return 0, err
	}
	size, _, err := deltaSize(rest)
	return size, err
}

// patch applies a delta to its base.
func patch(base, delta []byte) ([]byte, error) {
	from, delta, err := deltaSize(delta)
	if err != nil {
		return nil, err
	}
	to, delta, err := deltaSize(delta)
	if err != nil || from != int64(len(base)) {
		return nil, errDelta
	}
	if err := checkSize(to, maxObject); err != nil {
		return nil, err
	}
	// A few bytes can declare much: what they make is counted before memory is
	// taken for it.
	if to > 1<<20 && patched(delta) != to {
		return nil, errDelta
	}
	// Most objects are about as long as their base and have most of it in the
	// same place: a copy of it is begun with, which also saves zeroing memory.
	var out []byte
	same := 0 // so many bytes at the front are those of the base
	if to >= from/2 && to <= from+from/8 {
		out = append(out, base...)
		same = len(base)
	}
	if to > int64(cap(out)) {
		out, same = make([]byte, to), 0
	}
	out = out[:to]
	n := 0
	for len(delta) > 0 {
		op := delta[0]
		if op&0x80 == 0 {
			size := int(op)
			if size == 0 || size >= len(delta) || size > len(out)-n {
				return nil, errDelta
			}
			n += copy(out[n:], delta[1:1+size])
			delta = delta[1+size:]
			continue
		}
		offset, size, rest, ok := copyOp(delta)
		if !ok || offset < 0 || offset > len(base) || size > len(base)-offset || size > len(out)-n {
			return nil, errDelta
		}
		if offset != n || offset+size > same {
			copy(out[n:], base[offset:offset+size])
		}
		n += size
		delta = rest
	}
	if n != len(out) {
		return nil, errDelta
	}
	return out, nil
}

// copyOp reads an instruction to copy from the base.
func copyOp(delta []byte) (offset, size int, rest []byte, ok bool) {
	op := delta[0]
	at := 1
	for bit := range 7 {
		if op&(1<<bit) == 0 {
			continue
		}
		if at == len(delta) {
			return 0, 0, nil, false
		}
		if bit < 4 {
			offset |= int(delta[at]) << (8 * bit)
		} else {
			size |= int(delta[at]) << (8 * (bit - 4))
		}
		at++
	}
	if size == 0 {
		size = 0x10000
	}
	return offset, size, delta[at:], true
}

// patched counts the bytes that instructions make, or gives -1.
func patched(delta []byte) int64 {
	var n int64
	for len(delta) > 0 {
		if op := int(delta[0]); op&0x80 == 0 {
			if op >= len(delta) {
				return -1
			}
			n += int64(op)
			delta = delta[1+op:]
			continue
		}
		_, size, rest, ok := copyOp(delta)
		if !ok {
			return -1
		}
		n += int64(size)
		delta = rest
	}
	return n
}
