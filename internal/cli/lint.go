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
)

const lintHelp = `Look for errors and doubtful places in the prompts named, or in all of them.
A path that starts with ./ or / is a file, or a folder of .prompty files
(- standard input).

Each finding is a line: name:line:column: severity: message [rule]. Lines count
as show prints the prompt. --rules lists the rules.

For machines there are --format json, sarif (code scanning of GitHub and others)
and github (annotations of a workflow run); they name the files where the
storage has files, from the root of the repository or else from here.

--fix mends what can be mended without a doubt: mistakes of writing for which the
error itself says what to write. A prompt that parses is never changed, and what
is left is told as ever.

Errors make the exit code 1; with --strict, or lint: {strict: true} in
prompty.yaml, warnings and problems that the storage reports do so, too.`

type lintFlags struct {
	format            string
	all, strict, json bool
	rules             bool
	fix, dryRun       bool
}

// lintFormats are the ways to print findings.
var lintFormats = []string{"text", "json", "sarif", "github"}

func (a *app) lintCommand() *cobra.Command {
	var flags lintFlags
	cmd := &cobra.Command{
		Use:   "lint [NAME[@VERSION]|FILE|FOLDER|-]...",
		Short: "Look for errors and doubtful places in prompts",
		Long:  lintHelp,
		Example: `  prompty lint
  prompty lint support/refund --strict
  prompty lint ./draft.prompty --fix
  prompty lint --format github --strict
  prompty lint --format sarif > prompty.sarif`,
		Args: wantArgs(0, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if flags.all && len(args) > 0 {
				return usage(errors.New("--all and names exclude each other"), "")
			}
			if err := pickFormat(cmd, &flags.format, flags.json, lintFormats); err != nil {
				return err
			}
			if flags.rules && flags.format != "text" && flags.format != "json" {
				return usage(errors.New("--rules prints text or JSON, no other --format"), "")
			}
			if flags.rules {
				return a.printRules(flags.format)
			}
			if err := flags.checkFix(args); err != nil {
				return err
			}
			if !cmd.Flags().Changed("strict") {
				p, err := a.project()
				if err != nil {
					return err
				}
				flags.strict = p.LintStrict
			}
			return a.lint(cmd.Context(), args, &flags)
		}),
	}
	f := cmd.Flags()
	f.BoolVar(&flags.all, "all", false, "look through all prompts, as without any name")
	f.BoolVar(&flags.strict, "strict", false, "let warnings fail, too")
	f.StringVar(&flags.format, "format", "text", "print `FORMAT`: text, json, sarif or github")
	completeWords(cmd, "format", lintFormats...)
	f.BoolVar(&flags.json, "json", false, "print JSON, as --format json")
	f.BoolVar(&flags.fix, "fix", false, "mend what can be mended without a doubt, as new versions and in files")
	f.BoolVarP(&flags.dryRun, "dry-run", "n", false, "with --fix: show what would change, and write nothing")
	f.BoolVar(&flags.rules, "rules", false, "list the rules and look at nothing")
	return cmd
}

// finding is an issue in the output of lint --json.
type finding struct {
	Name     string          `json:"name"`                // "" for a problem of the storage
	Version  int             `json:"version"`             // 0 for a file
	Line     int             `json:"line"`                // from 1, as show prints the prompt
	Column   int             `json:"column"`              // from 1, in code points
	File     string          `json:"file,omitempty"`      // where the text stands, if that is a file
	FileLine int             `json:"file_line,omitempty"` // the line in it
	Severity engine.Severity `json:"severity"`
	Rule     string          `json:"rule"`
	Message  string          `json:"message"`
	Tag      string          `json:"tag,omitempty"`
}

// suspect is a text to look through.
type suspect struct {
	name   string // of a file its path
	text   string
	stored *prompty.StoredTemplate // nil for a file
}

func (x *suspect) version() int {
	if x.stored == nil {
		return 0
	}
	return x.stored.Version
}

func (a *app) lint(ctx context.Context, args []string, flags *lintFlags) error {
	files, refs, err := a.suspectFiles(args)
	if err != nil {
		return err
	}
	open := func(do func(prompty.TemplateStorage) error) error { return a.withStorage(false, do) }
	if len(files) > 0 && len(refs) == 0 {
		open = a.withIncludes
	}
	return open(func(s prompty.TemplateStorage) error {
		list, err := suspects(ctx, s, refs, len(args) == 0)
		if err != nil {
			return err
		}
		list = append(files, list...)
		var done []fixed
		if flags.fix {
			if done, err = a.fixAll(ctx, s, list, flags); err != nil {
				// What was written before is told all the same.
				if flags.format == "text" {
					a.printFixed(done)
				}
				a.fail(err)
				return errFindings
			}
		}
		r, err := examine(ctx, s, list)
		if err != nil {
			return err
		}
		r.fixed = done
		if len(args) == 0 {
			if err := r.addProblems(ctx, s); err != nil {
				return err
			}
		}
		return a.printReport(r, flags)
	})
}

// suspectFiles reads the arguments that are files, or folders of such; the
// others are prompts.
func (a *app) suspectFiles(args []string) (files []suspect, refs []engine.Ref, err error) {
	found, names, err := a.readRewrites(args)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range found {
		files = append(files, suspect{name: f.name, text: f.old})
	}
	refs, err = parseRefs(names)
	return files, refs, err
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
		found = append(found, suspect{t.Name, parseText(s, t), t})
	}
	return found, nil
}

// report is what lint has to say.
type report struct {
	prompts  int
	findings []finding
	wrong    int // errors among them
	fixed    []fixed
	problems []string
	where    string // the storage's place, for its problems
}

func examine(ctx context.Context, s prompty.TemplateStorage, list []suspect) (*report, error) {
	e := engine.MustNew(engine.Config{})
	load := remember(loader(s, e))
	r := &report{prompts: len(list), findings: []finding{}}
	for _, x := range list {
		p := places{ctx: ctx, storage: s, suspect: &x}
		if fault := notText(x.name, x.text); fault != nil { // a file: no storage holds such
			r.add(&p, finding{Line: fault.Line, Column: fault.Column, Severity: engine.SeverityError, Rule: ruleNotText, Message: fault.Msg + ". " + fault.Hint})
			continue
		}
		for _, i := range e.Validate(ctx, x.name, x.text, load) {
			r.add(&p, finding{Line: i.Line, Column: i.Column, Severity: i.Severity, Rule: i.Rule, Message: i.Message, Tag: i.Tag})
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *report) add(p *places, f finding) {
	f.Name, f.Version = p.suspect.name, p.suspect.version()
	f.File, f.FileLine = p.of(f.Line)
	if f.Severity == engine.SeverityError {
		r.wrong++
	}
	r.findings = append(r.findings, f)
}

// addProblems adds what the storage itself finds wrong with its place, unless
// that is a finding already: that front matter is broken, both of them notice.
func (r *report) addProblems(ctx context.Context, s prompty.TemplateStorage) error {
	d, ok := prompty.As[prompty.Describer](s)
	if !ok {
		return nil
	}
	desc, err := d.Describe(ctx)
	r.where = desc.Location
	r.problems = slices.DeleteFunc(desc.Problems, func(problem string) bool {
		return slices.ContainsFunc(r.findings, func(f finding) bool {
			return f.Severity == engine.SeverityError && strings.HasPrefix(problem, f.Name) &&
				strings.Contains(problem, fmt.Sprintf(":%d:%d: ", f.Line, f.Column))
		})
	})
	return err
}

func (r *report) verdict(dryRun bool) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{r.wrong, "error"}, {len(r.findings) - r.wrong, "warning"}, {len(r.problems), "storage problem"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.what))
		}
	}
	switch n := len(r.fixed); {
	case n > 0 && dryRun:
		parts = append(parts, fmt.Sprint(n)+" fixable")
	case n > 0:
		parts = append(parts, fmt.Sprint(n)+" fixed")
	}
	if len(parts) == 0 {
		return "nothing to mend"
	}
	return strings.Join(parts, ", ")
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
