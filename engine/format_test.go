package engine_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{" Text \\{~ ~} { \t\r\n", " Text \\{~ ~} { \t\r\n"},
		{"--- \na:  1\n---\n {~prompty.var  name = 'x'/~} ", "---\na: 1\n---\n {~prompty.var name=\"x\" /~} "},
		{"{~\n prompty.var\n  name=\"x\"\n  default='d'\n/~}", `{~prompty.var name="x" default="d" /~}`},
		{`{~- prompty.if  eval="a" -~} x {~-prompty.else/~} y {~ / prompty.if -~}`, `{~-prompty.if eval="a"-~} x {~-prompty.else~} y {~/prompty.if-~}`},
		{`{~prompty.var name="x"/-~}`, `{~prompty.var name="x" /-~}`},
		{`{~prompty.comment  ~} {~x  {~ / prompty.comment~}{~prompty.comment a='b'/~}`, `{~prompty.comment~} {~x  {~/prompty.comment~}{~prompty.comment a="b" /~}`},
		{`{~prompty.raw ~}{~prompty.var  /~}{~/prompty.raw ~}`, `{~prompty.raw~}{~prompty.var  /~}{~/prompty.raw~}`},
		// Values: the quotes that need the fewest escapes, and no escape that is not needed.
		{`{~prompty.if eval='a=="x"'~}{~/prompty.if~}`, `{~prompty.if eval='a=="x"'~}{~/prompty.if~}`},
		{`{~prompty.if eval="a==\"x\""~}{~/prompty.if~}`, `{~prompty.if eval='a=="x"'~}{~/prompty.if~}`},
		{`{~prompty.var name="x" default='it\'s' /~}`, `{~prompty.var name="x" default="it's" /~}`},
		{`{~prompty.var name="x" default='"it\'s"' /~}`, `{~prompty.var name="x" default="\"it's\"" /~}`},
		{`{~prompty.var name="x" default="a\b\\c\\\\d\\" /~}`, `{~prompty.var name="x" default="a\b\c\\\d\\" /~}`},
		{"{~prompty.var name=\"x\" default=\"a\n  b\" /~}", "{~prompty.var name=\"x\" default=\"a\n  b\" /~}"},
		// What may be printed as it stands.
		{`{~prompty.var  name='x' onerror='keepraw'/~}{~prompty.if  eval='a' onerror="keepraw"~}{~prompty.var  name='x'/~}{~/prompty.if ~}`, `{~prompty.var  name='x' onerror='keepraw'/~}{~prompty.if  eval='a' onerror="keepraw"~}{~prompty.var  name='x'/~}{~/prompty.if ~}`},
		{`{~prompty.if  eval='a'~}{~prompty.elseif  eval='b' onerror='keepraw'~} x {~prompty.var  name='y'/~}{~prompty.else ~}{~/prompty.if ~}`, `{~prompty.if eval="a"~}{~prompty.elseif  eval='b' onerror='keepraw'~} x {~prompty.var  name='y'/~}{~prompty.else~}{~/prompty.if~}`},
	} {
		got, err := eng.Format("main", c.in)
		if got != c.want || err != nil {
			t.Errorf("Format(%q) =\n%q, %v, want\n%q", c.in, got, err, c.want)
		}
	}
	_, err := eng.Format("main", "a\n{~prompty.vra /~}")
	if list, ok := errors.AsType[engine.Errors](err); !ok || list[0].Line != 2 {
		t.Errorf("Format of what does not parse gives %v", err)
	}
	tight := engine.MustNew(engine.Config{Limits: engine.Limits{SourceBytes: 30}})
	if got, err := tight.Format("main", `{~prompty.var name="123456"/~}`); got != `{~prompty.var name="123456"/~}` || err != nil {
		t.Errorf("Format beyond the limit = %q, %v", got, err)
	}
	keeping := engine.MustNew(engine.Config{OnError: engine.KeepRaw})
	if got, err := keeping.Format("main", "---  \n---\n{~prompty.var  name='x'/~}"); got != "---\n---\n{~prompty.var  name='x'/~}" || err != nil {
		t.Errorf("Format where all tags may be printed = %q, %v", got, err)
	}
	other := engine.MustNew(engine.Config{Open: "<<", Close: ">>"})
	if got, err := other.Format("main", "<<prompty.var  name='x'/>>{~  ~}"); got != `<<prompty.var name="x" />>{~  ~}` || err != nil {
		t.Errorf("Format with other delimiters = %q, %v", got, err)
	}
}

// TestFormatSame formats every template under testdata, and random ones, and
// finds the same front matter, the same program and the same text.
func TestFormatSame(t *testing.T) {
	t.Parallel()
	plain := engine.MustNew(engine.Config{})
	load := promptLoader(plain)
	for _, name := range promptNames(t) {
		tmpl, err := load(t.Context(), engine.Ref{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		checkFormat(t, plain, name, tmpl.Source(), load)
	}
	count := 0
	err := filepath.WalkDir(vectorDir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".txtar" {
			v := readVector(t, path)
			eng := v.engine(t, new(bytes.Buffer))
			if _, err := eng.Parse("main", v.template); err == nil {
				count++
				checkFormat(t, eng, path, v.template, v.loader(t, eng))
			}
		}
		return err
	})
	if err != nil || count < 200 {
		t.Errorf("formatted %d vectors: %v", count, err)
	}
	seed := uint64(time.Now().UnixNano())
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 2))}
	count = 0
	for range 200 {
		eng := engine.MustNew(engine.Config{OnError: pick(g, engine.Throw, engine.KeepRaw)})
		registerRandom(t, eng)
		source, partials := g.template(), g.partials()
		if _, err := eng.Parse("main", source); err == nil {
			count++
			checkFormat(t, eng, "random", source, loadFrom(eng, partials))
		}
	}
	if count < 50 || t.Failed() {
		t.Errorf("seed %d: formatted %d random templates", seed, count)
	}
}

func checkFormat(t *testing.T, eng *engine.Engine, name, source string, load engine.LoadFunc) {
	t.Helper()
	got, err := eng.Format("main", source)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if got == source {
		return
	}
	if again, err := eng.Format("main", got); again != got || err != nil {
		t.Errorf("%s: %q becomes\n%q and then\n%q, %v", name, source, got, again, err)
	}
	was, is := meaningOf(t, eng, source, load), meaningOf(t, eng, got, load)
	ignore := cmp.Options{cmpopts.IgnoreUnexported(promptfile.Header{}), cmpopts.IgnoreFields(promptfile.Header{}, "BodyOffset", "BodyLine"), cmpopts.IgnoreFields(promptfile.Input{}, "Line", "Column"), cmpopts.EquateNaNs()}
	if diff := cmp.Diff(was, is, ignore); diff != "" {
		t.Errorf("%s: formatting %q to\n%q changes it (-was +is):\n%s", name, source, got, diff)
	}
}

// meaning is what formatting must not change.
type meaning struct {
	Header  *promptfile.Header
	Program string
	Text    string
	Failed  bool
}

func meaningOf(t *testing.T, eng *engine.Engine, source string, load engine.LoadFunc) meaning {
	t.Helper()
	tmpl, err := eng.Parse("main", source)
	if err != nil {
		t.Fatal(err)
	}
	m := meaning{Header: tmpl.Header()}
	prog, err := eng.Link(context.Background(), tmpl, load)
	if err != nil {
		m.Failed = true
		return m
	}
	var data any
	if m.Header != nil {
		data = m.Header.Sample
	}
	m.Program = prog.Compiled()
	m.Text, err = prog.Render(context.Background(), data)
	m.Failed = err != nil
	return m
}

// FuzzFormat holds Format to the same template and to being final, and Fix to
// leaving alone what parses.
func FuzzFormat(f *testing.F) {
	f.Add("--- \na:  1\n---\n{~- prompty.if  eval='a==\"\\\\'' -~}x{~prompty.else/~}{~ /prompty.if~}")
	f.Add(`{~prompty.var name=“x” default='"\' onerror="keepraw"~}{~prompty.if eval="a = b and c"~}{~prompty.raw~} {~/prompty.raw ~}`)
	fuzzSeeds(f)
	eng := fuzzEngine()
	f.Fuzz(func(t *testing.T, source string) {
		fixed, mended := eng.Fix("main", source)
		tmpl, err := eng.Parse("main", source)
		if err != nil {
			if (fixed == source) != (len(mended) == 0) {
				t.Fatalf("Fix(%q) = %q with %v", source, fixed, mended)
			}
			return
		}
		if fixed != source {
			t.Fatalf("%q parses, but Fix gives %q", source, fixed)
		}
		got, err := eng.Format("main", source)
		if err != nil {
			t.Fatal(err)
		}
		again, err := eng.Format("main", got)
		if err != nil || again != got {
			t.Fatalf("%q becomes\n%q and then\n%q, %v", source, got, again, err)
		}
		is, err := eng.Parse("main", got)
		_, was, _, _ := promptfile.SplitFrontMatter(tmpl.String())
		if _, now, _, _ := promptfile.SplitFrontMatter(is.String()); err != nil || was != now {
			t.Fatalf("%q became another template: %q, %v", source, got, err)
		}
	})
}
