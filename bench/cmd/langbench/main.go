// Command langbench measures the template language beside other engines and
// beside code written by hand, in one run, and writes tables of the ratios and
// a chart. Package bench/langbench says how.
//
//	go run ./cmd/langbench -write ../docs/performance.md
//	go run ./cmd/langbench -run 'W2|compile' -rounds 20
//	go run ./cmd/langbench -show jet
package main

import (
	"context"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/internal/command"
	"github.com/go-prompty/prompty/bench/langbench"
)

func main() {
	command.Main("langbench", func(ctx context.Context, args []string) error { return measure(ctx, args, os.Stdout) })
}

func measure(ctx context.Context, args []string, stdout io.Writer) (err error) {
	flags := command.New("langbench", "rows (W2_SystemPrompt/append)")
	var c langbench.Config
	flags.IntVar(&c.Rounds, "rounds", 100, "how often each cell has its turn")
	flags.DurationVar(&c.Slice, "slice", 2*time.Millisecond, "how long a turn takes")
	show := flags.String("show", "", "print an engine's templates instead")
	if c.Run, err = flags.Parse(args); err != nil {
		return err
	}
	if err := c.Valid(); err != nil {
		return err
	}
	if *show != "" {
		return langbench.Show(stdout, *show)
	}
	c.Logf = command.Logf
	rows, err := c.Rows()
	if err != nil {
		return err
	}
	report := langbench.NewReport(rows, strings.Join(args, " "))
	if err := c.Measure(ctx, rows); err != nil {
		return err
	}
	return flags.Publish(stdout, report, 0)
}
