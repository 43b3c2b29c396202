package odb

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
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
		c.out.Write(appendStored(c.out.AvailableBuffer(), data))
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

// storedOverhead is by how much appendStored makes data longer.
const storedOverhead = 11

// appendStored appends data as a stream that is not compressed, which for a few
// bytes is as small and costs nothing. There are at most 65535 of them.
func appendStored(dst, data []byte) []byte {
	n := uint16(len(data))
	dst = append(dst, 0x78, 0x01, 1, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
	dst = append(dst, data...)
	return binary.BigEndian.AppendUint32(dst, adler32.Checksum(data))
}
