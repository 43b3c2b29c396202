package langbench

import (
	"fmt"

	"github.com/cbroglie/mustache"
	"github.com/go-prompty/prompty/internal/workload"
	"github.com/google/dotprompt/go/dotprompt"
	"github.com/mailgun/raymond/v2"
	dotraymond "github.com/mbleigh/raymond"
)

// mustache knows truth and lists only.
func mustacheEngine() *Engine {
	section := func(name string) (string, string, string) {
		return "{{#" + name + "}}", "{{/" + name + "}}{{^" + name + "}}", "{{/" + name + "}}"
	}
	return &Engine{
		Name: "mustache", Module: "github.com/cbroglie/mustache", Full: true,
		How: "`Template.FRender` of a template parsed as raw; has no comparisons, so those of W2 are made before and do not count; parses partials each time, and the string for them is in the data",
		dialect: &dialect{
			Value: func(path string) string {
				if path == "" {
					path = "."
				}
				return "{{" + path + "}}"
			},
			If: func(eval string) (string, string, string) {
				return section(map[string]string{"strict": "strict", "plan == 'enterprise'": "enterprise", "open_tickets > 5": "many_open"}[eval])
			},
			Each: func(_, in string) (string, string) {
				begin, _, end := section(in)
				return begin, end
			},
			Include: func(name string, attrs map[string]string) string {
				include := "{{>" + name + "}}"
				if with := attrs["with"]; with != "" {
					return "{{#" + with + "}}" + include + "{{/" + with + "}}"
				}
				return include
			},
			ItemIsContext: true, OwnLines: true,
		},
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			if w.Name == "WE_Condition" {
				return nil, cannot("has no comparisons")
			}
			data := withX(w)
			if w.Name == "W2_SystemPrompt" {
				data["enterprise"] = w.Data["plan"] == "enterprise"
				data["many_open"] = w.Data["open_tickets"].(int) > 5
			}
			provider := &mustache.StaticProvider{Partials: partials}
			parse := func() (*mustache.Template, error) { return mustache.ParseStringPartialsRaw(main, provider, true) }
			t, err := parse()
			if err != nil {
				return nil, err
			}
			return writing(
				func(out *Output) error { return t.FRender(out, data) },
				func() (string, error) { return t.Render(data) },
				func() error { _, err := parse(); return err },
			), nil
		},
	}
}

// handlebars is the syntax of raymond and dotprompt, whose helpers that compare
// have different names. Without escaping there is a third brace.
func handlebars(open, end, equal, greater string) *dialect {
	block := func(helper, args string) (string, string) {
		return "{{#" + helper + " " + args + "}}", "{{/" + helper + "}}"
	}
	return &dialect{
		Value: func(path string) string {
			if path == "" {
				path = "this"
			}
			return open + path + end
		},
		If: func(eval string) (string, string, string) {
			switch eval {
			case "plan == 'enterprise'":
				begin, end := block(equal, `plan "enterprise"`)
				return begin, "{{else}}", end
			case "open_tickets > 5":
				begin, end := block(greater, "open_tickets 5")
				return begin, "{{else}}", end
			case "n > 3 && user == 'Ann'":
				begin, end := block(greater, "n 3")
				begin2, end2 := block(equal, `user "Ann"`)
				return begin + begin2, "", end2 + end
			}
			begin, end := block("if", eval)
			return begin, "{{else}}", end
		},
		Each: func(_, in string) (string, string) { return block("each", in) },
		Include: func(name string, attrs map[string]string) string {
			include := "{{> " + name
			if x, ok := attrs["x"]; ok {
				include += ` x="` + x + `"`
			}
			if with := attrs["with"]; with != "" {
				include += " " + with
			}
			return include + "}}"
		},
		ItemIsContext: true, OwnLines: true,
	}
}

func raymondEngine() *Engine {
	same := func(a, b any, options *raymond.Options) string {
		if a == b {
			return options.Fn()
		}
		return options.Inverse()
	}
	return &Engine{
		Name: "raymond", Module: "github.com/mailgun/raymond/v2", Full: true,
		How:     "`Template.Exec`, which has strings only; the maintained fork; `==` of strings is a helper in Go; `{{{ }}}` escapes nothing",
		dialect: handlebars("{{{", "}}}", "ifSame", "ifGt"),
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			parse := func() (*raymond.Template, error) {
				t, err := raymond.Parse(main)
				if err != nil {
					return nil, err
				}
				t.RegisterHelper("ifSame", same)
				for name, source := range partials {
					p, err := raymond.Parse(source)
					if err != nil {
						return nil, err
					}
					t.RegisterPartialTemplate(name, p)
				}
				return t, nil
			}
			t, err := parse()
			if err != nil {
				return nil, err
			}
			text := stringing(func() (string, error) { return t.Exec(w.Data) })
			return &prepared{write: text, text: text, compile: times(func() error { _, err := parse(); return err })}, nil
		},
	}
}

// dotprompt renders messages; the workloads are all of one.
func dotpromptEngine() *Engine {
	greater := func(a, b any, options *dotraymond.Options) string {
		x, isInt := a.(int)
		y, areInts := b.(int)
		if isInt && areInts && x > y {
			return options.Fn()
		}
		return options.Inverse()
	}
	return &Engine{
		Name: "dotprompt", Module: "github.com/google/dotprompt/go", Full: true,
		Alone:   "has a data race when one template is rendered twice at once",
		How:     "the function that `Dotprompt.Compile` returns, which makes messages; `>` is a helper in Go",
		dialect: handlebars("{{", "}}", "ifEquals", "ifGreater"),
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			compile := func() (dotprompt.PromptFunction, error) {
				return dotprompt.NewDotprompt(&dotprompt.DotpromptOptions{
					Helpers:  map[string]any{"ifGreater": greater},
					Partials: partials,
				}).Compile(main, nil)
			}
			render, err := compile()
			if err != nil {
				return nil, err
			}
			data := &dotprompt.DataArgument{Input: w.Data}
			text := stringing(func() (string, error) {
				rendered, err := render(data, nil)
				if err != nil {
					return "", err
				}
				if len(rendered.Messages) == 1 && len(rendered.Messages[0].Content) == 1 {
					if part, ok := rendered.Messages[0].Content[0].(*dotprompt.TextPart); ok {
						return part.Text, nil
					}
				}
				return "", fmt.Errorf("%d messages, want one of text", len(rendered.Messages))
			})
			return &prepared{write: text, text: text, compile: times(func() error { _, err := compile(); return err })}, nil
		},
	}
}
