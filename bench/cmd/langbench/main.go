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
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"time"

	"github.com/go-prompty/prompty/bench/langbench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "langbench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("langbench", flag.ContinueOnError)
	var c langbench.Config
	flags.IntVar(&c.Rounds, "rounds", 100, "how often each cell has its turn")
	flags.DurationVar(&c.Slice, "slice", 2*time.Millisecond, "how long a turn takes")
	run := flags.String("run", "", "only rows whose name, such as W2_SystemPrompt/append, matches this regular expression")
	write := flags.String("write", "", "a Markdown file whose part between the markers to replace, and the chart beside it")
	show := flags.String("show", "", "print an engine's templates instead")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("takes flags only; see -help")
	}
	if err := c.Valid(); err != nil {
		return err
	}
	if *show != "" {
		return langbench.Show(stdout, *show)
	}
	var err error
	if c.Run, err = regexp.Compile("(?i)" + *run); err != nil {
		return err
	}
	c.Logf = func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
	rows, err := c.Rows()
	if err != nil {
		return err
	}
	report := langbench.NewReport(rows, strings.Join(args, " "))
	if err := c.Measure(ctx, rows); err != nil {
		return err
	}
	if *write != "" {
		return report.WriteTo(*write)
	}
	_, err = fmt.Fprint(stdout, report.Markdown())
	return err
}
