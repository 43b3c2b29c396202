package langbench

import (
	"fmt"
	"math"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// targets are the rows that hold what was measured against what was promised.
func (r *Report) targets() []report.Row {
	var rows []report.Row
	for _, w := range works {
		rows = add(rows, w.short+", "+w.title, r.row(w.name+"/append"), ours, hand, report.Target{Kind: "time", Bound: w.target})
	}
	for _, w := range works {
		rows = add(rows, w.short+", as a string", r.row(w.name+"/string"), ours, hand, report.Target{Kind: "time", Bound: 1.25})
	}
	rows = append(rows, r.allocations()...)
	rows = append(rows, r.parallel()...)
	rows = add(rows, "W2, compiled", r.row("W2_SystemPrompt/compile"), ours, "text/template", report.Target{Kind: "faster", Bound: 3})
	for _, w := range works {
		if w.short == "W5" || w.short == "WE" {
			continue
		}
		if row := r.row(w.name + "/append"); row != nil {
			six := report.Target{Kind: "faster", Bound: 6}
			rows = add(rows, w.short+", beside the fastest of the others", row, ours, row.fastest(), six)
			if w.short == "W3" || w.short == "W6" {
				rows = add(rows, w.short+", beside jet with structs for maps", row, ours, "jet, structs", six)
			}
		}
	}
	for _, w := range works {
		if w.short == "W1" || w.short == "W5" {
			for _, name := range []string{"fasttemplate", "fasttemplate, []byte"} {
				rows = add(rows, w.short+", beside "+name, r.row(w.name+"/append"), ours, name, report.Target{Kind: "faster", Bound: 1})
			}
		}
	}
	return add(rows, "WE, beside expr-lang", r.row("WE_Condition/append"), ours, "expr-lang", report.Target{Kind: "faster", Bound: 2})
}

// add appends the row of two engines, if both were measured.
func add(rows []report.Row, name string, row *Row, a, b string, t report.Target) []report.Row {
	one, other := row.of(a), row.of(b)
	ratio, ok := one.ratio(other)
	if !ok {
		return rows
	}
	r := report.Row{Work: name, Ours: one.String(), Beside: b + ": " + other.String(), Value: ratio.Median, Target: t}
	if t.Kind == "faster" {
		r.Value = 1 / ratio.Median
	}
	return append(rows, r)
}

// String is the time that a turn takes.
func (cell *Cell) String() string {
	s := newSample(cell.ns)
	if s.Median < 100 {
		return fmt.Sprintf("%.3g ns ±%.0f%%", s.Median, 100*s.spread())
	}
	return fmt.Sprintf("%s ±%.0f%%", report.Short(time.Duration(s.Median)), 100*s.spread())
}

// allocations are the most that any workload has.
func (r *Report) allocations() (rows []report.Row) {
	for _, kind := range []struct {
		name, work string
		bound      float64
	}{{"append", "allocations, appending", 0}, {"string", "allocations, as a string", 1}} {
		most, where := -1.0, ""
		for _, w := range works {
			if cell := r.row(w.name + "/" + kind.name).of(ours); cell != nil && len(cell.ns) > 0 {
				if n := math.Floor(cell.allocs); n > most {
					most, where = n, w.short
				}
			}
		}
		if most >= 0 {
			rows = append(rows, report.Row{
				Work: kind.work, Ours: fmt.Sprintf("%.0f", most), Beside: "the most of any workload, " + where,
				Value: most, Target: report.Target{Kind: "allocations", Bound: kind.bound},
			})
		}
	}
	return rows
}

// parallel holds what a second core costs us against what it costs code that
// shares nothing: two cores of one processor are slower than one.
func (r *Report) parallel() []report.Row {
	one, two := r.row("W2_SystemPrompt/1 core"), r.row("W2_SystemPrompt/2 cores")
	us, ok := two.of(ours).ratio(one.of(ours))
	them, ok2 := two.of(hand).ratio(one.of(hand))
	if !ok || !ok2 {
		return nil
	}
	return []report.Row{{
		Work: "W2, on each of two cores", Ours: two.of(ours).String() + ", on one " + one.of(ours).String(),
		Beside: fmt.Sprintf("%s: %.3g× its own time on one, we %.3g×", hand, them.Median, us.Median),
		Value:  us.Median / them.Median, Target: report.Target{Kind: "time", Bound: 1.05},
	}}
}

// fastest is the one of the engines with all features that took the least time
// for the same data, ours apart.
func (r *Row) fastest() string {
	best, name := math.Inf(1), ""
	for _, cell := range r.Cells {
		if e := cell.Engine; e.Full && !e.Other && e.Name != ours && e.Name != hand && len(cell.ns) > 0 {
			if t := newSample(cell.ns).Median; t < best {
				best, name = t, e.Name
			}
		}
	}
	return name
}
