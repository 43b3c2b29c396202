package gitbench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// Comparison is work that some sides do in turn.
type Comparison struct {
	Sides []Side
	Pairs []Pair

	parts  int                                         // that a round is divided by, if not 0
	rounds func(wanted int) int                        // how many the table takes, if others than wanted
	check  func(ctx context.Context, rounds int) error // whether the work was done, in that many rounds
	close  []func() error
	round  int // the next one
}

// Side is one of those that are compared. Its do does the work of a round and
// returns the time that it took without the preparation.
type Side struct {
	Name string // us, git, …
	do   func(round int) (time.Duration, error)
}

// Pair is two of the sides, of which one should be as fast as the target wants.
type Pair struct {
	Ours, Beside int // indexes of Sides

	work, besideName string // for the table
	target           report.Target
}

// Close lets go of what was opened. The repositories stay until those of the
// Config are removed.
func (c *Comparison) Close() error {
	var errs []error
	for _, f := range c.close {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// Check says whether what was done is what git has as well.
func (c *Comparison) Check(ctx context.Context) error {
	if c.check == nil || c.round == 0 {
		return nil
	}
	return c.check(ctx, c.round)
}

// Measure lets the sides do their rounds in turn, each first as often as the
// others, as long as more says so; a round that does not count comes before.
// It may be called again and goes on with other data. The samples are those of
// the sides.
func (c *Comparison) Measure(ctx context.Context, more func() bool) ([]Sample, error) {
	if err := c.doRound(ctx, nil); err != nil {
		return nil, err
	}
	times := make([][]time.Duration, len(c.Sides))
	for more() {
		if err := c.doRound(ctx, times); err != nil {
			return nil, err
		}
	}
	samples := make([]Sample, len(c.Sides))
	for i := range c.Sides {
		samples[i] = newSample(times[i]).per(max(c.parts, 1))
	}
	return samples, nil
}

func (c *Comparison) doRound(ctx context.Context, times [][]time.Duration) error {
	round := c.round
	c.round++
	for i := range c.Sides {
		i = (i + round) % len(c.Sides)
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := c.Sides[i].do(round)
		if err != nil {
			return fmt.Errorf("%s: %w", c.Sides[i].Name, err)
		}
		if times != nil {
			times[i] = append(times[i], d)
		}
	}
	return nil
}

// table makes the rows of the pairs.
func (c *Comparison) table(samples []Sample) []report.Row {
	rows := make([]report.Row, len(c.Pairs))
	for i, p := range c.Pairs {
		rows[i] = compare(p.work, samples[p.Ours], samples[p.Beside], p.besideName, p.target)
	}
	return rows
}

// Sample is what was measured of one side, of one part of its work.
type Sample struct {
	Median   time.Duration
	low, top time.Duration // the quartiles
}

func newSample(times []time.Duration) Sample {
	times = slices.Sorted(slices.Values(times))
	n := len(times)
	return Sample{Median: (times[(n-1)/2] + times[n/2]) / 2, low: times[n/4], top: times[n-1-n/4]}
}

// per is the sample of one of n parts of the work.
func (s Sample) per(n int) Sample {
	d := time.Duration(n)
	return Sample{s.Median / d, s.low / d, s.top / d}
}

func (s Sample) String() string {
	spread := max(s.top-s.Median, s.Median-s.low)
	return fmt.Sprintf("%s ±%.0f%%", report.Short(s.Median), 100*float64(spread)/float64(max(s.Median, 1)))
}

// compare makes the row of two sides.
func compare(work string, ours, beside Sample, besideName string, t report.Target) report.Row {
	r := report.Row{Work: work, Ours: ours.String(), Beside: besideName + ": " + beside.String(), Target: t}
	switch t.Kind {
	case "faster":
		r.Value = float64(beside.Median) / float64(ours.Median)
	case "time":
		r.Value = float64(ours.Median) / float64(beside.Median)
	case "ms":
		r.Value = ours.Median.Seconds() * 1e3
	}
	return r
}
