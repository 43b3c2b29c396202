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
)

const watchHelp = `Tell of every change of the prompts named, of those in a folder (support/), or
of all, as it happens, whoever made it: an editor, git, another program. Ctrl-C
ends it.

What changed together is one batch: its time, then + created, ~ changed and
- deleted prompts, one a line. "everything may have changed" is what a rewritten
history or events that the system lost amount to. A prompt counts as changed if
its own text did; what includes it does not.
With --json each batch is an object on a line of its own.

--exec runs a command by the shell after each batch, one at a time; what changes
meanwhile is one batch for the next run. Its exit code is told and ends nothing.
It has no input, and in its environment, names one a line:
  PROMPTY_CREATED, PROMPTY_CHANGED, PROMPTY_DELETED
  PROMPTY_NAMES       all three together, sorted
  PROMPTY_NAMES_FILE  a file with PROMPTY_NAMES, there until the command ends
  PROMPTY_ALL         1 if everything may have changed, else empty
  PROMPTY_REVISION    the storage's state, if it has a name for that
  PROMPTY_STORAGE     the storage that is watched
More names than an environment holds (32,000 bytes of them) are in the file
alone: the lists are then empty and PROMPTY_ALL is 1. If everything may really
have changed, there is no PROMPTY_NAMES_FILE. What the command leaves in the
background ends with it, unless it was started by setsid. With --json its output
goes to standard error.

How changes are found out, and where they come late (network folders, limits of
the system), is told on standard error.`

type watchFlags struct {
	asJSON bool
	exec   string
}

func (a *app) watchCommand() *cobra.Command {
	var flags watchFlags
	cmd := &cobra.Command{
		Use:   "watch [NAME|FOLDER/]...",
		Short: "Tell of changes as they happen",
		Long:  watchHelp,
		Example: `  prompty watch
  prompty watch support/ --json | jq -c '.changes[]?'
  prompty watch --exec 'prompty lint'
  prompty watch support/ --exec 'for n in $PROMPTY_NAMES; do make "out/$n"; done'`,
		Args: wantArgs(0, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if flags.exec == "" && cmd.Flags().Changed("exec") {
				return usage(errors.New("--exec has no command"), "")
			}
			return a.watch(cmd.Context(), args, &flags)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&flags.exec, "exec", "", "run `COMMAND` by the shell after each batch")
	f.BoolVar(&flags.asJSON, "json", false, "print JSON, one batch a line")
	return cmd
}

func (a *app) watch(ctx context.Context, args []string, flags *watchFlags) error {
	names, err := parseScope(args)
	if err != nil {
		return err
	}
	var runner *runner
	if flags.exec != "" {
		if runner, err = a.newRunner(flags.exec, flags.asJSON); err != nil {
			return err
		}
	}
	return a.withStorage(false, func(s prompty.TemplateStorage) error {
		ctx, stop := untilEnded(ctx)
		defer stop()
		ctx, stop = a.readerLeft(ctx)
		defer stop()
		return ended(ctx, a.watchStorage(ctx, s, names, &batchPrinter{app: a, asJSON: flags.asJSON, color: a.colour(a.stdout)}, runner))
	})
}

// watchStorage hands each batch to the printer, then to the runner, if there
// is one.
func (a *app) watchStorage(ctx context.Context, s prompty.TemplateStorage, names scope, p *batchPrinter, r *runner) error {
	f, err := follow(ctx, s)
	if err != nil {
		return err
	}
	defer f.close()
	a.warnOfMissing(ctx, s, names)
	where, err := a.where()
	if err != nil {
		return err
	}
	a.warn("watching %s", withoutSecrets(where))
	var health watchHealth
	for {
		b, err := f.next(ctx)
		if err != nil {
			return err
		}
		a.tellHealth(&health, healthOf(b.Watch, health))
		if b = names.of(b); len(b.Changes) == 0 && !b.All && (b.Watch == nil || !p.asJSON) {
			continue
		}
		if err := p.print(b); err != nil {
			return err
		}
		if r != nil && (len(b.Changes) > 0 || b.All) {
			if err := r.run(ctx, b); err != nil {
				return err
			}
		}
	}
}

// scope is the prompts that somebody asked for: names, and folders that end in
// a slash. Empty is all.
type scope []string

func parseScope(args []string) (scope, error) {
	for _, arg := range args {
		ref, err := bareName("watch", arg)
		if err == nil && isPath(arg) {
			err = usage(fmt.Errorf("watch takes names, and %q is a path", arg), "--storage "+shellWord(arg)+" watches a folder; `prompty render "+shellWord(arg)+" --watch` a file")
		}
		if err == nil {
			err = prompty.CheckName(strings.TrimSuffix(ref, "/"))
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

func (s scope) has(name string) bool {
	return len(s) == 0 || slices.ContainsFunc(s, func(wanted string) bool {
		return name == wanted || strings.HasSuffix(wanted, "/") && strings.HasPrefix(name, wanted)
	})
}

// of is what a batch says about the scope.
func (s scope) of(b prompty.ChangeBatch) prompty.ChangeBatch {
	var kept []prompty.Change
	for _, c := range b.Changes {
		if s.has(c.Name) {
			kept = append(kept, c)
		}
	}
	b.Changes = kept
	return b
}

// warnOfMissing tells of names that may be misspelt. They are watched all the
// same: somebody may be about to create them.
func (a *app) warnOfMissing(ctx context.Context, s prompty.TemplateStorage, names scope) {
	for _, name := range names {
		list, err := s.List(ctx, nil)
		if err != nil || slices.ContainsFunc(list, func(t *prompty.StoredTemplate) bool { return scope{name}.has(t.Name) }) {
			continue
		}
		note := fmt.Sprintf("note: there is no %s yet", name)
		if found := nearest(name, slices.Sorted(maps.Keys(nameStarts(list)))); len(found) > 0 {
			note += "; " + didYouMean(found)
		}
		a.warn("%s", note)
	}
}

// watchHealth is what was told last of how changes are found out.
type watchHealth struct{ degraded, lastError string }

// healthOf is what to tell of a status; as before if there is none.
func healthOf(s *prompty.WatchStatus, before watchHealth) watchHealth {
	if s == nil {
		return before
	}
	return watchHealth{s.Degraded, s.LastError}
}

// tellHealth tells of news about how changes are found out, if there are any.
func (a *app) tellHealth(told *watchHealth, now watchHealth) {
	switch {
	case now.degraded == told.degraded:
	case now.degraded != "":
		a.warn("warning: changes may come late: %s", now.degraded)
	default:
		a.warn("changes come at once again")
	}
	if now.lastError != "" && now.lastError != told.lastError {
		a.warn("warning: %s", now.lastError)
	}
	*told = now
}
