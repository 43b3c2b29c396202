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
	"os"
	"runtime/pprof"
	"strings"

	"github.com/go-prompty/prompty/bench/gitbench"
	"github.com/go-prompty/prompty/bench/internal/command"
)

func main() {
	if gitbench.Child() {
		return
	}
	command.Main("gitbench", measure)
}

func measure(ctx context.Context, args []string) (err error) {
	flags := command.New("gitbench", "work")
	var c gitbench.Config
	flags.IntVar(&c.Templates, "templates", 10000, "how many templates the repositories hold")
	flags.IntVar(&c.Commits, "commits", 10000, "how many commits the one with a history has")
	flags.IntVar(&c.Rounds, "rounds", 9, "how often each work is done")
	flags.IntVar(&c.Bulk, "bulk", 1000, "how many versions are imported at once")
	flags.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure, which may hold the repositories of an earlier run; empty: a temporary one")
	profile := flags.String("cpuprofile", "", "where to write a CPU profile of our side")
	if c.Run, err = flags.Parse(args); err != nil {
		return err
	}
	if err := c.Valid(); err != nil {
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
	c.Logf = command.Logf
	report, err := c.Measure(ctx, strings.Join(args, " "))
	if err != nil {
		return err
	}
	return flags.Publish(os.Stdout, report, report.Failed)
}
