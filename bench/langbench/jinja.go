package langbench

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/flosch/pongo2/v6"
	"github.com/go-prompty/prompty/internal/workload"
	"github.com/nikolalohinski/gonja/v2"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/osteele/liquid"
)

// jinjaLike is what the syntaxes of Django, Jinja and Liquid have in common.
func jinjaLike(include func(name, x string) string) *dialect {
	return &dialect{
		Value: func(path string) string { return "{{ " + path + " }}" },
		If: ifs("{%% if %s %%}", "{% else %}", "{% endif %}", map[string]string{
			"plan == 'enterprise'":   `plan == "enterprise"`,
			"n > 3 && user == 'Ann'": `n > 3 and user == "Ann"`,
		}),
		Each: func(item, in string) (string, string) {
			return fmt.Sprintf("{%% for %s in %s %%}", item, in), "{% endfor %}"
		},
		Include: func(name string, attrs map[string]string) string { return include(name, attrs["x"]) },
		Paths:   map[string]string{"title": "doc.title", "page": "doc.page", "author": "doc.author"},
	}
}

func pongo() *Engine {
	return &Engine{
		Name: "pongo2", Module: "github.com/flosch/pongo2/v6", Full: true,
		How: "`Template.ExecuteBytes`; autoescape off",
		dialect: jinjaLike(func(name, x string) string {
			if x != "" {
				return fmt.Sprintf(`{%% include "%s" with x="%s" %%}`, name, x)
			}
			return fmt.Sprintf(`{%% include "%s" %%}`, name)
		}),
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			pongo2.SetAutoescape(false)
			set := pongo2.NewSet("bench", inMemory(partials))
			t, err := set.FromString(main)
			if err != nil {
				return nil, err
			}
			data := pongo2.Context(w.Data)
			return writing(
				func(out *Output) (err error) { out.Bytes, err = t.ExecuteBytes(data); return err },
				func() (string, error) { return t.Execute(data) },
				func() error { _, err := set.FromString(main); return err },
			), nil
		},
	}
}

// inMemory loads pongo2's partials.
type inMemory map[string]string

func (m inMemory) Abs(_, name string) string { return name }

func (m inMemory) Get(path string) (io.Reader, error) {
	source, ok := m[path]
	if !ok {
		return nil, fmt.Errorf("no template %q", path)
	}
	return strings.NewReader(source), nil
}

func gonjaEngine() *Engine {
	return &Engine{
		Name: "gonja", Module: "github.com/nikolalohinski/gonja/v2", Full: true,
		How: "`Template.Execute`; its log off; parses what is included each time",
		dialect: jinjaLike(func(name, x string) string {
			include := fmt.Sprintf(`{%% include "/%s" %%}`, name)
			if x != "" {
				return fmt.Sprintf(`{%% set x = "%s" %%}`, x) + include
			}
			return include
		}),
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			gonja.SetLoggerOutput(io.Discard)
			files := map[string]string{"/main": main}
			for name, source := range partials {
				files["/"+name] = source
			}
			loader, err := loaders.NewMemoryLoader(files)
			if err != nil {
				return nil, err
			}
			cfg := config.New()
			parse := func() (*exec.Template, error) {
				return exec.NewTemplate("/main", cfg, loader, gonja.DefaultEnvironment)
			}
			t, err := parse()
			if err != nil {
				return nil, err
			}
			data := exec.NewContext(w.Data)
			return writing(
				func(out *Output) error { return t.Execute(out, data) },
				func() (string, error) { return t.ExecuteToString(data) },
				func() error { _, err := parse(); return err },
			), nil
		},
	}
}

func liquidEngine() *Engine {
	return &Engine{
		Name: "liquid", Module: "github.com/osteele/liquid", Full: true,
		How: "`Template.FRender`; looks on the disk for what is included, and parses it, each time",
		dialect: jinjaLike(func(name, x string) string {
			include := fmt.Sprintf(`{%% include "%s" %%}`, name)
			if x != "" {
				return fmt.Sprintf(`{%% assign x = "%s" %%}`, x) + include
			}
			return include
		}),
		prepare: func(w workload.Workload, main string, partials map[string]string) (*prepared, error) {
			eng := liquid.NewEngine()
			for name, source := range partials {
				if _, err := eng.ParseTemplateAndCache([]byte(source), name, 1); err != nil {
					return nil, err
				}
			}
			source := []byte(main)
			t, err := eng.ParseTemplate(source)
			if err != nil {
				return nil, err
			}
			return writing(
				func(out *Output) error { return orNil(t.FRender(out, w.Data)) },
				func() (string, error) {
					var b bytes.Buffer
					err := t.FRender(&b, w.Data)
					return b.String(), orNil(err)
				},
				func() error { _, err := eng.ParseTemplate(source); return orNil(err) },
			), nil
		},
	}
}

// orNil keeps a nil SourceError from becoming an error that is not nil.
func orNil(err liquid.SourceError) error {
	if err == nil {
		return nil
	}
	return err
}
