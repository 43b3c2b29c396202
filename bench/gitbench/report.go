package gitbench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// document is gitbench's part of one.
var document = report.Document{Command: "gitbench", Chart: "-git.svg"}

// Report is what was measured, and where.
type Report struct {
	machine, git, args string
	load               string // how busy the machine was at the start
	date               time.Time
	rows               []report.Row

	Failed int // works that could not be measured
}

func newReport(ctx context.Context, c *Config, args string) *Report {
	version, err := git(ctx, "", "version")
	if err != nil {
		version = err.Error()
	}
	return &Report{machine: report.Machine(c.Dir), git: version, load: report.Load(), args: report.WithoutPaths(args), date: time.Now()}
}

// Markdown is the table, and what it was measured on.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Measured on %s on %s, which had a load of %s before; %s. `gitbench", r.date.Format("2 January 2006"), r.machine, r.load, r.git)
	if r.args != "" {
		b.WriteString(" " + r.args)
	}
	b.WriteString("`; medians, and how far the farther quartile is from them.\n\n")
	b.WriteString(report.Table(r.rows))
	return b.String()
}

// WriteTo replaces the marked part of a document, and the chart beside it.
func (r *Report) WriteTo(path string) error {
	return document.Write(path, r.Markdown(), report.Chart("The Git driver against its targets", r.rows))
}
