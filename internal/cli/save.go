package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

type saveFlags struct {
	tags, meta      []string
	by, message     string
	base            int
	conditional     bool
	unchecked, json bool
}

// saved is the output of save --json.
type saved struct {
	Name      string             `json:"name"`
	Version   int                `json:"version"`
	ID        prompty.TemplateID `json:"id"`
	CreatedAt time.Time          `json:"created_at"`
}

func (a *app) saveCommand() *cobra.Command {
	var flags saveFlags
	cmd := &cobra.Command{
		Use:   "save NAME [FILE|-]",
		Short: "Save a prompt as a new version",
		Long: `Save a file, or standard input, as the next version of a prompt, and print
NAME@VERSION.

Tags, metadata, tenant and author are taken from the front matter (tags,
metadata, tenant, created_by); the flags add to them or replace them. Nothing is
carried over from the version before: what the file says is what is saved.

A prompt with errors is not saved; warnings are told on standard error. With
--if-version N it is saved only if N is the latest version, 0 meaning that
there is none yet: nobody's work is overwritten unseen.`,
		Example: `  prompty save support/refund refund.prompty
  prompty show greeting | sed s/Hello/Hi/ | prompty save greeting --by ann
  prompty -s git:. save greeting hi.prompty -m 'Be less formal'
  prompty save support/refund refund.prompty --if-version 3`,
		Args:              wantArgs(1, 2),
		ValidArgsFunction: a.completeNameFile,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			flags.conditional = cmd.Flags().Changed("if-version")
			return a.save(cmd.Context(), args, &flags)
		}),
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.tags, "tag", nil, "add this `TAG` to those of the file; may be given several times")
	f.StringArrayVar(&flags.meta, "meta", nil, "set metadata `KEY=VALUE`; may be given several times")
	f.StringVar(&flags.by, "by", "", "who saves it: `AUTHOR`")
	messageFlag(cmd, &flags.message)
	f.IntVar(&flags.base, "if-version", 0, "save only if `N` is the latest version; 0: if there is none")
	f.BoolVar(&flags.unchecked, "no-validate", false, "save it whether it has errors or not")
	f.BoolVar(&flags.json, "json", false, "print JSON")
	return cmd
}

func (a *app) save(ctx context.Context, args []string, flags *saveFlags) error {
	name, err := saveName(args)
	if err != nil {
		return err
	}
	if flags.conditional && flags.base < 0 {
		return usage(errors.New("--if-version cannot be negative"), "")
	}
	if ctx, err = a.withMessage(ctx, flags.message); err != nil {
		return err
	}
	path := "-"
	if len(args) == 2 {
		path = args[1]
	} else if isTerminal(a.stdin) {
		return usage(errors.New("save needs a FILE"), "`prompty save "+shellWord(name)+" FILE`; give - to type the prompt here")
	}
	raw, err := a.read(path, maxPrompt)
	if err != nil {
		return err
	}
	if path == "-" && len(raw) == 0 {
		return withHint(errors.New("standard input is empty, so nothing is saved"), "`prompty save "+shellWord(name)+" FILE` saves a file, an empty one too")
	}
	if path == "-" {
		path = "standard input"
	}
	t, err := template(name, path, raw, flags)
	if err != nil {
		return err
	}
	if err := prompty.CheckTemplate(t); err != nil {
		return err
	}
	if !flags.unchecked {
		// Before the storage is opened: a prompt with errors makes no folder.
		if _, err := engine.MustNew(engine.Config{}).Parse(path, string(raw)); err != nil {
			return withHint(err, "mend it, or save it as it is with --no-validate")
		}
	}
	// On top of a version there has to be a folder already.
	return a.withStorage(!flags.conditional || flags.base == 0, func(s prompty.TemplateStorage) error {
		if err := a.store(ctx, s, t, path, string(raw), flags); err != nil {
			return err
		}
		if flags.json {
			return a.printJSON(savedAs(t))
		}
		fmt.Fprintf(&a.out, "%s\n", printable(refOf(t, true)))
		return nil
	})
}

// saveName checks the name before anything is read or made.
func saveName(args []string) (string, error) {
	name, err := bareName("save", args[0])
	if err != nil {
		return "", err
	}
	bare := strings.TrimSuffix(name, promptfile.DefaultExt)
	switch {
	case len(args) == 1 && isFile(name):
		bare = bare[strings.LastIndexAny(bare, `/\`)+1:]
		return "", usage(fmt.Errorf("save needs a name for %q", name), fmt.Sprintf("the name comes first: prompty save %s %s", shellWord(bare), shellWord(name)))
	case isPath(name):
		return "", pathNoName(name, "prompty save %s FILE")
	case bare != name:
		return "", usage(fmt.Errorf("%q ends in an extension, which names do not have", name), "name it "+bare)
	}
	return name, prompty.CheckName(name)
}

// template makes a template of a file and the flags.
func template(name, path string, raw []byte, flags *saveFlags) (*prompty.StoredTemplate, error) {
	source, fields, err := promptfile.Decode(path, raw)
	if err != nil && !flags.unchecked {
		return nil, withHint(err, "mend it, or save it as it is with --no-validate")
	}
	t := &prompty.StoredTemplate{
		Name: name, Source: source, Tags: fields.Tags, Metadata: fields.Metadata,
		TenantID: fields.TenantID, CreatedBy: fields.CreatedBy,
	}
	for _, tag := range flags.tags {
		if !slices.Contains(t.Tags, tag) {
			t.Tags = append(t.Tags, tag)
		}
	}
	for _, pair := range flags.meta {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, usage(fmt.Errorf("--meta %q is not KEY=VALUE", pair), "")
		}
		if t.Metadata == nil {
			t.Metadata = make(map[string]string)
		}
		t.Metadata[key] = value
	}
	if flags.by != "" {
		t.CreatedBy = flags.by
	}
	return t, nil
}

func savedAs(t *prompty.StoredTemplate) saved { return saved{t.Name, t.Version, t.ID, t.CreatedAt} }

// store checks t with the prompts that it includes, and saves it. Its text is
// called path to people.
func (a *app) store(ctx context.Context, s prompty.TemplateStorage, t *prompty.StoredTemplate, path, text string, flags *saveFlags) error {
	if !flags.unchecked {
		e := engine.MustNew(engine.Config{})
		issues := e.Validate(ctx, path, text, loader(s, e))
		broken := false
		for _, issue := range issues {
			broken = broken || issue.Severity == engine.SeverityError
		}
		for _, issue := range issues {
			if !broken || issue.Severity == engine.SeverityError {
				a.warn("%s", issue)
			}
		}
		if broken {
			return withHint(fmt.Errorf("%s has errors and is not saved", path), "mend it, or save it as it is with --no-validate")
		}
	}
	if flags.conditional {
		return prompty.SaveIf(ctx, s, t, flags.base)
	}
	return s.Save(ctx, t)
}
