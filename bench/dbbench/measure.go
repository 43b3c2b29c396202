package dbbench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// side is one of those that are compared: its do does the work of a round, and
// returns the time that one piece of it took.
type side struct {
	name string
	do   func(round int) (time.Duration, error)
}

// times are what the rounds of a side took.
type times []time.Duration

// inTurn lets the sides do their rounds in turn, each first as often as the
// others. A round that does not count comes before.
func inTurn(ctx context.Context, rounds int, sides ...side) ([]times, error) {
	all := make([]times, len(sides))
	for round := range rounds + 1 {
		for i := range sides {
			i = (i + round) % len(sides)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			runtime.GC() // nobody pays for the garbage of the one before
			d, err := sides[i].do(round)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", sides[i].name, err)
			}
			if round > 0 {
				all[i] = append(all[i], d)
			}
		}
	}
	return all, nil
}

// timed is a side whose work is n calls of fn.
func timed(name string, n int, fn func(i int) error) side {
	return side{name, func(round int) (time.Duration, error) {
		start := time.Now()
		for i := range n {
			if err := fn(round*n + i); err != nil {
				return 0, err
			}
		}
		return time.Since(start) / time.Duration(n), nil
	}}
}

// calibrate finds how many calls of fn take that long.
func calibrate(long time.Duration, fn func(i int) error) (n int, err error) {
	start := time.Now()
	for n = 0; time.Since(start) < long; n++ {
		if err := fn(n); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func quantile[T ~int64 | ~float64](list []T, q float64) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// spread is how far the farther quartile is from the median, in percent.
func spread[T ~int64 | ~float64](list []T) string {
	m := quantile(list, 0.5)
	far := max(quantile(list, 0.75)-m, m-quantile(list, 0.25))
	return fmt.Sprintf("±%.0f%%", 100*float64(far)/float64(m))
}

func (t times) String() string { return report.Short(quantile(t, 0.5)) + " " + spread(t) }

// ratio is the row of a work of which ours may take at most bound times as long
// as by hand. Its value is the median of the rounds' ratios.
func ratio(work string, ours, hand times, bound float64) report.Row {
	var list []float64
	for i := range ours {
		list = append(list, float64(ours[i])/float64(hand[i]))
	}
	return report.Row{
		Work: work, Ours: ours.String(), Beside: fmt.Sprintf("by hand: %s; ratio %s", hand, spread(list)),
		Value: quantile(list, 0.5), Target: report.Target{Kind: "time", Bound: bound},
	}
}
