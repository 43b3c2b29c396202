package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is one run of the command.
type app struct {
	config    Config
	stdin     io.Reader
	stdout    io.Writer
	stderr    io.Writer
	lookupEnv func(string) (string, bool)

	storage string          // --storage
	color   colorWhen       // --color
	proj    *project        // what prompty.yaml says, once it was asked for
	projErr error           // or what is wrong with it
	out     bytes.Buffer    // for stdout; written only if the verb succeeds
	closing []string        // for stderr, below what stdout gets
	swept   map[string]bool // folders without what killed runs left
	started bool            // the arguments were understood and a verb runs
}

// run is the whole command but for the process around it. What a verb prints
// is held back until it has succeeded, so that a failure leaves stdout empty.
func (c Config) run(args []string, stdin io.Reader, stdout, stderr io.Writer, lookupEnv func(string) (string, bool)) int {
	a := &app{config: c, stdin: stdin, stdout: stdout, stderr: stderr, lookupEnv: lookupEnv, color: colorAuto}
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(&a.out)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(context.Background())
	if err == nil || errors.Is(err, errFindings) {
		if werr := a.flush(); werr != nil {
			return a.fail(fmt.Errorf("write to standard output: %w", werr))
		}
		for _, text := range a.closing {
			a.warn("%s", text)
		}
		if err != nil {
			return exitFailed
		}
		return exitOK
	}
	if !a.started {
		err = misuse(cmd, err)
	}
	return a.fail(err)
}

// flush writes what the verb printed. A reader that has seen enough (| head)
// is no failure.
func (a *app) flush() error {
	_, err := a.stdout.Write(a.out.Bytes())
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// fail reports err and returns the exit code that goes with it.
func (a *app) fail(err error) int {
	if told, ok := errors.AsType[*endedBy](err); ok {
		return told.exitCode()
	}
	fmt.Fprintf(a.stderr, "prompty: %s\n", printableLines(err.Error()))
	if hint := hintOf(err); hint != "" {
		a.hint(hint)
	}
	if _, ok := errors.AsType[*usageError](err); ok {
		return exitUsage
	}
	return exitFailed
}

// hint tells of the next step.
func (a *app) hint(text string) { fmt.Fprintf(a.stderr, "hint: %s\n", printableLines(text)) }

// warn tells of something that does not stop the verb.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.stderr, "prompty: %s\n", printableLines(fmt.Sprintf(format, args...)))
}

// withVerb puts the verb that was meant before a hint.
func withVerb(cmd *cobra.Command, word, hint string) string {
	var verbs []string
	for _, c := range cmd.Commands() {
		if slices.Contains(c.SuggestFor, strings.ToLower(word)) {
			return "did you mean " + c.Name() + "? " + hint
		}
		if !c.Hidden {
			verbs = append(verbs, c.Name())
		}
	}
	if strings.ContainsAny(word, "/@.") { // a prompt or a file, and no verb
		return "the verb comes first: prompty render " + shellWord(word) + "; " + hint
	}
	return withGuess(word, verbs, hint)
}

// aType says what a flag's type is to people.
var aType = map[string]string{"int": "a number", "bool": "true or false"}

// warnLast is warn for what people are to read below the output.
func (a *app) warnLast(format string, args ...any) {
	a.closing = append(a.closing, fmt.Sprintf(format, args...))
}

// misuse makes a usage error of what cobra says about the command line, with
// suggestions where it has none.
func misuse(cmd *cobra.Command, err error) error {
	if _, ok := errors.AsType[*usageError](err); ok {
		return err
	}
	hint := fmt.Sprintf("`%s --help` shows what there is", cmd.CommandPath())
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		flag := invalid.GetFlag()
		err, hint = fmt.Errorf("--%s cannot be %q", flag.Name, invalid.GetValue()), invalid.Unwrap().Error()
		if what, ok := aType[flag.Value.Type()]; ok {
			hint = "it is " + what
		}
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		var flags []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, "--"+f.Name) })
		hint = withGuess("--"+unknown.GetSpecifiedName(), flags, hint)
	}
	if quoted, ok := strings.CutPrefix(err.Error(), "unknown command "); ok {
		if q, qerr := strconv.QuotedPrefix(quoted); qerr == nil {
			word, _ := strconv.Unquote(q)
			hint = withVerb(cmd, word, hint)
		}
	}
	return usage(err, hint)
}
