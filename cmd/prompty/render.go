package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

const renderHelp = `Render a prompt and print the result byte for byte. A path that starts with
./ or / renders that file (- standard input); what it includes comes from the
storage.

Data, each laid over the one before:
  1. the prompt's own sample: if no data is given, or with --sample
     (--sample=false: never)
  2. --data FILE, a JSON or YAML mapping (- standard input), as often as you like
  3. --set PATH=TEXT and --set PATH:=JSON, in the order given
Mappings are merged key by key, everything else is replaced. PATH may lead into
mappings and lists: user.name, items.0. The text of --set takes the type that
the prompt declares for the input of that name; without one it stays text.

With --watch the output is drawn anew whenever the prompt, what it includes or
extends, or a file of data changes, with what changed in it marked; an error
stands above the last good output until it is mended. Arrows, j, k, space and b
move, q and Ctrl-C end. Where standard output is no terminal, each new output is
printed below a line that begins with ---, errors go to standard error; with
--json each is an object on a line of its own, errors too.

--messages prints the chat messages, each under its role; their text is
indented, so that no text can pass for a message. Text outside of messages is
a message of the user. With --json it is an array for the program that sends it.`

type renderFlags struct {
	set, data, env      []string
	sample, sampleGiven bool
	messages, asJSON    bool
	watch               bool
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
  prompty render support/refund --data ticket.yaml --watch`,
		Args: wantArgs(1, 1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			flags.sampleGiven = cmd.Flags().Changed("sample")
			return a.render(cmd.Context(), args[0], &flags)
		}),
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.set, "set", nil, "set one value: `PATH=TEXT` or PATH:=JSON; may be given several times")
	f.StringArrayVar(&flags.data, "data", nil, "read data from a JSON or YAML `FILE`, - for standard input; may be given several times")
	f.BoolVar(&flags.sample, "sample", false, "lay the data over the prompt's own sample")
	f.StringArrayVar(&flags.env, "env", nil, "let the prompt read the environment variable `NAME`; may be given several times")
	f.BoolVar(&flags.messages, "messages", false, "print chat messages")
	f.BoolVar(&flags.watch, "watch", false, "render again at each change")
	f.BoolVar(&flags.asJSON, "json", false, "print JSON: name, version and output, or with --messages the array of messages")
	return cmd
}

// rendered is the output of render --json.
type rendered struct {
	Name    string `json:"name"`
	Version int    `json:"version"` // 0 for a file
	Output  string `json:"output"`
}

func (a *app) render(ctx context.Context, arg string, flags *renderFlags) error {
	settings := make([]setting, len(flags.set))
	for i, text := range flags.set {
		var err error
		if settings[i], err = parseSetting(text); err != nil {
			return err
		}
	}
	if arg == "-" && slices.Contains(flags.data, "-") {
		return usage(errors.New("standard input cannot be both the prompt and its data"), "")
	}
	job := &rendering{app: a, flags: flags, settings: settings, note: a.warn, read: a.read}
	var err error
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
	app      *app
	engine   *engine.Engine
	flags    *renderFlags
	settings []setting
	note     func(format string, args ...any)
	read     func(path string, most int64) ([]byte, error)
}

// result is what a rendering makes: a text, or messages if they are asked for.
type result struct {
	ref      engine.Ref // version 0 for a file
	text     string
	messages []engine.Message
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
	t, err := r.engine.Parse(ref.Name, text)
	if err != nil {
		return nil, err
	}
	types := make(map[string]string)
	inputTypes(types, t.Header())
	program, err := r.engine.Link(ctx, t, func(ctx context.Context, ref engine.Ref) (*engine.Template, error) {
		t, err := load(ctx, ref)
		if err == nil {
			inputTypes(types, t.Header())
		}
		return t, err
	})
	if err != nil {
		return nil, err
	}
	data, err := r.data(t, types)
	if err != nil {
		return nil, err
	}
	res := &result{ref: ref}
	if r.flags.messages {
		res.messages, err = program.Messages(ctx, data)
	} else {
		res.text, err = program.Render(ctx, data)
	}
	if err != nil {
		return nil, r.explain(err)
	}
	return res, nil
}

func (r *rendering) print(res *result, err error) error {
	switch {
	case err != nil:
		return err
	case r.flags.messages && r.flags.asJSON:
		return r.app.printJSON(messageList(res.messages))
	case r.flags.messages:
		r.app.out.WriteString(messageText(res.messages))
		return nil
	case r.flags.asJSON:
		return r.app.printJSON(rendered{res.ref.Name, res.ref.Version, res.text})
	}
	r.app.printText(res.text)
	return nil
}

// explain adds what to do for the commonest failure: no data was given, and
// some is missing. The engine has no error of its own for that.
func (r *rendering) explain(err error) error {
	if len(r.flags.data)+len(r.flags.set) == 0 && strings.Contains(err.Error(), "missing") {
		return withHint(err, "data comes from --set PATH=TEXT and --data FILE; a `sample:` in the front matter would serve without either")
	}
	return err
}

// data brings the sample, the files and the settings together.
func (r *rendering) data(t *engine.Template, types map[string]string) (map[string]any, error) {
	given := len(r.flags.data)+len(r.flags.set) > 0
	use := r.flags.sample || !given && !r.flags.sampleGiven
	data := make(map[string]any)
	if h := t.Header(); use && h != nil && len(h.Sample) > 0 {
		data = merge(data, h.Sample)
		if !r.flags.sampleGiven {
			r.note("note: rendered with the prompt's own sample; give data with --set or --data")
		}
	} else if r.flags.sample {
		return nil, withHint(fmt.Errorf("%s has no sample", printable(t.Name())), "leave out --sample, or add `sample:` to its front matter")
	}
	for _, path := range r.flags.data {
		raw, err := r.read(path, maxData)
		if err != nil {
			return nil, err
		}
		top, err := parseData(path, raw)
		if err != nil {
			return nil, err
		}
		data = merge(data, top)
	}
	for i := range r.settings {
		s := &r.settings[i]
		if err := s.apply(data, s.resolve(types)); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// messageList makes an empty list of none, for JSON.
func messageList(messages []engine.Message) []engine.Message {
	if messages == nil {
		return []engine.Message{}
	}
	return messages
}

// messageText shows messages to people.
func messageText(messages []engine.Message) string {
	var b strings.Builder
	for i, m := range messages {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(printable(m.Role))
		if m.Name != "" {
			fmt.Fprintf(&b, " (%s)", printable(m.Name))
		}
		if m.Cache {
			b.WriteString(" [cache]")
		}
		b.WriteString(":\n")
		for line := range strings.Lines(m.Content) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				line = "  " + quietLine(line)
			}
			b.WriteString(line + "\n")
		}
	}
	return b.String()
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
