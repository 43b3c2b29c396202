package langbench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/go-prompty/prompty/internal/workload"
)

// Config says what to measure, and for how long.
type Config struct {
	Rounds int            // how often each cell has its turn
	Slice  time.Duration  // how long a turn takes
	Run    *regexp.Regexp // matches the names of the rows that are wanted
	Logf   func(format string, args ...any)
}

// Valid says whether the sizes make sense.
func (c *Config) Valid() error {
	if c.Rounds < 1 || c.Slice <= 0 {
		return errors.New("at least one round, of some time, is needed")
	}
	return nil
}

// Row is a piece of work that the engines do in turn.
type Row struct {
	Name  string // W2_SystemPrompt/append, …
	Cells []*Cell
}

// Cell is an engine's part of a row.
type Cell struct {
	Engine *Engine
	Cannot string // why there is nothing to measure, if there is not

	do    func(n int) error
	cores int // that it uses, if not 0

	n      int       // how often it does it in a turn
	ns     []float64 // that once took, in each round
	allocs float64   // of doing it once
	bytes  float64
}

// Rows prepares all rows whose names run matches. What the engines print is
// proven on the way.
func (c *Config) Rows() ([]*Row, error) {
	var rows []*Row
	for _, w := range workload.All() {
		kinds := []string{"append", "string"}
		if w.Name == "W2_SystemPrompt" {
			kinds = append(kinds, "compile", "1 core", "2 cores")
		}
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return !c.Run.MatchString(w.Name + "/" + kind) })
		if len(kinds) == 0 {
			continue
		}
		of := make([]*Row, len(kinds))
		for i, kind := range kinds {
			of[i] = &Row{Name: w.Name + "/" + kind}
		}
		for _, e := range Engines() {
			p, err := e.ready(w)
			why, ok := reason(err)
			if err != nil && !ok {
				return nil, err
			}
			for i, kind := range kinds {
				cell := &Cell{Engine: e, Cannot: why}
				switch {
				case err != nil:
				case kind == "2 cores" && e.Alone != "":
					cell.Cannot = e.Alone
				default:
					p.fill(cell, kind, w)
				}
				of[i].Cells = append(of[i].Cells, cell)
			}
		}
		rows = append(rows, of...)
	}
	return rows, nil
}

// fill puts into the cell what it has to do.
func (p *prepared) fill(cell *Cell, kind string, w workload.Workload) {
	var out Output
	switch kind {
	case "append":
		cell.do = func(n int) error { return p.write(&out, n) }
	case "string":
		// Beside ours and the one by hand in one row is enough.
		if p.text != nil && (w.Name == "W2_SystemPrompt" || cell.Engine.Name == ours || cell.Engine.Name == hand) {
			cell.do = func(n int) error { return p.text(&out, n) }
		}
	case "compile":
		cell.do = p.compile
	case "1 core":
		cell.do, cell.cores = p.parallel(1), 1
	case "2 cores":
		cell.do, cell.cores = p.parallel(2), 2
	}
}

// parallel prints n times on each of some cores.
func (p *prepared) parallel(cores int) func(n int) error {
	outs := make([]Output, cores)
	return func(n int) error {
		done := make(chan error, cores)
		for i := range outs {
			go func() { done <- p.write(&outs[i], n) }()
		}
		var errs []error
		for range outs {
			errs = append(errs, <-done)
		}
		return errors.Join(errs...)
	}
}

// Measure lets the cells of all rows take their turns.
func (c *Config) Measure(ctx context.Context, rows []*Row) error {
	for _, row := range rows {
		c.Logf("%s …", row.Name)
		for _, cell := range row.Cells {
			if err := ctx.Err(); err != nil {
				return err
			}
			if cell.do != nil {
				if err := cell.prepare(c.Slice); err != nil {
					return fmt.Errorf("%s, %s: %w", row.Name, cell.Engine.Name, err)
				}
			}
		}
	}
	for round := range c.Rounds {
		if round%10 == 0 {
			c.Logf("round %d of %d", round+1, c.Rounds)
		}
		for _, i := range rand.Perm(len(rows)) {
			for _, j := range rand.Perm(len(rows[i].Cells)) {
				cell := rows[i].Cells[j]
				if err := ctx.Err(); err != nil {
					return err
				}
				if cell.do == nil {
					continue
				}
				d, err := cell.turn(cell.n)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", rows[i].Name, cell.Engine.Name, err)
				}
				cell.ns = append(cell.ns, float64(d)/float64(cell.n))
			}
		}
	}
	return nil
}

// prepare finds how often a turn has to do it, and counts the allocations. The
// turns of rows about cores are ten times as long: long enough for garbage to be
// collected meanwhile.
func (cell *Cell) prepare(slice time.Duration) error {
	if cell.cores > 0 {
		slice *= 10
	}
	for cell.n = 1; ; cell.n *= 4 {
		d := time.Duration(math.MaxInt64)
		for range 3 { // the shortest: another program may come between
			one, err := cell.turn(cell.n)
			if err != nil {
				return err
			}
			d = min(d, one)
		}
		if d >= slice/4 {
			cell.n = max(1, int(float64(cell.n)*float64(slice)/float64(d)))
			break
		}
	}
	n := min(cell.n, 1000)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := cell.do(n); err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	cell.allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	cell.bytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	return nil
}

// turn does it n times. The garbage of those before is none of its business.
func (cell *Cell) turn(n int) (time.Duration, error) {
	if cell.cores > 0 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cell.cores))
	}
	runtime.GC()
	start := time.Now()
	err := cell.do(n)
	return time.Since(start), err
}

// Sample is the median of what was measured in the rounds, with its quartiles.
type Sample struct{ Median, low, high float64 }

func newSample(values []float64) Sample {
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	return Sample{Median: (values[(n-1)/2] + values[n/2]) / 2, low: values[n/4], high: values[n-1-n/4]}
}

// spread is how far the farther quartile is from the median, in parts of it.
func (s Sample) spread() float64 {
	return max(s.high-s.Median, s.Median-s.low) / s.Median
}

// ratio is of how many times as long as another a cell took, round by round.
func (cell *Cell) ratio(other *Cell) (Sample, bool) {
	if cell == nil || other == nil || len(cell.ns) == 0 || len(other.ns) == 0 {
		return Sample{}, false
	}
	values := make([]float64, len(cell.ns))
	for i := range values {
		values[i] = cell.ns[i] / other.ns[i]
	}
	return newSample(values), true
}

// of is an engine's cell.
func (r *Row) of(name string) *Cell {
	if r == nil {
		return nil
	}
	for _, cell := range r.Cells {
		if cell.Engine.Name == name {
			return cell
		}
	}
	return nil
}
