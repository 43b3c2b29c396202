package cli

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// skeletons are what new begins a prompt with, and how others use it.
var skeletons = []struct{ name, what, use string }{
	{"chat", "messages of the system and the user", ""},
	{"text", "one text, no messages", ""},
	{"partial", "a piece that prompts include", `{~prompty.include template="%s" /~}`},
	{"layout", "a frame with blocks that prompts fill", `{~prompty.extends template="%s" /~}`},
}

func skeletonNames() []string {
	var names []string
	for _, s := range skeletons {
		names = append(names, s.name)
	}
	return names
}

type newFlags struct {
	saveFlags
	template, from string
	edit           bool
}

// made is the output of new --json.
type made struct {
	saved
	File string `json:"file,omitempty"` // where people edit it
}

func (a *app) newCommand() *cobra.Command {
	var flags newFlags
	var kinds strings.Builder
	for _, s := range skeletons {
		fmt.Fprintf(&kinds, "  %-8s %s\n", s.name, s.what)
	}
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a prompt to begin with",
		Long: `Make a prompt that works, to begin with: a description, inputs, a sample and a
text. --template says which one, the first if it is not given:

` + kinds.String() + `
--from takes another prompt's text, tags and metadata instead. With --edit the
editor that VISUAL or EDITOR name is opened first; what is saved in it is the
prompt. A name that there is already is refused.`,
		Example: `  prompty new support/refund
  prompty new partials/legal --template partial --edit
  prompty new support/refund-de --from support/refund`,
		Args:              wantArgs(1, 1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "template", "from"); err != nil {
				return err
			}
			flags.conditional = true // base 0: it is to be new
			return a.new(cmd.Context(), args[0], &flags)
		}),
	}
	f := cmd.Flags()
	f.StringVarP(&flags.template, "template", "t", skeletons[0].name, "`KIND` to begin with: "+strings.Join(skeletonNames(), ", "))
	f.Lookup("template").DefValue = "" // the help says it
	f.StringVar(&flags.from, "from", "", "begin with a copy of the prompt `NAME` or NAME@VERSION")
	f.BoolVarP(&flags.edit, "edit", "e", false, "open the editor first")
	f.StringVar(&flags.by, "by", "", "who makes it: `AUTHOR`")
	messageFlag(cmd, &flags.message)
	f.BoolVar(&flags.json, "json", false, "print JSON")
	completeWords(cmd, "template", skeletonNames()...)
	_ = cmd.RegisterFlagCompletionFunc("from", func(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		return a.completeNames(cmd, nil, toComplete)
	})
	return cmd
}

func (a *app) new(ctx context.Context, arg string, flags *newFlags) error {
	name, err := newName(arg)
	if err != nil {
		return err
	}
	text, use, err := skeletonOf(flags.template)
	if err != nil {
		return err
	}
	if ctx, err = a.withMessage(ctx, flags.message); err != nil {
		return err
	}
	// A copy needs what it copies, so the place is there already.
	return a.withStorage(flags.from == "", func(s prompty.TemplateStorage) error {
		if err := refuseExisting(ctx, s, name); err != nil {
			return err
		}
		if flags.from != "" {
			if text, err = copyOf(ctx, s, flags.from); err != nil {
				return err
			}
			use = ""
		}
		t, err := a.saveNew(ctx, s, name, text, flags)
		if err != nil {
			return err
		}
		return a.printNew(ctx, s, t, use, flags)
	})
}

// newName is a name for a prompt, without an extension.
func newName(arg string) (string, error) {
	name, err := bareName("new", arg)
	if err != nil {
		return "", err
	}
	if isPath(name) {
		return "", pathNoName(name, "prompty new %s")
	}
	if bare := strings.TrimSuffix(name, promptfile.DefaultExt); bare != name {
		return "", usage(fmt.Errorf("%q ends in an extension, which names do not have", name), "name it "+bare)
	}
	return name, prompty.CheckName(name)
}

// pathNoName refuses a path as the name of a prompt that is to be saved.
func pathNoName(arg, example string) error {
	hint := "the storage says where its file is"
	if bare := strings.TrimSuffix(path.Base(filepath.ToSlash(arg)), promptfile.DefaultExt); prompty.CheckName(bare) == nil {
		hint += "; for example: " + fmt.Sprintf(example, shellWord(bare))
	}
	return usage(fmt.Errorf("%q is a path, and a prompt has a name", arg), hint)
}

func skeletonOf(kind string) (text, use string, err error) {
	for _, s := range skeletons {
		if s.name == kind {
			return skeletonText("new/" + kind + promptfile.DefaultExt), s.use, nil
		}
	}
	names := skeletonNames()
	return "", "", usage(fmt.Errorf("there is no template %q", kind), withGuess(kind, names, "there are "+strings.Join(names, ", ")))
}

// refuseExisting keeps people from writing a text in the editor for nothing.
func refuseExisting(ctx context.Context, s prompty.TemplateStorage, name string) error {
	versions, err := s.ListVersions(ctx, name)
	if err != nil || len(versions) == 0 {
		return err
	}
	return withHint(&prompty.StorageError{Op: "new", Name: name, Err: &prompty.ConflictError{Latest: versions[0]}},
		fmt.Sprintf("choose another name; `prompty show %s` prints it, `prompty save %s FILE` saves its next version", shellWord(name), shellWord(name)))
}

// copyOf is a prompt as a file.
func copyOf(ctx context.Context, s prompty.TemplateStorage, from string) (string, error) {
	ref, err := parseRef(from)
	if err != nil {
		return "", err
	}
	t, err := get(ctx, s, ref)
	if err != nil {
		return "", err
	}
	t.CreatedBy = ""
	return fileText(s, t), nil
}

func (a *app) saveNew(ctx context.Context, s prompty.TemplateStorage, name, text string, flags *newFlags) (*prompty.StoredTemplate, error) {
	shown := name // what its errors call it
	var written *draft
	if flags.edit {
		d, err := a.edit(ctx, path.Base(name)+promptfile.DefaultExt, text)
		if err != nil {
			return nil, err
		}
		written, shown, text = d, d.path, d.text
	}
	t, err := template(name, shown, []byte(text), &flags.saveFlags)
	if err == nil {
		err = prompty.CheckTemplate(t)
	}
	if err == nil {
		err = a.store(ctx, s, t, shown, text, &flags.saveFlags)
	}
	switch {
	case written == nil:
		return t, err
	case err != nil:
		return nil, written.kept(err, fmt.Sprintf("mend it, then: prompty save %s %s", shellWord(name), shellWord(written.path)))
	}
	written.discard()
	return t, nil
}

// printNew says where the prompt is and what to do with it.
func (a *app) printNew(ctx context.Context, s prompty.TemplateStorage, t *prompty.StoredTemplate, use string, flags *newFlags) error {
	file := fileOf(ctx, s, t)
	if flags.json {
		return a.printJSON(made{savedAs(t), file})
	}
	name := shellWord(t.Name)
	fmt.Fprintf(&a.out, "made %s", printable(refOf(t, true)))
	if file != "" {
		fmt.Fprintf(&a.out, " in %s", printable(file))
	}
	next := "\n\nNext:\n"
	if file != "" && !flags.edit {
		next = "\n\nNext, write your text there:\n"
	}
	a.out.WriteString(next)
	if use == "" {
		fmt.Fprintf(&a.out, "  prompty render %s\n  prompty lint %s\n", name, name)
		return nil
	}
	fmt.Fprintf(&a.out, "  prompty lint %s\nand in the prompts that use it:\n  "+use+"\n", name, printable(t.Name))
	return nil
}

// fileOf is the file in which a prompt's latest version is edited; "" if it
// stands in none.
func fileOf(ctx context.Context, s prompty.TemplateStorage, t *prompty.StoredTemplate) string {
	l, ok := prompty.As[prompty.Locator](s)
	if !ok {
		return ""
	}
	file, _, err := l.Locate(ctx, t.Name, t.Version, 1)
	if err != nil || !isFile(file) {
		return ""
	}
	if near, err := relative(".", file); err == nil && len(near) < len(file) {
		return near
	}
	return file
}
