package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/engine"
)

// fuzzLimits keep a single input fast.
var fuzzLimits = engine.Limits{OutputBytes: 64 << 10, Steps: 100_000, LoopTurns: 2000, SourceBytes: 16 << 10, FunctionResultBytes: 16 << 10}

func fuzzEngine() *engine.Engine {
	return engine.MustNew(engine.Config{Limits: fuzzLimits, Logger: discardLogger})
}

func fuzzSeeds(f *testing.F) {
	for _, s := range []string{
		"", "text", `\{~ ~} {`, `{~prompty.var name="a.b.0" default="x" format="upper(value)" /~}`,
		`{~prompty.if eval="a > 1 && b in list"~}x{~prompty.elseif eval="!a"~}y{~prompty.else~}z{~/prompty.if~}`,
		`{~-prompty.for item="x" in="list" index="i" limit="3"-~} {~prompty.var name="x"/~}{~/prompty.for~}`,
		`{~prompty.switch eval="a"~} {~prompty.case value="1"~}x{~/prompty.case~}{~prompty.casedefault~}{~/prompty.casedefault~}{~/prompty.switch~}`,
		`{~prompty.include template="p" with="m" a='b' isolate="true" onerror="keepraw" /~}`,
		`{~prompty.extends template="p@2" /~}{~prompty.block name="b"~}{~prompty.parent /~}{~/prompty.block~}`,
		`{~prompty.message role="user" cache="true"~}x{~/prompty.message~}`,
		`{~prompty.raw~}{~x{~/prompty.raw~}{~prompty.comment~}{~{~/prompty.comment~}`,
		"---\ninputs:\n  a: {type: string}\n---\n{~prompty.var name=\"a\" /~}", "---\n: [\n---\n",
		`{~prompty.if eval="b"~}{~/x~}`, `{~/a~}{~`, `{~a b`, `{~a b="`, `{~a b="\"`, `{~prompty.var name="a" name="b" /~}`,
	} {
		f.Add(s)
	}
}

func fuzzData() map[string]any {
	return map[string]any{"a": 2, "b": "x", "m": map[string]any{"k": "v"}, "list": []any{"x", 1, nil, []string{"y"}}}
}

// FuzzParse: nothing panics or hangs, errors have places, and what parses
// prints as something that prints the same.
func FuzzParse(f *testing.F) {
	fuzzSeeds(f)
	eng := fuzzEngine()
	f.Fuzz(func(t *testing.T, source string) {
		eng.Validate(context.Background(), "main", source, nil)
		tmpl, err := eng.Parse("main", source)
		if err != nil {
			checkPlaces(t, err)
			return
		}
		checkStable(t, eng, tmpl)
	})
}

// FuzzRender: nothing panics or hangs, and a template means the same after it
// was printed, unless it prints its own source.
func FuzzRender(f *testing.F) {
	fuzzSeeds(f)
	eng := fuzzEngine()
	partials := map[string]string{"p": `{~prompty.block name="b"~}[{~prompty.var name="a" default="none" /~}]{~/prompty.block~}`}
	f.Fuzz(func(t *testing.T, source string) {
		out, err := renderWith(eng, source, partials, fuzzData())
		if err != nil {
			checkPlaces(t, err)
			return
		}
		tmpl, err := eng.Parse("main", source)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(source, "keepraw") || strings.Contains(source, "now") {
			return
		}
		again, err := renderWith(eng, tmpl.String(), partials, fuzzData())
		if err == nil && again != out {
			t.Errorf("the printed template renders %q, want %q\n%s", again, out, tmpl)
		}
	})
}

// FuzzExpr: an expression never panics, and means the same after it was
// printed.
func FuzzExpr(f *testing.F) {
	for _, s := range []string{
		"a", "a.b.0", "1 + 2 * 3", "(1 + 2) * 3", "-(-1)", "!(a || b) && c", "a - (b - c)", "'it' + \"\\u0041\\n\"", "len(list) > 1e2",
		"'x' in list", "1 < 2 == true", "coalesce(nil, a, 'x')", "((a))", "9223372036854775808", "-9223372036854775808", "1 / 0", "a %", "f(",
	} {
		f.Add(s)
	}
	eng := fuzzEngine()
	f.Fuzz(func(t *testing.T, expr string) {
		source := `{~prompty.var name="a" format="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(expr) + `" /~}`
		tmpl, err := eng.Parse("main", source)
		if err != nil {
			checkPlaces(t, err)
			return
		}
		checkStable(t, eng, tmpl)
		out, err := renderWith(eng, source, nil, fuzzData())
		again, againErr := renderWith(eng, tmpl.String(), nil, fuzzData())
		if (err == nil) != (againErr == nil) || out != again && !strings.Contains(expr, "now") {
			t.Errorf("%s gives %q, %v; printed, %s gives %q, %v", expr, out, err, tmpl, again, againErr)
		}
	})
}
