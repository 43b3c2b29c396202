// Package command is what the commands that measure share: the flags that each
// of them has, and what becomes of a report.
package command

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
)

// Main runs a command until it is done or interrupted, and ends the process if
// it fails.
func Main(name string, do func(ctx context.Context, args []string) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := do(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Flags are those of a command, with -run and -write among them.
type Flags struct {
	*flag.FlagSet
	run, write string
}

// New makes the flags of a command. what says what -run chooses among.
func New(name, what string) *Flags {
	f := &Flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	f.StringVar(&f.run, "run", "", "only "+what+" whose name matches this regular expression")
	f.StringVar(&f.write, "write", "", "a Markdown file whose part between the markers to replace, and the chart beside it")
	return f
}

// Parse reads the arguments, and returns the expression that -run gave.
func (f *Flags) Parse(args []string) (*regexp.Regexp, error) {
	if err := f.FlagSet.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("takes flags only, not %q; see -help", f.Arg(0))
	}
	return regexp.Compile("(?i)" + f.run)
}

// Logf tells of progress on standard error.
func Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Report is what was measured, as a part of a document.
type Report interface {
	Markdown() string
	WriteTo(path string) error
}

// Publish prints a report to out, or writes it where -write says. It is an error if
// measurements failed.
func (f *Flags) Publish(out io.Writer, r Report, failed int) error {
	if f.write != "" {
		if err := r.WriteTo(f.write); err != nil {
			return err
		}
	} else if _, err := io.WriteString(out, r.Markdown()); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of the measurements failed", failed)
	}
	return nil
}
