package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

const fmtHelp = `Bring the front matter and the tags of prompts into one form: of those named, of
files and folders (a path that starts with ./ or /), or of all prompts of the
storage. What differs from that form is written: a stored prompt as a new
version, a file in place. What is changed is listed.

Front matter is indented by two spaces and has no white space at the ends of
lines; values, comments and the order of keys stay. In tags one space stands
between the parts, and values stand in double quotes. Everything that is printed
stays as it is, byte for byte, and so does a prompt that does not parse: its
errors are told, and the exit code is 1. The lines of tags, metadata, tenant and
created_by are the storage's: they are formatted in files that are named as such.

With - standard input is formatted to standard output. --check and --diff write
nothing, unless --write is given as well; --check lists what is not in that
form, and the exit code is then 1.`

type fmtFlags struct {
	check, diff, write bool
	message            string
}

func (a *app) fmtCommand() *cobra.Command {
	var flags fmtFlags
	cmd := &cobra.Command{
		Use:   "fmt [NAME|FILE|FOLDER|-]...",
		Short: "Bring prompts into one form",
		Long:  fmtHelp,
		Example: `  prompty fmt
  prompty fmt support/refund --diff
  prompty fmt --check ./prompts
  prompty fmt - < draft.prompty`,
		Args: wantArgs(0, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "-") && (len(args) > 1 || flags.write) {
				return usage(errors.New("- is standard input, which is formatted alone, to standard output"), "")
			}
			flags.write = flags.write || !flags.check && !flags.diff
			ctx, err := a.withMessage(cmd.Context(), flags.message)
			if err != nil {
				return err
			}
			return a.format(ctx, args, &flags)
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&flags.check, "check", "c", false, "list what is not in that form, and fail if there is any")
	f.BoolVarP(&flags.diff, "diff", "d", false, "show what would change")
	f.BoolVarP(&flags.write, "write", "w", false, "write the changes, as without any flag")
	messageFlag(cmd, &flags.message)
	return cmd
}

func (a *app) format(ctx context.Context, args []string, flags *fmtFlags) error {
	files, names, err := a.readRewrites(args)
	if err != nil {
		return err
	}
	job := &formatting{app: a, flags: flags, engine: engine.MustNew(engine.Config{})}
	if len(args) > 0 && len(names) == 0 {
		return job.run(ctx, nil, files)
	}
	return a.withStorage(false, func(s prompty.TemplateStorage) error {
		list, err := storedRewrites(ctx, s, names)
		if err != nil {
			return err
		}
		return job.run(ctx, s, append(files, list...))
	})
}

// storedRewrites reads the latest versions of the prompts named, or of all.
func storedRewrites(ctx context.Context, s prompty.TemplateStorage, names []string) ([]*rewrite, error) {
	var refs []engine.Ref
	for _, arg := range names {
		name, err := bareName("fmt", arg)
		if err != nil {
			return nil, err
		}
		if ref := (engine.Ref{Name: name}); !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	stored, err := suspects(ctx, s, refs, len(names) == 0)
	if err != nil {
		return nil, err
	}
	var list []*rewrite
	for _, x := range stored {
		list = append(list, &rewrite{name: x.name, old: x.stored.Source, stored: x.stored})
	}
	return list, nil
}

// formatting is one run of fmt.
type formatting struct {
	app    *app
	flags  *fmtFlags
	engine *engine.Engine

	changed int
	failed  int
}

func (f *formatting) run(ctx context.Context, s prompty.TemplateStorage, list []*rewrite) error {
	for _, d := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.make(s, d); err != nil {
			if d.name == "-" {
				return err
			}
			f.failed++
			f.app.warn("%s", err)
			continue
		}
		if err := f.deliver(ctx, s, d); err != nil {
			// What was written before is listed all the same.
			f.app.fail(err)
			return errFindings
		}
	}
	if len(list) != 1 || list[0].name != "-" {
		f.app.warn("%s: %s", count(len(list), "prompt"), f.verdict())
	}
	if f.failed > 0 || f.flags.check && f.changed > 0 {
		return errFindings
	}
	return nil
}

// make formats one. Errors have the places that show shows.
func (f *formatting) make(s prompty.TemplateStorage, d *rewrite) (err error) {
	if d.stored == nil {
		if fault := notText(d.name, d.old); fault != nil {
			return fault
		}
	} else if _, err := f.engine.Parse(d.name, parseText(s, d.stored)); err != nil {
		return err
	}
	d.new, err = f.engine.Format(d.name, d.old)
	return err
}

// deliver does with what is formatted as the flags say.
func (f *formatting) deliver(ctx context.Context, s prompty.TemplateStorage, d *rewrite) error {
	a := f.app
	differs := d.new != d.old
	if differs {
		f.changed++
	}
	name := d.name
	switch {
	case d.name == "-" && f.flags.write:
		a.printText(d.new)
		return nil
	case !differs:
		return nil
	case f.flags.diff:
		a.printDiff(d)
	}
	if f.flags.write {
		message := "Format " + d.name
		if f.flags.message != "" {
			message = ""
		}
		t, err := a.write(ctx, s, d, message)
		if err != nil {
			return err
		}
		if t != nil {
			name = refOf(t, true)
		}
	}
	if !f.flags.diff {
		fmt.Fprintln(&a.out, printable(name))
	}
	return nil
}

func (f *formatting) verdict() string {
	var parts []string
	if f.changed > 0 {
		what := " to format"
		if f.flags.write {
			what = " formatted"
		}
		parts = append(parts, fmt.Sprint(f.changed)+what)
	}
	if f.failed > 0 {
		parts = append(parts, fmt.Sprint(f.failed)+" left alone")
	}
	switch len(parts) {
	case 0:
		return "nothing to format"
	case 1:
		return parts[0]
	}
	return parts[0] + ", " + parts[1]
}
