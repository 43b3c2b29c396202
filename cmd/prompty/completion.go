package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// completionTime is how long a shell waits for the names that it asked for.
const completionTime = 2 * time.Second

// completeNames completes NAME, NAME@VERSION and, for what starts like a path,
// files. It is the ValidArgsFunction of every verb that takes names: of the
// first argument, or of each where the usage line ends in "...". A storage that
// can't be read completes nothing, in silence.
func (a *app) completeNames(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	if isPath(toComplete) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if len(args) > 0 && !strings.Contains(cmd.Use, "...") {
		return nil, nothing
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	var found []string
	err := a.withStorage(false, func(s prompty.TemplateStorage) (err error) {
		if name, _, ok := strings.Cut(toComplete, "@"); ok && name != "" {
			found, err = completeVersions(ctx, s, name)
			return err
		}
		found, err = completeWholeNames(ctx, s, toComplete)
		return err
	})
	if err != nil {
		return nil, nothing
	}
	return slices.DeleteFunc(found, func(c string) bool {
		word, _, _ := strings.Cut(c, "\t")
		return !strings.HasPrefix(word, toComplete) || slices.Contains(args, word)
	}), nothing
}

func completeWholeNames(ctx context.Context, s prompty.TemplateStorage, prefix string) ([]string, error) {
	list, err := s.List(ctx, &prompty.TemplateQuery{NamePrefix: prefix})
	var found []string
	for _, t := range list {
		found = append(found, described(t.Name, summary(description(t))))
	}
	return found, err
}

func completeVersions(ctx context.Context, s prompty.TemplateStorage, name string) ([]string, error) {
	list, err := prompty.History(ctx, s, name)
	var found []string
	for _, h := range list {
		what := strings.TrimSpace(clock(h.Time) + " " + h.Author + " " + summary(h.Message))
		found = append(found, described(engine.Ref{Name: name, Version: h.Version}.String(), what))
	}
	return found, err
}

// described is a candidate with what shells show beside it.
func described(word, what string) string {
	if what = printable(what); what == "" {
		return word
	}
	return word + "\t" + what
}

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print a script that makes the Tab key complete names, verbs and flags",
		Args:      wantArgs(1, 1),
		ValidArgs: shells,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(&a.out, true)
			case "zsh":
				return root.GenZshCompletion(&a.out)
			case "fish":
				return root.GenFishCompletion(&a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(&a.out)
			}
			return usage(fmt.Errorf("no completion for the shell %q", args[0]), withGuess(args[0], shells, "there is one for "+strings.Join(shells, ", ")))
		}),
	}
}
