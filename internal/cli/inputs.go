package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/internal/inputschema"
)

const inputsHelp = `Show what a prompt needs to be rendered: the inputs that it and what it extends
declare, and what else it and what it includes use. A path that starts with ./
or / is a file (- standard input).

Data that does not fit the inputs of the prompt and of its bases is refused when
it is rendered. Other variables are shown with the place where they are used,
or, FROM the prompt that is included, with its declaration; what an include with
the attribute "with" finds in there is not known and not shown.

--schema prints a JSON Schema (2020-12) of the data. It accepts the inputs that
rendering accepts, and anything for what is not declared.`

type inputsFlags struct{ json, schema bool }

// input is one of inputs --json.
type input struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Required    bool   `json:"required"` // and not nil
	Default     any    `json:"default,omitempty"`
	Enum        []any  `json:"enum,omitempty"`
	Description string `json:"description,omitempty"`
	Declared    bool   `json:"declared"`
	Checked     bool   `json:"checked"`  // data that does not fit is refused
	Template    string `json:"template"` // that declares it, or uses it first
	Line        int    `json:"line"`     // as show prints that
	Column      int    `json:"column"`
}

func (a *app) inputsCommand() *cobra.Command {
	var flags inputsFlags
	cmd := &cobra.Command{
		Use:   "inputs NAME[@VERSION]|FILE|-",
		Short: "Show what a prompt needs",
		Long:  inputsHelp,
		Example: `  prompty inputs support/refund
  prompty inputs support/refund --schema > refund.schema.json`,
		Args: wantArgs(1, 1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if err := exclusive(cmd, "json", "schema"); err != nil {
				return err
			}
			return a.inputs(cmd.Context(), args[0], &flags)
		}),
	}
	cmd.Flags().BoolVar(&flags.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&flags.schema, "schema", false, "print a JSON Schema")
	return cmd
}

func (a *app) inputs(ctx context.Context, arg string, flags *inputsFlags) error {
	files, refs, err := a.suspectFile(arg)
	if err != nil {
		return err
	}
	open := func(do func(prompty.TemplateStorage) error) error { return a.withStorage(false, do) }
	if len(files) > 0 {
		open = a.withIncludes
	}
	return open(func(s prompty.TemplateStorage) error {
		list, err := suspects(ctx, s, refs, false)
		if err != nil {
			return err
		}
		x := append(files, list...)[0]
		if fault := notText(x.name, x.text); fault != nil {
			return fault
		}
		e := engine.MustNew(engine.Config{})
		tmpl, err := e.Parse(x.name, x.text)
		if err != nil {
			return err
		}
		prog, err := e.Link(ctx, tmpl, loader(s, e))
		if err != nil {
			return err
		}
		return a.printInputs(tmpl, prog.Inputs(), flags)
	})
}

// suspectFile reads an argument that is one file, else it is a prompt.
func (a *app) suspectFile(arg string) (files []suspect, refs []engine.Ref, err error) {
	if arg == "-" || isPath(arg) {
		text, err := a.read(arg, maxPrompt)
		return []suspect{{name: arg, text: string(text)}}, nil, err
	}
	refs, err = parseRefs([]string{arg})
	return nil, refs, err
}

func (a *app) printInputs(tmpl *engine.Template, inputs []engine.Input, flags *inputsFlags) error {
	if flags.schema {
		return a.printJSON(inputschema.Of(tmpl, inputs))
	}
	list := []input{}
	var rows [][]string
	for _, in := range inputs {
		item := input{in.Name, in.Type, in.Required && in.Checked, inputschema.Value(in.Default), inputschema.Values(in.Enum), in.Description, in.Declared, in.Checked, in.Template, in.Line, in.Column}
		list = append(list, item)
		rows = append(rows, item.row(tmpl.Name()))
	}
	if flags.json {
		return a.printJSON(list)
	}
	if len(rows) == 0 {
		a.warn("%s needs nothing", tmpl.Name())
		return nil
	}
	a.printTable([]string{"INPUT", "TYPE", "REQUIRED", "DEFAULT", "ONE OF", "FROM", "DESCRIPTION"}, rows)
	return nil
}

// row is an input of the template of that name in a table.
func (in *input) row(of string) []string {
	from, what := in.Template, summary(in.Description)
	if from == of {
		from = ""
	}
	if !in.Declared {
		return []string{in.Name, "", "", "", "", from, fmt.Sprintf("not declared; used at %s:%d:%d", in.Template, in.Line, in.Column)}
	}
	required, def := "", ""
	if in.Required {
		required = "yes"
	}
	if in.Default != nil {
		def = shortJSON(in.Default)
	}
	var values []string
	for _, v := range in.Enum {
		values = append(values, shortJSON(v))
	}
	return []string{in.Name, in.Type, required, def, strings.Join(values, ", "), from, what}
}

// shortJSON is a value for a table: text without quotes, if that is clear.
func shortJSON(v any) string {
	if s, ok := v.(string); ok && s != "" && strings.TrimSpace(s) == s {
		return summary(s)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "…"
	}
	return summary(string(b))
}
