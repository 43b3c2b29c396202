package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/engine"
)

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		cfg  engine.Config
		want string
	}{
		{"a negative limit", engine.Config{Limits: engine.Limits{Steps: -1}}, "limit Steps is -1"},
		{"a depth that could overflow the stack", engine.Config{Limits: engine.Limits{BlockDepth: 1 << 20}}, "at most 1000"},
		{"an unknown strategy", engine.Config{OnError: "ignore"}, `unknown error strategy "ignore"`},
		{"equal delimiters", engine.Config{Open: "%%", Close: "%%"}, "both"},
		{"a delimiter of letters", engine.Config{Open: "begin", Close: "}"}, `'b' in it`},
		{"a delimiter with a quote", engine.Config{Open: `{"`, Close: "}"}, "in it"},
		{"a delimiter that ends in a slash", engine.Config{Open: "{/", Close: "}"}, "in it"},
		{"a delimiter with a trim marker", engine.Config{Open: "{-", Close: "-}"}, "trims white space"},
		{"a long delimiter", engine.Config{Open: strings.Repeat("{", 17), Close: "}"}, "longer than 16 bytes"},
	} {
		if _, err := engine.New(test.cfg); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: New gives %v, want an error with %q", test.name, err, test.want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("MustNew did not panic")
		}
	}()
	engine.MustNew(engine.Config{OnError: "ignore"})
}

func TestDelimiters(t *testing.T) {
	ctx := context.Background()
	eng := engine.MustNew(engine.Config{Open: "<<", Close: ">>"})
	out, err := eng.Render(ctx, `\<< <<prompty.var name="a"/>> {~prompty.var name="a" /~} >>`, map[string]any{"a": 1})
	if want := `<< 1 {~prompty.var name="a" /~} >>`; err != nil || out != want {
		t.Errorf("Render = %q, %v; want %q", out, err, want)
	}
}

func TestRegisterFunc(t *testing.T) {
	ctx := context.Background()
	eng := engine.MustNew(engine.Config{})
	call := func(args []any) (any, error) { return len(args), nil }
	for _, test := range []struct {
		f    engine.Func
		want string
	}{
		{engine.Func{Name: "", Call: call}, "a name is"},
		{engine.Func{Name: "9a", Call: call}, "a name is"},
		{engine.Func{Name: "a.b", Call: call}, "a name is"},
		{engine.Func{Name: "nil", Call: call}, "a name is"},
		{engine.Func{Name: "f"}, "Call is nil"},
		{engine.Func{Name: "f", Call: call, MinArgs: 2, MaxArgs: 1}, "makes no sense"},
		{engine.Func{Name: "f", Call: call, MaxArgs: -2}, "makes no sense"},
		{engine.Func{Name: "upper", Call: call}, "is taken"},
	} {
		if err := eng.RegisterFunc(test.f); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("RegisterFunc(%q) = %v, want an error with %q", test.f.Name, err, test.want)
		}
	}
	before, err := eng.Parse("before", "x")
	if err != nil {
		t.Fatal(err)
	}
	if err := eng.RegisterFunc(engine.Func{Name: "count", MinArgs: 1, MaxArgs: -1, Call: call}); err != nil {
		t.Fatal(err)
	}
	if out, err := eng.Render(ctx, `{~prompty.var name="a" format="count(a, 2, 'x')" /~}`, map[string]any{"a": 1}); err != nil || out != "3" {
		t.Errorf("count gives %q, %v; want 3", out, err)
	}
	if _, err := eng.Parse("x", `{~prompty.var name="a" format="count()" /~}`); err == nil || !strings.Contains(err.Error(), "at least 1 argument,") {
		t.Errorf("count() gives %v, want an error about its arguments", err)
	}
	if err := eng.RegisterFunc(engine.Func{Name: "count", Call: call}); err == nil {
		t.Error("count was registered twice")
	}
	if _, err := eng.Link(ctx, before, nil); err != nil {
		t.Errorf("a template from before the registration: %v", err)
	}
}

// TestPureFunc holds a pure function to being called when the template is
// parsed if its arguments are constant, and any other to not being.
func TestPureFunc(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	calls := make(map[string]int)
	for _, name := range []string{"pure", "impure"} {
		err := eng.RegisterFunc(engine.Func{Name: name, MinArgs: 1, MaxArgs: 1, Pure: name == "pure", Call: func(args []any) (any, error) {
			calls[name]++
			return args[0], nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	prog := mustLink(t, eng, `{~prompty.if eval="pure(1) + pure(2) == 3 && impure(1) == 1"~}yes{~/prompty.if~}`, nil)
	if calls["pure"] != 2 || calls["impure"] != 0 {
		t.Errorf("after Parse: %v calls, want 2 of pure alone", calls)
	}
	for range 3 {
		if out, err := prog.Render(context.Background(), nil); err != nil || out != "yes" {
			t.Errorf("Render = %q, %v", out, err)
		}
	}
	if calls["pure"] != 2 || calls["impure"] != 3 {
		t.Errorf("after three renderings: %v calls, want 2 of pure, 3 of impure", calls)
	}
}

func TestRegisterResolver(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	fn := func(context.Context, *engine.Tag) (any, error) { return nil, nil }
	for name, want := range map[string]string{"": "a tag name is", "1a": "a tag name is", "a b": "a tag name is", "prompty.x": "reserved"} {
		if err := eng.RegisterResolver(engine.NewResolver(name, fn)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("RegisterResolver(%q) = %v, want an error with %q", name, err, want)
		}
	}
	if err := eng.RegisterResolver(nil); err == nil {
		t.Error("a nil resolver was registered")
	}
	if err := eng.RegisterResolver(engine.NewResolver("my.nil", nil)); err == nil {
		t.Error("a resolver without a function was registered")
	}
	if err := eng.RegisterResolver(engine.NewResolver("my.tag", fn)); err != nil {
		t.Error(err)
	}
	if err := eng.RegisterResolver(engine.NewResolver("my.tag", fn)); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("registered twice: %v", err)
	}
}

// TestTagLookup holds a resolver to seeing what a path at its place would find.
func TestTagLookup(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	err := eng.RegisterResolver(engine.NewResolver("get", func(_ context.Context, tag *engine.Tag) (any, error) {
		if _, ok := tag.Lookup("a..b"); ok {
			t.Error("Lookup found a path with an empty segment")
		}
		if _, ok := tag.Attrs["onerror"]; ok {
			t.Error("a resolver sees onerror")
		}
		v, ok := tag.Lookup(tag.Attrs["path"])
		if !ok {
			return "-", nil
		}
		switch v.(type) {
		case *string, *int:
			t.Errorf("Lookup(%q) gives the %T that a loop uses inside", tag.Attrs["path"], v)
		}
		return v, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) string { return `{~get path="` + path + `" onerror="throw" /~} ` }
	partials := map[string]string{
		"p": get("tone") + get("k") + get("x") + get("root") + get("d"),
		"r": `{~prompty.if eval="n"~}{~prompty.include template="r" n="" /~}{~prompty.else~}` + get("x") + get("root") + get("n") + get("item.key") + `{~/prompty.if~}`,
		"f": "---\ninputs:\n  d: {default: 7}\n---\n" + get("d") + get("root"),
	}
	out, err := renderWith(eng, `{~prompty.for item="x" index="i" in="list"~}`+get("x")+get("i")+get("nope")+
		`{~prompty.include template="p" with="m" tone="kind" /~}{~prompty.include template="r" n="1" /~}{~/prompty.for~}`+
		`{~prompty.for item="item" in="m"~}`+get("item.key")+get("item.value")+`{~prompty.include template="r" n="1" /~}{~/prompty.for~}`+
		`{~prompty.include template="f" isolate="true" /~}`, partials,
		map[string]any{"list": []string{"s"}, "m": map[string]any{"k": "v"}, "root": "r"})
	want := "s 0 - kind v s r - s r  - k v - r  k 7 - "
	if err != nil || out != want {
		t.Errorf("got  %q, %v\nwant %q", out, err, want)
	}
}

// TestEntryInGo holds what Go code gets for the entry of a map to being a map.
func TestEntryInGo(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	show := func(v any) string { return fmt.Sprintf("%T %v", v, v) }
	if err := errors.Join(
		eng.RegisterFunc(engine.Func{Name: "show", MinArgs: 1, MaxArgs: 1, Call: func(args []any) (any, error) { return show(args[0]), nil }}),
		eng.RegisterResolver(engine.NewResolver("show", func(_ context.Context, tag *engine.Tag) (any, error) {
			v, _ := tag.Lookup("e")
			return show(v), nil
		})),
	); err != nil {
		t.Fatal(err)
	}
	out, err := eng.Render(context.Background(), `{~prompty.for item="e" in="m"~}{~show /~};{~prompty.var name="e" format="show(value)" /~}{~/prompty.for~}`, map[string]any{"m": map[string]int{"k": 1}})
	if want := "map[string]interface {} map[key:k value:1]"; out != want+";"+want || err != nil {
		t.Errorf("got %q, %v", out, err)
	}
}

func TestTemplateAccessors(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	source := "---\ndescription: d\n---\n" + `{~prompty.extends template="base@2" /~}{~prompty.block name="a"~}` +
		`{~prompty.include template="p" /~}{~prompty.include template="p" version="3" /~}{~prompty.include template="p" /~}{~/prompty.block~}`
	tmpl, err := eng.Parse("name", source)
	if err != nil {
		t.Fatal(err)
	}
	if tmpl.Name() != "name" || tmpl.Source() != source || tmpl.Header() == nil || tmpl.Header().Description != "d" {
		t.Errorf("Name, Source or Header are wrong: %q %q %v", tmpl.Name(), tmpl.Source(), tmpl.Header())
	}
	want := []engine.Ref{{Name: "base", Version: 2}, {Name: "p"}, {Name: "p", Version: 3}}
	if got := tmpl.Refs(); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("Refs = %v, want %v", got, want)
	}
	partials := map[string]string{"base": `{~prompty.block name="a"~}{~/prompty.block~}{~prompty.include template="gone" onerror="remove" /~}`, "p": `{~prompty.include template="q" /~}`, "q": "q"}
	prog, err := eng.Link(context.Background(), tmpl, loadFrom(eng, partials))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ref := range prog.Refs() {
		names = append(names, ref.String())
	}
	if got := strings.Join(names, " "); got != "base@2 p p@3 gone q" {
		t.Errorf("Program.Refs = %s", got)
	}
	if plain, _ := eng.Parse("plain", "x"); plain.Header() != nil {
		t.Error("a template without front matter has a header")
	}
}

// TestLinkLoadsOnce holds Link to asking for each Ref once, whoever names it.
func TestLinkLoadsOnce(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	tmpl, err := eng.Parse("main", `{~prompty.include template="a" /~}{~prompty.include template="b" /~}`)
	if err != nil {
		t.Fatal(err)
	}
	loads := make(map[string]int)
	_, err = eng.Link(context.Background(), tmpl, func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		loads[ref.Name]++
		return eng.Parse(ref.Name, `{~prompty.include template="a" /~}{~prompty.include template="b" /~}{~prompty.include template="c" /~}`)
	})
	if err != nil || len(loads) != 3 || loads["a"] != 1 || loads["b"] != 1 || loads["c"] != 1 {
		t.Errorf("Link loads %v, %v; want each of a, b, c once", loads, err)
	}
}

func TestLinkErrors(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	tmpl, err := eng.Parse("main", `a {~prompty.include template="p" /~}`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := eng.Link(ctx, tmpl, func(ctx context.Context, _ engine.Ref) (*engine.Template, error) {
		cancel()
		return nil, ctx.Err()
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("Link under a cancelled context gives %v", err)
	}
	if _, err := eng.Link(ctx, tmpl, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Link under a cancelled context gives %v", err)
	}

	sentinel := errors.New("the disk is on fire")
	prog, err := eng.Link(context.Background(), tmpl, func(context.Context, engine.Ref) (*engine.Template, error) { return nil, sentinel })
	if err != nil {
		t.Fatalf("Link with an include that cannot be loaded: %v", err)
	}
	_, err = prog.Render(context.Background(), nil)
	if e, ok := errors.AsType[*engine.Error](err); !ok || !errors.Is(err, sentinel) || e.Line != 1 || e.Column != 3 || e.Offset != 2 || e.Tag != "prompty.include" || e.Template != "main" {
		t.Errorf("Render gives %#v, want the loader's error at 1:3", err)
	}
	prog, err = eng.Link(context.Background(), tmpl, func(context.Context, engine.Ref) (*engine.Template, error) { return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err = prog.Render(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a loader that gives nothing at all leads to %v", err)
	}
	deep := 0
	if _, err = eng.Link(context.Background(), tmpl, func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		deep++
		return eng.Parse(ref.Name, `{~prompty.include template="`+ref.Name[:1]+strings.Repeat("x", deep)+`" /~}`)
	}); !errors.Is(err, engine.ErrLimit) {
		t.Errorf("a loader without end gives %.200v", err)
	}
}

func TestRootData(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	prog := mustLink(t, eng, `[{~prompty.var name="name" default="-" /~}]`, nil)
	type person struct {
		Name string `json:"name"`
	}
	var none *person
	for _, data := range []any{map[string]any{"name": "Ann"}, map[string]string{"name": "Ann"}, person{"Ann"}, &person{"Ann"}} {
		if out, err := prog.Render(context.Background(), data); err != nil || out != "[Ann]" {
			t.Errorf("Render(%T) = %q, %v", data, out, err)
		}
	}
	for _, data := range []any{nil, none, map[string]any(nil)} {
		if out, err := prog.Render(context.Background(), data); err != nil || out != "[-]" {
			t.Errorf("Render(%T) = %q, %v", data, out, err)
		}
	}
	for _, data := range []any{"Ann", 1, []any{"Ann"}, time.Now(), func() {}} {
		if _, err := prog.Render(context.Background(), data); err == nil || !strings.Contains(err.Error(), "the data must be a map") {
			t.Errorf("Render(%T) gives %v", data, err)
		}
	}
}

func TestCancel(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	turns := 0
	err := eng.RegisterFunc(engine.Func{Name: "tick", Call: func([]any) (any, error) {
		if turns++; turns == 10 {
			cancel()
		}
		return nil, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	prog := mustLink(t, eng, `{~prompty.for item="x" in="l" onerror="remove"~}{~prompty.if eval="tick()"~}{~/prompty.if~}{~/prompty.for~}`, nil)
	data := map[string]any{"l": make([]int, 10_000)}
	dst, err := prog.Append(ctx, []byte("before"), data)
	if !errors.Is(err, context.Canceled) || string(dst) != "before" {
		t.Errorf("Append = %q, %v; want what was there before, and Canceled", dst, err)
	}
	// Functions may take any time, so ctx is observed after each.
	if turns != 10 {
		t.Errorf("the loop went on for %d turns", turns)
	}
	if _, err := prog.Render(ctx, data); !errors.Is(err, context.Canceled) {
		t.Errorf("Render under a cancelled context gives %v", err)
	}
	if _, err := prog.Messages(ctx, data); !errors.Is(err, context.Canceled) {
		t.Errorf("Messages under a cancelled context gives %v", err)
	}
}

// TestConcurrent shares an engine, a template and a program. It proves
// something under the race detector only.
func TestConcurrent(t *testing.T) {
	eng := engine.MustNew(engine.Config{})
	w := systemPrompt()
	prog := linkWorkload(t, w)
	want := string(w.ByHand(nil, w.Data))
	done := make(chan error)
	for i := range 4 {
		go func() {
			var err error
			for j := range 50 {
				var out string
				if out, err = prog.Render(context.Background(), w.Data); err == nil && out != want {
					err = errors.New("another text")
				}
				if err == nil {
					err = eng.RegisterFunc(engine.Func{Name: "f" + strings.Repeat("x", i*50+j), Call: func([]any) (any, error) { return nil, nil }})
				}
				if _, perr := eng.Parse("main", w.Source); err == nil {
					err = perr
				}
			}
			done <- err
		}()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestDefaultLogger has no logger of its own, and changes the default one after
// the engine was made.
func TestDefaultLogger(t *testing.T) {
	var log strings.Builder
	eng := engine.MustNew(engine.Config{})
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	text, err := eng.Render(t.Context(), `a{~prompty.var name="x" onerror="log" /~}b`, nil)
	if text != "ab" || err != nil || !strings.Contains(log.String(), "is missing") {
		t.Errorf("Render = %q, %v, and logs %q", text, err, log.String())
	}
}
