package odb

import (
	"encoding/binary"
	"hash/adler32"
	"math/bits"
)

// Commits, deltas and most templates are so short that making a code for them
// takes longer than everything else, and that writing it down eats half of what
// it saves. They get the fixed code, which need not be made again by who reads
// them either.

// shortDeflate is up to which size texts get that.
const shortDeflate = 2 << 10

const (
	hashBits   = 10
	leastMatch = 4
)

// appendShort appends a zlib stream of head and text, which together are no
// longer than 64 KiB; text is searched for what comes again.
func appendShort(dst, head, text []byte) []byte {
	w := bitWriter{out: append(dst, 0x78, 0x01)}
	w.put(symbol{0b011, 3}) // the last block, with the fixed code
	w.literals(head)
	var last [1 << hashBits]uint16 // by the hash of four bytes: where they stood last, plus 1
	done := 0                      // what is written
	for at := 0; at+leastMatch <= len(text); {
		four := binary.LittleEndian.Uint32(text[at:])
		slot := &last[four*0x9e3779b1>>(32-hashBits)]
		before := int(*slot) - 1
		*slot = uint16(at + 1)
		if before < 0 || binary.LittleEndian.Uint32(text[before:]) != four {
			at++
			continue
		}
		length := leastMatch + same(text[before+leastMatch:], text[at+leastMatch:])
		w.literals(text[done:at])
		w.copy(length, at-before)
		done = at + length
		for at++; at < done && at+leastMatch <= len(text); at++ {
			last[binary.LittleEndian.Uint32(text[at:])*0x9e3779b1>>(32-hashBits)] = uint16(at + 1)
		}
	}
	w.literals(text[done:])
	sum := adler32.New()
	_, _ = sum.Write(head)
	_, _ = sum.Write(text)
	return w.end(sum.Sum32())
}

// same is how many bytes at the front of a and b are the same; a is the longer
// one.
func same(a, b []byte) int {
	n := 0
	for ; len(b)-n >= 8; n += 8 {
		if diff := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); diff != 0 {
			return n + bits.TrailingZeros64(diff)/8
		}
	}
	for n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
