package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

const renderHelp = `Render a prompt and print the result byte for byte. A path that starts with
./ or / renders that file (- standard input); what it includes comes from the
storage.

Data, each laid over the one before:
  1. the prompt's own sample: if no data is given, or with --sample
     (--sample=false: never)
  2. --data FILE, a JSON or YAML mapping (- standard input), as often as you like
  3. --set PATH=TEXT, --set PATH:=JSON, --set-file PATH=FILE (the file's text,
     every byte of it) and --set-file PATH:=FILE (the JSON or YAML value in it),
     in the order given
Mappings are merged key by key, everything else is replaced. PATH may lead into
mappings and lists: user.name, items.0. The text of --set takes the type that
the prompt declares for the input of that name; without one it stays text. One
FILE may be -, standard input.

With --watch the output is drawn anew whenever the prompt, what it includes or
extends, or a file of data changes, with what changed in it marked; an error
stands above the last good output until it is mended. Arrows, j, k, space and b
move, q and Ctrl-C end. Where standard output is no terminal, each new output is
printed below a line that begins with ---, errors go to standard error; with
--json each is an object on a line of its own, errors too.

--messages prints the chat messages, each under its role; their text is
indented, so that no text can pass for a message. Text outside of messages is
a message of the user. With --json it is an array for the program that sends it.

What is still missing is asked for, where standard input and standard error are
a terminal; what is typed is held against the declared type and choices. Elsewhere
the error says what to type. Ctrl-D stops.

--stats prints to standard error how much it is: tokens by OpenAI's tokenizer
o200k_base, or the one that --tokenizer or prompty.yaml names, exact and without
a network; bytes, characters, lines; the time it took to compile and to render;
which prompts it includes and extends. With --messages also for each message,
contents alone. With --json they are the object "stats" in the output, and
messages are the array "messages" beside it. With --watch the number of tokens
stands beside each output, and how many more or fewer it is than before.`

type renderFlags struct {
	settings            []setting // --set and --set-file
	data, env           []string
	sample, sampleGiven bool
	messages, asJSON    bool
	watch               bool
	stats               bool
	tokenizer           string
}

func (a *app) renderCommand() *cobra.Command {
	var flags renderFlags
	cmd := &cobra.Command{
		Use:   "render NAME[@VERSION]",
		Short: "Render a prompt",
		Long:  renderHelp,
		Example: `  prompty render support/refund
  prompty render support/refund --set user=Ann --set urgent:=true
  prompty render support/refund@2 --data ticket.yaml --messages
  prompty render ./draft.prompty --data -  < ticket.json
  prompty render support/refund --set-file letter=letter.txt --stats
  prompty render support/refund --data ticket.yaml --watch`,
		Args: wantArgs(1, 1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			flags.sampleGiven = cmd.Flags().Changed("sample")
			return a.render(cmd.Context(), args[0], &flags)
		}),
	}
	f := cmd.Flags()
	f.Var(settingFlag{setFlag, &flags.settings}, setFlag, "set one value: `PATH=TEXT` or PATH:=JSON; may be given several times")
	f.Var(settingFlag{setFileFlag, &flags.settings}, setFileFlag, "set one value to what is in a file: `PATH=FILE`, or PATH:=FILE for JSON or YAML; - for standard input; may be given several times")
	f.StringArrayVar(&flags.data, "data", nil, "read data from a JSON or YAML `FILE`, - for standard input; may be given several times")
	f.BoolVar(&flags.sample, "sample", false, "lay the data over the prompt's own sample")
	f.StringArrayVar(&flags.env, "env", nil, "let the prompt read the environment variable `NAME`; may be given several times")
	f.BoolVar(&flags.messages, "messages", false, "print chat messages")
	f.BoolVar(&flags.watch, "watch", false, "render again at each change")
	f.BoolVar(&flags.stats, "stats", false, "tell tokens, bytes, lines and times on standard error")
	f.StringVar(&flags.tokenizer, "tokenizer", "", "count tokens as `NAME` does: "+strings.Join(tokenizerNames(), ", ")+"; with --stats")
	_ = cmd.RegisterFlagCompletionFunc("tokenizer", cobra.FixedCompletions(tokenizerNames(), cobra.ShellCompDirectiveNoFileComp))
	f.BoolVar(&flags.asJSON, "json", false, "print JSON: name, version and output, or with --messages the array of messages")
	return cmd
}

// dataGiven reports whether the command line has data.
func (f *renderFlags) dataGiven() bool { return len(f.data)+len(f.settings) > 0 }

// dataFiles are the files that data is read from, - among them.
func (f *renderFlags) dataFiles() []string {
	files := slices.Clone(f.data)
	for i := range f.settings {
		if s := &f.settings[i]; s.fromFile() {
			files = append(files, s.text)
		}
	}
	return files
}

// checkStdin refuses standard input for two things at once.
func (f *renderFlags) checkStdin(arg string) error {
	uses := 0
	for _, path := range append(f.dataFiles(), arg) {
		if path == "-" {
			uses++
		}
	}
	if uses > 1 {
		return usage(errors.New("standard input can be read once, and is given as - "+strconv.Itoa(uses)+" times"), "put the others into files")
	}
	return nil
}

func (a *app) render(ctx context.Context, arg string, flags *renderFlags) error {
	for i := range flags.settings {
		if err := flags.settings[i].parse(); err != nil {
			return err
		}
	}
	if err := flags.checkStdin(arg); err != nil {
		return err
	}
	job := &rendering{app: a, flags: flags, note: a.warnLast, read: a.read, asker: a.asker(flags, arg)}
	var err error
	switch {
	case flags.stats:
		name, err := a.tokenizer(flags.tokenizer)
		if err != nil {
			return err
		}
		job.counter = &counter{name: name}
	case flags.tokenizer != "":
		return usage(errors.New("--tokenizer counts nothing without --stats"), "add --stats")
	}
	if job.engine, err = job.newEngine(a.stderr); err != nil {
		return err
	}
	if arg == "-" || isPath(arg) {
		if flags.watch {
			return a.withIncludes(func(s prompty.TemplateStorage) error { return job.watch(ctx, s, engine.Ref{}, arg) })
		}
		text, err := job.readPrompt(arg)
		if err != nil {
			return err
		}
		return a.withIncludes(func(s prompty.TemplateStorage) error {
			return job.print(job.run(ctx, loader(s, job.engine), engine.Ref{Name: arg}, text))
		})
	}
	ref, err := parseRef(arg)
	if err != nil {
		return err
	}
	return a.withStorage(false, func(s prompty.TemplateStorage) error {
		if flags.watch {
			return job.watch(ctx, s, ref, "")
		}
		t, err := get(ctx, s, ref)
		if err != nil {
			return err
		}
		return job.print(job.run(ctx, loader(s, job.engine), engine.Ref{Name: t.Name, Version: t.Version}, parseText(s, t)))
	})
}

// rendering is one prompt on its way to the output.
type rendering struct {
	app     *app
	engine  *engine.Engine
	flags   *renderFlags
	counter *counter // with --stats
	asker   *asker   // nil: nobody is asked
	note    func(format string, args ...any)
	read    func(path string, most int64) ([]byte, error)
}

// result is what a rendering makes: a text, or messages if they are asked for.
type result struct {
	ref      engine.Ref // version 0 for a file
	text     string
	messages []engine.Message
	costs
	stats *stats // with --stats
}

// readPrompt reads a file that is a prompt.
func (r *rendering) readPrompt(path string) (string, error) {
	raw, err := r.read(path, maxPrompt)
	if err != nil {
		return "", err
	}
	if fault := notText(path, string(raw)); fault != nil {
		return "", fault
	}
	return string(raw), nil
}

func (r *rendering) run(ctx context.Context, load engine.LoadFunc, ref engine.Ref, text string) (*result, error) {
	began := time.Now()
	t, err := r.engine.Parse(ref.Name, text)
	if err != nil {
		return nil, err
	}
	inputs := make(map[string]promptfile.Input)
	addInputs(inputs, t.Header())
	opaque := withAttribute.MatchString(t.Source())
	program, err := r.engine.Link(ctx, t, func(ctx context.Context, ref engine.Ref) (*engine.Template, error) {
		t, err := load(ctx, ref)
		if err == nil {
			addInputs(inputs, t.Header())
			opaque = opaque || withAttribute.MatchString(t.Source())
		}
		return t, err
	})
	if err != nil {
		return nil, err
	}
	res := &result{ref: ref, costs: costs{compile: time.Since(began), refs: program.Refs()}}
	given, err := r.data(t, inputs)
	if err != nil {
		return nil, err
	}
	given.opaque = opaque
	if err := (&attempt{r, program, inputs, given}).run(ctx, res); err != nil {
		return nil, err
	}
	if r.counter != nil {
		res.stats, err = r.counter.measure(res)
	}
	return res, err
}

// newEngine returns an engine that logs to log the errors that a prompt's
// onerror="log" swallowed.
func (r *rendering) newEngine(log io.Writer) (*engine.Engine, error) {
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
	return engine.New(engine.Config{Env: r.flags.env, LookupEnv: r.app.lookupEnv, Logger: logger})
}
