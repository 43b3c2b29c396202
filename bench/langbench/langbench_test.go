package langbench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-prompty/prompty/internal/workload"
)

// TestSameBytes proves that all engines print what code written by hand does,
// and knows which cannot.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	some := map[string]string{ // who does only some of the workloads
		"mustache":             "W1 W2 W3 W4 W5 W6",
		"fasttemplate":         "W1 W5",
		"fasttemplate, []byte": "W1 W5",
		"expr-lang":            "WE",
	}
	for _, e := range Engines() {
		does := ""
		for _, w := range workload.All() {
			_, err := e.ready(w)
			if err == nil {
				does += " " + w.Name[:2]
			} else if _, ok := reason(err); !ok {
				t.Errorf("%s, %s: %v", e.Name, w.Name, err)
			}
		}
		want, ok := some[e.Name]
		if !ok {
			want = "W1 W2 W3 W4 W5 W6 WE"
		}
		if does != " "+want {
			t.Errorf("%s does%s, want %s", e.Name, does, want)
		}
	}
}

// TestOtherBytes has an engine that prints something else: it is not measured.
func TestOtherBytes(t *testing.T) {
	t.Parallel()
	e := &Engine{Name: "wrong", prepare: func(workload.Workload, string, map[string]string) (*prepared, error) {
		return writing(func(out *Output) error { out.WriteString("Hello"); return nil }, nil, func() error { return nil }), nil
	}}
	if _, err := e.ready(workload.All()[0]); err == nil || !strings.Contains(err.Error(), `wrong prints "Hello" for W1`) {
		t.Errorf("ready = %v, want an error with what was printed", err)
	}
}

func newConfig(t *testing.T, run string) *Config {
	return &Config{Rounds: 1, Slice: time.Microsecond, Run: regexp.MustCompile(run), Logf: func(string, ...any) {}}
}

// TestEveryCell measures each once, and looks for it in the tables.
func TestEveryCell(t *testing.T) {
	c := newConfig(t, "")
	rows, err := c.Rows()
	if err != nil {
		t.Fatal(err)
	}
	report := NewReport(rows, "-rounds 1")
	if err := c.Measure(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row.Cells {
			if cell.do != nil && (len(cell.ns) != c.Rounds || cell.ns[0] <= 0) || cell.do == nil && len(cell.ns) != 0 {
				t.Errorf("%s, %s: %v ns", row.Name, cell.Engine.Name, cell.ns)
			}
		}
	}
	for _, target := range report.targets() {
		if target.Value <= 0 && !strings.HasPrefix(target.Work, "allocations") {
			t.Errorf("%s: %v", target.Work, target.Value)
		}
	}
	got := report.Markdown()
	for part, want := range map[string]int{
		"\n| W2, ": 13, "\n| W5, ": 6, "| 0 allocations | ≤ 0 allocations | yes |": 1, "| – (1) |": 18,
		"\n(1) has expressions only\n": 2, "\n(4) has a data race ": 1, "\n(3) has no comparisons\n": 2, "`langbench -rounds 1`": 1, "NaN": 0, "Inf": 0, "| prompty | this one |": 1,
	} {
		if n := strings.Count(got, part); n != want {
			t.Errorf("%q is there %d times, want %d", part, n, want)
		}
	}
	chart := report.chart()
	for part, want := range map[string]int{`class="head"`: 8, `<rect class="ours"`: 8, `<rect class="hand"`: 7, "NaN": 0, ">dotprompt<": 8, ">expr-lang<": 1} {
		if n := strings.Count(chart, part); n != want {
			t.Errorf("the chart has %d %s, want %d", n, part, want)
		}
	}
}

// TestSomeRows measures what was asked for, and shows no more.
func TestSomeRows(t *testing.T) {
	c := newConfig(t, "W6.*append")
	rows, err := c.Rows()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Name != "W6_DeepPaths/append" {
		t.Fatalf("%d rows", len(rows))
	}
	report := NewReport(rows, "")
	if err := c.Measure(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "doc.md")
	begin, end := document.Marks()
	if err := os.WriteFile(path, []byte("before\n"+begin+"\nold\n"+end+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteTo(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); strings.Count(got, "\n| W6, ") != 5 || strings.Contains(got, "| W1") || strings.Contains(got, "old") || !strings.HasSuffix(got, end+"\nafter\n") {
		t.Errorf("written:\n%s", got)
	}
	if chart, err := os.ReadFile(document.ChartPath(path)); err != nil || strings.Count(string(chart), `class="head"`) != 1 {
		t.Errorf("chart %s, %v", chart, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Measure(ctx, rows); !errors.Is(err, context.Canceled) {
		t.Errorf("Measure after its context: %v", err)
	}
}

// TestRatio is about rounds of which one was disturbed.
func TestRatio(t *testing.T) {
	t.Parallel()
	a, b := &Cell{ns: []float64{20, 30, 4000, 20, 22}}, &Cell{ns: []float64{10, 10, 10, 10, 1000}}
	s, ok := a.ratio(b)
	if !ok || s.Median != 2 || s.low != 2 || s.high != 3 || s.spread() != 0.5 {
		t.Errorf("ratio = %+v, %v", s, ok)
	}
	for _, none := range []*Cell{nil, {}} {
		if _, ok := a.ratio(none); ok {
			t.Error("a ratio to what was not measured")
		}
	}
}

func TestFailingCell(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	for _, failing := range []int{1, 4} { // while it is prepared, and in a round
		n := 0
		cell := &Cell{Engine: &Engine{Name: "x"}, do: func(int) error {
			if n++; n > failing {
				return no
			}
			time.Sleep(time.Microsecond)
			return nil
		}}
		err := newConfig(t, "").Measure(t.Context(), []*Row{{Name: "row", Cells: []*Cell{cell}}})
		if !errors.Is(err, no) || !strings.HasPrefix(err.Error(), "row, x: ") {
			t.Errorf("Measure = %v", err)
		}
	}
	for _, c := range []Config{{Slice: 1}, {Rounds: 1}} {
		if c.Valid() == nil {
			t.Errorf("%+v is valid", c)
		}
	}
}

// TestDialect translates a template as an engine would want it.
func TestDialect(t *testing.T) {
	t.Parallel()
	const source = "{~prompty.if eval=\"strict\"~}\na{~prompty.else~}b\n{~/prompty.if~}\n{~prompty.for item=\"p\" in=\"l\"~}{~prompty.var name=\"p\" /~}{~prompty.var name=\"p.x\" /~}{~/prompty.for~}"
	got, err := handlebars("{{", "}}", "eq", "gt").translate(source)
	if want := "{{#if strict}}\n\na{{else}}b\n{{/if}}\n\n{{#each l}}{{this}}{{x}}{{/each}}"; err != nil || got != want {
		t.Errorf("translate = %q, %v, want %q", got, err, want)
	}
	if _, err := jinjaLike(nil).translate("a {~prompty.env name=\"HOME\" /~}"); err == nil || !strings.Contains(err.Error(), "prompty.env") {
		t.Errorf("translate of what no workload has: %v", err)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := Show(&b, "mustache"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"== W1_OneVariable\nHello {{user}},", "== W4_FiveIncludes, b\n2 {{user}} {{#doc}}{{>c}}{{/doc}}\n", "== WE_Condition: has no comparisons\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not shown:\n%s", want, b.String())
		}
	}
	if err := Show(&b, "jinja"); err == nil || !strings.Contains(err.Error(), "gonja") {
		t.Errorf("Show of an unknown engine: %v", err)
	}
}

// TestWorks has a target for each workload.
func TestWorks(t *testing.T) {
	t.Parallel()
	var names, all []string
	for _, w := range works {
		names = append(names, w.name)
	}
	for _, w := range workload.All() {
		all = append(all, w.Name)
	}
	if !slices.Equal(names, all) {
		t.Errorf("works are %q, workloads %q", names, all)
	}
}

// Benchmark has the cells of the tables as benchmarks, one after the other.
//
//	go test ./langbench -bench 'W2.*/prompty' -count 6
func Benchmark(b *testing.B) {
	c := Config{Run: regexp.MustCompile("")}
	rows, err := c.Rows()
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range rows {
		b.Run(strings.ReplaceAll(row.Name, " ", ""), func(b *testing.B) {
			for _, cell := range row.Cells {
				if cell.do == nil {
					continue
				}
				b.Run(strings.ReplaceAll(cell.Engine.Name, "/", "-"), func(b *testing.B) {
					b.ReportAllocs()
					if _, err := cell.turn(b.N); err != nil {
						b.Fatal(err)
					}
				})
			}
		})
	}
}
