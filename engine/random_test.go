package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/engine"
)

var (
	randomTemplates = flag.Int("templates", 1500, "number of random templates to render")
	randomSeed      = flag.Uint64("seed", 0, "seed of the random templates; 0: a new one")
	measure         = flag.Bool("measure", false, "hold each random template to 250 ms and 100 MB")
)

// TestRandomTemplates renders random templates, a good part of them broken,
// with random data. Whatever they are, nothing may panic or hang, errors have
// places, limits hold, and all ways to render agree.
func TestRandomTemplates(t *testing.T) {
	if !*measure {
		t.Parallel()
	}
	seed := *randomSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d", seed)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
	limits := engine.Limits{OutputBytes: 1 << 20}
	rendered := 0
	var slowest time.Duration
	var largest uint64
	for i := range *randomTemplates {
		strategy := pick(g, engine.Throw, engine.Throw, engine.Remove, engine.KeepRaw, engine.Default, engine.Log)
		eng := engine.MustNew(engine.Config{OnError: strategy, Limits: limits, Logger: discardLogger, Env: []string{"A"}, LookupEnv: func(string) (string, bool) { return "env", true }})
		registerRandom(t, eng)
		source, partials, data := g.template(), g.partials(), g.data(4)
		ok := checkRandom(t, eng, source, partials, data, limits)
		if *measure {
			took, used := renderCost(eng, source, partials, data)
			// A busy machine makes everything slow; the fastest of some tries counts.
			for try := 0; try < 10 && took > 250*time.Millisecond; try++ {
				again, _ := renderCost(eng, source, partials, data)
				took = min(took, again)
			}
			slowest, largest = max(slowest, took), max(largest, used)
			if took > 250*time.Millisecond || used > 100<<20 {
				t.Errorf("template %d takes %v and allocates %d bytes", i, took, used)
			}
		}
		if ok {
			rendered++
		}
		if t.Failed() {
			t.Fatalf("seed %d, template %d:\n%s\npartials: %q\ndata: %.2000v", seed, i, source, partials, data)
		}
	}
	t.Logf("%d of %d rendered without error", rendered, *randomTemplates)
	if *measure {
		t.Logf("the slowest took %v, the largest allocated %d bytes in all", slowest, largest)
	}
	if rendered < *randomTemplates/20 {
		t.Errorf("only %d of %d templates rendered: the generator proves little", rendered, *randomTemplates)
	}
}

// renderCost is what parsing, linking and rendering takes and allocates.
func renderCost(eng *engine.Engine, source string, partials map[string]string, data any) (time.Duration, uint64) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := time.Now()
	_, _ = renderWith(eng, source, partials, data)
	took := time.Since(begin)
	runtime.ReadMemStats(&after)
	return took, after.TotalAlloc - before.TotalAlloc
}

func registerRandom(t *testing.T, eng *engine.Engine) {
	t.Helper()
	err := eng.RegisterResolver(engine.NewResolver("my.tag", func(_ context.Context, tag *engine.Tag) (any, error) {
		if p, ok := tag.Attrs["path"]; ok {
			v, ok := tag.Lookup(p)
			if !ok {
				return nil, errors.New("no such path")
			}
			return v, nil
		}
		return "[" + tag.Content + "]", nil
	}))
	if err == nil {
		err = eng.RegisterFunc(engine.Func{Name: "boom", MaxArgs: -1, Call: func([]any) (any, error) { panic("boom") }})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkRandom reports whether the template rendered.
func checkRandom(t *testing.T, eng *engine.Engine, source string, partials map[string]string, data any, limits engine.Limits) bool {
	t.Helper()
	ctx := context.Background()
	eng.Validate(ctx, "main", source, loadFrom(eng, partials))
	tmpl, err := eng.Parse("main", source)
	if err != nil {
		checkPlaces(t, err)
		return false
	}
	checkStable(t, eng, tmpl)
	prog, err := eng.Link(ctx, tmpl, loadFrom(eng, partials))
	if err != nil {
		checkPlaces(t, err)
		return false
	}
	out, err := prog.Render(ctx, data)
	if err != nil {
		checkPlaces(t, err)
	}
	if len(out) > limits.OutputBytes {
		t.Errorf("the output has %d bytes, the limit is %d", len(out), limits.OutputBytes)
	}
	appended, appendErr := prog.Append(ctx, []byte("x"), data)
	if fmt.Sprint(err) != fmt.Sprint(appendErr) || string(appended) != "x"+out {
		t.Errorf("Append gave %.200q, %v, Render %.200q, %v", appended, appendErr, out, err)
	}
	messages, msgErr := prog.Messages(ctx, data)
	if fmt.Sprint(err) != fmt.Sprint(msgErr) {
		t.Errorf("Messages gave %v, Render %v", msgErr, err)
	}
	if err == nil {
		var joined strings.Builder
		for _, m := range messages {
			joined.WriteString(m.Content)
		}
		if got, want := noSpace(joined.String()), noSpace(out); got != want {
			t.Errorf("the messages say %.200q, Render %.200q", got, want)
		}
	}
	return err == nil
}

func noSpace(s string) string { return strings.Join(strings.Fields(s), "") }

// checkPlaces holds an error to having places.
func checkPlaces(t testing.TB, err error) {
	t.Helper()
	list := engine.Errors{}
	if !errors.As(err, &list) {
		e, ok := errors.AsType[*engine.Error](err)
		if !ok {
			t.Errorf("the error has no place: %v", err)
			return
		}
		list = append(list, e)
	}
	if len(list) == 0 || len(list) > 20 {
		t.Errorf("%d errors at once", len(list))
	}
	for _, e := range list {
		if e.Line < 1 || e.Column < 1 || e.Offset < 0 || e.Err == nil {
			t.Errorf("the error has no place: %#v", e)
		}
	}
}

// checkStable holds a template to printing as something that prints the same.
func checkStable(t testing.TB, eng *engine.Engine, tmpl *engine.Template) {
	t.Helper()
	printed := tmpl.String()
	again, err := eng.Parse("main", printed)
	if err != nil {
		// Quotes and spaces can make the printed form longer than the limit.
		if !errors.Is(err, engine.ErrLimit) {
			t.Errorf("the printed template does not parse: %v\nsource:  %q\nprinted: %q", err, tmpl.Source(), printed)
		}
		return
	}
	if twice := again.String(); twice != printed {
		t.Errorf("printing is not stable:\nonce:  %q\ntwice: %q", printed, twice)
	}
}

// generator makes random templates, expressions and data.
type generator struct {
	*rand.Rand
	blocks int
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

var randomNames = []string{"a", "b", "c", "list", "m", "s", "n", "i", "item", "user", "名"}

func (g *generator) name() string { return pick(g, randomNames...) }

func (g *generator) path() string {
	p := g.name()
	for g.IntN(3) == 0 {
		p += "." + pick(g, append([]string{"0", "1", "key", "value", "Name"}, randomNames...)...)
	}
	return p
}

func (g *generator) template() string {
	g.blocks = 0
	var b strings.Builder
	if g.IntN(10) == 0 {
		b.WriteString(pick(g, "---\ndescription: x\n---\n", "---\ninputs:\n  a: {type: string, required: true}\n  b: {type: integer, default: 3}\n---\n", "---\nextends: p1\n---\n", "---\n: [\n---\n"))
	}
	if g.IntN(8) == 0 {
		b.WriteString(`{~prompty.extends template="` + pick(g, "p0", "p1", "p2", "gone") + `" /~}`)
	}
	for range 1 + g.IntN(6) {
		b.WriteString(g.piece(3))
	}
	s := b.String()
	for g.IntN(4) == 0 {
		s = g.mutate(s)
	}
	return s
}

func (g *generator) partials() map[string]string {
	m := make(map[string]string)
	for i := range 3 {
		m[fmt.Sprintf("p%d", i)] = g.template()
	}
	return m
}

// mutate breaks a template in one place.
func (g *generator) mutate(s string) string {
	at := g.IntN(len(s) + 1)
	end := min(len(s), at+g.IntN(8))
	return s[:at] + pick(g, "", "{~", "~}", "\"", "'", "/", "-", "\\", "{~/prompty.if~}", "\x00", "\xff", "(", "é", "{~/x~}", "=") + s[end:]
}

func (g *generator) body(depth int) string {
	var b strings.Builder
	for range g.IntN(4) {
		b.WriteString(g.piece(depth - 1))
	}
	return b.String()
}

func (g *generator) attrs(list ...string) string {
	s := ""
	for _, a := range list {
		s += " " + a
	}
	if g.IntN(4) == 0 {
		s += ` onerror="` + pick(g, "throw", "default", "remove", "keepraw", "log") + `"`
	}
	if g.IntN(6) == 0 {
		s += ` default="` + pick(g, "", "d", `\"q\"`) + `"`
	}
	return s
}

func (g *generator) open() string  { return pick(g, "{~", "{~", "{~", "{~-", "{~ ", "{~- ") }
func (g *generator) close() string { return pick(g, "~}", "~}", "~}", "-~}", " ~}") }

func (g *generator) block(name, attrs, body string) string {
	return g.open() + name + attrs + g.close() + body + g.open() + "/" + name + g.close()
}

func (g *generator) single(name, attrs string) string {
	return g.open() + name + attrs + " /" + g.close()
}

func (g *generator) eval(attr string) string {
	return attr + `="` + strings.ReplaceAll(strings.ReplaceAll(g.expr(3), `\`, `\\`), `"`, `\"`) + `"`
}

func (g *generator) piece(depth int) string {
	if depth <= 0 {
		return g.text()
	}
	switch g.IntN(16) {
	case 0, 1, 2:
		return g.text()
	case 3, 4, 5:
		a := []string{`name="` + g.path() + `"`}
		if g.IntN(4) == 0 {
			a = append(a, g.eval("format"))
		}
		return g.single("prompty.var", g.attrs(a...))
	case 6, 7:
		s := g.body(depth)
		for g.IntN(3) == 0 {
			s += "{~prompty.elseif" + g.attrs(g.eval("eval")) + "~}" + g.body(depth)
		}
		if g.IntN(2) == 0 {
			s += "{~prompty.else~}" + g.body(depth)
		}
		return g.block("prompty.if", g.attrs(g.eval("eval")), s)
	case 8, 9:
		a := []string{`item="` + pick(g, "i", "item", "a") + `"`, `in="` + g.path() + `"`}
		if g.IntN(3) == 0 {
			a = append(a, `index="n"`)
		}
		if g.IntN(4) == 0 {
			a = append(a, `limit="2"`)
		}
		return g.block("prompty.for", g.attrs(a...), g.body(depth))
	case 10:
		s := ""
		for range g.IntN(3) {
			s += g.block("prompty.case", g.attrs(pick(g, `value="x"`, `value="1"`, g.eval("eval"))), g.body(depth))
		}
		if g.IntN(2) == 0 {
			s += g.block("prompty.casedefault", g.attrs(), g.body(depth))
		}
		return g.block("prompty.switch", g.attrs(g.eval("eval")), s)
	case 11, 12:
		a := []string{`template="` + pick(g, "p0", "p1", "p2", "gone") + `"`}
		a = append(a, pick(g, "", `with="`+g.path()+`"`, `a="str"`, `isolate="true"`))
		return g.single("prompty.include", g.attrs(a...))
	case 13:
		g.blocks++
		return g.block("prompty.block", g.attrs(fmt.Sprintf(`name="b%d"`, g.blocks)), g.body(depth)+pick(g, "", "", "{~prompty.parent /~}"))
	case 14:
		return g.block("prompty.message", g.attrs(pick(g, `role="user"`, `role="system"`, `eval-role="s"`)), g.body(depth))
	default:
		return pick(g,
			g.block("prompty.raw", "", "{~prompty.var"), g.block("prompty.comment", "", "{~x"),
			g.single("prompty.env", g.attrs(`name="`+pick(g, "A", "B")+`"`)),
			g.single("my.tag", g.attrs(`path="`+g.path()+`"`)), g.block("my.tag", g.attrs(), g.body(depth)))
	}
}

func (g *generator) text() string {
	return pick(g, "text", " ", "\n", "  \n\t", `\{~`, "~}", "{", "日本 🙂", "a\r\nb", `\`, "---\n", "")
}

func (g *generator) expr(depth int) string {
	if depth == 0 || g.IntN(4) == 0 {
		return pick(g, g.path(), g.path(), "1", "0", "2.5", "1e3", "'x'", `"y\n"`, "true", "false", "nil", "9223372036854775807", "18446744073709551615")
	}
	switch g.IntN(6) {
	case 0:
		return "(" + g.expr(depth-1) + ")"
	case 1:
		return pick(g, "!", "-", "! ", "--") + g.expr(depth-1)
	case 2, 3:
		return g.expr(depth-1) + pick(g, " || ", " && ", "==", "!=", "<", " <= ", ">", ">=", " in ", "+", " - ", "*", "/", "%") + g.expr(depth-1)
	default:
		f := pick(g, "upper", "len", "first", "keys", "sort", "toString", "toJSON", "typeOf", "abs", "round", "boom", "lines", "unique", "trim")
		if g.IntN(3) == 0 {
			f = pick(g, "repeat", "join", "split", "contains", "default", "coalesce", "has", "truncate", "indent", "wrap", "min", "addDays", "formatDate")
			return f + "(" + g.expr(depth-1) + ", " + g.expr(depth-1) + ")"
		}
		return f + "(" + g.expr(depth-1) + ")"
	}
}

// data makes the map that a template is rendered with.
func (g *generator) data(depth int) any {
	m := make(map[string]any)
	for _, name := range randomNames {
		if g.IntN(5) > 0 {
			m[name] = g.value(depth)
		}
	}
	switch g.IntN(20) {
	case 0:
		m["m"] = m // a cycle
	case 1:
		return nil
	case 2:
		return struct {
			A    any    `json:"a"`
			Name string // found by its own name
			List []int  `json:"list"`
		}{g.value(depth), "n", []int{1, 2, 3}}
	}
	return m
}

func (g *generator) value(depth int) any {
	if depth > 0 && g.IntN(2) == 0 {
		switch g.IntN(4) {
		case 0:
			list := make([]any, g.IntN(5))
			for i := range list {
				list[i] = g.value(depth - 1)
			}
			return list
		case 1:
			m := make(map[string]any)
			for range g.IntN(5) {
				m[g.name()] = g.value(depth - 1)
			}
			return m
		case 2:
			return pick[any](g, []string{"x", "y"}, []int{3, 1, 2}, [2]bool{true}, map[string]int{"a": 1}, map[int]string{0: "zero"}, []map[string]any{{"a": 1}, nil})
		default:
			v := g.value(depth - 1)
			return &v
		}
	}
	return pick[any](g, nil, true, false, 0, 1, -7, 2.5, math.NaN(), math.Inf(1), "", "x", "user", "{~prompty.message role=\"system\"~}", "\x00\x1b[2J", strings.Repeat("long ", 100),
		int64(math.MinInt64), uint64(math.MaxUint64), float32(0.1), []byte("bytes"), time.Unix(0, 0).UTC(), errors.New("err"), (*int)(nil), func() {}, make(chan int), complex(1, 2), panicky{})
}

// panicky panics wherever it can.
type panicky struct{ X func() }

func (panicky) String() string               { panic("String") }
func (panicky) MarshalText() ([]byte, error) { panic("MarshalText") }
func (panicky) MarshalJSON() ([]byte, error) { panic("MarshalJSON") }
