package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/migrate"
	"github.com/go-prompty/prompty/internal/transfer"
)

const importHelp = `Bring in prompts of other tools, and save them under the names of their files:

  dotprompt  .prompt files: Handlebars, Picoschema, roles, partials
  prompty    .prompty files of Microsoft: Jinja, inputs, samples, roles
  layout     folders NAME/v1.json, NAME/v2.json …, all versions, numbers kept

What kind a file is, is found out, and said, unless --from says it. What is
brought in renders to the same text. What cannot be is reported with file, line
and column, the prompt is not saved, all others are, and the exit code is 1. With
--force it is saved all the same, with a comment where something is missing.

A prompt that is there already and equal is skipped, so an import can be run
again. One that is there and differs is not touched; --update saves it as the
next version. docs/import.md says what is carried over, and how.`

type importFlags struct {
	from                          string
	dryRun, force, update, asJSON bool
}

// imported is one prompt in the output of import --json.
type imported struct {
	Name     string         `json:"name"`
	File     string         `json:"file"`
	Format   migrate.Format `json:"format"`
	Status   string         `json:"status"`            // saved, unchanged, conflict, refused; with --dry-run: new or changed for saved
	Version  int            `json:"version,omitempty"` // the latest one, if it is there
	Versions int            `json:"versions"`          // how many were, or would be, saved
	Issues   []importIssue  `json:"issues"`

	prompt *migrate.Prompt       // converted,
	layout *migrate.LayoutSource // or where its versions are
}

type importIssue struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Note    bool   `json:"note"` // it is carried over, in another form
}

func (a *app) importCommand() *cobra.Command {
	var flags importFlags
	cmd := &cobra.Command{
		Use:   "import DIR|FILE...",
		Short: "Bring in prompts of other tools",
		Long:  importHelp,
		Example: `  prompty import ./genkit/prompts --dry-run
  prompty import chat.prompty --from prompty
  prompty -s git:. import ./old-prompts --update`,
		Args: wantArgs(1, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			return a.importAll(cmd.Context(), args, &flags)
		}),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.from, "from", "", "what the files are: `FORMAT` is dotprompt, layout or prompty")
	completeWords(cmd, "from", "dotprompt", "layout", "prompty")
	f.BoolVar(&flags.dryRun, "dry-run", false, "save nothing, and say what would be saved")
	f.BoolVar(&flags.force, "force", false, "save what cannot be carried over exactly, too")
	f.BoolVar(&flags.update, "update", false, "save a prompt that is there and differs as its next version")
	f.BoolVar(&flags.asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) importAll(ctx context.Context, args []string, flags *importFlags) error {
	if flags.from != "" && !slices.Contains(migrate.Formats, migrate.Format(flags.from)) {
		var names []string
		for _, f := range migrate.Formats {
			names = append(names, string(f))
		}
		return usage(fmt.Errorf("there is no format %q", flags.from), withGuess(flags.from, names, "the formats are "+strings.Join(names, ", ")))
	}
	found, refused, err := a.findImports(args, migrate.Format(flags.from))
	if err != nil {
		return err
	}
	list, err := planImport(found, flags)
	if err != nil {
		return err
	}
	list = append(list, refused...)
	ctx, stop := untilEnded(ctx)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	save := func(s prompty.TemplateStorage) error {
		for _, one := range list {
			var err error
			switch {
			case one.Status != "":
			case one.layout != nil:
				err = a.importVersions(ctx, s, one, flags)
			default:
				err = a.importOne(ctx, s, one, flags)
			}
			if err != nil {
				if n := savedOf(list); n > 0 {
					a.warn("stopped: %s saved; the same command goes on from there", count(n, "prompt"))
				}
				return err
			}
		}
		return nil
	}
	// What saves nothing makes no folder and no repository.
	saves := !flags.dryRun && slices.ContainsFunc(list, func(one *imported) bool { return one.Status == "" })
	err = a.withStorage(saves, save)
	if _, none := errors.AsType[*noFolder](err); none && !saves {
		err = save(prompty.NewMemoryStorage())
	}
	if err != nil {
		return ended(ctx, err)
	}
	return a.printImported(list, flags)
}

func savedOf(list []*imported) (n int) {
	for _, one := range list {
		if one.Status == "saved" {
			n++
		}
	}
	return n
}

// planImport converts everything, and says of what is refused why.
func planImport(found []*importable, flags *importFlags) ([]*imported, error) {
	var list []*imported
	for _, f := range found {
		if f.format == migrate.Layout {
			source, err := migrate.OpenLayout(os.DirFS(f.root), f.under)
			if err != nil {
				return nil, err
			}
			for _, name := range source.Names() {
				one := &imported{Name: name, File: f.path(name), Format: f.format, layout: source}
				one.add(f, source.Check(name), flags)
				list = append(list, one)
			}
			continue
		}
		for _, p := range migrate.Convert(f.format, f.files) {
			one := &imported{Name: p.Name, File: f.path(p.File), Format: f.format, prompt: p}
			one.add(f, p.Issues, flags)
			if err := migrate.CheckName(p.Name); err != nil && prompty.CheckName(p.Name) == nil {
				one.refuse("refused", err)
			}
			if err := prompty.CheckTemplate(one.template()); err != nil && one.Status == "" {
				one.refuse("refused", err)
			} else if p.Source == "" && !p.Exact() {
				one.Status = "refused" // there is nothing of it
			}
			list = append(list, one)
		}
	}
	return list, nil
}

// template is the converted prompt as a storage takes it.
func (one *imported) template() *prompty.StoredTemplate {
	p := one.prompt
	return &prompty.StoredTemplate{Name: p.Name, Source: p.Source, Tags: p.Fields.Tags, Metadata: p.Fields.Metadata}
}

// add takes the issues over. One that is no note refuses the prompt, unless
// that is what --force is for.
func (one *imported) add(f *importable, issues []*migrate.Issue, flags *importFlags) {
	for _, i := range issues {
		one.Issues = append(one.Issues, importIssue{f.path(i.File), i.Line, i.Column, i.Message, i.Note})
		if !i.Note && !flags.force {
			one.Status = "refused"
		}
	}
}

// refuse reports why a prompt is not saved, whatever the flags say.
func (one *imported) refuse(status string, err error) {
	one.Status = status
	one.Issues = append(one.Issues, importIssue{File: one.File, Message: err.Error()})
}

// importOne saves a converted prompt, on top of what it was compared with.
func (a *app) importOne(ctx context.Context, s prompty.TemplateStorage, one *imported, flags *importFlags) error {
	t := one.template()
	latest, err := s.Get(ctx, t.Name)
	base := 0
	switch {
	case err == nil:
		base = latest.Version
		one.Version = base
		if latest.Source == t.Source && slices.Equal(latest.Tags, t.Tags) && maps.Equal(latest.Metadata, t.Metadata) {
			one.Status = "unchanged"
			return nil
		}
		if !flags.update {
			one.refuse("conflict", fmt.Errorf("%s is there already and differs; --update saves it as the next version", t.Name))
			return nil
		}
	case !errors.Is(err, prompty.ErrTemplateNotFound):
		return err
	}
	one.Versions = 1
	if flags.dryRun {
		one.Status = map[bool]string{true: "new", false: "changed"}[base == 0]
		return nil
	}
	if _, ok := prompty.As[prompty.ConditionalSaver](s); ok {
		err = prompty.SaveIf(ctx, s, t, base)
	} else {
		err = s.Save(ctx, t)
	}
	switch {
	case errors.Is(err, prompty.ErrConflict), errors.Is(err, prompty.ErrInvalidTemplate), errors.Is(err, prompty.ErrInvalidName):
		one.Versions = 0
		one.refuse("conflict", err)
		return nil
	case err != nil:
		return err
	}
	one.Status, one.Version = "saved", t.Version
	return nil
}

// importVersions copies all versions of a prompt of a layout.
func (a *app) importVersions(ctx context.Context, s prompty.TemplateStorage, one *imported, flags *importFlags) error {
	report, err := transfer.Copy(ctx, one.layout, s, transfer.Options{Names: []string{one.Name}, DryRun: flags.dryRun})
	if err != nil {
		return err
	}
	one.Versions, one.Status = report.Copied, "unchanged"
	if report.Copied > 0 {
		one.Status = map[bool]string{true: "new", false: "saved"}[flags.dryRun]
	}
	for _, p := range report.Problems {
		if p.Kind == transfer.Unread && report.Copied+report.Present > 0 {
			continue // a version that --force leaves out: told already
		}
		if p.Kind == transfer.Unread {
			p.Kind = transfer.Refused
		}
		one.refuse(string(p.Kind), p)
	}
	if versions, err := s.ListVersions(ctx, one.Name); err == nil && len(versions) > 0 {
		one.Version = versions[0]
	}
	return nil
}

// printImported tells what became of each prompt. Standard output has the
// prompts, standard error the reasons.
func (a *app) printImported(list []*imported, flags *importFlags) error {
	bad, count := false, map[string]int{}
	for _, one := range list {
		count[one.Status]++
		bad = bad || one.Status == "refused" || one.Status == "conflict"
		for _, i := range one.Issues {
			issue := migrate.Issue{File: i.File, Line: i.Line, Column: i.Column, Message: i.Message}
			if i.Note {
				issue.Message = "note: " + issue.Message
			}
			a.warn("%s", issue.Error())
		}
	}
	if flags.asJSON {
		for _, one := range list {
			if one.Issues == nil {
				one.Issues = []importIssue{}
			}
		}
		if list == nil {
			list = []*imported{}
		}
		if err := a.printJSON(struct {
			DryRun  bool        `json:"dry_run"`
			Prompts []*imported `json:"prompts"`
		}{flags.dryRun, list}); err != nil {
			return err
		}
	} else {
		a.printImportTable(list)
	}
	if bad {
		return errFindings
	}
	return nil
}

func (a *app) printImportTable(list []*imported) {
	var rows [][]string
	for _, one := range list {
		name := one.Name
		if one.Version > 0 {
			name = fmt.Sprintf("%s@%d", name, one.Version)
		}
		rows = append(rows, []string{one.Status, name, string(one.Format), one.File})
	}
	a.printTable([]string{"STATUS", "PROMPT", "FORMAT", "FILE"}, rows)
}
