package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/go-prompty/prompty/engine"
)

// TestEndlessIncludes holds what Validate says of templates that include each
// other against what becomes of them where every condition is false.
func TestEndlessIncludes(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{Limits: engine.Limits{IncludeDepth: 3}})
	forms := []string{
		`{~prompty.include template="%s" /~}`,
		`{~prompty.block name="%[1]s"~}{~prompty.include template="%[1]s" onerror="throw" /~}{~/prompty.block~}`,
		`{~prompty.if eval="x"~}{~prompty.include template="%s" /~}{~/prompty.if~}`,
		`{~prompty.for item="i" in="list"~}{~prompty.include template="%s" /~}{~/prompty.for~}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 7).Draw(t, "templates")
		sources := make(map[string]string)
		for i := range n {
			var b strings.Builder
			for _, to := range rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 0, 2, rapid.ID).Draw(t, "includes") {
				fmt.Fprintf(&b, rapid.SampledFrom(forms).Draw(t, "form"), fmt.Sprint("t", to))
			}
			sources[fmt.Sprint("t", i)] = b.String()
		}
		load := func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
			return eng.Parse(ref.Name, sources[ref.Name])
		}
		for name, source := range sources {
			tmpl, err := eng.Parse(name, source)
			if err != nil {
				t.Fatal(err)
			}
			p, err := eng.Link(t.Context(), tmpl, load)
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Render(t.Context(), map[string]any{"x": false, "list": []any{}})
			fails := errors.Is(err, engine.ErrLimit)
			told := slices.ContainsFunc(eng.Validate(t.Context(), name, source, load), func(i engine.Issue) bool { return i.Severity == engine.SeverityError })
			if fails != told {
				t.Fatalf("%q: Validate finds an error: %t, rendering %s of %q gives %v", sources, told, name, source, err)
			}
		}
	})
}
