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
	"os"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/command"
	"github.com/go-prompty/prompty/bench/watchbench"
)

func main() {
	if watchbench.Child() {
		return
	}
	command.Main("watchbench", measure)
}

func measure(ctx context.Context, args []string) (err error) {
	flags := command.New("watchbench", "work (edit, checkout, open, idle, heap)")
	var c watchbench.Config
	flags.IntVar(&c.Edits, "edits", 500, "how many edits are measured, in each way")
	flags.IntVar(&c.Files, "files", 10000, "how many files the big folder holds")
	flags.IntVar(&c.Folders, "folders", 500, "how many folders they are in")
	flags.IntVar(&c.Rounds, "rounds", 5, "how often the big folder is opened and checked out")
	flags.DurationVar(&c.Idle, "idle", 10*time.Second, "how long nothing happens; a minute and more has a look at everything in it")
	flags.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure; empty: a temporary one")
	if c.Run, err = flags.Parse(args); err != nil {
		return err
	}
	if err := c.Valid(); err != nil {
		return err
	}
	if c.Dir, err = os.MkdirTemp(c.Dir, "watchbench"); err != nil {
		return err
	}
	defer os.RemoveAll(c.Dir)
	c.Logf = command.Logf
	report, err := c.Measure(ctx, strings.Join(args, " "))
	if err != nil {
		return err
	}
	return flags.Publish(os.Stdout, report, report.Failed)
}
