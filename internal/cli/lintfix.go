package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

// checkFix refuses to mend what cannot be written.
func (flags *lintFlags) checkFix(args []string) error {
	switch {
	case flags.dryRun && !flags.fix:
		return usage(errors.New("--dry-run goes with --fix"), "")
	case flags.dryRun && flags.format != "text":
		return usage(errors.New("--dry-run prints a diff, which goes with no other --format"), "")
	case flags.fix && slices.Contains(args, "-"):
		return usage(errors.New("--fix writes into prompts and files, and - is neither"), "")
	}
	if !flags.fix {
		return nil
	}
	for _, arg := range args {
		if isPath(arg) {
			continue
		}
		if _, err := bareName("lint --fix", arg); err != nil {
			return err
		}
	}
	return nil
}

// fixed is something that --fix has mended.
type fixed struct {
	name  string
	issue engine.Issue
}

// fixAll mends what can be mended without a doubt, and returns the texts as they
// are then. A stored prompt is saved only if it is without errors.
func (a *app) fixAll(ctx context.Context, s prompty.TemplateStorage, list []suspect, flags *lintFlags) ([]fixed, error) {
	e := engine.MustNew(engine.Config{})
	var done []fixed
	for i := range list {
		x := &list[i]
		if notText(x.name, x.text) != nil {
			continue
		}
		text, mended := e.Fix(x.name, x.text)
		if len(mended) == 0 {
			continue
		}
		r := &rewrite{name: x.name, old: x.text, new: text, stored: x.stored}
		if x.stored != nil {
			if _, err := e.Parse(x.name, text); err != nil {
				continue
			}
			r.old = x.stored.Source
			r.new, _ = e.Fix(x.name, r.old)
		}
		if flags.dryRun {
			a.printDiff(r)
		} else if t, err := a.write(ctx, s, r, "Fix "+x.name); errors.Is(err, prompty.ErrConflict) {
			a.warn("%s", err) // what is wrong is told as ever
			continue
		} else if err != nil {
			return done, err
		} else if x.text = text; t != nil {
			x.stored, x.text = t, parseText(s, t)
		}
		for _, issue := range mended {
			done = append(done, fixed{x.name, issue})
		}
	}
	return done, nil
}

// printFixed tells what was mended, where it was.
func (a *app) printFixed(list []fixed) {
	for _, f := range list {
		fmt.Fprintf(&a.out, "%s:%d:%d: fixed: %s [%s]\n", printable(f.name), f.issue.Line, f.issue.Column, printable(f.issue.Message), f.issue.Rule)
	}
}
