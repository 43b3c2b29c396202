package main

import (
	"context"
	"errors"
	"fmt"
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

--messages prints the chat messages, each under its role; their text is
indented, so that no text can pass for a message. Text outside of messages is
a message of the user. With --json it is an array for the program that sends it.`

type renderFlags struct {
	set, data, env      []string
	sample, sampleGiven bool
	messages, asJSON    bool
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
  prompty render ./draft.prompty --data -  < ticket.json`,
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
	e, err := engine.New(engine.Config{Env: flags.env, LookupEnv: a.lookupEnv, Logger: a.logger()})
	if err != nil {
		return err
	}
	job := &rendering{app: a, engine: e, flags: flags, settings: settings}
	if arg == "-" || isPath(arg) {
		text, err := a.read(arg, maxPrompt)
		if err != nil {
			return err
		}
		if fault := notText(arg, string(text)); fault != nil {
			return fault
		}
		return a.withIncludes(func(s prompty.TemplateStorage) error {
			return job.run(ctx, s, engine.Ref{Name: arg}, string(text))
		})
	}
	ref, err := parseRef(arg)
	if err != nil {
		return err
	}
	return a.withStorage(false, func(s prompty.TemplateStorage) error {
		t, err := get(ctx, s, ref)
		if err != nil {
			return err
		}
		return job.run(ctx, s, engine.Ref{Name: t.Name, Version: t.Version}, parseText(s, t))
	})
}

// rendering is one prompt on its way to the output.
type rendering struct {
	app      *app
	engine   *engine.Engine
	flags    *renderFlags
	settings []setting
}

func (r *rendering) run(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref, text string) error {
	t, err := r.engine.Parse(ref.Name, text)
	if err != nil {
		return err
	}
	types := make(map[string]string)
	inputTypes(types, t.Header())
	load := loader(s, r.engine)
	program, err := r.engine.Link(ctx, t, func(ctx context.Context, ref engine.Ref) (*engine.Template, error) {
		t, err := load(ctx, ref)
		if err == nil {
			inputTypes(types, t.Header())
		}
		return t, err
	})
	if err != nil {
		return err
	}
	data, err := r.data(t, types)
	if err != nil {
		return err
	}
	if r.flags.messages {
		messages, err := program.Messages(ctx, data)
		if err != nil {
			return r.explain(err)
		}
		return r.app.printMessages(messages, r.flags.asJSON)
	}
	output, err := program.Render(ctx, data)
	if err != nil {
		return r.explain(err)
	}
	if r.flags.asJSON {
		return r.app.printJSON(rendered{ref.Name, ref.Version, output})
	}
	r.app.printText(output)
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
			r.app.warn("note: rendered with the prompt's own sample; give data with --set or --data")
		}
	} else if r.flags.sample {
		return nil, withHint(fmt.Errorf("%s has no sample", printable(t.Name())), "leave out --sample, or add `sample:` to its front matter")
	}
	for _, path := range r.flags.data {
		top, err := r.app.readData(path)
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

func (a *app) printMessages(messages []engine.Message, asJSON bool) error {
	if asJSON {
		if messages == nil {
			messages = []engine.Message{}
		}
		return a.printJSON(messages)
	}
	for i, m := range messages {
		if i > 0 {
			a.out.WriteByte('\n')
		}
		a.out.WriteString(printable(m.Role))
		if m.Name != "" {
			fmt.Fprintf(&a.out, " (%s)", printable(m.Name))
		}
		if m.Cache {
			a.out.WriteString(" [cache]")
		}
		a.out.WriteString(":\n")
		for line := range strings.Lines(m.Content) {
			if line = strings.TrimRight(line, "\r\n"); line != "" {
				line = "  " + quietLine(line)
			}
			a.out.WriteString(line + "\n")
		}
	}
	return nil
}

// logger shows errors that a prompt's onerror="log" swallowed.
func (a *app) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
			if len(groups) == 0 && attr.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return attr
		},
	}))
}
