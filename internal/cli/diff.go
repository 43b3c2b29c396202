package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/diff"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

const diffHelp = `Show what changed, as show prints prompts, in the unified format.

  diff NAME           from the version before the latest to the latest
  diff NAME A B       from A to B; A..B means the same
  diff NAME A         from A to the latest
  diff A..B           of every prompt; a side left empty is what the storage shows

A and B are versions (3) or, where the storage is a Git repository, revisions:
branches, tags, commits or abbreviations of them, main~2 (a number of up to six
digits is a version; heads/3 is the branch). A version is that of the storage's
own branch. Who saved a version is no difference; log tells it.

On a terminal the words that changed within lines stand out, unless NO_COLOR is
set. It is no failure if there are differences; with --exit-code the exit code
is then 1, as it is for a failure, but the differences are printed.`

type diffFlags struct {
	names, asJSON   bool
	failIfDifferent bool
}

// difference is what changed in one prompt.
type difference struct {
	Name       string     `json:"name"`
	Kind       string     `json:"kind"` // created, changed, deleted, or same
	Old        *textState `json:"old"`  // null if created
	New        *textState `json:"new"`  // null if deleted
	diff.Lines            // of what show prints, without created_by

	oldLabel, newLabel string // the sides, for people
}

// textState says where one side of a difference comes from.
type textState struct {
	ID       prompty.TemplateID `json:"id"`
	Version  int                `json:"version"`
	Revision string             `json:"revision,omitempty"` // as it was given; absent for the storage's own state
}

const same = "same"

func (a *app) diffCommand() *cobra.Command {
	var flags diffFlags
	cmd := &cobra.Command{
		Use:   "diff NAME|A..B [A [B]]",
		Short: "Show what changed between versions or revisions",
		Long:  diffHelp,
		Example: `  prompty diff support/refund
  prompty diff support/refund 3..5
  prompty -s git:. diff support/refund v1.2 main
  prompty -s git:. diff main..feature
  prompty -s git:. diff main..feature --names`,
		Args:              wantArgs(1, 3),
		ValidArgsFunction: a.completeNameVersion,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "names", "json"); err != nil {
				return err
			}
			job := &comparison{app: a, flags: &flags, color: a.colour(a.stdout)}
			if err := job.parse(args); err != nil {
				return err
			}
			return a.withStorage(false, func(s prompty.TemplateStorage) error {
				return job.run(cmd.Context(), s)
			})
		}),
	}
	f := cmd.Flags()
	f.BoolVar(&flags.names, "names", false, "print the names of the prompts that differ, one a line")
	f.BoolVar(&flags.failIfDifferent, "exit-code", false, "make the exit code 1 if there are differences")
	f.BoolVar(&flags.asJSON, "json", false, "print JSON: an object for NAME, an array for A..B")
	return cmd
}

// comparison is one run of diff.
type comparison struct {
	app   *app
	flags *diffFlags
	color bool

	name      string   // "" for every prompt
	steps     bool     // the latest version and the one before, whatever their numbers
	from, to  endpoint // unless steps
	maybeName string   // an A..B that could be a prompt's name, too
}

func (c *comparison) run(ctx context.Context, s prompty.TemplateStorage) error {
	if c.maybeName != "" {
		if found, err := s.Exists(ctx, c.maybeName); err == nil && found {
			c.name, c.steps = c.maybeName, true
		}
	}
	if c.name == "" {
		list, err := c.all(ctx, s)
		if err != nil {
			return err
		}
		return c.print(list)
	}
	if strings.Contains(c.name, "..") && !c.steps {
		if found, err := s.Exists(ctx, c.name); err == nil && !found {
			return usage(fmt.Errorf("%q is no prompt", c.name), "the name comes first: prompty diff NAME "+c.name)
		}
	}
	before, after, err := c.one(ctx, s)
	if err != nil && isPath(c.name) {
		return missingHint(ctx, s, c.name, err)
	}
	if err != nil {
		return c.rangeHint(ctx, s, err)
	}
	return c.print([]*difference{compare(before, after)})
}

// text is one side of a comparison; nil where there is no such prompt.
type text struct {
	*prompty.StoredTemplate
	revision string
}

// label names the side to people.
func (t *text) label() string {
	switch {
	case t == nil:
		return "/dev/null"
	case t.revision != "":
		return printable(t.revision + ":" + t.Name)
	}
	return printable(refOf(t.StoredTemplate, true))
}

func (t *text) state() *textState {
	if t == nil {
		return nil
	}
	return &textState{t.ID, t.Version, t.revision}
}

// shown is what is compared: the prompt as show prints it, but for its author.
func (t *text) shown() string {
	if t == nil {
		return ""
	}
	return string(promptfile.Encode(nil, t.Source, promptfile.Fields{Tags: t.Tags, Metadata: t.Metadata, TenantID: t.TenantID}))
}

// one returns the two sides of a named prompt.
func (c *comparison) one(ctx context.Context, s prompty.TemplateStorage) (before, after *text, err error) {
	if c.steps {
		return lastStep(ctx, s, c.name)
	}
	if before, err = c.side(ctx, s, c.from); err == nil {
		after, err = c.side(ctx, s, c.to)
	}
	if err == nil && before == nil && after == nil {
		err = missingHint(ctx, s, c.name, prompty.NewStorageTemplateNotFoundError(c.name))
	}
	return before, after, err
}

// rangeHint is for who gives revisions where a name is wanted.
func (c *comparison) rangeHint(ctx context.Context, s prompty.TemplateStorage, err error) error {
	if !errors.Is(err, prompty.ErrTemplateNotFound) || errors.Is(err, prompty.ErrVersionNotFound) ||
		c.from.version > 0 || c.to != (endpoint{}) || !isRevision(ctx, s, c.name) {
		return err
	}
	return withHint(err, fmt.Sprintf("`prompty diff %s` compares all prompts of two revisions", shellWord(c.name+".."+c.from.revision)))
}

// lastStep returns the latest version and the one before it, nil if there is
// none.
func lastStep(ctx context.Context, s prompty.TemplateStorage, name string) (before, after *text, err error) {
	versions, err := s.ListVersions(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	ref := engine.Ref{Name: name} // for its error, if there are no versions
	if len(versions) > 0 {
		ref.Version = versions[0]
	}
	t, err := get(ctx, s, ref)
	if err != nil {
		return nil, nil, err
	}
	after = &text{StoredTemplate: t}
	if len(versions) > 1 {
		if t, err = get(ctx, s, engine.Ref{Name: name, Version: versions[1]}); err != nil {
			return nil, nil, err
		}
		before = &text{StoredTemplate: t}
	}
	return before, after, nil
}

// side reads one side of a named prompt. That a revision has no such prompt is
// no error, a missing version is.
func (c *comparison) side(ctx context.Context, s prompty.TemplateStorage, e endpoint) (side *text, err error) {
	if e.version > 0 {
		t, err := get(ctx, s, engine.Ref{Name: c.name, Version: e.version})
		return &text{StoredTemplate: t}, err
	}
	err = at(ctx, s, e, func(s prompty.TemplateStorage) error {
		t, err := s.Get(ctx, c.name)
		if errors.Is(err, prompty.ErrTemplateNotFound) {
			return nil
		}
		side = &text{t, e.revision}
		return err
	})
	return side, err
}

// all compares every prompt of two states.
func (c *comparison) all(ctx context.Context, s prompty.TemplateStorage) ([]*difference, error) {
	type pair struct{ before, after *text }
	pairs := make(map[string]*pair)
	odd := make(map[string]bool) // what cannot be compared, or not well; often the same on both sides
	read := func(e endpoint, put func(*pair, *text)) error {
		return at(ctx, s, e, func(s prompty.TemplateStorage) error {
			list, err := s.List(ctx, nil)
			if err != nil {
				return err
			}
			found, err := problems(ctx, s)
			if err != nil {
				return err
			}
			for _, p := range found {
				odd[p] = true
			}
			for _, t := range list {
				if pairs[t.Name] == nil {
					pairs[t.Name] = new(pair)
				}
				put(pairs[t.Name], &text{t, e.revision})
			}
			return nil
		})
	}
	if err := read(c.from, func(p *pair, t *text) { p.before = t }); err != nil {
		return nil, err
	}
	if err := read(c.to, func(p *pair, t *text) { p.after = t }); err != nil {
		return nil, err
	}
	c.app.warnOf(slices.Sorted(maps.Keys(odd)))
	list := []*difference{}
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		if d := compare(pairs[name].before, pairs[name].after); d.Kind != same {
			list = append(list, d)
		}
	}
	return list, nil
}

func compare(before, after *text) *difference {
	d := &difference{Old: before.state(), New: after.state(), oldLabel: before.label(), newLabel: after.label()}
	if before != nil && after != nil && before.ID == after.ID && after.ID != "" {
		d.Name, d.Kind = after.Name, same
		return d
	}
	old, new := before.shown(), after.shown()
	switch {
	case before == nil:
		d.Name, d.Kind = after.Name, string(prompty.Created)
	case after == nil:
		d.Name, d.Kind = before.Name, string(prompty.Deleted)
	case old == new:
		d.Name, d.Kind = after.Name, same
	default:
		d.Name, d.Kind = after.Name, string(prompty.Changed)
	}
	d.Lines = diff.Compare(old, new)
	return d
}
