package engine_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/engine"
)

func TestProgramInputs(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	for _, c := range []struct {
		name     string
		source   string
		partials map[string]string
		want     string // name, template:line, and * if declared, ! if checked
	}{
		{name: "nothing", source: "Text {~prompty.raw~}{~prompty.var name=\"x\" /~}{~/prompty.raw~}{~prompty.comment~}{~y~}{~/prompty.comment~}"},
		{name: "declared, used or not", source: "---\ninputs:\n  b: string\n  a: string\n---\n{~prompty.var name=\"a\" /~}",
			want: "b main:3*!, a main:4*!"},
		{name: "used", source: `{~prompty.var name="z.y" format="upper(value) + a" /~}{~prompty.if eval="len(c.d) > 0 && c"~}{~prompty.elseif eval="e"~}{~/prompty.if~}{~prompty.switch eval="f"~}{~prompty.case eval="g"~}{~prompty.var name="h" /~}{~/prompty.case~}{~/prompty.switch~}`,
			want: "a main:1, c main:1, e main:1, f main:1, g main:1, h main:1, z main:1"},
		{name: "loops", source: `{~prompty.for item="x" index="i" in="x"~}{~prompty.var name="x" /~}{~prompty.var name="i" /~}{~/prompty.for~}{~prompty.for item="y" in="keys(m)"~}{~/prompty.for~}{~prompty.var name="i" /~}`,
			want: "i main:1, m main:1, x main:1"},
		{name: "an include", source: `{~prompty.for item="x" in="list"~}{~prompty.include template="p" a="1" template2="" /~}{~/prompty.for~}`,
			partials: map[string]string{"p": `{~prompty.var name="a" /~}{~prompty.var name="x" /~}{~prompty.var name="b" /~}{~prompty.var name="template" /~}`},
			want:     "b p:1, list main:1, template p:1"},
		{name: "declared by an include", source: "---\ninputs: {c: string}\n---\n" + `{~prompty.var name="a" /~}{~prompty.include template="p" b="1" /~}`,
			partials: map[string]string{"p": "---\ninputs: [a, b, c, d]\n---\n{~prompty.var name=\"a\" /~}{~prompty.var name=\"b\" /~}{~prompty.var name=\"c\" /~}"},
			want:     "c main:2*!, a p:2*"},
		{name: "isolated, with, missing", source: `{~prompty.include template="p" isolate="true" /~}{~prompty.include template="p" with="m" /~}{~prompty.include template="gone" /~}`,
			partials: map[string]string{"p": `{~prompty.var name="a" /~}`},
			want:     "m main:1"},
		{name: "a base", source: `{~prompty.extends template="base" /~}{~prompty.var name="unprinted" /~}{~prompty.block name="b1"~}{~prompty.var name="own" /~}{~/prompty.block~}{~prompty.block name="b2"~}{~prompty.parent /~}{~/prompty.block~}{~prompty.block name="b3"~}{~prompty.var name="in3" /~}{~/prompty.block~}`,
			partials: map[string]string{"base": "---\ninputs: [d]\n---\n{~prompty.var name=\"base\" /~}{~prompty.block name=\"b1\"~}{~prompty.var name=\"replaced\" /~}{~/prompty.block~}{~prompty.block name=\"b2\"~}{~prompty.var name=\"parent\" /~}{~/prompty.block~}"},
			want:     "d base:2*!, base base:4, own main:1, parent base:4"},
		{name: "an include with a base", source: `{~prompty.include template="child" own="1" /~}`,
			partials: map[string]string{"child": `{~prompty.extends template="base" /~}{~prompty.block name="b"~}{~prompty.var name="own" /~}{~prompty.var name="free" /~}{~/prompty.block~}`,
				"base": `{~prompty.block name="b"~}{~/prompty.block~}{~prompty.var name="end" /~}`},
			want: "end base:1, free child:1"},
		{name: "circles", source: `{~prompty.include template="p" /~}`,
			partials: map[string]string{"p": `{~prompty.include template="q" a="1" /~}{~prompty.var name="x" /~}`, "q": `{~prompty.if eval="a"~}{~prompty.include template="p" /~}{~prompty.include template="q" /~}{~/prompty.if~}{~prompty.var name="y" /~}`},
			want:     "x p:1, y q:1"},
		{name: "a circle with two ways in", source: `{~prompty.include template="p" x="1" /~}{~prompty.include template="q" /~}`,
			partials: map[string]string{"p": `{~prompty.if eval="y"~}{~prompty.include template="q" /~}{~/prompty.if~}{~prompty.var name="x" /~}`, "q": `{~prompty.include template="p" /~}`},
			want:     "x p:1, y p:1"},
	} {
		prog := mustLink(t, eng, c.source, c.partials)
		var got []string
		for _, in := range prog.Inputs() {
			s := fmt.Sprintf("%s %s:%d", in.Name, in.Template, in.Line)
			line := strings.Split(map[bool]string{true: c.source, false: c.partials[in.Template]}[in.Template == "main"], "\n")[in.Line-1]
			if !strings.HasPrefix(line[in.Column-1:], in.Name) {
				t.Errorf("%s: %s is not at column %d of %s", c.name, in.Name, in.Column, line)
			}
			if in.Declared {
				s += "*"
			}
			if in.Checked {
				s += "!"
			}
			got = append(got, s)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: Inputs =\n%s, want\n%s", c.name, strings.Join(got, ", "), c.want)
		}
	}
}

// TestProgramInputsEnd looks through templates that include each other in every way:
// it ends, and soon.
func TestProgramInputsEnd(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	const n = 30
	partials := make(map[string]string)
	for i := range n {
		var b strings.Builder
		for j := range n {
			fmt.Fprintf(&b, `{~prompty.if eval="v%d"~}{~prompty.include template="p%d" /~}{~/prompty.if~}`, i, j)
		}
		partials[fmt.Sprint("p", i)] = b.String()
	}
	if got := len(mustLink(t, eng, `{~prompty.include template="p0" /~}`, partials).Inputs()); got != n {
		t.Errorf("found %d variables, want %d", got, n)
	}
}

// TestProgramInputsAll takes from the data of random programs what they are said
// not to look for: nothing changes.
func TestProgramInputsAll(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 3))}
	eng := engine.MustNew(engine.Config{OnError: engine.Remove, Env: []string{"A"}, Limits: fuzzLimits})
	registerRandom(t, eng)
	spared := 0
	for range 300 {
		source, partials := g.template(), g.partials()
		all := source + fmt.Sprint(partials)
		tmpl, err := eng.Parse("main", source)
		if err != nil || strings.Contains(all, "my.tag") || strings.Contains(all, "with=") {
			continue
		}
		prog, err := eng.Link(t.Context(), tmpl, loadFrom(eng, partials))
		if err != nil {
			continue
		}
		data, less := make(map[string]any), make(map[string]any)
		for _, name := range randomNames {
			data[name] = g.value(2)
			if slices.ContainsFunc(prog.Inputs(), func(in engine.Input) bool { return in.Name == name }) {
				less[name] = data[name]
			}
		}
		spared += len(data) - len(less)
		want, err := prog.Render(t.Context(), data)
		got, lessErr := prog.Render(t.Context(), less)
		if got != want || (err == nil) != (lessErr == nil) {
			t.Fatalf("seed %d: with %v\n%s\n%v\nrenders %q, %v, with all of the data %q, %v", seed, less, source, partials, got, lessErr, want, err)
		}
	}
	if spared == 0 {
		t.Error("nothing was ever left out")
	}
}

func TestExtends(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	for source, want := range map[string]string{
		`{~prompty.include template="a" /~}`:   "",
		`{~prompty.extends template="a@2" /~}`: "a@2",
		"---\nextends: b\n---\n":               "b",
	} {
		tmpl, err := eng.Parse("main", source)
		if err != nil {
			t.Fatal(err)
		}
		if ref, ok := tmpl.Extends(); ok != (want != "") || ok && ref.String() != want {
			t.Errorf("Extends of %q = %v, %t, want %q", source, ref, ok, want)
		}
	}
}
