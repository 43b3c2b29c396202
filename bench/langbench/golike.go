package langbench

import (
	"maps"
	"strings"
	"text/template"

	"github.com/CloudyKit/jet/v6"
	"github.com/go-prompty/prompty/internal/workload"
)

func textTemplate() *Engine {
	return &Engine{
		Name: "text/template", Full: true,
		How: "`Template.Execute`; a template takes one value, so the string that W4 gives to its first include is in the data",
		dialect: &dialect{
			Value: func(path string) string { return "{{." + path + "}}" },
			If: ifs("{{if %s}}", "{{else}}", "{{end}}", map[string]string{
				"strict":                 ".strict",
				"plan == 'enterprise'":   `eq .plan "enterprise"`,
				"open_tickets > 5":       "gt .open_tickets 5",
				"n > 3 && user == 'Ann'": `and (gt .n 3) (eq .user "Ann")`,
			}),
			Each: func(_, in string) (string, string) { return "{{range ." + in + "}}", "{{end}}" },
			Include: func(name string, attrs map[string]string) string {
				return `{{template "` + name + `" .` + attrs["with"] + "}}"
			},
			ItemIsContext: true,
		},
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			parse := func() (*template.Template, error) {
				t := template.New("main")
				for name, source := range partials {
					if _, err := t.New(name).Parse(source); err != nil {
						return nil, err
					}
				}
				return t.Parse(main)
			}
			t, err := parse()
			if err != nil {
				return nil, err
			}
			data := withX(w)
			return writing(
				func(out *Output) error { return t.Execute(out, data) },
				func() (string, error) {
					var b strings.Builder
					err := t.Execute(&b, data)
					return b.String(), err
				},
				func() error { _, err := parse(); return err },
			), nil
		},
	}
}

// withX is the data of a workload with the string that W4 hands down, for
// engines whose includes take none.
func withX(w workload.Workload) map[string]any {
	data := maps.Clone(w.Data)
	data["x"] = "1"
	return data
}

func jetEngine() *Engine {
	return jetWith("jet", "`Template.Execute` with a `VarMap` made before; no escaping (`WithSafeWriter(nil)`)", nil,
		func(w workload.Workload) map[string]any { return w.Data })
}

// jetStructs has its data in structs and typed lists, whose fields jet finds
// faster than the keys of maps.
func jetStructs() *Engine {
	e := jetWith("jet, structs", "the same with its data in structs, which it likes best (W2: a list of strings)", map[string]string{
		"p.name": ".Name", "p.city": ".City", "p.age": ".Age",
		"user.account.plan.name":      "user.Account.Plan.Name",
		"request.client.app.build":    "request.Client.App.Build",
		"company.office.address.city": "company.Office.Address.City",
	}, typed)
	e.Other = true
	return e
}

func jetWith(name, how string, paths map[string]string, data func(workload.Workload) map[string]any) *Engine {
	return &Engine{
		Name: name, Module: "github.com/CloudyKit/jet/v6", Full: true, How: how,
		dialect: &dialect{
			Value: func(path string) string { return "{{" + path + "}}" },
			If: ifs("{{if %s}}", "{{else}}", "{{end}}", map[string]string{
				"plan == 'enterprise'":   `plan == "enterprise"`,
				"n > 3 && user == 'Ann'": `n > 3 && user == "Ann"`,
			}),
			Each: func(_, in string) (string, string) { return "{{range " + in + "}}", "{{end}}" },
			Include: func(name string, attrs map[string]string) string {
				set, with := "", ""
				if x, ok := attrs["x"]; ok {
					set = `{{x := "` + x + `"}}`
				}
				if attrs["with"] != "" {
					with = " " + attrs["with"]
				}
				return set + `{{include "` + name + `"` + with + "}}"
			},
			Paths: jetPaths(paths),
		},
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			loader := jet.NewInMemLoader()
			for name, source := range partials {
				loader.Set(name, source)
			}
			set := jet.NewSet(loader, jet.WithSafeWriter(nil))
			t, err := set.Parse("main", main)
			if err != nil {
				return nil, err
			}
			vars := make(jet.VarMap)
			for key, value := range data(w) {
				vars.Set(key, value)
			}
			return writing(
				func(out *Output) error { return t.Execute(out, vars, nil) },
				func() (string, error) {
					var b strings.Builder
					err := t.Execute(&b, vars, nil)
					return b.String(), err
				},
				func() error { _, err := set.Parse("main", main); return err },
			), nil
		},
	}
}

// jetPaths are relative to the item of a loop, or to what an include was given.
func jetPaths(others map[string]string) map[string]string {
	paths := map[string]string{
		"p.name": ".name", "p.city": ".city", "p.age": ".age", "tool": ".",
		"title": ".title", "page": ".page", "author": ".author",
	}
	maps.Copy(paths, others)
	return paths
}

type person struct {
	Name, City string
	Age        int
}

// typed is the data of a workload with structs instead of maps in it, where
// there are such for them.
func typed(w workload.Workload) map[string]any {
	data := maps.Clone(w.Data)
	switch w.Name {
	case "W2_SystemPrompt":
		var tools []string
		for _, tool := range w.Data["tools"].([]any) {
			tools = append(tools, tool.(string))
		}
		data["tools"] = tools
	case "W3_Loop1000":
		var people []person
		for _, p := range w.Data["people"].([]any) {
			m := p.(map[string]any)
			people = append(people, person{m["name"].(string), m["city"].(string), m["age"].(int)})
		}
		data["people"] = people
	case "W6_DeepPaths":
		at := func(a, b, c, d string) any {
			return w.Data[a].(map[string]any)[b].(map[string]any)[c].(map[string]any)[d]
		}
		var user struct {
			Account struct{ Plan struct{ Name string } }
		}
		var request struct {
			Client struct{ App struct{ Build int } }
		}
		var company struct {
			Office struct{ Address struct{ City string } }
		}
		user.Account.Plan.Name = at("user", "account", "plan", "name").(string)
		request.Client.App.Build = at("request", "client", "app", "build").(int)
		company.Office.Address.City = at("company", "office", "address", "city").(string)
		data = map[string]any{"user": user, "request": request, "company": company}
	}
	return data
}
