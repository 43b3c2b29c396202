// Command gitbench measures the Git driver beside the git command line, in one
// run, on one disk, on repositories that git fast-import made.
//
//	go run ./cmd/gitbench -write ../docs/performance.md
//	go run ./cmd/gitbench -templates 10000 -commits 100000 -rounds 15
//	go run ./cmd/gitbench -run Save
//
// Each row of the table is one piece of work, done in turn by us and by what it
// is compared with, for some rounds; what counts is the ratio of the medians,
// for the time itself is this machine's. What git does is what a user would run
// for the same result: processes where those are processes, with the time it
// takes to start them; a cat-file --batch that stays open where it can. git is
// given its best: a repository after git gc, no hooks, no gc meanwhile, no
// renames looked for, no flushing in the rows without.
//
// Results are checked as well: texts must be those that git has, and commits
// must have come.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime/pprof"
	"strings"

	_ "github.com/go-prompty/prompty/gitstore"
)

// config is what the flags say.
type config struct {
	templates, commits int
	rounds             int
	bulk               int
	dir                string
	copies             []string // folders to remove in the end
	run                *regexp.Regexp
	logf               func(format string, args ...any)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gitbench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("gitbench", flag.ContinueOnError)
	var c config
	flags.IntVar(&c.templates, "templates", 10000, "how many templates the repositories hold")
	flags.IntVar(&c.commits, "commits", 10000, "how many commits the one with a history has")
	flags.IntVar(&c.rounds, "rounds", 9, "how often each work is done")
	flags.IntVar(&c.bulk, "bulk", 1000, "how many versions are imported at once")
	flags.StringVar(&c.dir, "dir", "", "a folder on the disk to measure, which may hold the repositories of an earlier run; empty: a temporary one")
	run := flags.String("run", "", "only rows whose name matches this regular expression")
	write := flags.String("write", "", "a Markdown file whose part between the markers to replace, and the chart beside it")
	profile := flags.String("cpuprofile", "", "where to write a CPU profile of our side")
	child := flags.String("child", "", "for gitbench itself: open this repository and say how much memory that took")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *child != "" {
		return reportMemory(ctx, *child)
	}
	if flags.NArg() > 0 || c.templates < 2 || c.commits < 2 || c.rounds < 1 || c.bulk < 1 {
		return fmt.Errorf("takes flags only, and numbers that make sense; see -help")
	}
	var err error
	if c.run, err = regexp.Compile("(?i)" + *run); err != nil {
		return err
	}
	if c.dir == "" {
		if c.dir, err = os.MkdirTemp("", "gitbench"); err != nil {
			return err
		}
		defer os.RemoveAll(c.dir)
	} else if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	defer c.removeCopies()
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	c.logf = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	return measureAll(ctx, &c, *write, strings.Join(args, " "))
}

// measureAll runs the rows and reports them. A row that fails is in the report
// as such, and the rest is measured still.
func measureAll(ctx context.Context, c *config, write, args string) error {
	var rows []row
	load, failed := loadAverage(), 0
	for _, work := range works(c) {
		if !c.run.MatchString(work.name) {
			continue
		}
		c.logf("%s …", work.name)
		got, err := work.measure(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed++
			c.logf("  %v", err)
			got = []row{{Work: work.name, Err: err}}
		}
		for _, r := range got {
			if r.Err == nil {
				c.logf("  %s: %s", r.Work, r.plain())
			}
		}
		rows = append(rows, got...)
	}
	report := newReport(ctx, c, rows, load, args)
	if write == "" {
		fmt.Println(report.markdown())
	} else if err := report.writeTo(write); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of the measurements failed", failed)
	}
	return nil
}

// work gives one or more rows.
type work struct {
	name    string
	measure func(context.Context) ([]row, error)
}

func works(c *config) []work {
	return []work{
		{"Save", c.saves},
		{"durable Save", c.durableSave},
		{"bulk import", c.bulkImport},
		{"full history index", c.fullIndex},
		{"cold open and catch-up", c.openAndCatchUp},
		{"warm Get", c.warmGet},
		{"old version", c.oldVersion},
		{"memory", c.memory},
	}
}
