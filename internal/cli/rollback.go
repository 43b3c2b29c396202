package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/gitstore"
)

type rollbackFlags struct {
	saveFlags
	dryRun bool
}

// rolledBack is the output of rollback --json.
type rolledBack struct {
	saved
	From  int  `json:"from_version"` // whose text it has
	Saved bool `json:"saved"`        // false: the latest version has that text already, or it was a dry run
}

func (a *app) rollbackCommand() *cobra.Command {
	var flags rollbackFlags
	cmd := &cobra.Command{
		Use:   "rollback NAME VERSION",
		Short: "Make an old version the latest again",
		Long: `Save the text, tags and metadata of an old version as a new one. Nothing is
lost: the versions between stay, and rolling back can be rolled back. NAME@2 is
NAME 2.

If the latest version is like it already, nothing is saved. A version that has
errors by now is not saved, unless --no-validate is given. With --dry-run it
shows what would change.`,
		Example: `  prompty rollback support/refund 2
  prompty rollback support/refund@2 --dry-run
  prompty -s git:. rollback support/refund 2 -m 'Customers liked it'`,
		Args:              wantArgs(1, 2),
		ValidArgsFunction: a.completeNameVersion,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			flags.conditional = cmd.Flags().Changed("if-version")
			if flags.conditional && flags.base < 1 {
				return usage(errors.New("--if-version has to be a version"), "versions are 1, 2, 3 …")
			}
			ref, err := rollbackRef(args)
			if err != nil {
				return err
			}
			ctx, err := a.withMessage(cmd.Context(), flags.message)
			if err != nil {
				return err
			}
			return a.withStorage(false, func(s prompty.TemplateStorage) error {
				return a.rollback(ctx, s, ref, &flags)
			})
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&flags.dryRun, "dry-run", "n", false, "show what would change, and save nothing")
	f.StringVar(&flags.by, "by", "", "who does it: `AUTHOR`")
	messageFlag(cmd, &flags.message)
	f.IntVar(&flags.base, "if-version", 0, "do it only if `N` is the latest version")
	f.BoolVar(&flags.unchecked, "no-validate", false, "save it whether it has errors or not")
	f.BoolVar(&flags.json, "json", false, "print JSON")
	return cmd
}

// rollbackRef reads NAME VERSION or NAME@VERSION.
func rollbackRef(args []string) (engine.Ref, error) {
	ref, err := parseRef(args[0])
	switch {
	case err != nil:
		return ref, err
	case len(args) == 1 && ref.Version == 0:
		return ref, usage(errors.New("rollback needs a version to go back to"), fmt.Sprintf("`prompty log %s` shows the versions there are", shellWord(ref.Name)))
	case len(args) == 1:
		return ref, nil
	case ref.Version != 0:
		return ref, usage(fmt.Errorf("%q and %q are two versions", args[0], args[1]), "give one")
	}
	v, err := strconv.Atoi(args[1])
	if err != nil || v < 1 {
		return ref, usage(fmt.Errorf("%q is no version; versions are 1, 2, 3 …", args[1]), fmt.Sprintf("`prompty log %s` shows the versions there are", shellWord(ref.Name)))
	}
	ref.Version = v
	return ref, nil
}

func (a *app) rollback(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref, flags *rollbackFlags) error {
	latest, err := get(ctx, s, engine.Ref{Name: ref.Name})
	if err != nil {
		return err
	}
	old, err := get(ctx, s, ref)
	if err != nil {
		return err
	}
	if flags.conditional && latest.Version != flags.base {
		return withHint(&prompty.StorageError{Op: "rollback", Name: ref.Name, Err: &prompty.ConflictError{Base: flags.base, Latest: latest.Version}},
			fmt.Sprintf("`prompty log %s` shows what has changed; if it is to go, --if-version %d", shellWord(ref.Name), latest.Version))
	}
	changes := compare(&text{StoredTemplate: latest}, &text{StoredTemplate: old})
	if changes.Kind == same {
		if flags.json {
			return a.printJSON(rolledBack{savedAs(latest), ref.Version, false})
		}
		fmt.Fprintf(&a.out, "%s is like version %d already; nothing is saved\n", printable(refOf(latest, true)), ref.Version)
		return nil
	}
	if flags.dryRun {
		if flags.json {
			return a.printJSON(rolledBack{savedAs(latest), ref.Version, false})
		}
		return (&comparison{app: a, flags: &diffFlags{}, color: a.colour(a.stdout)}).print([]*difference{changes})
	}
	if _, commits := prompty.As[reviser](s); commits && flags.message == "" {
		ctx = gitstore.WithCommit(ctx, gitstore.Commit{Message: fmt.Sprintf("Roll back %s to version %d", ref.Name, ref.Version)})
	}
	shown := parseText(s, old)
	old.CreatedBy = flags.by
	if err := a.store(ctx, s, old, ref.String(), shown, &flags.saveFlags); err != nil {
		return err
	}
	if flags.json {
		return a.printJSON(rolledBack{savedAs(old), ref.Version, true})
	}
	fmt.Fprintf(&a.out, "%s is version %d again\n", printable(refOf(old, true)), ref.Version)
	return nil
}
