package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	texttemplate "text/template"

	"github.com/go-prompty/prompty/engine"
)

// forTextTemplate is the system prompt as one would write it for text/template.
var forTextTemplate = strings.NewReplacer(
	`{~prompty.var name="tool" /~}`, `{{.}}`,
	`{~prompty.var name="`, `{{.`,
	`" /~}`, `}}`,
	`{~prompty.if eval="strict"~}`, `{{if .strict}}`,
	`{~prompty.if eval="plan == 'enterprise'"~}`, `{{if eq .plan "enterprise"}}`,
	`{~prompty.if eval="open_tickets > 5"~}`, `{{if gt .open_tickets 5}}`,
	`{~prompty.else~}`, `{{else}}`,
	`{~/prompty.if~}`, `{{end}}`,
	`{~prompty.for item="tool" in="tools"~}`, `{{range .tools}}`,
	`{~/prompty.for~}`, `{{end}}`,
)

// BenchmarkCompileBeside compiles the system prompt by turns with text/template,
// which has read the same prompt in its own syntax when Parse returns.
func BenchmarkCompileBeside(b *testing.B) {
	w := systemPrompt()
	source := forTextTemplate.Replace(w.Source)
	var out strings.Builder
	err := texttemplate.Must(texttemplate.New("main").Parse(source)).Execute(&out, w.Data)
	if want := string(w.ByHand(nil, w.Data)); err != nil || out.String() != want {
		b.Fatalf("text/template prints %q, %v, want %q", out.String(), err, want)
	}
	eng := engine.MustNew(engine.Config{})
	b.Run("prompty", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			compile(b, eng, w.Source)
		}
	})
	b.Run("texttemplate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := texttemplate.New("main").Parse(source); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// compile parses and links a template that includes nothing.
func compile(tb testing.TB, eng *engine.Engine, source string) {
	tmpl, err := eng.Parse("main", source)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := eng.Link(context.Background(), tmpl, nil); err != nil {
		tb.Fatal(err)
	}
}

// TestCompileAllocates holds compiling the system prompt to the allocations that
// it takes, and one more.
func TestCompileAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, too, and empties pools at random")
	}
	eng := engine.MustNew(engine.Config{})
	source := systemPrompt().Source
	const most = 14
	if n := testing.AllocsPerRun(100, func() { compile(t, eng, source) }); n > most {
		t.Errorf("compiling the system prompt allocates %v times, want %d at most", n, most)
	}
}

// TestTemplatesShareNoMemory parses templates one after the other in memory that
// is used again, and looks at each afterwards: how it renders, what it needs, how
// it prints, and what others make of it that include it.
func TestTemplatesShareNoMemory(t *testing.T) {
	ctx := t.Context()
	eng := engine.MustNew(engine.Config{})
	tag := engine.NewResolver("shout", func(_ context.Context, tag *engine.Tag) (any, error) {
		return strings.ToUpper(tag.Content + tag.Attrs["end"]), nil
	})
	if err := eng.RegisterResolver(tag); err != nil {
		t.Fatal(err)
	}
	const rounds = 12
	data := map[string]any{"list": []any{"x", "y"}}
	sources, wants := make([]string, rounds), make([]string, rounds)
	templates, programs := make([]*engine.Template, rounds), make([]*engine.Program, rounds)
	var err error
	for i := range rounds {
		name, v := fmt.Sprintf("v%d", i), fmt.Sprint("value ", i)
		data[name] = map[string]any{"a": v}
		row := `{~prompty.if eval="len(NAME.a) > 1 && NAME.a != 'q'"~}\{~ {~prompty.var name="NAME.a" format="upper(value)" default="d" /~}{~/prompty.if~}` +
			`{~prompty.for item="i" in="list" index="n"~}{~prompty.var name="i" /~}{~prompty.var name="n" /~}{~/prompty.for~}` +
			`{~shout end="!"~}NAME{~prompty.raw~} raw {~/prompty.raw~}{~/shout~}`
		sources[i] = strings.Repeat(strings.ReplaceAll(row, "NAME", name), 1+i%5)
		wants[i] = strings.Repeat("{~ "+strings.ToUpper(v)+"x0y1"+strings.ToUpper(name)+" RAW !", 1+i%5)
		if templates[i], err = eng.Parse(name, sources[i]); err != nil {
			t.Fatal(err)
		}
		if programs[i], err = eng.Link(ctx, templates[i], nil); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range rounds {
		for range 2 {
			wg.Go(func() {
				if got, err := programs[i].Render(ctx, data); err != nil || got != wants[i] {
					t.Errorf("Render of %d = %q, %v, want %q", i, got, err, wants[i])
				}
				if got := templates[i].String(); got != sources[i] {
					t.Errorf("String of %d = %q, want %q", i, got, sources[i])
				}
				tmpl, err := eng.Parse("page", `{~prompty.include template="part" /~}.`)
				if err != nil {
					t.Error(err)
					return
				}
				p, err := eng.Link(ctx, tmpl, func(context.Context, engine.Ref) (*engine.Template, error) { return templates[i], nil })
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := p.Render(ctx, data); err != nil || got != wants[i]+"." {
					t.Errorf("Render of what includes %d = %q, %v, want %q", i, got, err, wants[i]+".")
				}
			})
		}
	}
	wg.Wait()
}
