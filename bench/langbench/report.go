package langbench

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// The two that all else is held against.
const (
	ours = "prompty"
	hand = "by hand"

	ourModule = "github.com/go-prompty/prompty"
)

// document is langbench's part of one.
var document = report.Document{Command: "langbench", Chart: "-language.svg"}

// work is what there is to say about a workload, and what was promised: at most
// that many times the time of code written by hand.
type work struct {
	name, short, title string
	target             float64
}

var works = []work{
	{"W1_OneVariable", "W1", "one variable", 1.7},
	{"W2_SystemPrompt", "W2", "a system prompt of 1.8 kB", 1.35},
	{"W3_Loop1000", "W3", "a loop of 1,000", 1.15},
	{"W4_FiveIncludes", "W4", "five includes deep", 1.5},
	{"W5_Static30kB", "W5", "30 kB, mostly static", 1},
	{"W6_DeepPaths", "W6", "paths of four levels", 1.5},
	{"WE_Condition", "WE", "a condition", 2},
}

// Report is what was measured, and where.
type Report struct {
	machine, args, load string
	date                time.Time
	rows                []*Row
}

// NewReport is for the rows, before they are measured.
func NewReport(rows []*Row, args string) *Report {
	return &Report{machine: report.Machine("."), load: report.Load(), args: report.WithoutPaths(args), date: time.Now(), rows: rows}
}

func (r *Report) row(name string) *Row {
	if i := slices.IndexFunc(r.rows, func(row *Row) bool { return row.Name == name }); i >= 0 {
		return r.rows[i]
	}
	return nil
}

// Markdown is the tables, and what they were measured on.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s on %s, which had a load of %s before. `langbench", r.date.Format("2 January 2006"), r.machine, r.load)
	if r.args != "" {
		b.WriteString(" " + r.args)
	}
	b.WriteString("`; medians, and how far the farther quartile is from them. A ratio is the median of the rounds' ratios.\n\n")
	b.WriteString(report.Table(r.targets()))
	b.WriteString("\nHow many times as long as prompty the others take:\n\n")
	r.table(&b, func(name string) bool { return name != ours }, func(row *Row, cell *Cell) string {
		ratio, ok := cell.ratio(row.of(ours))
		if !ok {
			return ""
		}
		return fmt.Sprintf("%s× ±%.0f%%", digits(ratio.Median), 100*ratio.spread())
	})
	b.WriteString("\nAllocations, and bytes allocated:\n\n")
	r.table(&b, func(string) bool { return true }, func(_ *Row, cell *Cell) string {
		if len(cell.ns) == 0 || cell.cores > 0 {
			return ""
		}
		return fmt.Sprintf("%.0f, %s", math.Floor(cell.allocs), size(cell.bytes))
	})
	b.WriteString("\n| engine | version | how it is called |\n|---|---|---|\n")
	for _, e := range Engines() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", e.Name, e.version(), e.How)
	}
	return b.String()
}

// table has the rows that engines are compared in, one a line.
func (r *Report) table(b *strings.Builder, wanted func(engine string) bool, show func(*Row, *Cell) string) {
	var head, line strings.Builder
	for _, e := range Engines() {
		if wanted(e.Name) {
			head.WriteString(" " + e.Name + " |")
			line.WriteString("---|")
		}
	}
	fmt.Fprintf(b, "| work |%s\n|---|%s\n", head.String(), line.String())
	var reasons []string
	add := func(label string, row *Row) {
		if row == nil || !slices.ContainsFunc(row.Cells, func(c *Cell) bool { return show(row, c) != "" }) {
			return
		}
		fmt.Fprintf(b, "| %s |", label)
		for _, cell := range row.Cells {
			if !wanted(cell.Engine.Name) {
				continue
			}
			text := show(row, cell)
			if text == "" && cell.Cannot != "" {
				if i := slices.Index(reasons, cell.Cannot); i >= 0 {
					text = fmt.Sprintf("– (%d)", i+1)
				} else {
					reasons = append(reasons, cell.Cannot)
					text = fmt.Sprintf("– (%d)", len(reasons))
				}
			}
			if text == "" {
				text = "–"
			}
			fmt.Fprintf(b, " %s |", text)
		}
		b.WriteString("\n")
	}
	for _, w := range works {
		add(w.short+", "+w.title, r.row(w.name+"/append"))
	}
	const prompt = "W2_SystemPrompt"
	add("W2, as a string", r.row(prompt+"/string"))
	add("W2, on one core", r.row(prompt+"/1 core"))
	add("W2, on two cores", r.row(prompt+"/2 cores"))
	add("W2, compiled", r.row(prompt+"/compile"))
	for i, why := range reasons {
		fmt.Fprintf(b, "\n(%d) %s", i+1, why)
	}
	if len(reasons) > 0 {
		b.WriteString("\n")
	}
}

// WriteTo replaces the marked part of a document, and the chart beside it.
func (r *Report) WriteTo(path string) error {
	return document.Write(path, r.Markdown(), r.chart())
}

// digits is v with two of them, or all before the point.
func digits(v float64) string {
	if v >= 99.5 { // which %.2g makes 1e+02
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

func size(bytes float64) string {
	switch {
	case bytes < 1000:
		return fmt.Sprintf("%.0f B", bytes)
	case bytes < 1e6:
		return fmt.Sprintf("%.3g kB", bytes/1e3)
	}
	return fmt.Sprintf("%.3g MB", bytes/1e6)
}

// version is that of the module that was linked.
func (e *Engine) version() string {
	switch e.Module {
	case "":
		return runtime.Version()
	case ourModule:
		return "this one"
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == e.Module {
				return dep.Version
			}
		}
	}
	return "unknown" // tests are built without
}
