// Command gitbench measures the Git driver beside the git command line, in one
// run, on one disk, and writes a table of the ratios. Package bench/gitbench
// says how.
//
//	go run ./cmd/gitbench -write ../docs/performance.md
//	go run ./cmd/gitbench -templates 10000 -commits 100000 -rounds 15
//	go run ./cmd/gitbench -run Save
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

	"github.com/go-prompty/prompty/bench/gitbench"
)

func main() {
	if gitbench.Child() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "gitbench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("gitbench", flag.ContinueOnError)
	var c gitbench.Config
	flags.IntVar(&c.Templates, "templates", 10000, "how many templates the repositories hold")
	flags.IntVar(&c.Commits, "commits", 10000, "how many commits the one with a history has")
	flags.IntVar(&c.Rounds, "rounds", 9, "how often each work is done")
	flags.IntVar(&c.Bulk, "bulk", 1000, "how many versions are imported at once")
	flags.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure, which may hold the repositories of an earlier run; empty: a temporary one")
	run := flags.String("run", "", "only work whose name matches this regular expression")
	write := flags.String("write", "", "a Markdown file whose part between the markers to replace, and the chart beside it")
	profile := flags.String("cpuprofile", "", "where to write a CPU profile of our side")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("takes flags only; see -help")
	}
	if err := c.Valid(); err != nil {
		return err
	}
	var err error
	if c.Run, err = regexp.Compile("(?i)" + *run); err != nil {
		return err
	}
	if c.Dir == "" {
		if c.Dir, err = os.MkdirTemp("", "gitbench"); err != nil {
			return err
		}
		defer os.RemoveAll(c.Dir)
	} else if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	defer c.Close()
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
	c.Logf = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	report, err := c.Measure(ctx, strings.Join(args, " "))
	if err != nil {
		return err
	}
	if *write == "" {
		fmt.Println(report.Markdown())
	} else if err := report.WriteTo(*write); err != nil {
		return err
	}
	if report.Failed > 0 {
		return fmt.Errorf("%d of the measurements failed", report.Failed)
	}
	return nil
}
