// Package storebench measures the storages, and a StorageEngine over each,
// beside the bare operations that they cannot do without: reading a file,
// writing and flushing one, asking for the state of every file, running a
// compiled template. The command cmd/storebench prints its table.
//
// Each piece of work is done in turn by us and by hand, for some rounds, in one
// process and on one disk; what counts is the ratio of the medians, for the time
// itself is this machine's. Before anything is timed both sides have to give the
// same bytes.
package storebench

import (
	"context"
	"errors"
	"regexp"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// Config says what to measure, and where.
type Config struct {
	Files   int    // that the folder of prompts holds
	Folders int    // that they are in
	Rounds  int    // of the long works; the short ones take more
	Saves   int    // that are measured
	Calls   int    // that are timed together, of those that are too short for the clock
	Dir     string // an empty folder on the disk to measure

	Run  *regexp.Regexp // matches the names of the works to do
	Logf func(format string, args ...any)
}

// Valid says whether the sizes make sense.
func (c *Config) Valid() error {
	if c.Folders < 1 || c.Files < c.Folders || c.Rounds < 1 || c.Saves < 1 || c.Calls < 1 {
		return errors.New("at least one folder, a file in each, one round, one save and one call are needed")
	}
	return nil
}

// Measure does the work that c.Run wants. Work that fails is in the report as
// such, and the rest is measured still; only a context that ends is an error.
func (c *Config) Measure(ctx context.Context, args string) (*Report, error) {
	r := newReport(c, args)
	for _, w := range []struct {
		name string
		do   func(context.Context) ([]report.Row, error)
	}{
		{"get", c.get}, {"save", c.save}, {"list", c.list}, {"open", c.open},
		{"cached", c.cached}, {"parallel", c.parallel}, {"execute", c.execute},
	} {
		if ctx.Err() != nil || !c.Run.MatchString(w.name) {
			continue
		}
		c.Logf("%s …", w.name)
		rows, err := w.do(ctx)
		if err != nil {
			c.Logf("  %v", err)
			r.Failed++
			rows = []report.Row{{Work: w.name, Err: err}}
		}
		for _, row := range rows {
			if row.Err == nil {
				c.Logf("  %s: %s", row.Work, row.Plain())
			}
		}
		r.rows = append(r.rows, rows...)
	}
	return r, ctx.Err()
}
