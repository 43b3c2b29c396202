package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

func (a *app) rmCommand() *cobra.Command {
	var message string
	cmd := &cobra.Command{
		Use:   "rm NAME[@VERSION]...",
		Short: "Remove prompts or versions of them",
		Long: `Remove prompts with all their versions (NAME), or single versions
(NAME@VERSION). Without its latest version a prompt shows the one before it.

It does not ask. All names are looked up first; if one is missing, nothing is
removed. A number that was removed is never given out again. In a Git repository
each removal is a commit.`,
		Example: `  prompty rm support/old
  prompty rm greeting@3 greeting@4`,
		Args: wantArgs(1, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			refs, err := parseRefs(args)
			if err != nil {
				return err
			}
			// A version of what goes as a whole need not go before.
			refs = slices.DeleteFunc(refs, func(r engine.Ref) bool {
				return r.Version != 0 && slices.Contains(refs, engine.Ref{Name: r.Name})
			})
			ctx, err := a.withMessage(cmd.Context(), message)
			if err != nil {
				return err
			}
			return a.withStorage(false, func(s prompty.TemplateStorage) error {
				return a.remove(ctx, s, refs)
			})
		}),
	}
	messageFlag(cmd, &message)
	return cmd
}

func (a *app) remove(ctx context.Context, s prompty.TemplateStorage, refs []engine.Ref) error {
	had := make(map[engine.Ref]string)
	for _, ref := range refs {
		if _, err := get(ctx, s, ref); err != nil {
			return err
		}
		if ref.Version == 0 {
			versions, err := s.ListVersions(ctx, ref.Name)
			if err != nil {
				return err
			}
			had[ref] = fmt.Sprintf(" (%s)", count(len(versions), "version"))
		}
	}
	for i, ref := range refs {
		err := removeOne(ctx, s, ref)
		if err != nil {
			for _, gone := range refs[:i] {
				a.warn("removed %s%s, then:", gone, had[gone])
			}
			return err
		}
		fmt.Fprintf(&a.out, "removed %s%s\n", printable(ref.String()), had[ref])
	}
	return nil
}

func removeOne(ctx context.Context, s prompty.TemplateStorage, ref engine.Ref) error {
	if ref.Version == 0 {
		return s.Delete(ctx, ref.Name)
	}
	return s.DeleteVersion(ctx, ref.Name, ref.Version)
}

// count is "1 version", "2 versions".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
