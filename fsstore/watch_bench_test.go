package fsstore

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-prompty/prompty"
)

// BenchmarkEdit is the time from an edit to its batch, and to the rendered
// text.
func BenchmarkEdit(b *testing.B) {
	for _, sync := range []SyncMode{SyncNone, SyncFull} {
		for _, rendered := range []bool{false, true} {
			name := fmt.Sprintf("sync=%s/rendered=%v", sync, rendered)
			b.Run(name, func(b *testing.B) {
				dir := b.TempDir()
				for i := range 200 {
					writeFile(b, filepath.Join(dir, fmt.Sprintf("d%d/t%d.prompty", i%10, i)), "x")
				}
				s := newStore(b, dir, Options{Sync: sync})
				p := filepath.Join(dir, "d1", "a.prompty")
				writeFile(b, p, "0")
				h := hear(b, s)
				var se *prompty.StorageEngine
				heard := make(chan prompty.ChangeBatch, 100)
				if rendered {
					se = prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: s})
					if _, err := se.Execute(b.Context(), "d1/a", nil); err != nil {
						b.Fatal(err)
					}
					must(b, se.Sync(b.Context()))
					se.OnChange(func(c prompty.ChangeBatch) { heard <- c })
				}
				var times []time.Duration
				for i := 0; b.Loop(); i++ {
					time.Sleep(5 * time.Millisecond) // the disk and the clock come to rest
					text := fmt.Sprint("text ", i)
					start := time.Now()
					must(b, os.WriteFile(p, []byte(text), 0o666))
					if !rendered {
						h.next()
					} else {
						for {
							<-heard
							if got, err := se.Execute(b.Context(), "d1/a", nil); err == nil && got == text {
								break
							}
						}
					}
					times = append(times, time.Since(start))
				}
				slices.Sort(times)
				at := func(q float64) float64 { return float64(times[int(q*float64(len(times)-1))].Microseconds()) }
				b.ReportMetric(at(0.5), "p50-µs")
				b.ReportMetric(at(0.99), "p99-µs")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
