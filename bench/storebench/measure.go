package storebench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// side is one of those that are compared. Its do does the work of a round and
// returns the time that one piece of it took.
type side struct {
	name string
	do   func(round int) (time.Duration, error)
}

// times are what the rounds of a side took.
type times []time.Duration

// inTurn lets the sides do their rounds in turn, each first as often as the
// others. A round that does not count comes before. Nobody pays for the garbage
// of the one before.
func inTurn(ctx context.Context, rounds int, sides ...side) ([]times, error) {
	all := make([]times, len(sides))
	for round := range rounds + 1 {
		for i := range sides {
			i = (i + round) % len(sides)
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			runtime.GC()
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
	return side{name, func(int) (time.Duration, error) {
		start := time.Now()
		for i := range n {
			if err := fn(i); err != nil {
				return 0, err
			}
		}
		return time.Since(start) / time.Duration(n), nil
	}}
}

func (t times) quantile(q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(t))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

func (t times) median() time.Duration { return t.quantile(0.5) }

func (t times) String() string {
	m := t.median()
	spread := max(t.quantile(0.75)-m, m-t.quantile(0.25))
	return fmt.Sprintf("%s ±%.0f%%", report.Short(m), 100*float64(spread)/float64(max(m, 1)))
}

// ratio is the row of a work of which ours may take at most bound times as long
// as that beside it.
func ratio(work string, ours, beside times, name string, bound float64) report.Row {
	return report.Row{
		Work: work, Ours: ours.String(), Beside: name + ": " + beside.String(),
		Value:  float64(ours.median()) / float64(beside.median()),
		Target: report.Target{Kind: "time", Bound: bound},
	}
}
