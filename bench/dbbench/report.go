package dbbench

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// document is dbbench's part of one.
var document = report.Document{Command: "dbbench", Chart: "-databases.svg"}

// Report is what was measured, and where.
type Report struct {
	machine, args, load string
	date                time.Time
	rows                []report.Row
	missing             []string // drivers without a server

	Failed int // works that could not be measured
}

func newReport(args string) *Report {
	return &Report{machine: report.Machine(os.TempDir()), load: report.Load(), args: report.WithoutPaths(args), date: time.Now()}
}

// Markdown is the table, and what it was measured on.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s on %s, which had a load of %s before. `dbbench", r.date.Format("2 January 2006"), r.machine, r.load)
	if r.args != "" {
		b.WriteString(" " + r.args)
	}
	b.WriteString("`; medians, and how far the farther quartile is from them. A ratio is the median of the rounds' ratios.\n\n")
	b.WriteString(report.Table(r.rows))
	if len(r.missing) > 0 {
		fmt.Fprintf(&b, "\nNot measured, for want of a server: %s.\n", strings.Join(r.missing, ", "))
	}
	return b.String()
}

// WriteTo replaces the marked part of a document, and the chart beside it.
func (r *Report) WriteTo(path string) error {
	return document.Write(path, r.Markdown(), report.Chart("The databases against their targets", r.rows))
}
