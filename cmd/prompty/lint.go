package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// finding is an issue in the output of lint --json.
type finding struct {
	Name     string          `json:"name"`
	Version  int             `json:"version"` // 0 for a file
	Line     int             `json:"line"`    // from 1, as show prints the prompt
	Column   int             `json:"column"`  // from 1, in code points
	Severity engine.Severity `json:"severity"`
	Message  string          `json:"message"`
	Tag      string          `json:"tag,omitempty"`
}

// suspect is a text to look through.
type suspect struct {
	name    string
	version int
	text    string
}

func (a *app) lintCommand() *cobra.Command {
	var all, strict, asJSON bool
	cmd := &cobra.Command{
		Use:   "lint [NAME[@VERSION]...]",
		Short: "Look for errors and doubtful places in prompts",
		Long: `Look for errors and doubtful places in the prompts named, or in all of them.
A path that starts with ./ or / is a file (- standard input).

Each finding is a line: name:line:column: severity: message. Lines count as
show prints the prompt. Errors make the exit code 1; with --strict, warnings
and problems that the storage reports do so, too.`,
		Example: `  prompty lint
  prompty lint support/refund --strict
  prompty lint ./draft.prompty`,
		Args: wantArgs(0, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if all && len(args) > 0 {
				return usage(errors.New("--all and names exclude each other"), "")
			}
			return a.lint(cmd.Context(), args, strict, asJSON)
		}),
	}
	cmd.Flags().BoolVar(&all, "all", false, "look through all prompts, as without any name")
	cmd.Flags().BoolVar(&strict, "strict", false, "let warnings fail, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) lint(ctx context.Context, args []string, strict, asJSON bool) error {
	var files []suspect
	var names []string
	for _, arg := range args {
		if arg != "-" && !isPath(arg) {
			names = append(names, arg)
			continue
		}
		text, err := a.read(arg, maxPrompt)
		if err != nil {
			return err
		}
		files = append(files, suspect{name: arg, text: string(text)})
	}
	refs, err := parseRefs(names)
	if err != nil {
		return err
	}
	open := func(do func(prompty.TemplateStorage) error) error { return a.withStorage(false, do) }
	if len(files) > 0 && len(refs) == 0 {
		open = a.withIncludes
	}
	return open(func(s prompty.TemplateStorage) error {
		suspects, err := suspects(ctx, s, refs, len(args) == 0)
		if err != nil {
			return err
		}
		report, err := examine(ctx, s, append(files, suspects...))
		if err != nil {
			return err
		}
		if len(args) == 0 {
			if report.problems, err = problems(ctx, s); err != nil {
				return err
			}
			report.problems = slices.DeleteFunc(report.problems, report.covers)
		}
		return a.printReport(report, strict, asJSON)
	})
}

// suspects are the prompts named, or all.
func suspects(ctx context.Context, s prompty.TemplateStorage, refs []engine.Ref, all bool) ([]suspect, error) {
	var list []*prompty.StoredTemplate
	if all {
		var err error
		if list, err = s.List(ctx, nil); err != nil {
			return nil, err
		}
	}
	for _, ref := range refs {
		t, err := get(ctx, s, ref)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	var found []suspect
	for _, t := range list {
		found = append(found, suspect{t.Name, t.Version, parseText(s, t)})
	}
	return found, nil
}

// report is what lint has to say.
type report struct {
	prompts  int
	findings []finding
	lines    []string // the findings as text
	wrong    int      // errors among them
	problems []string // of the storage
}

func examine(ctx context.Context, s prompty.TemplateStorage, list []suspect) (*report, error) {
	e := engine.MustNew(engine.Config{})
	load := remember(loader(s, e))
	r := &report{prompts: len(list), findings: []finding{}}
	for _, x := range list {
		if fault := notText(x.name, x.text); fault != nil { // a file: no storage holds such
			r.wrong++
			r.findings = append(r.findings, finding{x.name, x.version, fault.Line, fault.Column, engine.SeverityError, fault.Msg + ". " + fault.Hint, ""})
			r.lines = append(r.lines, fmt.Sprintf("%s:%d:%d: error: %s. %s", x.name, fault.Line, fault.Column, fault.Msg, fault.Hint))
			continue
		}
		for _, i := range e.Validate(ctx, x.name, x.text, load) {
			if i.Severity == engine.SeverityError {
				r.wrong++
			}
			r.findings = append(r.findings, finding{x.name, x.version, i.Line, i.Column, i.Severity, i.Message, i.Tag})
			r.lines = append(r.lines, i.String())
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// remember keeps what was loaded: many prompts include the same few.
func remember(load engine.LoadFunc) engine.LoadFunc {
	type loaded struct {
		t   *engine.Template
		err error
	}
	seen := make(map[engine.Ref]loaded)
	return func(ctx context.Context, ref engine.Ref) (*engine.Template, error) {
		l, ok := seen[ref]
		if !ok {
			l.t, l.err = load(ctx, ref)
			seen[ref] = l
		}
		return l.t, l.err
	}
}

// covers reports whether a problem of the storage is among the findings: that
// front matter is broken, both of them notice.
func (r *report) covers(problem string) bool {
	return slices.ContainsFunc(r.findings, func(f finding) bool {
		return f.Severity == engine.SeverityError && strings.HasPrefix(problem, f.Name) &&
			strings.Contains(problem, fmt.Sprintf(":%d:%d: ", f.Line, f.Column))
	})
}

func (a *app) printReport(r *report, strict, asJSON bool) error {
	a.warnOf(r.problems)
	if asJSON {
		if err := a.printJSON(r.findings); err != nil {
			return err
		}
	} else {
		for _, line := range r.lines {
			fmt.Fprintln(&a.out, printable(line))
		}
		a.warn("%s: %s", count(r.prompts, "prompt"), r.verdict())
	}
	if r.wrong > 0 || strict && len(r.findings)+len(r.problems) > 0 {
		return errFindings
	}
	return nil
}

func (r *report) verdict() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{r.wrong, "error"}, {len(r.findings) - r.wrong, "warning"}, {len(r.problems), "storage problem"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "nothing to mend"
	}
	return strings.Join(parts, ", ")
}
