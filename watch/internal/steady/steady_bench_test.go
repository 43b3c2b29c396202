package steady

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a")
	if err := os.WriteFile(path, bytes.Repeat([]byte("line\n"), 400), 0o666); err != nil {
		b.Fatal(err)
	}
	b.Run("ReadFile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := os.ReadFile(path); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Read", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 64<<10)
		for b.Loop() {
			if _, err := Read(path, 1<<20, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Lstat", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := Lstat(path); err != nil {
				b.Fatal(err)
			}
		}
	})
}
