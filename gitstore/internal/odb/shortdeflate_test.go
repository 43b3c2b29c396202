package odb

import (
	"bytes"
	"compress/zlib"
	"io"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// checkShort deflates a text in all ways there are for short ones and has the
// standard library and us read it back.
func checkShort(t *testing.T, head, text []byte) {
	t.Helper()
	want := append(bytes.Clone(head), text...)
	c := compressors(0)
	defer c.free()
	for _, packed := range [][]byte{appendShort([]byte("front"), head, text)[5:], c.compress(object.KindBlob, head, text)} {
		z, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("zlib reads %q, %v, want %q", got, err, want)
		}
		got := make([]byte, len(want))
		if n, err := inflate(got, packed); err != nil || n != len(packed) || !bytes.Equal(got, want) {
			t.Fatalf("read back %q, %d of %d bytes, %v, want %q", got, n, len(packed), err, want)
		}
	}
}

// TestShortDeflate: texts, and copies of every length and distance.
func TestShortDeflate(t *testing.T) {
	t.Parallel()
	for _, text := range texts() {
		if len(text) > shortDeflate {
			text = text[:shortDeflate]
		}
		checkShort(t, nil, text)
		checkShort(t, object.AppendHeader(nil, object.KindBlob, int64(len(text))), text)
	}
	for n := range shortDeflate / 2 {
		part := noise(uint64(n), n)
		checkShort(t, nil, append(bytes.Clone(part), part...))
		checkShort(t, nil, bytes.Repeat([]byte("x"), n))
	}
}

// TestShortDeflateIsShort: about as short as zlib makes it, and never longer
// than what is stored.
func TestShortDeflateIsShort(t *testing.T) {
	t.Parallel()
	commit := []byte("tree 7a0b2bd7c85a4b8a0f5b7c3f6d1f0d7a4a7b6c5d\nparent 0b6c4c2b3d0a4e5f6a7b8c9d0e1f2a3b4c5d6e7f\nauthor Ann Example <ann@example.org> 1700000000 +0100\ncommitter Ann Example <ann@example.org> 1700000000 +0100\nprompty {\"ns\":123456789}\n\nSave greeting\n")
	template := []byte(strings.Repeat("Answer briefly, and cite the source of each claim.\nAsk before you act on behalf of anyone.\n", 8))
	c := compressors(0)
	defer c.free()
	for _, text := range [][]byte{commit, template} {
		if got, best := len(c.compress(object.KindBlob, nil, text)), len(deflate(t, text, 9)); got > best*5/4 {
			t.Errorf("%d bytes are made of %d, zlib makes %d", got, len(text), best)
		}
	}
	if got := len(c.compress(object.KindBlob, nil, noise(1, 1000))); got != 1000+storedOverhead {
		t.Errorf("%d bytes are made of 1000 of noise", got)
	}
}

// FuzzShortDeflate reads back what was deflated.
func FuzzShortDeflate(f *testing.F) {
	f.Add([]byte("blob 12\x00"), []byte("hello, hello"))
	f.Add([]byte(nil), bytes.Repeat([]byte("abcd"), 300))
	f.Fuzz(func(t *testing.T, head, text []byte) {
		if len(head) <= maxHeader && len(text) <= 1<<15 {
			checkShort(t, head, text)
		}
	})
}

// TestStored reads back by the standard library at the borders of a block, and
// big trees are written that way.
func TestStored(t *testing.T) {
	t.Parallel()
	for _, head := range [][]byte{nil, []byte("tree 420000\x00")} {
		for _, n := range []int{0, 1, 65535 - len(head), 65536 - len(head), 2*65535 - len(head), storedTree} {
			data := noise(uint64(n), n)
			want := append(bytes.Clone(head), data...)
			streams := [][]byte{appendStored([]byte("front"), head, data)[5:]}
			if n == storedTree && head != nil {
				c := compressors(0)
				streams = append(streams, bytes.Clone(c.compress(object.KindTree, head, data)))
				c.free()
			}
			for _, packed := range streams {
				r, err := zlib.NewReader(bytes.NewReader(packed))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes after a head of %d read back as %d, %v", n, len(head), len(got), err)
				}
				if most := len(want) + 5*(len(want)/65535+1) + 6; len(packed) > most {
					t.Errorf("%d bytes are %d in the stream, want at most %d", len(want), len(packed), most)
				}
			}
		}
	}
}
