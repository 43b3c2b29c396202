package engine_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/engine"
)

// workload is a template beside Go code that appends the same text by hand.
type workload struct {
	name     string
	source   string
	partials map[string]string
	data     map[string]any
	byHand   func(dst []byte, data map[string]any) []byte
}

func (w *workload) program(tb testing.TB) *engine.Program {
	tb.Helper()
	return mustLink(tb, engine.MustNew(engine.Config{}), w.source, w.partials)
}

// mustLink makes a program of a template and the partials that it may include.
func mustLink(tb testing.TB, eng *engine.Engine, source string, partials map[string]string) *engine.Program {
	tb.Helper()
	tmpl, err := eng.Parse("main", source)
	if err != nil {
		tb.Fatal(err)
	}
	prog, err := eng.Link(context.Background(), tmpl, loadFrom(eng, partials))
	if err != nil {
		tb.Fatal(err)
	}
	return prog
}

// loadFrom serves partials by name.
func loadFrom(eng *engine.Engine, partials map[string]string) engine.LoadFunc {
	return func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		source, ok := partials[ref.Name]
		if !ok {
			return nil, fmt.Errorf("no template %q", ref.Name)
		}
		return eng.Parse(ref.Name, source)
	}
}

func workloads() []workload {
	prose := strings.Repeat("You answer in plain words and never invent what the documents do not say. ", 4)
	people := make([]any, 1000)
	for i := range people {
		people[i] = map[string]any{"name": "person " + strconv.Itoa(i), "city": "Oslo", "age": 20 + i%60}
	}
	tools := []any{"search", "calendar", "mail", "maps", "notes", "files", "weather", "news", "translate", "code"}
	w2 := map[string]any{"tools": tools, "strict": true, "lang": "en", "tier": "pro"}
	var w2Source strings.Builder
	for i := range 12 {
		w2[fmt.Sprintf("v%d", i)] = fmt.Sprintf("value %d", i)
		fmt.Fprintf(&w2Source, "%s{~prompty.var name=\"v%d\" /~}\n", prose[:100], i)
	}
	w2Source.WriteString(`{~prompty.if eval="strict"~}Be strict.
{~/prompty.if~}{~prompty.if eval="lang == 'en'"~}Answer in English.
{~prompty.else~}Answer in the user's language.
{~/prompty.if~}{~prompty.if eval="tier == 'free'"~}Be short.
{~/prompty.if~}{~prompty.for item="t" in="tools"~}- {~prompty.var name="t" /~}
{~/prompty.for~}`)
	static := strings.Repeat(prose, 110)[:30_000]
	return []workload{
		{
			name: "W1_OneVariable", source: `Hello {~prompty.var name="user" /~}, how are you today?`,
			data: map[string]any{"user": "Ann"},
			byHand: func(dst []byte, d map[string]any) []byte {
				dst = append(dst, "Hello "...)
				dst = append(dst, d["user"].(string)...)
				return append(dst, ", how are you today?"...)
			},
		},
		{
			name: "W2_SystemPrompt", source: w2Source.String(), data: w2,
			byHand: func(dst []byte, d map[string]any) []byte {
				for _, k := range [...]string{"v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11"} {
					dst = append(dst, prose[:100]...)
					dst = append(dst, d[k].(string)...)
					dst = append(dst, '\n')
				}
				if d["strict"].(bool) {
					dst = append(dst, "Be strict.\n"...)
				}
				if d["lang"].(string) == "en" {
					dst = append(dst, "Answer in English.\n"...)
				} else {
					dst = append(dst, "Answer in the user's language.\n"...)
				}
				if d["tier"].(string) == "free" {
					dst = append(dst, "Be short.\n"...)
				}
				for _, t := range d["tools"].([]any) {
					dst = append(dst, "- "...)
					dst = append(dst, t.(string)...)
					dst = append(dst, '\n')
				}
				return dst
			},
		},
		{
			name:   "W3_Loop1000",
			source: `{~prompty.for item="p" in="people"~}{~prompty.var name="p.name" /~} of {~prompty.var name="p.city" /~}, {~prompty.var name="p.age" /~}` + "\n{~/prompty.for~}",
			data:   map[string]any{"people": people},
			byHand: func(dst []byte, d map[string]any) []byte {
				for _, p := range d["people"].([]any) {
					m := p.(map[string]any)
					dst = append(dst, m["name"].(string)...)
					dst = append(dst, " of "...)
					dst = append(dst, m["city"].(string)...)
					dst = append(dst, ", "...)
					dst = strconv.AppendInt(dst, int64(m["age"].(int)), 10)
					dst = append(dst, '\n')
				}
				return dst
			},
		},
		{
			name: "W4_FiveIncludes", source: `0 {~prompty.include template="a" x="1" /~} {~prompty.var name="user" /~}`,
			partials: map[string]string{
				"a": `1 {~prompty.var name="x" /~} {~prompty.include template="b" /~}`,
				"b": `2 {~prompty.var name="user" /~} {~prompty.include template="c" with="m" /~}`,
				"c": `3 {~prompty.var name="k" /~} {~prompty.include template="d" /~}`,
				"d": `4 {~prompty.var name="user" /~} {~prompty.include template="e" /~}`,
				"e": `5 {~prompty.var name="k" /~}`,
			},
			data: map[string]any{"user": "Ann", "m": map[string]any{"k": "v"}},
			byHand: func(dst []byte, d map[string]any) []byte {
				m := d["m"].(map[string]any)
				user := func() {
					if v, ok := m["user"]; ok {
						dst = append(dst, v.(string)...)
					} else {
						dst = append(dst, d["user"].(string)...)
					}
				}
				dst = append(dst, "0 1 1 2 "...)
				dst = append(dst, d["user"].(string)...)
				dst = append(dst, " 3 "...)
				dst = append(dst, m["k"].(string)...)
				dst = append(dst, " 4 "...)
				user()
				dst = append(dst, " 5 "...)
				dst = append(dst, m["k"].(string)...)
				dst = append(dst, ' ')
				return append(dst, d["user"].(string)...)
			},
		},
		{
			name: "W5_Static30kB", source: static + `{~prompty.var name="user" /~}`, data: map[string]any{"user": "Ann"},
			byHand: func(dst []byte, d map[string]any) []byte {
				dst = append(dst, static...)
				return append(dst, d["user"].(string)...)
			},
		},
		{
			name: "W6_DeepPaths", source: `{~prompty.var name="a.b.c.d" /~} {~prompty.var name="a.b.c.e" /~} {~prompty.var name="a.b.c.d" /~}`,
			data: map[string]any{"a": map[string]any{"b": map[string]any{"c": map[string]any{"d": "deep", "e": 12}}}},
			byHand: func(dst []byte, d map[string]any) []byte {
				c := func() map[string]any {
					return d["a"].(map[string]any)["b"].(map[string]any)["c"].(map[string]any)
				}
				dst = append(dst, c()["d"].(string)...)
				dst = append(dst, ' ')
				dst = strconv.AppendInt(dst, int64(c()["e"].(int)), 10)
				dst = append(dst, ' ')
				return append(dst, c()["d"].(string)...)
			},
		},
		{
			name: "WE_Condition", source: `{~prompty.if eval="n > 3 && user == 'Ann'"~}yes{~/prompty.if~}`, data: map[string]any{"user": "Ann", "n": 4},
			byHand: func(dst []byte, d map[string]any) []byte {
				if d["n"].(int) > 3 && d["user"].(string) == "Ann" {
					dst = append(dst, "yes"...)
				}
				return dst
			},
		},
	}
}

// TestWorkloads holds what the benchmarks compare to being the same, and to the
// allocations that are promised.
func TestWorkloads(t *testing.T) {
	ctx := context.Background()
	for _, w := range workloads() {
		prog := w.program(t)
		want := string(w.byHand(nil, w.data))
		got, err := prog.Render(ctx, w.data)
		if err != nil || got != want {
			t.Errorf("%s: Render = %.200q, %v; want %.200q", w.name, got, err, want)
		}
		dst := make([]byte, 0, 2*len(want))
		if n := testing.AllocsPerRun(100, func() { dst, _ = prog.Append(ctx, dst[:0], w.data) }); n != 0 {
			t.Errorf("%s: Append allocates %v times, want 0", w.name, n)
		}
		if raceEnabled {
			continue // sync.Pool drops at random under the race detector
		}
		if n := testing.AllocsPerRun(100, func() { got, _ = prog.Render(ctx, w.data) }); n != 1 {
			t.Errorf("%s: Render allocates %v times, want 1", w.name, n)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	ctx := context.Background()
	for _, w := range workloads() {
		prog := w.program(b)
		b.Run(w.name+"/prompty", func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = prog.Append(ctx, dst[:0], w.data)
			}
		})
		b.Run(w.name+"/hand", func(b *testing.B) {
			var dst []byte
			for b.Loop() {
				dst = w.byHand(dst[:0], w.data)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	ctx := context.Background()
	for _, w := range workloads() {
		prog := w.program(b)
		b.Run(w.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = prog.Render(ctx, w.data)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	eng := engine.MustNew(engine.Config{})
	w := workloads()[1]
	b.ReportAllocs()
	for b.Loop() {
		tmpl, err := eng.Parse("main", w.source)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := eng.Link(context.Background(), tmpl, nil); err != nil {
			b.Fatal(err)
		}
	}
}
