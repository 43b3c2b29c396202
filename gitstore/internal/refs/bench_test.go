package refs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

func BenchmarkRead(b *testing.B) {
	r := gittest.Bare(b)
	r.Commit("one", "a", "1")
	r.Git("tag", "packed")
	r.Git("pack-refs")
	r.Git("update-ref", "refs/heads/main", "packed")
	s := refs.Open(r.Dir, r.Dir, nil, refs.Options{})
	for _, name := range []string{"refs/heads/main", "refs/tags/packed", "HEAD"} {
		b.Run(filepath.Base(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Read(name); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("Head", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Head(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkUpdate(b *testing.B) {
	r := gittest.Bare(b)
	one := r.Commit("one", "a", "1")
	two := r.Commit("two", "a", "2")
	owner, err := lockfile.Open(r.Dir)
	if err != nil {
		b.Fatal(err)
	}
	defer owner.Close()
	s := refs.Open(r.Dir, r.Dir, owner, refs.Options{Bare: true})
	ids := [2]object.ID{}
	for i, hex := range []string{one, two} {
		if ids[i], err = object.ParseID(hex); err != nil {
			b.Fatal(err)
		}
	}
	for name, flush := range map[string]lockfile.Flush{"none": lockfile.NoFlush, "once": lockfile.FlushOnce, "each": lockfile.FlushEach} {
		b.Run("flush="+name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				u, err := s.Lock(b.Context(), "refs/heads/main")
				if err != nil {
					b.Fatal(err)
				}
				if err := u.Commit(ids[n%2], logEntry, flush); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
	b.Run("four fsyncs", func(b *testing.B) {
		for b.Loop() {
			for i := range 4 {
				f, err := os.Create(r.Path(fmt.Sprintf("file%d", i)))
				if err != nil {
					b.Fatal(err)
				}
				f.WriteString(one)
				f.Sync()
				f.Close()
			}
		}
	})
}
