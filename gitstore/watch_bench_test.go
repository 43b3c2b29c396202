package gitstore_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/gittest"
)

// BenchmarkWatch measures from a change to what a watcher is told of it, and what
// being watched costs who saves.
func BenchmarkWatch(b *testing.B) {
	fill := func(b *testing.B, r *gittest.Repo) {
		var files []string
		for i := range 10_000 {
			files = append(files, fmt.Sprintf("d%03d/f%d.prompty", i/50, i), strconv.Itoa(i))
		}
		r.Git("update-ref", "refs/heads/main", grow(r, "First", nil, files...))
	}
	b.Run("save by another", func(b *testing.B) {
		r := gittest.Bare(b)
		fill(b, r)
		s, other := open(b, r.Dir), open(b, r.Dir)
		e := listen(b, s)
		var late time.Duration
		b.ResetTimer()
		for i := range b.N {
			save(b, other, "d000/f1", fmt.Sprint("text ", i))
			saved := time.Now()
			e.next()
			late += time.Since(saved)
		}
		b.ReportMetric(float64(late.Microseconds())/float64(b.N), "µs-after-Save")
	})
	b.Run("edit in a work tree", func(b *testing.B) {
		r := gittest.WorkTree(b)
		fill(b, r)
		r.Git("reset", "-q", "--hard")
		s := open(b, r.Dir, "worktree=1")
		e := listen(b, s)
		file := r.Path("d000/f1.prompty")
		b.ResetTimer()
		for i := range b.N {
			must(b, os.WriteFile(file, fmt.Append(nil, "text ", i), 0o666))
			e.next()
		}
	})
	for _, watched := range []bool{false, true} {
		b.Run(fmt.Sprintf("own save, watched %v", watched), func(b *testing.B) {
			r := gittest.Bare(b)
			fill(b, r)
			s := open(b, r.Dir)
			want(b, s, "d000/f1", 1, "1")
			if watched {
				ch, err := s.Watch(b.Context())
				must(b, err)
				go func() {
					for range ch {
					}
				}()
			}
			b.ResetTimer()
			for i := range b.N {
				must(b, s.Save(b.Context(), &prompty.StoredTemplate{Name: "d000/f1", Source: strconv.Itoa(i)}))
			}
		})
	}
	b.Run("begin", func(b *testing.B) {
		r := gittest.WorkTree(b)
		fill(b, r)
		r.Git("reset", "-q", "--hard")
		for _, query := range []string{"worktree=0", "worktree=1"} {
			b.Run(query, func(b *testing.B) {
				for range b.N {
					s, err := tryOpen(r.Dir, query)
					must(b, err)
					want(b, s, "d000/f1", 1, "1")
					start := time.Now()
					_, err = s.Watch(b.Context())
					must(b, err)
					b.ReportMetric(float64(time.Since(start).Microseconds()), "µs-to-watch")
					must(b, s.Close())
				}
			})
		}
	})
}
