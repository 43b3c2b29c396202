// Command watchbench measures package watch beside inotify by hand, viper and
// fsnotify with a wait, in one run, on one disk, and writes a table of it.
// Package bench/watchbench says how. It runs on Linux.
//
//	go run ./cmd/watchbench -write ../docs/performance.md
//	go run ./cmd/watchbench -edits 2000 -idle 70s
//	go run ./cmd/watchbench -run edit
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/watchbench"
)

func main() {
	if watchbench.Child() {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "watchbench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("watchbench", flag.ContinueOnError)
	var c watchbench.Config
	flags.IntVar(&c.Edits, "edits", 500, "how many edits are measured, in each way")
	flags.IntVar(&c.Files, "files", 10000, "how many files the big folder holds")
	flags.IntVar(&c.Folders, "folders", 500, "how many folders they are in")
	flags.IntVar(&c.Rounds, "rounds", 5, "how often the big folder is opened and checked out")
	flags.DurationVar(&c.Idle, "idle", 10*time.Second, "how long nothing happens; a minute and more has a look at everything in it")
	flags.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure; empty: a temporary one")
	run := flags.String("run", "", "only work whose name (edit, checkout, open, idle, heap) matches this regular expression")
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
	if c.Dir, err = os.MkdirTemp(c.Dir, "watchbench"); err != nil {
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
