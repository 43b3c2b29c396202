package postgres_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/stores/sqlstore/postgres"
)

// BenchmarkBare compares the driver with its own statements, sent by hand through
// a pool of pgx, in turns.
func BenchmarkBare(b *testing.B) {
	ctx := b.Context()
	where := place(b) + os.Getenv("BENCH_EXTRA")
	s, err := postgres.Open(where)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	url, prefix, _ := strings.Cut(where, "&table_prefix=")
	prefix, _, _ = strings.Cut(prefix, "&")
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		b.Fatal(err)
	}
	defer pool.Close()
	source := strings.Repeat("Hello, {{ name }}! ", 100)
	get := fmt.Sprintf(`SELECT name, version, source, metadata, tags, created_at, created_by, tenant_id FROM %[1]sversions
		WHERE name = $1 AND deleted IS NULL ORDER BY version DESC LIMIT 1`, prefix)
	save := fmt.Sprintf(`WITH head AS (INSERT INTO %[1]sheads AS h (name, high, latest, changes, saved) VALUES ($1, 1, 1, 1, clock_timestamp())
		ON CONFLICT (name) DO UPDATE SET high = h.high + 1, latest = h.high + 1, changes = h.changes + 1, saved = clock_timestamp() RETURNING high, saved)
		INSERT INTO %[1]sversions (name, version, source, metadata, tags, created_at, created_by, tenant_id)
		SELECT $1, high, $2, $3, $4, saved, $5, $6 FROM head RETURNING version, created_at`, prefix)
	ours := map[string]func(name string) error{
		"Get": func(name string) error { _, err := s.Get(ctx, name); return err },
		"Save": func(name string) error {
			return s.Save(ctx, &prompty.StoredTemplate{Name: name, Source: source, Tags: []string{"a", "b"}, CreatedBy: "ann"})
		},
	}
	bare := map[string]func(name string) error{
		"Get": func(name string) error {
			var t prompty.StoredTemplate
			var metadata, tags string
			return pool.QueryRow(ctx, get, name).Scan(&t.Name, &t.Version, &t.Source, &metadata, &tags, &t.CreatedAt, &t.CreatedBy, &t.TenantID)
		},
		"Save": func(name string) error {
			var t prompty.StoredTemplate
			return pool.QueryRow(ctx, save, name, source, `{}`, `["a","b"]`, "ann", "").Scan(&t.Version, &t.CreatedAt)
		},
	}
	for i := range 100 {
		if err := ours["Save"](fmt.Sprint("n", i)); err != nil {
			b.Fatal(err)
		}
	}
	for _, op := range []string{"Get", "Save"} {
		b.Run(op, func(b *testing.B) {
			var spent [2]time.Duration
			best := [2]time.Duration{time.Hour, time.Hour}
			for i := 0; b.Loop(); i++ {
				for j, fn := range []func(string) error{ours[op], bare[op]} {
					start := time.Now()
					if err := fn(fmt.Sprint("n", i%100)); err != nil {
						b.Fatal(err)
					}
					d := time.Since(start)
					spent[j] += d
					best[j] = min(best[j], d)
				}
			}
			b.ReportMetric(float64(spent[0])/float64(spent[1]), "x")
			b.ReportMetric(float64(best[0])/float64(best[1]), "x-best")
			b.ReportMetric(float64(spent[1])/float64(b.N), "bare-ns")
		})
	}
	b.Run("32 savers", func(b *testing.B) {
		var times [2][]time.Duration
		n := 0
		for b.Loop() {
			for i := range 2 {
				j := (i + n/2) % 2 // who is first changes
				n++
				fn := []func(string) error{ours["Save"], bare["Save"]}[j]
				name := fmt.Sprint("hot", n)
				start := time.Now()
				var wg sync.WaitGroup
				for range 32 {
					wg.Go(func() {
						for range 10 {
							if err := fn(name); err != nil {
								b.Error(err)
							}
						}
					})
				}
				wg.Wait()
				times[j] = append(times[j], time.Since(start))
			}
		}
		for j := range times {
			slices.Sort(times[j])
		}
		at := len(times[0]) / 2
		b.ReportMetric(float64(times[1][at])/float64(times[0][at]), "x-throughput")
		b.ReportMetric(float64(times[1][at/4])/float64(times[0][at/4]), "x-throughput-p12")
		b.ReportMetric(320/times[1][at].Seconds(), "bare-saves/s")
	})
}
