package odb

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

func deflate(t testing.TB, data []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// texts of many sizes: prose, noise and what is between.
func texts() [][]byte {
	rng := rand.New(rand.NewPCG(5, 6))
	all := [][]byte{nil, []byte("x"), []byte(strings.Repeat("x", 70_000)), []byte(strings.Repeat("abc", 3)), []byte(strings.Repeat("the quick brown fox ", 4000))}
	for size := 1; size < 100_000; size = size*4 + rng.IntN(5) {
		noise := make([]byte, size)
		for i := range noise {
			noise[i] = byte(rng.Uint32())
		}
		words := make([]byte, 0, size)
		for len(words) < size {
			words = fmt.Appendf(words, "%x %s\n", rng.IntN(50), []string{"tree", "parent", "größe", "author"}[rng.IntN(4)])
		}
		mixed := make([]byte, size)
		for i := range mixed {
			if mixed[i] = noise[i]; i%64 < 40 && i > 200 {
				mixed[i] = mixed[i-150]
			}
		}
		skewed := make([]byte, size) // long codes for rare bytes
		for i := range skewed {
			skewed[i] = byte(min(rng.ExpFloat64()*6, 255))
		}
		all = append(all, noise, words, mixed, skewed)
	}
	return all
}

func TestInflate(t *testing.T) {
	t.Parallel()
	for _, want := range texts() {
		for _, level := range []int{zlib.HuffmanOnly, 0, 1, 6, 9} {
			packed := deflate(t, want, level)
			got := make([]byte, len(want))
			for _, behind := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte("behind "), 9)} {
				n, err := inflate(got, append(bytes.Clone(packed), behind...))
				if err != nil || n != len(packed) || !bytes.Equal(got, want) {
					t.Fatalf("level %d, %d bytes, %d behind: used %d of %d, %v", level, len(want), len(behind), n, len(packed), err)
				}
			}
			prefix := make([]byte, min(40, len(want)/2+1))
			n, err := inflatePrefix(prefix, packed)
			if err != nil || n != min(len(prefix), len(want)) || !bytes.HasPrefix(want, prefix[:n]) {
				t.Errorf("level %d, %d bytes: prefix of %d bytes, %v", level, len(want), n, err)
			}
		}
	}
}

func TestInflateTellsShortFromDamaged(t *testing.T) {
	t.Parallel()
	for _, want := range texts()[3:13] {
		for _, level := range []int{0, 1, 9} {
			packed := deflate(t, want, level)
			got := make([]byte, len(want))
			for cut := 0; cut < len(packed); cut += 1 + len(packed)/97 {
				if _, err := inflate(got, packed[:cut]); err != errShort {
					t.Fatalf("level %d, %d of %d bytes: %v, want errShort", level, cut, len(packed), err)
				}
			}
			if len(want) > 0 {
				if _, err := inflate(got[:len(got)-1], packed); err != errTooMuch {
					t.Errorf("level %d: one byte less declared: %v", level, err)
				}
			}
			if _, err := inflate(append(got, 0), packed); err == nil || err == errShort {
				t.Errorf("level %d: one byte more declared: %v", level, err)
			}
			packed[len(packed)-1] ^= 1
			if _, err := inflate(got, packed); err != errChecksum {
				t.Errorf("level %d: wrong checksum: %v", level, err)
			}
		}
	}
	for _, bad := range []string{"\x78\x9d", "\x79\x9c", "\x78\xbb", "\x78\x9c\x07", "\x78\x9c\x01\x01\x00\xff\xffx", "\xf8\x06"} {
		if _, err := inflate(make([]byte, 1), []byte(bad+strings.Repeat("\x00", 20))); err != errFlate {
			t.Errorf("inflate(%x…) = %v, want errFlate", bad, err)
		}
	}
}

// FuzzInflate compares with the standard library, which is strict about what
// it takes.
func FuzzInflate(f *testing.F) {
	for i, text := range texts()[:16] {
		if len(text) < 4000 {
			f.Add(deflate(f, text, []int{0, 1, 9, zlib.HuffmanOnly}[i%4]), len(text))
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte, size int) {
		if size < 0 || size > 1<<16 {
			return
		}
		got := make([]byte, size)
		n, err := inflate(got, packed)
		var want []byte
		r, wantErr := zlib.NewReader(bytes.NewReader(packed))
		if wantErr == nil {
			want, wantErr = io.ReadAll(io.LimitReader(r, int64(size)+1))
		}
		if (err == nil) != (wantErr == nil && len(want) == size) {
			t.Fatalf("inflate of %x to %d bytes: %v, want %d bytes, %v", packed, size, err, len(want), wantErr)
		}
		if err == nil && !bytes.Equal(got, want) {
			t.Fatalf("inflate of %x = %x, want %x", packed, got, want)
		}
		if err == errShort && wantErr != nil && !errors.Is(wantErr, io.ErrUnexpectedEOF) && !errors.Is(wantErr, io.EOF) && n != 0 {
			t.Fatalf("inflate of %x says that it is short, want %v", packed, wantErr)
		}
	})
}
