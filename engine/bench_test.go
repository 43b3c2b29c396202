package engine_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/internal/workload"
)

// linkWorkload gives the program of a workload.
func linkWorkload(tb testing.TB, w workload.Workload) *engine.Program {
	tb.Helper()
	return mustLink(tb, engine.MustNew(engine.Config{}), w.Source, w.Partials)
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

// systemPrompt is the workload with a bit of everything.
func systemPrompt() workload.Workload { return workload.All()[1] }

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

// TestWorkloads holds what the benchmarks compare to being the same, and to the
// allocations that are promised.
func TestWorkloads(t *testing.T) {
	ctx := context.Background()
	for _, w := range workload.All() {
		prog := linkWorkload(t, w)
		want := string(w.ByHand(nil, w.Data))
		got, err := prog.Render(ctx, w.Data)
		if err != nil || got != want {
			t.Errorf("%s: Render = %.200q, %v; want %.200q", w.Name, got, err, want)
		}
		dst := make([]byte, 0, 2*len(want))
		if n := testing.AllocsPerRun(100, func() { dst, _ = prog.Append(ctx, dst[:0], w.Data) }); n != 0 {
			t.Errorf("%s: Append allocates %v times, want 0", w.Name, n)
		}
		if raceEnabled {
			continue // sync.Pool drops at random under the race detector
		}
		if n := testing.AllocsPerRun(100, func() { got, _ = prog.Render(ctx, w.Data) }); n != 1 {
			t.Errorf("%s: Render allocates %v times, want 1", w.Name, n)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	ctx := context.Background()
	for _, w := range workload.All() {
		prog := linkWorkload(b, w)
		b.Run(w.Name+"/prompty", func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = prog.Append(ctx, dst[:0], w.Data)
			}
		})
		b.Run(w.Name+"/hand", func(b *testing.B) {
			var dst []byte
			for b.Loop() {
				dst = w.ByHand(dst[:0], w.Data)
			}
		})
	}
}

func BenchmarkRender(b *testing.B) {
	ctx := context.Background()
	for _, w := range workload.All() {
		prog := linkWorkload(b, w)
		b.Run(w.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = prog.Render(ctx, w.Data)
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	eng := engine.MustNew(engine.Config{})
	w := systemPrompt()
	b.ReportAllocs()
	for b.Loop() {
		tmpl, err := eng.Parse("main", w.Source)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := eng.Link(context.Background(), tmpl, nil); err != nil {
			b.Fatal(err)
		}
	}
}
