package cli

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
)

// completionTime is how long a shell waits for the names that it asked for.
const completionTime = 2 * time.Second

// completeNames completes NAME, NAME@VERSION and, for what starts like a path,
// files. It is the ValidArgsFunction of every verb that takes names, as many as
// its Args allow. A storage that can't be read completes nothing, in silence.
func (a *app) completeNames(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if isPath(toComplete) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if cmd.Args(cmd, append(slices.Clone(args), toComplete)) != nil { // too many
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	if name, _, ok := strings.Cut(toComplete, "@"); ok && name != "" {
		return a.complete(cmd, func(ctx context.Context, s prompty.TemplateStorage) ([]string, error) {
			return completeVersions(ctx, s, name, name+"@")
		}, args, toComplete)
	}
	return a.complete(cmd, func(ctx context.Context, s prompty.TemplateStorage) ([]string, error) {
		list, err := s.List(ctx, &prompty.TemplateQuery{NamePrefix: toComplete})
		var found []string
		for _, t := range list {
			found = append(found, candidate(t.Name, summary(description(t))))
		}
		return found, err
	}, args, toComplete)
}

// completeNameFile completes NAME, then files.
func (a *app) completeNameFile(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 1 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return a.completeNames(cmd, args, toComplete)
}

// completeNameVersion completes NAME, then bare numbers of versions.
func (a *app) completeNameVersion(cmd *cobra.Command, args []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return a.completeNames(cmd, args, toComplete)
	}
	if cmd.Args(cmd, append(slices.Clone(args), toComplete)) != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.complete(cmd, func(ctx context.Context, s prompty.TemplateStorage) ([]string, error) {
		return completeVersions(ctx, s, args[0], "")
	}, nil, toComplete)
}

// completeVersions are the versions of a prompt, the newest first.
func completeVersions(ctx context.Context, s prompty.TemplateStorage, name, before string) ([]string, error) {
	list, err := prompty.History(ctx, s, name)
	var found []string
	for _, h := range list {
		what := strings.TrimSpace(clock(h.Time) + " " + h.Author)
		found = append(found, candidate(before+strconv.Itoa(h.Version), what+" "+summary(h.Message)))
	}
	return found, err
}

// completeFields completes a flag with what prompts have in a field.
func (a *app) completeFields(of func(*prompty.StoredTemplate) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		return a.complete(cmd, func(ctx context.Context, s prompty.TemplateStorage) ([]string, error) {
			list, err := s.List(ctx, nil)
			words := make(map[string]bool)
			for _, t := range list {
				for _, w := range of(t) {
					words[w] = true
				}
			}
			return slices.Sorted(maps.Keys(words)), err
		}, nil, toComplete)
	}
}

// complete asks the storage for candidates, in the order in which shells are to
// show them. What stands on the command line already is none.
func (a *app) complete(cmd *cobra.Command, ask func(context.Context, prompty.TemplateStorage) ([]string, error), given []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	answer := make(chan []string, 1)
	own := *a   // it may be left behind
	go func() { // opening a database that does not answer takes longer than a shell waits
		var found []string
		err := own.withStorage(false, func(s prompty.TemplateStorage) (err error) {
			found, err = ask(ctx, s)
			return err
		})
		if err != nil {
			found = nil
		}
		answer <- found
	}()
	var found []string
	select {
	case found = <-answer:
	case <-ctx.Done():
	}
	found = slices.DeleteFunc(found, func(c string) bool {
		word, _, _ := strings.Cut(c, "\t")
		return word == "" || !strings.HasPrefix(word, toComplete) || slices.Contains(given, word)
	})
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// candidate is a word with what shells show beside it.
func candidate(word, what string) string {
	if what = strings.TrimSpace(printable(what)); what == "" {
		return word
	}
	return word + "\t" + what
}

// completeWords completes a flag with words that never change.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails for unknown flags alone
}

// completeStorage completes --storage: drivers, and folders.
func completeStorage(_ *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	var found []string
	for _, d := range prompty.ListStorageDrivers() {
		if d += ":"; strings.HasPrefix(d, toComplete) && d != "memory:" {
			found = append(found, d)
		}
	}
	if toComplete == "" || len(found) > 0 {
		return found, cobra.ShellCompDirectiveNoSpace
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// Our own scripts for three shells: cobra's evaluate the line that a Tab is
// pressed on, and bash's breaks NAME@VERSION apart.
//
//go:embed completion.bash completion.zsh completion.fish
var completionScripts embed.FS

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Make the Tab key complete names, verbs and flags",
		Long: `Print a script for a shell by which the Tab key completes verbs, flags, names
of prompts (NAME@ their versions), tags, authors and drivers.

  bash        in ~/.bashrc:      eval "$(prompty completion bash)"
  zsh         in ~/.zshrc:       source <(prompty completion zsh)
              after autoload -U compinit && compinit
  fish        once:
              prompty completion fish > ~/.config/fish/completions/prompty.fish
  powershell  in $PROFILE:
              prompty completion powershell | Out-String | Invoke-Expression`,
		Example: `  eval "$(prompty completion bash)"`,
		Args:    wantArgs(1, 1), ValidArgs: shells,
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "powershell":
				return cmd.Root().GenPowerShellCompletionWithDesc(&a.out)
			case "bash", "zsh", "fish":
				script, err := completionScripts.ReadFile("completion." + args[0])
				a.out.Write(script)
				return err
			}
			return usage(fmt.Errorf("no completion for the shell %q", args[0]), withGuess(args[0], shells, "there is one for "+strings.Join(shells, ", ")))
		}),
	}
}
