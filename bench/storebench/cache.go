package storebench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/bench/internal/report"
	"github.com/go-prompty/prompty/fsstore"
)

// hits are how many are timed together.
func (c *Config) hits() int { return 10 * c.Calls }

// hot is a cache over a folder, and what to ask it for.
func (c *Config) hot(ctx context.Context) (cache *prompty.CachedStorage, names []string, err error) {
	dir, err := c.folder(ctx, "tree")
	if err != nil {
		return nil, nil, err
	}
	s, err := fsstore.Open(dir, fsstore.Options{Watch: fsstore.NoWatch})
	if err != nil {
		return nil, nil, err
	}
	cache = prompty.NewCachedStorage(s, prompty.CacheConfig{})
	names = make([]string, min(c.Files, 1000))
	for i := range names {
		names[i] = c.name(i)
		t, err := cache.Get(ctx, names[i])
		if err == nil {
			var again *prompty.StoredTemplate
			if again, err = cache.Get(ctx, names[i]); err == nil && (again == t || again.Source != t.Source || t.Source != text(i, 0)) {
				err = fmt.Errorf("a hit for %s is not what was read, or not the caller's own", names[i])
			}
		}
		if err != nil {
			return nil, nil, errors.Join(err, cache.Close())
		}
	}
	return cache, names, nil
}

// cached is the time of a hit, beside copying a template that is at hand.
func (c *Config) cached(ctx context.Context) (_ []report.Row, err error) {
	cache, names, err := c.hot(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, cache.Close()) }()
	held := make(map[string]*prompty.StoredTemplate)
	for _, name := range names {
		if held[name], err = cache.Get(ctx, name); err != nil {
			return nil, err
		}
	}
	var sink *prompty.StoredTemplate
	got, err := inTurn(ctx, 2*c.Rounds,
		timed("hit", c.hits(), func(i int) (err error) {
			sink, err = cache.Get(ctx, names[i%len(names)])
			return err
		}),
		timed("copy", c.hits(), func(i int) error {
			sink = held[names[i%len(names)]].Clone()
			return nil
		}))
	if err != nil {
		return nil, err
	}
	_ = sink
	return []report.Row{{
		Work: "cached: Get of what is cached", Ours: got[0].String(), Beside: "a map read and a copy of the template: " + got[1].String(),
		Value: float64(got[0].median()), Target: report.Target{Kind: "ns", Bound: 500},
	}}, nil
}

// heap is as large as that of a small server: with a few megabytes in use the
// collector would run hundreds of times a second, and that would be measured.
const heap = 256 << 20

// parallel is how many more hits two cores answer than one, in processor time, so
// that other programs on the machine do not count: what cores do to each other
// makes each hit take more of it. Nothing in a hit waits, which would not show. The
// same with a cache for each, which share nothing, stands beside it: that is what
// the machine gives.
func (c *Config) parallel(ctx context.Context) (_ []report.Row, err error) {
	if runtime.NumCPU() < 2 {
		return nil, errors.New("there is one core only")
	}
	var caches [2]*prompty.CachedStorage
	var names []string
	for i := range caches {
		if caches[i], names, err = c.hot(ctx); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, caches[i].Close()) }()
	}
	get := func(s *prompty.CachedStorage, name string) error { _, err := s.Get(ctx, name); return err }
	ask := func(s *prompty.CachedStorage, name string) error { _, err := s.LatestID(ctx, name); return err }
	ballast := make([]byte, heap)
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	var sides []side
	for _, read := range []func(*prompty.CachedStorage, string) error{get, ask} {
		hits := func(s *prompty.CachedStorage, worker int) error {
			for i := range c.hits() {
				if err := read(s, names[(i+worker*len(names)/2)%len(names)]); err != nil {
					return err
				}
			}
			return nil
		}
		shared := func(worker int) error { return hits(caches[0], worker) }
		sides = append(sides, onCores(1, shared), onCores(2, shared), onCores(2, func(worker int) error { return hits(caches[worker], worker) }))
	}
	got, err := inTurn(ctx, 4*c.Rounds, sides...)
	runtime.KeepAlive(ballast)
	if err != nil {
		return nil, err
	}
	row := func(work string, one, two, apart times) report.Row {
		more := func(t times) float64 { return 2 * float64(one.median()) / float64(t.median()) }
		each := func(t times) string { return report.Short(t.median() / time.Duration(c.hits())) }
		return report.Row{
			Work: work + ", two cores", Ours: each(two) + " each",
			Beside: fmt.Sprintf("one core: %s each; two cores with a cache for each: %.3g× faster", each(one), more(apart)),
			Value:  more(two), Target: report.Target{Kind: "faster", Bound: 1.8},
		}
	}
	return []report.Row{row("cached: Get", got[0], got[1], got[2]), row("cached: LatestID", got[3], got[4], got[5])}, nil
}

// onCores is a side that does work once on each of n cores at the same time. Its
// time is the processor time of one of them.
func onCores(n int, work func(worker int) error) side {
	return side{fmt.Sprint(n, " cores"), func(int) (time.Duration, error) {
		runtime.GOMAXPROCS(n)
		errs := make([]error, n)
		var wg sync.WaitGroup
		start := processorTime()
		for w := range n {
			wg.Go(func() { errs[w] = work(w) })
		}
		wg.Wait()
		return (processorTime() - start) / time.Duration(n), errors.Join(errs...)
	}}
}
