package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// side is one of those that are compared. do does the work of a round and
// returns the time that it took without the preparation.
type side struct {
	name string
	do   func(round int) (time.Duration, error)
}

// interleave lets the sides do their rounds in turn, each first as often as the
// others, after one round that does not count.
func interleave(ctx context.Context, rounds int, sides ...side) ([]sample, error) {
	times := make([][]time.Duration, len(sides))
	for round := range rounds + 1 {
		for i := range sides {
			i = (i + round) % len(sides)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			d, err := sides[i].do(round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sides[i].name, err)
			}
			if round > 0 {
				times[i] = append(times[i], d)
			}
		}
	}
	samples := make([]sample, len(sides))
	for i := range sides {
		samples[i] = newSample(times[i])
	}
	return samples, nil
}

// sample is what was measured of one side.
type sample struct {
	median   time.Duration
	low, top time.Duration // the quartiles
}

func newSample(times []time.Duration) sample {
	times = slices.Sorted(slices.Values(times))
	n := len(times)
	return sample{median: (times[(n-1)/2] + times[n/2]) / 2, low: times[n/4], top: times[n-1-n/4]}
}

// per is the sample of one of n parts of the work.
func (s sample) per(n int) sample {
	d := time.Duration(n)
	return sample{s.median / d, s.low / d, s.top / d}
}

func (s sample) String() string {
	spread := max(s.top-s.median, s.median-s.low)
	return fmt.Sprintf("%s ±%.0f%%", short(s.median), 100*float64(spread)/float64(max(s.median, 1)))
}

// short is d with three digits.
func short(d time.Duration) string {
	switch v := float64(d); {
	case v < 1e3:
		return fmt.Sprintf("%d ns", d)
	case v < 1e6:
		return fmt.Sprintf("%.3g µs", v/1e3)
	case v < 999.5e6:
		return fmt.Sprintf("%.3g ms", v/1e6)
	default:
		return fmt.Sprintf("%.3g s", v/1e9)
	}
}

// row is a line of the table.
type row struct {
	Work   string
	Err    error
	Ours   string // what was measured of us
	Beside string // and of what we are compared with
	Value  float64
	Target target
}

// target bounds a row's value.
type target struct {
	kind  string // "faster": at least bound times; "time": at most bound times its time; else a unit, of which at most bound
	bound float64
}

func (t target) met(v float64) bool {
	if t.kind == "faster" {
		return v >= t.bound
	}
	return v <= t.bound
}

func (t target) String() string { return t.show(t.bound, t.words()) }

// words says which side of the bound is good.
func (t target) words() string {
	if t.kind == "faster" {
		return "≥ "
	}
	return "≤ "
}

func (t target) show(v float64, words string) string {
	switch t.kind {
	case "faster":
		return fmt.Sprintf("%s%.3g× faster", words, v)
	case "time":
		return fmt.Sprintf("%s%.3g× its time", words, v)
	}
	return fmt.Sprintf("%s%.3g %s", words, v, t.kind)
}

// compare makes the row of two sides.
func compare(work string, ours, beside sample, besideName string, t target) row {
	r := row{Work: work, Ours: ours.String(), Beside: besideName + ": " + beside.String(), Target: t}
	r.Value = float64(ours.median) / float64(beside.median)
	if t.kind == "faster" {
		r.Value = 1 / r.Value
	}
	return r
}

func (r row) verdict() string {
	switch {
	case r.Err != nil:
		return "not measured"
	case r.Target.met(r.Value):
		return "yes"
	}
	return "**no**"
}

// plain is the row for a terminal.
func (r row) plain() string {
	return fmt.Sprintf("%s, %s; %s, target %s: %s", r.Ours, r.Beside, r.Target.show(r.Value, ""), r.Target, r.verdict())
}
