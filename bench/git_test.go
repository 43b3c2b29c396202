// Package bench has the benchmarks in which we stand beside others. Each works
// in rounds in which every side has its turn, whichever side's line is printed;
// ns/op is that side's median, and x-git how many times as fast as git ours is.
//
//	go test -bench . -count 6 | tee new.txt
//	benchstat -col /side new.txt
package bench

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-prompty/prompty/bench/gitbench"
)

var config = gitbench.Config{Rounds: 1, Logf: func(string, ...any) {}} // the rounds are -benchtime's

func TestMain(m *testing.M) {
	if gitbench.Child() {
		return
	}
	flag.IntVar(&config.Templates, "templates", 1000, "how many templates the repositories hold")
	flag.IntVar(&config.Commits, "commits", 1000, "how many commits the one with a history has")
	flag.IntVar(&config.Bulk, "bulk", 100, "how many versions are imported at once")
	flag.Parse()
	err := config.Valid()
	if err == nil {
		config.Dir, err = os.MkdirTemp("", "gitbench")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(config.Dir)
	os.Exit(code)
}

func BenchmarkSave(b *testing.B)        { compare(b, config.Saves()) }
func BenchmarkDurableSave(b *testing.B) { compare(b, config.DurableSaves()) }
func BenchmarkImport(b *testing.B)      { compare(b, config.Imports()) }
func BenchmarkFullIndex(b *testing.B)   { compare(b, config.FullIndex()) }
func BenchmarkColdOpen(b *testing.B)    { compare(b, config.ColdOpen()) }
func BenchmarkCatchUp(b *testing.B)     { compare(b, config.CatchUp()) }
func BenchmarkWarmGet(b *testing.B)     { compare(b, config.WarmGet()) }
func BenchmarkOldVersion(b *testing.B)  { compare(b, config.OldVersion()) }

// BenchmarkMemory has no peer: a process opens the repository, without and with
// the index file, and its resident memory counts.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		rows, err := config.Memory(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range rows {
			b.ReportMetric(r.Value, r.Metric)
		}
	}
	b.ReportMetric(0, "ns/op") // not asked
}

func compare(b *testing.B, cases []gitbench.Case) {
	for _, one := range cases {
		b.Run(one.Name, func(b *testing.B) {
			cmp, err := one.Prepare(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			defer cmp.Close()
			for i, side := range cmp.Sides {
				b.Run("side="+side.Name, func(b *testing.B) {
					samples, err := cmp.Measure(b.Context(), b.Loop)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(samples[i].Median), "ns/op")
					for _, p := range cmp.Pairs {
						if p.Ours == i {
							b.ReportMetric(float64(samples[p.Beside].Median)/float64(samples[i].Median), "x-"+cmp.Sides[p.Beside].Name)
						}
					}
				})
			}
			if err := cmp.Check(b.Context()); err != nil {
				b.Error(err)
			}
		})
	}
}
