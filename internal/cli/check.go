package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/transfer"
)

const checkHelp = `Compare two storages: all versions of all prompts, by text, tags, metadata,
author and tenant. IDs, times, the numbers of deleted versions, commits and their
messages are not compared.

A and B are written as for --storage, with any two drivers. NAME and --prefix
choose prompts. What one of the two has alone, what differs and what cannot be
read is printed, a line each, as it is found; the exit code is then 1. On
standard error stands how much was compared.

While others save, a difference may be only that.

Mistakes in prompts are found by lint.`

type checkFlags struct {
	prefix string
	asJSON bool
}

// checked is the output of check --json.
type checked struct {
	A        string  `json:"a"`
	B        string  `json:"b"`
	Same     bool    `json:"same"`
	Prompts  int     `json:"prompts"`  // of both together
	Versions int     `json:"versions"` // that both have
	Drift    []drift `json:"drift"`
}

// drift is one line of it.
type drift struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"` // only_in_a, only_in_b, differs, unread_in_a, unread_in_b
	Versions []int    `json:"versions,omitempty"`
	Parts    []string `json:"parts,omitempty"`   // of differs: text, tags, metadata, author, tenant
	Message  string   `json:"message,omitempty"` // of unread
}

func (a *app) checkCommand() *cobra.Command {
	var flags checkFlags
	cmd := &cobra.Command{
		Use:   "check A B [NAME...]",
		Short: "Compare two storages, all versions",
		Long:  checkHelp,
		Example: `  prompty check ./prompts 'git:.?dir=prompts'
  prompty check git:. env:DATABASE_URL support/refund
  prompty check ./prompts ./backup --json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usage(errors.New("check compares two storages, A and B"), "usage: "+cmd.UseLine()+"; mistakes in prompts are found by prompty lint")
			}
			return nil
		},
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			return a.check(cmd.Context(), [2]string{args[0], args[1]}, args[2:], &flags)
		}),
		ValidArgsFunction: a.completeTwoStorages,
	}
	f := cmd.Flags()
	f.StringVar(&flags.prefix, "prefix", "", "compare the prompts whose names begin with `TEXT`")
	f.BoolVar(&flags.asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) check(ctx context.Context, where [2]string, args []string, flags *checkFlags) (err error) {
	if a.storage != "" {
		return usage(errors.New("check takes its storages as A and B, not from --storage"), "")
	}
	names, err := chosenNames("check", args, flags.prefix)
	if err != nil {
		return err
	}
	ctx, stop := untilEnded(ctx)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	var sides [2]prompty.TemplateStorage
	for i := range where {
		if where[i], err = a.meant(where[i]); err != nil {
			return err
		}
		s, err := a.openAt(where[i], false)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		sides[i] = s
	}
	out := checked{A: place(where[0]), B: place(where[1]), Drift: []drift{}}
	meter := a.newMeter()
	report, err := transfer.Check(ctx, sides[0], sides[1], transfer.CheckOptions{Names: names, Prefix: flags.prefix, Progress: meter.show}, func(d transfer.Drift) error {
		if flags.asJSON {
			out.Drift = append(out.Drift, driftOf(d))
			return nil
		}
		meter.clear()
		return a.send([]byte(driftLine(d) + "\n"))
	})
	meter.clear()
	if errors.Is(err, prompty.ErrTemplateNotFound) {
		return withHint(err, "neither storage has it; `prompty ls` shows the prompts of one")
	}
	if err != nil {
		return ended(ctx, err)
	}
	if out.Same, out.Prompts, out.Versions = report.Drift == 0, report.Prompts, report.Versions; flags.asJSON {
		err = a.printJSON(out)
	} else {
		a.warnLast("%s", checkedLine(report))
	}
	if err == nil && !out.Same {
		return errFindings
	}
	return err
}

// checkedLine says how much was compared, so that nobody takes nothing for equal.
func checkedLine(r *transfer.Checked) string {
	found := "no drift"
	if r.Drift > 0 {
		found = count(r.Drift, "line") + " of drift"
	}
	return fmt.Sprintf("%s: %s compared, with %s that both have", found, count(r.Prompts, "prompt"), count(r.Versions, "version"))
}

func driftOf(d transfer.Drift) drift {
	out := drift{Name: d.Name, Kind: strings.ReplaceAll(strings.ToLower(string(d.Kind)), " ", "_"), Versions: d.Versions, Parts: d.Parts}
	if d.Err != nil {
		out.Message = d.Err.Error()
	}
	return out
}

// driftLine is one line: the kind, the prompt, its versions, and more about it.
func driftLine(d transfer.Drift) string {
	text := string(d.Kind) + ": " + d.Name
	switch {
	case len(d.Versions) == 1:
		text += "@" + strconv.Itoa(d.Versions[0])
	case len(d.Versions) > 1:
		text += ", versions " + numberRanges(d.Versions)
	}
	switch {
	case len(d.Parts) > 0:
		text += ", in " + strings.Join(d.Parts, ", ")
	case d.Err != nil && d.Name == "":
		text += d.Err.Error()
	case d.Err != nil:
		text += ": " + d.Err.Error()
	}
	return printable(text)
}

// numberRanges writes 1, 2, 3, 7 as 1-3, 7.
func numberRanges(list []int) string {
	var b strings.Builder
	for i := 0; i < len(list); {
		last := i
		for last+1 < len(list) && list[last+1] == list[last]+1 {
			last++
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(list[i]))
		if last > i {
			b.WriteString("-" + strconv.Itoa(list[last]))
		}
		i = last + 1
	}
	return b.String()
}
