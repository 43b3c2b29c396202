// Command storebench measures the storages, and engines over them, beside the
// bare operations, in one run, on one disk, and writes a table of the ratios.
// Package bench/storebench says how.
//
//	go run ./cmd/storebench -write ../docs/performance.md
//	go run ./cmd/storebench -dir /mnt/fresh -rounds 15
//	go run ./cmd/storebench -run save
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"

	"github.com/go-prompty/prompty/bench/storebench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "storebench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("storebench", flag.ContinueOnError)
	var c storebench.Config
	flags.IntVar(&c.Files, "files", 10000, "how many prompts the folder holds")
	flags.IntVar(&c.Folders, "folders", 100, "how many folders they are in")
	flags.IntVar(&c.Rounds, "rounds", 9, "how often each work is done; the short ones are done more often")
	flags.IntVar(&c.Saves, "saves", 400, "how many saves are measured, in each way")
	flags.IntVar(&c.Calls, "calls", 20000, "how many calls are timed together, of those that are too short for the clock")
	flags.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure; empty: a temporary one")
	run := flags.String("run", "", "only work whose name (get, save, list, open, cached, parallel, execute) matches this regular expression")
	write := flags.String("write", "", "a Markdown file whose part between the markers to replace, and the chart beside it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("takes flags only; see -help")
	}
	if err := c.Valid(); err != nil {
		return err
	}
	if c.Run, err = regexp.Compile("(?i)" + *run); err != nil {
		return err
	}
	if c.Dir, err = os.MkdirTemp(c.Dir, "storebench"); err != nil {
		return err
	}
	defer os.RemoveAll(c.Dir)
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
