// Package report is what the commands that measure have in common: rows of a
// table that hold a value against a target, the chart of them, the part of a
// document that they are written into, and a description of the machine.
package report

import (
	"fmt"
	"strings"
	"time"
)

// Short is d with three digits.
func Short(d time.Duration) string {
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

// Row is a line of the table.
type Row struct {
	Work   string
	Err    error
	Ours   string // what was measured of us
	Beside string // and of what we are compared with
	Value  float64
	Target Target
	Metric string // its unit among a benchmark's, for those without a Pair
}

// Target bounds a row's value.
type Target struct {
	Kind  string // "faster": at least bound times; "time": at most bound times its time; "ms": our time; else a unit, of which at most bound
	Bound float64
}

func (t Target) met(v float64) bool {
	if t.Kind == "faster" {
		return v >= t.Bound
	}
	return v <= t.Bound
}

func (t Target) String() string { return t.show(t.Bound, t.words()) }

// words says which side of the bound is good.
func (t Target) words() string {
	if t.Kind == "faster" {
		return "≥ "
	}
	return "≤ "
}

func (t Target) show(v float64, words string) string {
	switch t.Kind {
	case "faster":
		return fmt.Sprintf("%s%.3g× faster", words, v)
	case "time":
		return fmt.Sprintf("%s%.3g× its time", words, v)
	}
	return fmt.Sprintf("%s%.3g %s", words, v, t.Kind)
}

func (r Row) verdict() string {
	switch {
	case r.Err != nil:
		return "not measured"
	case r.Target.met(r.Value):
		return "yes"
	}
	return "**no**"
}

// Plain is the row for a terminal.
func (r Row) Plain() string {
	return fmt.Sprintf("%s, %s; %s, target %s: %s", r.Ours, r.Beside, r.Target.show(r.Value, ""), r.Target, r.verdict())
}

// Table is the rows in Markdown.
func Table(rows []Row) string {
	var b strings.Builder
	b.WriteString("| work | we | beside us | ratio | target | met |\n|---|---|---|---|---|---|\n")
	for _, row := range rows {
		if row.Err != nil {
			fmt.Fprintf(&b, "| %s | | | | | %s |\n", row.Work, row.verdict())
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n",
			row.Work, row.Ours, row.Beside, row.Target.show(row.Value, ""), row.Target, row.verdict())
	}
	return b.String()
}
