package engine_test

import (
	"context"
	"strings"
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
	const most = 18
	if n := testing.AllocsPerRun(100, func() { compile(t, eng, source) }); n > most {
		t.Errorf("compiling the system prompt allocates %v times, want %d at most", n, most)
	}
}
