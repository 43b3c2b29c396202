package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
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
form, and the exit code is then 1. --json prints what was changed, or is to be,
and what was left alone, as a list.`

type fmtFlags struct {
	check, diff, write bool
	json               bool
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
			if err := exclusive(cmd, "json", "diff"); err != nil {
				return err
			}
			if flags.json && slices.Contains(args, "-") && !flags.check {
				return usage(errors.New("- is formatted to standard output, where --json has no place"), "with --check it has")
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
	f.BoolVar(&flags.json, "json", false, "print JSON")
	messageFlag(cmd, &flags.message)
	return cmd
}

func (a *app) format(ctx context.Context, args []string, flags *fmtFlags) error {
	files, names, err := a.readRewrites(args)
	if err != nil {
		return err
	}
	ctx, stop := untilEnded(ctx)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	job := &formatting{app: a, flags: flags, engine: engine.MustNew(engine.Config{}), results: []formatted{}}
	if len(args) > 0 && len(names) == 0 {
		return job.run(ctx, nil, files)
	}
	return a.withStorage(false, func(s prompty.TemplateStorage) error {
		list, err := storedRewrites(ctx, s, names)
		if err != nil {
			return ended(ctx, err)
		}
		if len(args) == 0 {
			if err := job.tellProblems(ctx, s, list); err != nil {
				return ended(ctx, err)
			}
		}
		return job.run(ctx, s, append(files, list...))
	})
}

// tellProblems tells what the storage cannot read, and so cannot be formatted.
// Of a prompt that is there its own errors are told.
func (f *formatting) tellProblems(ctx context.Context, s prompty.TemplateStorage, list []*rewrite) error {
	found, err := problems(ctx, s)
	f.app.warnOf(slices.DeleteFunc(found, func(problem string) bool {
		return slices.ContainsFunc(list, func(d *rewrite) bool {
			return strings.HasPrefix(problem, d.name+":") || strings.HasPrefix(problem, d.name+promptfile.DefaultExt+":")
		})
	}))
	return err
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

// formatted is a prompt in the output of fmt --json.
type formatted struct {
	Name    string `json:"name"`            // of a file its path
	Version int    `json:"version"`         // the one that was written, else the one that was read; 0 for a file
	Status  string `json:"status"`          // differs, formatted, or failed: it is left alone
	Error   string `json:"error,omitempty"` // why it failed
}

const (
	fmtDiffers   = "differs"
	fmtFormatted = "formatted"
	fmtFailed    = "failed"
)

// formatting is one run of fmt.
type formatting struct {
	app     *app
	flags   *fmtFlags
	engine  *engine.Engine
	results []formatted // of what is not in form already
}

func (f *formatting) run(ctx context.Context, s prompty.TemplateStorage, list []*rewrite) error {
	for _, d := range list {
		err := ctx.Err()
		if err == nil {
			if err = f.make(s, d); err == nil {
				err = f.deliver(ctx, s, d)
			} else if d.name == "-" && !f.flags.check {
				return err
			} else {
				err = f.fail(ctx, s, d, err)
			}
		}
		if err != nil {
			return f.stopped(ctx, err, len(list))
		}
	}
	if err := f.print(); err != nil {
		return err
	}
	if len(list) != 1 || list[0].name != "-" {
		f.app.warnLast("%s: %s", count(len(list), "prompt"), f.verdict())
	}
	if f.number(fmtFailed) > 0 || f.flags.check && len(f.results) > 0 {
		return errFindings
	}
	return nil
}

// stopped says what was written before an error or a signal.
func (f *formatting) stopped(ctx context.Context, err error, all int) error {
	if err := f.print(); err != nil {
		return err
	}
	if ctx.Err() == nil {
		f.app.fail(err)
		return errFindings
	}
	if err := f.app.flush(); err != nil {
		return err
	}
	f.app.warn("stopped: %s, of %s; the same command goes on from there", f.verdict(), count(all, "prompt"))
	return ended(ctx, err)
}

// print prints the list that --json asks for.
func (f *formatting) print() error {
	if !f.flags.json {
		return nil
	}
	return f.app.printJSON(f.results)
}

func (f *formatting) number(status string) int {
	n := 0
	for _, r := range f.results {
		if r.Status == status {
			n++
		}
	}
	return n
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

// fail notes that a prompt is left alone.
func (f *formatting) fail(ctx context.Context, s prompty.TemplateStorage, d *rewrite, err error) error {
	why, _, _ := strings.Cut(err.Error(), "\n") // without the excerpt
	f.results = append(f.results, formatted{d.name, d.version(), fmtFailed, why})
	if f.flags.json {
		return nil
	}
	f.app.warn("%s", err)
	if file := f.edited(ctx, s, d, err); file != "" {
		f.app.hint("`prompty fmt " + shellWord(file) + "` formats the file as it is")
	}
	return nil
}

// edited is the file of a prompt that could not be written since somebody else
// has edited it, in a work tree.
func (f *formatting) edited(ctx context.Context, s prompty.TemplateStorage, d *rewrite, err error) string {
	if d.stored == nil || !errors.Is(err, prompty.ErrConflict) {
		return ""
	}
	file, _ := (&places{ctx: ctx, storage: s, suspect: &suspect{d.name, d.old, d.stored}}).of(1)
	if file == "" || !isFile(file) {
		return ""
	}
	if !isPath(file) {
		file = "./" + file
	}
	return file
}

// deliver does with what is formatted as the flags say.
func (f *formatting) deliver(ctx context.Context, s prompty.TemplateStorage, d *rewrite) error {
	a := f.app
	if d.name == "-" && f.flags.write {
		a.printText(d.new)
		return nil
	}
	if d.new == d.old {
		return nil
	}
	if f.flags.diff {
		a.printDiff(d)
	}
	name, result := d.name, formatted{d.name, d.version(), fmtDiffers, ""}
	if f.flags.write {
		message := "Format " + d.name
		if f.flags.message != "" {
			message = ""
		}
		t, err := a.write(ctx, s, d, message)
		switch {
		case errors.Is(err, prompty.ErrConflict):
			return f.fail(ctx, s, d, err)
		case err != nil:
			return err
		case t != nil:
			name, result.Version = refOf(t, true), t.Version
		}
		result.Status = fmtFormatted
	}
	f.results = append(f.results, result)
	if !f.flags.diff && !f.flags.json {
		fmt.Fprintln(&a.out, printable(name))
	}
	return nil
}

func (f *formatting) verdict() string {
	var parts []string
	for _, p := range []struct{ status, what string }{{fmtDiffers, "to format"}, {fmtFormatted, "formatted"}, {fmtFailed, "left alone"}} {
		if n := f.number(p.status); n > 0 {
			parts = append(parts, fmt.Sprint(n, " ", p.what))
		}
	}
	if len(parts) == 0 {
		return "nothing to format"
	}
	return strings.Join(parts, ", ")
}
