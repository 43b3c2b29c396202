package odb

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"math/bits"
	"sync"
)

// Git's objects are small zlib streams (RFC 1950, RFC 1951) of known sizes that
// lie in memory. An inflater made for just that, without a window and without a
// reader, takes half the time of one for streams, and tells an input that ends
// too early from one that is damaged.

var (
	errShort    = errors.New("the compressed data ends too early")
	errFlate    = errors.New("the compressed data is damaged")
	errTooMuch  = errors.New("there is more compressed data than its declared size")
	errChecksum = errors.New("the data does not match its checksum")
)

// Tables have an index of so many bits at first. For short texts smaller ones
// are better: making them takes longer than using them.
const (
	litBits, litBitsShort   = 10, 8
	distBits, distBitsShort = 8, 6
	shortText               = 1 << 10
	maxCode                 = 15
	// A subtable stands for at least two codes that are longer than the index,
	// else the code would not be complete.
	litSize  = 1<<litBits + 288/2<<(maxCode-litBitsShort)
	distSize = 1<<distBits + 32/2<<(maxCode-distBitsShort)
)

// An element of a table: the length of the code in the low byte, what it means
// in the second, and a value in the upper half. Meanings without a flag have so
// many more bits to be added to the value.
const (
	isLiteral  = 0x8000
	isEnd      = 0x4000
	isSubtable = 0x2000
	isInvalid  = 0x1000
)

type inflater struct {
	lit   [litSize]uint32
	dist  [distSize]uint32
	codes [288 + 32]code

	litIndex, distIndex uint // bits of the tables' index
}

// code is the length of a symbol's code.
type code struct {
	symbol uint16
	length uint8
}

var inflaters = sync.Pool{New: func() any { return new(inflater) }}

var (
	fixedOnce sync.Once
	fixed     *inflater
)

// fixedTables are those of RFC 1951, 3.2.6.
func fixedTables() *inflater {
	fixedOnce.Do(func() {
		fixed = &inflater{}
		var codes []code
		for i := range uint16(288) {
			switch {
			case i < 144, i >= 280:
				codes = append(codes, code{i, 8})
			case i < 256:
				codes = append(codes, code{i, 9})
			default:
				codes = append(codes, code{i, 7})
			}
		}
		fixed.litIndex, _ = build(fixed.lit[:], litBits, codes, litMeaning[:])
		codes = codes[:0]
		for i := range uint16(32) {
			codes = append(codes, code{i, 5})
		}
		fixed.distIndex, _ = build(fixed.dist[:], distBits, codes, distMeaning[:])
	})
	return fixed
}

var litMeaning = func() (table [288]uint32) {
	for i := range 256 {
		table[i] = isLiteral | uint32(i)<<16
	}
	table[256] = isEnd
	base := uint32(3)
	for i := 257; i < 285; i++ {
		extra := uint32(0)
		if i >= 265 {
			extra = uint32(i-261) / 4
		}
		table[i] = extra<<8 | base<<16
		base += 1 << extra
	}
	table[285] = 258 << 16
	table[286], table[287] = isInvalid, isInvalid
	return table
}()

var distMeaning = func() (table [32]uint32) {
	base := uint32(1)
	for i := range 30 {
		extra := uint32(0)
		if i >= 4 {
			extra = uint32(i-2) / 2
		}
		table[i] = extra<<8 | base<<16
		base += 1 << extra
	}
	table[30], table[31] = isInvalid, isInvalid
	return table
}()

// The lengths of the codes for lengths are coded, too; their values are
// themselves.
const clBits = 7

var clMeaning = func() (table [19]uint32) {
	for i := range table {
		table[i] = uint32(i) << 16
	}
	return table
}()

// clOrder is from RFC 1951, 3.2.7.
var clOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// build makes the table of a canonical code, of the symbols that have one and in
// their order. It gives the bits of the table's index, at most index, and
// whether the lengths make a code.
func build(table []uint32, index uint, codes []code, meaning []uint32) (uint, bool) {
	var count, next [maxCode + 1]int
	for _, c := range codes {
		count[c.length]++
	}
	longest := uint(maxCode)
	for longest > 1 && count[longest] == 0 {
		longest--
	}
	index = min(index, longest)
	start, left := 0, 1
	for l := 1; l <= maxCode; l++ {
		start = (start + count[l-1]) << 1
		next[l] = start
		if left = left<<1 - count[l]; left < 0 {
			return 0, false
		}
	}
	first := table[:1<<index]
	if left > 0 {
		if longest > 1 {
			return 0, false
		}
		for i := range first {
			first[i] = isInvalid | 1
		}
	}
	deep := uint(0)
	if longest > index {
		deep = longest - index
		clear(first)
	}
	free := len(first)
	for _, c := range codes {
		l := uint(c.length)
		reversed := int(bits.Reverse16(uint16(next[l])) >> (16 - l))
		next[l]++
		entry := meaning[c.symbol] | uint32(l)
		if l <= index {
			for i := reversed; i < len(first); i += 1 << l {
				first[i] = entry
			}
			continue
		}
		slot := reversed & (len(first) - 1)
		if first[slot] == 0 {
			first[slot] = uint32(index) | isSubtable | uint32(deep)<<8 | uint32(free)<<16
			free += 1 << deep
		}
		sub := table[first[slot]>>16:][:1<<deep]
		entry -= uint32(index)
		for i := reversed >> index; i < len(sub); i += 1 << (l - index) {
			sub[i] = entry
		}
	}
	return index, true
}

// bitReader hands out bits. Behind the end of the input it gives zeros and
// counts them.
type bitReader struct {
	src []byte
	at  int
	acc uint64
	n   uint // bits in acc
	pad uint // bytes of zeros that were added
}

// fill makes at least 56 bits ready.
func (r *bitReader) fill() {
	if len(r.src)-r.at >= 8 {
		r.acc |= binary.LittleEndian.Uint64(r.src[r.at:]) << (r.n & 63)
		r.at += int((63 - r.n) >> 3)
		r.n |= 56
		return
	}
	r.fillSlowly()
}

func (r *bitReader) fillSlowly() {
	for r.n <= 56 {
		if r.at < len(r.src) {
			r.acc |= uint64(r.src[r.at]) << r.n
			r.at++
		} else {
			r.pad++
		}
		r.n += 8
	}
}

func (r *bitReader) take(n uint) uint64 {
	v := r.acc & (1<<n - 1)
	r.acc >>= n
	r.n -= n
	return v
}

// overrun reports whether bits were taken that the input does not have.
func (r *bitReader) overrun() bool { return r.pad*8 > r.n }

// align drops the bits up to the next byte, gives whole bytes back to the
// input, and reports whether the input got that far.
func (r *bitReader) align() bool {
	if r.overrun() {
		return false
	}
	r.at -= int(r.n/8) - int(r.pad)
	r.acc, r.n, r.pad = 0, 0, 0
	return true
}

// inflate fills dst from a zlib stream, which must hold just so much, and gives
// the stream's length.
func inflate(dst, src []byte) (int, error) {
	r, n, err := inflateTo(dst, src)
	switch {
	case err != nil && err != errFull:
		return 0, err
	case err == errFull:
		return 0, errTooMuch
	case n < len(dst):
		return 0, errors.New("there is less compressed data than its declared size")
	case len(src)-r.at < 4:
		return 0, errShort
	case binary.BigEndian.Uint32(src[r.at:]) != adler32.Checksum(dst):
		return 0, errChecksum
	}
	return r.at + 4, nil
}

// inflatePrefix fills dst with the beginning of a zlib stream. It gives less if
// the stream is shorter.
func inflatePrefix(dst, src []byte) (int, error) {
	_, n, err := inflateTo(dst, src)
	if err == errFull {
		err = nil
	}
	return n, err
}

// errFull says that the stream goes on behind the end of dst.
var errFull = errors.New("full")

func inflateTo(dst, src []byte) (r bitReader, n int, err error) {
	if len(src) < 2 {
		return r, 0, errShort
	}
	if src[0]&0x8f != 8 || binary.BigEndian.Uint16(src)%31 != 0 || src[1]&0x20 != 0 {
		return r, 0, errFlate
	}
	r.src, r.at = src, 2
	var own *inflater // when there are codes to be kept
	for last := false; !last && err == nil; {
		r.fill()
		last = r.take(1) == 1
		switch r.take(2) {
		case 0:
			n, err = r.stored(dst, n)
		case 1:
			n, err = r.block(dst, n, fixedTables())
		case 2:
			if own == nil {
				own = inflaters.Get().(*inflater)
			}
			if err = r.readTables(own, len(dst) < shortText); err == nil {
				n, err = r.block(dst, n, own)
			}
		default:
			err = errFlate
		}
		if err == errFlate && r.pad > 0 || r.overrun() {
			err = errShort
		}
	}
	if own != nil {
		inflaters.Put(own)
	}
	if err == nil && !r.align() {
		err = errShort
	}
	return r, n, err
}

// stored copies a block that is not compressed.
func (r *bitReader) stored(dst []byte, n int) (int, error) {
	if !r.align() || len(r.src)-r.at < 4 {
		return n, errShort
	}
	size := int(binary.LittleEndian.Uint16(r.src[r.at:]))
	if size^0xffff != int(binary.LittleEndian.Uint16(r.src[r.at+2:])) {
		return n, errFlate
	}
	r.at += 4
	have := min(size, len(r.src)-r.at)
	copied := copy(dst[n:], r.src[r.at:r.at+have])
	r.at += copied
	n += copied
	switch {
	case copied < have:
		return n, errFull
	case have < size:
		return n, errShort
	}
	return n, nil
}

// readTables reads the codes of a block (RFC 1951, 3.2.7).
func (r *bitReader) readTables(t *inflater, short bool) error {
	r.fill()
	lits, dists, codes := int(r.take(5))+257, int(r.take(5))+1, int(r.take(4))+4
	if lits > 286 || dists > 30 {
		return errFlate
	}
	var lengths [19]uint8
	r.fill()
	for i := range codes {
		if r.n < 3 {
			r.fill()
		}
		lengths[clOrder[i]] = uint8(r.take(3))
	}
	var list [19]code
	n := 0
	for symbol, length := range lengths {
		if length != 0 {
			list[n] = code{uint16(symbol), length}
			n++
		}
	}
	var table [1 << clBits]uint32
	index, ok := build(table[:], clBits, list[:n], clMeaning[:])
	if !ok {
		return errFlate
	}
	// The symbols that have codes, first those of lengths and literals; most
	// have none.
	used, split, end := 0, -1, false
	last := uint8(maxCode + 1) // none
	for i := 0; i < lits+dists; {
		if r.n < 14 {
			if r.fill(); r.overrun() {
				return errShort
			}
		}
		entry := table[r.acc&(1<<index-1)]
		if entry&isInvalid != 0 {
			return errFlate
		}
		r.take(uint(entry & 0xff))
		symbol, times := uint8(entry>>16), 1
		switch symbol {
		case 16:
			if last > maxCode {
				return errFlate
			}
			times = 3 + int(r.take(2))
		case 17:
			last, times = 0, 3+int(r.take(3))
		case 18:
			last, times = 0, 11+int(r.take(7))
		default:
			last = symbol
		}
		if times > lits+dists-i {
			return errFlate
		}
		if last == 0 {
			i += times
			continue
		}
		for ; times > 0; times-- {
			if i >= lits && split < 0 {
				split = used
			}
			end = end || i == 256
			t.codes[used] = code{uint16(i), last}
			if i >= lits {
				t.codes[used].symbol -= uint16(lits)
			}
			used++
			i++
		}
	}
	if split < 0 {
		split = used
	}
	if !end {
		return errFlate
	}
	lit, dist := uint(litBits), uint(distBits)
	if short {
		lit, dist = litBitsShort, distBitsShort
	}
	if t.litIndex, ok = build(t.lit[:], lit, t.codes[:split], litMeaning[:]); !ok {
		return errFlate
	}
	if t.distIndex, ok = build(t.dist[:], dist, t.codes[split:used], distMeaning[:]); !ok {
		return errFlate
	}
	return nil
}

// block decodes a compressed block into dst[n:]. Its state is in variables of
// its own, which the compiler keeps in registers.
func (r *bitReader) block(dst []byte, n int, t *inflater) (int, error) {
	src, at, acc, ready := r.src, r.at, r.acc, r.n
	litIndex, litMask := t.litIndex&63, uint64(1)<<(t.litIndex&63)-1
	distIndex, distMask := t.distIndex&63, uint64(1)<<(t.distIndex&63)-1
	var err error
	for {
		// 56 bits suffice for a length and a distance with all that belongs to
		// them: 15+5+15+13.
		if len(src)-at >= 8 {
			acc |= binary.LittleEndian.Uint64(src[at:]) << (ready & 63)
			at += int((63 - ready) >> 3)
			ready |= 56
		} else {
			r.at, r.acc, r.n = at, acc, ready
			r.fillSlowly()
			at, acc, ready = r.at, r.acc, r.n
			if r.overrun() {
				return n, errShort
			}
		}
	literals: // up to three fit into the bits at hand
		entry := t.lit[acc&litMask]
		if entry&isSubtable != 0 {
			acc >>= litIndex
			ready -= litIndex
			entry = t.lit[uint64(entry>>16)+acc&(1<<(entry>>8&0xf)-1)]
		}
		acc >>= entry & 63
		ready -= uint(entry & 63)
		if entry&isLiteral != 0 {
			if n == len(dst) {
				err = errFull
				break
			}
			dst[n] = byte(entry >> 16)
			n++
			if ready >= 48 {
				goto literals
			}
			continue
		}
		if entry&(isEnd|isInvalid) != 0 {
			if entry&isEnd == 0 {
				err = errFlate
			}
			break
		}
		extra := entry >> 8 & 0xf
		length := int(entry>>16) + int(acc&(1<<extra-1))
		acc >>= extra
		ready -= uint(extra)
		entry = t.dist[acc&distMask]
		if entry&isSubtable != 0 {
			acc >>= distIndex
			ready -= distIndex
			entry = t.dist[uint64(entry>>16)+acc&(1<<(entry>>8&0xf)-1)]
		}
		acc >>= entry & 63
		ready -= uint(entry & 63)
		extra = entry >> 8 & 0xf
		distance := int(entry>>16) + int(acc&(1<<extra-1))
		acc >>= extra
		ready -= uint(extra)
		if entry&isInvalid != 0 || distance > n {
			err = errFlate
			break
		}
		if distance >= 8 && len(dst)-n >= length+8 {
			// Eight at a time, a few too many: what follows goes over them.
			from, to := dst[n-distance:], dst[n:]
			for i := 0; i < length; i += 8 {
				binary.LittleEndian.PutUint64(to[i:], binary.LittleEndian.Uint64(from[i:]))
			}
			n += length
			continue
		}
		full := length > len(dst)-n
		length = min(length, len(dst)-n)
		for length > 0 { // what is copied may be what was just written
			copied := copy(dst[n:n+length], dst[n-distance:n])
			n += copied
			length -= copied
		}
		if full {
			err = errFull
			break
		}
	}
	r.at, r.acc, r.n = at, acc, ready
	return n, err
}
