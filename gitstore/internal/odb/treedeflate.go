package odb

import (
	"encoding/binary"
	"hash/adler32"
	"math/bits"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// A tree is ids, which nothing makes shorter, and names, which resemble those
// before them. Knowing that, one pass without a search, with the fixed code of
// RFC 1951, makes trees about as short as zlib does and in a fraction of the
// time, which is most of the time of a commit in a folder of thousands of files.

// symbol is a code as it stands in the stream, and its number of bits.
type symbol struct {
	code uint32
	size uint8
}

// fixedLiterals and fixedLengths are the codes of bytes and of the lengths of
// copies, these with their extra bits.
var fixedLiterals, fixedLengths = func() (literals [256]symbol, lengths [259]symbol) {
	code := func(s int) symbol {
		switch {
		case s < 144:
			return symbol{uint32(bits.Reverse8(uint8(0x30 + s))), 8}
		case s < 256:
			return symbol{uint32(bits.Reverse16(uint16(0x190+s-144)) >> 7), 9}
		case s < 280:
			return symbol{uint32(bits.Reverse8(uint8(s-256)) >> 1), 7}
		default:
			return symbol{uint32(bits.Reverse8(uint8(0xc0 + s - 280))), 8}
		}
	}
	for i := range literals {
		literals[i] = code(i)
	}
	for s := 257; s <= 285; s++ {
		base, extra := int(litMeaning[s]>>16), litMeaning[s]>>8&0xf
		for i := range 1 << extra {
			if base+i < len(lengths) {
				sym := code(s)
				lengths[base+i] = symbol{sym.code | uint32(i)<<sym.size, sym.size + uint8(extra)}
			}
		}
	}
	return literals, lengths
}()

// bitWriter appends bits to bytes.
type bitWriter struct {
	out []byte
	acc uint64
	n   uint
}

// put appends a symbol; room makes room for some of them.
func (w *bitWriter) put(s symbol) {
	w.acc |= uint64(s.code) << w.n
	w.n += uint(s.size)
}

// room makes room for 57 bits.
func (w *bitWriter) room() {
	w.out = binary.LittleEndian.AppendUint64(w.out, w.acc)
	whole := w.n / 8
	w.out = w.out[:len(w.out)-8+int(whole)]
	w.acc >>= whole * 8
	w.n -= whole * 8
}

func (w *bitWriter) literals(data []byte) {
	for len(data) >= 6 { // of 9 bits at most
		w.room()
		w.put(fixedLiterals[data[0]])
		w.put(fixedLiterals[data[1]])
		w.put(fixedLiterals[data[2]])
		w.put(fixedLiterals[data[3]])
		w.put(fixedLiterals[data[4]])
		w.put(fixedLiterals[data[5]])
		data = data[6:]
	}
	w.room()
	for _, c := range data {
		w.put(fixedLiterals[c])
	}
}

// copy appends a copy of what stood distance before.
func (w *bitWriter) copy(length, distance int) {
	for length > 0 {
		n := min(length, 258)
		if rest := length - n; rest > 0 && rest < 3 {
			n -= 3 // no copy is shorter
		}
		length -= n
		w.room()
		w.put(fixedLengths[n])
		d := uint32(distance - 1)
		code, extra := d, uint8(0)
		if d >= 4 {
			extra = uint8(bits.Len32(d) - 2)
			code = 2*uint32(extra+1) + d>>extra&1
		}
		w.put(symbol{uint32(bits.Reverse8(uint8(code)) >> 3), 5})
		w.put(symbol{d & (1<<extra - 1), extra})
	}
}

// end ends the block and the stream.
func (w *bitWriter) end(sum uint32) []byte {
	w.room()
	w.put(symbol{0, 7})
	w.n = (w.n + 7) &^ 7
	w.room()
	return binary.BigEndian.AppendUint32(w.out, sum)
}

// appendTree appends a zlib stream of head and then the tree. A tree that is
// damaged is written as it is.
func appendTree(dst, head, tree []byte) []byte {
	const window, least = 1 << 15, 4
	w := bitWriter{out: append(dst, 0x78, 0x01)}
	w.put(symbol{0b011, 3}) // the last block, with the fixed code
	w.literals(head)
	var before []byte // the mode, name and NUL of the entry before
	for rest := tree; len(rest) > 0; {
		size := object.EntrySize(rest)
		if size < 0 {
			w.literals(rest)
			break
		}
		now := rest[:size-20]
		distance := len(before) + 20
		same, tail := object.Common(before, now)
		if distance > window || same < least {
			same = 0
		} else {
			w.copy(same, distance)
		}
		// The ends are not as far apart if the names are not equally long.
		distance = len(now) + 20
		if tail = min(tail, len(now)-same); distance > window || tail < least || len(before) == 0 {
			tail = 0
		}
		w.literals(now[same : len(now)-tail])
		if tail > 0 {
			w.copy(tail, distance)
		}
		w.literals(rest[size-20 : size])
		before, rest = now, rest[size:]
	}
	sum := adler32.New()
	_, _ = sum.Write(head)
	_, _ = sum.Write(tree)
	return w.end(sum.Sum32())
}
