package odb

import (
	"bytes"
	"encoding/binary"
	"hash/adler32"
	"sync"

	"github.com/klauspost/compress/flate"
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

// compress gives the parts together as a stream, which is valid until the next
// call.
func (c *compressor) compress(parts ...[]byte) []byte {
	c.out.Reset()
	c.out.Write([]byte{0x78, 0x01})
	c.w.Reset(&c.out)
	sum := adler32.New()
	for _, part := range parts {
		// Writing to memory gives no errors.
		_, _ = c.w.Write(part)
		_, _ = sum.Write(part)
	}
	_ = c.w.Close()
	var tail [4]byte
	binary.BigEndian.PutUint32(tail[:], sum.Sum32())
	c.out.Write(tail[:])
	return c.out.Bytes()
}

// appendStored appends data as a stream that is not compressed, which for a few
// bytes is as small and costs nothing. There are at most 65535 of them.
func appendStored(dst, data []byte) []byte {
	n := uint16(len(data))
	dst = append(dst, 0x78, 0x01, 1, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
	dst = append(dst, data...)
	return binary.BigEndian.AppendUint32(dst, adler32.Checksum(data))
}
