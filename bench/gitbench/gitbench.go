// Package gitbench measures the Git driver beside the git command line, on one
// disk, on repositories that git fast-import made. The command cmd/gitbench
// prints its table, and the benchmarks of bench/ time the same work.
//
// Each piece of work is done in turn by us and by what it is compared with, for
// some rounds; what counts is the ratio of the medians, for the time itself is
// this machine's. What git does is what a user would run for the same result:
// processes where those are processes, with the time it takes to start them; a
// cat-file --batch that stays open where it can. git is given its best: a
// repository after git gc, no hooks, no gc meanwhile, no renames looked for, no
// flushing in the rows without.
//
// Results are checked as well: texts must be those that git has, and commits
// must have come.
package gitbench

import (
	"context"
	"errors"
	"os"
	"regexp"

	_ "github.com/go-prompty/prompty/gitstore"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// Config says what to measure, and where.
type Config struct {
	Templates int    // that the repositories hold
	Commits   int    // of the repository with a history
	Bulk      int    // versions that are imported at once
	Dir       string // on the disk to measure; it may hold repositories of an earlier run

	Rounds int            // of each work that Measure does
	Run    *regexp.Regexp // matches the names of these works
	Logf   func(format string, args ...any)

	copies []string // folders in Dir that Close removes
}

// Valid says whether the sizes make sense.
func (c *Config) Valid() error {
	if c.Templates < 2 || c.Commits < 2 || c.Bulk < 1 || c.Rounds < 1 {
		return errors.New("at least two templates and commits, one version to import and one round are needed")
	}
	return nil
}

// Close removes the repositories that were used up, but not those that they
// were copied from, which a later run finds in Dir. It comes after all has been
// measured, for ext4 makes new files slowly for minutes after many were removed.
func (c *Config) Close() {
	for _, dir := range c.copies {
		os.RemoveAll(dir)
	}
}

// Case is a Comparison to be. Preparing it may take a minute.
type Case struct {
	Name    string // as a benchmark's is: key=value/key=value
	Prepare func(context.Context) (*Comparison, error)
}

// work gives some rows of the table.
type work struct {
	name  string
	cases []Case
}

func (c *Config) works() []work {
	return []work{
		{"Save", c.Saves()},
		{"durable Save", c.DurableSaves()},
		{"bulk import", c.Imports()},
		{"full history index", c.FullIndex()},
		{"cold open", c.ColdOpen()},
		{"catch-up", c.CatchUp()},
		{"warm Get", c.WarmGet()},
		{"old version", c.OldVersion()},
	}
}

// Measure does the work that c.Run wants. Work that fails is in the report as
// such, and the rest is measured still; only a context that ends is an error.
func (c *Config) Measure(ctx context.Context, args string) (*Report, error) {
	r := newReport(ctx, c, args)
	add := func(name string, measure func() ([]report.Row, error)) {
		if ctx.Err() != nil || !c.Run.MatchString(name) {
			return
		}
		c.Logf("%s …", name)
		rows, err := measure()
		if err != nil {
			c.Logf("  %v", err)
			r.Failed++
			rows = []report.Row{{Work: name, Err: err}}
		}
		for _, row := range rows {
			if row.Err == nil {
				c.Logf("  %s: %s", row.Work, row.Plain())
			}
		}
		r.rows = append(r.rows, rows...)
	}
	for _, w := range c.works() {
		add(w.name, func() (rows []report.Row, err error) {
			for _, one := range w.cases {
				got, err := c.measure(ctx, one)
				if err != nil {
					return nil, err
				}
				rows = append(rows, got...)
			}
			return rows, nil
		})
	}
	add("memory", func() ([]report.Row, error) { return c.Memory(ctx) })
	return r, ctx.Err()
}

func (c *Config) measure(ctx context.Context, one Case) ([]report.Row, error) {
	cmp, err := one.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	defer cmp.Close()
	rounds := c.Rounds
	if cmp.rounds != nil {
		rounds = cmp.rounds(rounds)
	}
	n := 0
	samples, err := cmp.Measure(ctx, func() bool { n++; return n <= rounds })
	if err != nil {
		return nil, err
	}
	if err := cmp.Check(ctx); err != nil {
		return nil, err
	}
	return cmp.table(samples), nil
}
