package odb

import (
	"bytes"
	"hash/adler32"
	"math"
	"sync"

	"github.com/klauspost/compress/flate"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// compressor makes zlib streams.
type compressor struct {
	w     *flate.Writer
	out   bytes.Buffer
	level int
}

// pools has one of compressors for each level from -1 to 9.
var pools [11]sync.Pool

// compressors gives a compressor for a level of [Options.Compression]; give it
// back by free.
func compressors(option int) *compressor {
	level := option
	switch {
	case option == 0:
		level = 1
	case option == NoCompression:
		level = 0
	case option < -1 || option > 9:
		level = -1
	}
	if c, ok := pools[level+1].Get().(*compressor); ok {
		return c
	}
	w, err := flate.NewWriter(nil, level)
	if err != nil { // not for these levels
		w, _ = flate.NewWriter(nil, flate.DefaultCompression)
	}
	return &compressor{w: w, level: level}
}

func (c *compressor) free() {
	if c.out.Cap() <= 4<<20 {
		pools[c.level+1].Put(c)
	}
}

// compress gives head and data together as a stream, which is valid until the
// next call.
func (c *compressor) compress(kind object.Kind, head, data []byte) []byte {
	c.out.Reset()
	if kind == object.KindTree && c.level == 1 && len(head) > 0 && len(data) >= storedTree {
		c.out.Grow(len(data) + len(data)>>12 + 100)
		c.out.Write(appendStored(c.out.AvailableBuffer(), head, data))
		return c.out.Bytes()
	}
	if kind == object.KindTree && c.level == 1 {
		c.out.Grow(len(data)*5/8 + 100)
		c.out.Write(appendTree(c.out.AvailableBuffer(), head, data))
		if c.out.Len() < len(data)*9/10+100 {
			return c.out.Bytes()
		}
		c.out.Reset() // names of some other sort
	}
	if kind != object.KindTree && c.level == 1 && len(data) <= shortDeflate {
		c.out.Grow(len(data)*9/8 + 100)
		c.out.Write(appendShort(c.out.AvailableBuffer(), head, data))
		if c.out.Len() <= len(data)+storedOverhead || len(head) > 0 {
			return c.out.Bytes()
		}
		c.out.Reset()
		c.out.Write(appendStored(c.out.AvailableBuffer(), nil, data))
		return c.out.Bytes()
	}
	c.out.Write([]byte{0x78, 0x01})
	c.w.Reset(&c.out)
	// Writing to memory gives no errors.
	_, _ = c.w.Write(head)
	_, _ = c.w.Write(data)
	_ = c.w.Close()
	sum := adler32.New()
	_, _ = sum.Write(head)
	_, _ = sum.Write(data)
	c.out.Write(sum.Sum(nil))
	return c.out.Bytes()
}

// storedTree is the size from which a loose tree is not compressed: a folder of
// about 6,000 templates. More than half of such a tree are ids, which do not get
// smaller, so that compressing it takes most of a Save and saves a third of the
// bytes until git gc makes deltas of them.
const storedTree = 256 << 10

// storedOverhead is by how much appendStored makes a few bytes longer.
const storedOverhead = 11

// appendStored appends head and data as a stream that is not compressed, which
// for a few bytes is as small and costs nothing.
func appendStored(dst, head, data []byte) []byte {
	sum := adler32.New()
	_, _ = sum.Write(head)
	_, _ = sum.Write(data)
	dst = append(dst, 0x78, 0x01)
	for rest := len(head) + len(data); ; {
		n := min(rest, math.MaxUint16)
		rest -= n
		last := byte(0)
		if rest == 0 {
			last = 1
		}
		dst = append(dst, last, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
		h := min(n, len(head))
		dst = append(dst, head[:h]...)
		dst = append(dst, data[:n-h]...)
		head, data = head[h:], data[n-h:]
		if last == 1 {
			return sum.Sum(dst)
		}
	}
}
