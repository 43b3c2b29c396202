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
	"os"
	"strings"

	"github.com/go-prompty/prompty/bench/internal/command"
	"github.com/go-prompty/prompty/bench/storebench"
)

func main() {
	command.Main("storebench", measure)
}

func measure(ctx context.Context, args []string) (err error) {
	flags := command.New("storebench", "work (get, save, list, open, cached, parallel, execute)")
	var c storebench.Config
	flags.IntVar(&c.Files, "files", 10000, "how many prompts the folder holds")
	flags.IntVar(&c.Folders, "folders", 100, "how many folders they are in")
	flags.IntVar(&c.Rounds, "rounds", 9, "how often each work is done; the short ones are done more often")
	flags.IntVar(&c.Saves, "saves", 400, "how many saves are measured, in each way")
	flags.IntVar(&c.Calls, "calls", 20000, "how many calls are timed together, of those that are too short for the clock")
	flags.StringVar(&c.Dir, "dir", "", "a folder on the disk to measure; empty: a temporary one")
	if c.Run, err = flags.Parse(args); err != nil {
		return err
	}
	if err := c.Valid(); err != nil {
		return err
	}
	if c.Dir, err = os.MkdirTemp(c.Dir, "storebench"); err != nil {
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
