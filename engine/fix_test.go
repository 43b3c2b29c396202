package engine_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/go-prompty/prompty/engine"
)

func TestFix(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	for _, c := range []struct {
		in, want string
		mended   int
	}{
		{`Hello {~prompty.var name="x" /~}`, `Hello {~prompty.var name="x" /~}`, 0},
		// A slash, unless there is a body.
		{`{~prompty.var name="x"~} y`, `{~prompty.var name="x" /~} y`, 1},
		{`{~prompty.var name="~}" ~} {~-prompty.env name="\""-~}`, `{~prompty.var name="~}" /~} {~-prompty.env name="\"" /-~}`, 2},
		{`{~prompty.var name="x"~}y{~/prompty.var~}`, `{~prompty.var name="x"~}y{~/prompty.var~}`, 0},
		{`{~prompty.var~} y`, `{~prompty.var~} y`, 0},
		{`{~prompty.var name="x"`, `{~prompty.var name="x"`, 0},
		// Quotes.
		{`{~prompty.var name=user.name default=“a b”/~}`, `{~prompty.var name="user.name" default="a b"/~}`, 2},
		{`{~prompty.var name = x~}`, `{~prompty.var name = "x" /~}`, 2},
		{`{~prompty.var name=«x» /~}`, `{~prompty.var name="x" /~}`, 1},
		{`{~prompty.var name=“x"y” /~}`, `{~prompty.var name=“x"y” /~}`, 0},
		{`{~prompty.var name=“x /~} ”`, `{~prompty.var name=“x /~} ”`, 0},
		{`{~prompty.var name=a/b /~}`, `{~prompty.var name=a/b /~}`, 0},
		{`{~prompty.var name= /~}`, `{~prompty.var name= /~}`, 0},
		{`{~prompty.var name=é /~}`, `{~prompty.var name=é /~}`, 0},
		{`{~prompty.var nme=x fallback=y~}`, `{~prompty.var nme="x" fallback=y~}`, 1}, // more would come to light
		// Boolean attributes.
		{`{~prompty.include template="p" isolate /~}{~prompty.env required name="x" /~}`, `{~prompty.include template="p" isolate="true" /~}{~prompty.env required="true" name="x" /~}`, 2},
		{`{~prompty.var name="x" isolate /~}`, `{~prompty.var name="x" isolate /~}`, 0},
		// Operators.
		{`{~prompty.if eval="a = 1 and b & c or d | e"~}{~/prompty.if~}`, `{~prompty.if eval="a == 1 && b && c || d || e"~}{~/prompty.if~}`, 5},
		{`{~prompty.if eval="a === 1"~}{~/prompty.if~}`, `{~prompty.if eval="a === 1"~}{~/prompty.if~}`, 0},
		{`{~prompty.if eval="a android b"~}{~/prompty.if~}`, `{~prompty.if eval="a android b"~}{~/prompty.if~}`, 0},
		// Branches that are closed.
		{"{~prompty.if eval=\"a\"~}x{~prompty.elseif eval=\"b\"~}y{~/prompty.elseif~}\n{~prompty.else~}z{~/prompty.else~} {~/prompty.if~}", "{~prompty.if eval=\"a\"~}x{~prompty.elseif eval=\"b\"~}y\n{~prompty.else~}z {~/prompty.if~}", 2},
		{`{~prompty.if eval="a"~}x{~prompty.else~}z{~/prompty.else~}y{~/prompty.if~}`, `{~prompty.if eval="a"~}x{~prompty.else~}z{~/prompty.else~}y{~/prompty.if~}`, 0},
		// What else is wrong stays, front matter too.
		{"---\na: [\n---\n{~vra~}{~prompty.var name=x /~}{~prompty.fi~}", "---\na: [\n---\n{~vra~}{~prompty.var name=\"x\" /~}{~prompty.fi~}", 1},
	} {
		got, mended := eng.Fix("main", c.in)
		if got != c.want || len(mended) != c.mended {
			t.Errorf("Fix(%q) =\n%q, %v, want\n%q, %d mended", c.in, got, mended, c.want, c.mended)
		}
		for _, issue := range mended {
			if issue.Rule != "syntax" || issue.Severity != engine.SeverityError || issue.Line == 0 {
				t.Errorf("Fix(%q) mended %#v", c.in, issue)
			}
		}
		if again, more := eng.Fix("main", got); again != got || len(more) > 0 {
			t.Errorf("Fix(%q) again gives %q, %v", got, again, more)
		}
	}
}

// TestFixMany has more mistakes than Parse tells at once.
func TestFixMany(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	source, want := "", ""
	for range 50 {
		source += "{~prompty.var name=x~}\n"
		want += "{~prompty.var name=\"x\" /~}\n"
	}
	if got, mended := eng.Fix("main", source); got != want || len(mended) != 100 {
		t.Errorf("Fix = %q with %d mended", got, len(mended))
	}
}

// TestFixRandom holds Fix to leaving good templates alone, and to making no
// broken one worse.
func TestFixRandom(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 4))}
	eng := engine.MustNew(engine.Config{})
	registerRandom(t, eng)
	for range 300 {
		source := g.template()
		for range g.IntN(3) {
			source = g.mutate(source)
		}
		got, mended := eng.Fix("main", source)
		if (got != source) != (len(mended) > 0) {
			t.Fatalf("seed %d: %q became %q, mended are %v", seed, source, got, mended)
		}
		if _, err := eng.Parse("main", source); err == nil && got != source {
			t.Fatalf("seed %d: %q parses, and became %q", seed, source, got)
		}
	}
}
