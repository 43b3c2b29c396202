package engine_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/engine"
)

// rows are templates whose texts and variables are printed in rows, with one tag
// a line, so that a line tells where an error is.
var rows = []string{
	"a\n{~prompty.var name=\"s\" /~}\nbc\n{~prompty.var name=\"n\" /~}\n{~prompty.var name=\"m.s\" /~}",
	strings.Repeat("long ", 7) + "\n{~prompty.var name=\"s\" /~}\n" + strings.Repeat("long ", 14) + "\n{~prompty.var name=\"v\" /~}\n",
	"{~prompty.for item=\"x\" in=\"list\"~}- \n{~prompty.var name=\"x\" /~}\n;\n{~/prompty.for~}end",
	"{~prompty.for item=\"x\" index=\"i\" in=\"maps\" limit=\"30\"~}- \n{~prompty.var name=\"i\" /~}\n: {~prompty.var name=\"x.s\" /~}\n{~prompty.var name=\"x.m.s\" default=\"none\" /~}{~/prompty.for~}",
	"{~prompty.for item=\"x\" in=\"maps\"~}\n{~prompty.if eval=\"x.n > 1\"~}\n{~prompty.var name=\"x.s\" /~}\n{~/prompty.if~}\n{~prompty.var name=\"x.n\" /~}{~/prompty.for~}",
	"{~prompty.for item=\"x\" in=\"texts\"~}{~prompty.var name=\"x\" /~},\n{~/prompty.for~}\n{~prompty.for item=\"e\" in=\"m\"~}\n{~prompty.var name=\"e.key\" /~}={~prompty.var name=\"e.value\" /~}{~/prompty.for~}",
	"{~prompty.include template=\"part\" with=\"m\" /~}\n{~prompty.var name=\"s\" /~}",
}

// rowData are data for rows, all but the first of which lack something or hold
// what is printed in rarer ways.
func rowData() []map[string]any {
	base := func() map[string]any {
		maps := make([]any, 40)
		for i := range maps {
			maps[i] = map[string]any{"s": strings.Repeat("x", i), "n": i % 3, "m": map[string]any{"s": i}}
		}
		return map[string]any{
			"s": "text", "n": -12, "v": 1.5, "m": map[string]any{"s": "inner", "k": true}, "list": []any{"one", "twelve bytes", "", 7, "and a longer one than that"},
			"maps": maps, "texts": []string{"a", "bcdefgh", "ijklmnopqrstuvw"},
		}
	}
	all := []map[string]any{base()}
	for _, change := range []func(d map[string]any){
		func(d map[string]any) { d["s"] = nil },
		func(d map[string]any) { delete(d, "s") },
		func(d map[string]any) { d["n"] = func() {} },
		func(d map[string]any) { d["m"] = "no map" },
		func(d map[string]any) { d["list"] = []any{"one", []any{1}, nil, struct{ X int }{1}, "end"} },
		func(d map[string]any) {
			d["list"] = []any{42.0, 0.1, math.Copysign(0, -1), -99999999999999.0, 999999999999999.0, 1e15, 1e21, 1e-300, 1234567.1234567, 123456789.123456789, math.NaN(), math.Inf(1)}
		},
		func(d map[string]any) { d["maps"].([]any)[7] = map[string]any{"s": 2.5, "n": "1"} },
		func(d map[string]any) { d["maps"].([]any)[9] = "text" },
		func(d map[string]any) {
			d["maps"] = []map[string]any{{"s": "a", "n": 1}, {"s": "b", "n": 2, "m": map[string]any{"s": "c"}}}
		},
	} {
		d := base()
		change(d)
		all = append(all, d)
	}
	return all
}

// alone makes each tag of a template one that is printed alone: it has another
// error strategy than the text around it, though one that does the same.
func alone(source string) string {
	return strings.ReplaceAll(source, "prompty.var ", `prompty.var onerror="throw" `)
}

func linkRow(t *testing.T, limits engine.Limits, source string) *engine.Program {
	part := "[\n{~prompty.var name=\"s\" /~}\n{~prompty.var name=\"n\" /~}]"
	if strings.Contains(source, "throw") {
		part = alone(part)
	}
	return mustLink(t, engine.MustNew(engine.Config{Limits: limits}), source, map[string]string{"part": part})
}

// outcome is a rendering in brief: the text, or the error with its line.
func outcome(text []byte, err error) string {
	var e *engine.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%q, %v", text, err)
	}
	return fmt.Sprintf("%s:%d: %v", e.Template, e.Line, e.Err)
}

// TestRows holds rows to printing, and failing, as their parts do one by one,
// whatever the limit of the output is.
func TestRows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for i, source := range rows {
		for k, d := range rowData() {
			full, _ := linkRow(t, engine.Limits{}, source).Append(ctx, nil, d)
			limits := []int{0, len(full), len(full) + 1}
			if k == 0 {
				for limit := 1; limit < min(len(full), 150); limit++ {
					limits = append(limits, limit, max(1, len(full)-limit))
				}
			}
			for _, limit := range limits {
				got := outcome(linkRow(t, engine.Limits{OutputBytes: limit}, source).Append(ctx, nil, d))
				want := outcome(linkRow(t, engine.Limits{OutputBytes: limit}, alone(source)).Append(ctx, nil, d))
				if got != want {
					t.Errorf("template %d, data %d, limit %d:\n got %s\nwant %s", i, k, limit, got, want)
				}
			}
		}
	}
}

// TestRowsRoom holds rows to needing no more room than what they print.
func TestRowsRoom(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := rowData()[0]
	for i, source := range rows {
		prog := linkRow(t, engine.Limits{}, source)
		want, err := prog.Append(ctx, []byte("abc"), d)
		if err != nil {
			t.Fatal(err)
		}
		for n := 3; n < len(want)+70; n++ {
			dst := append(make([]byte, 0, n), "abc"...)
			got, err := prog.Append(ctx, dst, d)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("template %d, room for %d bytes: %q, %v; want %q", i, n, got, err, want)
			}
			if n >= len(want) && &got[0] != &dst[0] {
				t.Errorf("template %d: %d bytes needed more room than %d", i, len(want), n)
			}
		}
	}
}

// TestLoopLimits holds a loop that is one with its parts to the turns and steps
// that it may take, counted as for any other.
func TestLoopLimits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := map[string]any{"list": slices.Repeat([]any{"x"}, 3000)}
	source := `{~prompty.for item="x" in="list"~}{~prompty.var name="x" /~},{~/prompty.for~}`
	for _, tt := range []struct {
		limits engine.Limits
		ok     bool
	}{
		{engine.Limits{LoopTurns: 3000}, true},
		{engine.Limits{LoopTurns: 2999}, false},
		{engine.Limits{Steps: 10_000}, true},
		{engine.Limits{Steps: 8_000}, false},
	} {
		for _, s := range []string{source, alone(source)} {
			if _, err := linkRow(t, tt.limits, s).Append(ctx, nil, d); (err == nil) != tt.ok || err != nil && !errors.Is(err, engine.ErrLimit) {
				t.Errorf("%+v: %v", tt.limits, err)
			}
		}
	}
}

// TestLoopIndex holds the numbers of turns to being right in rows and out of
// them.
func TestLoopIndex(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := map[string]any{"list": make([]struct{}, 3000)}
	var want strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&want, "%d,", i)
	}
	source := `{~prompty.for item="x" index="i" in="list"~}{~prompty.var name="i" /~},{~/prompty.for~}`
	for _, s := range []string{source, alone(source), strings.Replace(source, "},", `}{~prompty.if eval="i < 0"~}-{~/prompty.if~},`, 1)} {
		if got, err := linkRow(t, engine.Limits{}, s).Append(ctx, nil, d); string(got) != want.String() {
			t.Errorf("%s: %.200q, %v", s, got, err)
		}
	}
}

// TestLoopCancelled holds a long loop to looking at its context.
func TestLoopCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	list := slices.Repeat([]any{any("x")}, 9000)
	late := false
	list[10], list[5000] = stop(cancel), stop(func() { late = true })
	prog := linkRow(t, engine.Limits{}, `{~prompty.for item="x" in="list"~}{~prompty.var name="x" /~}{~/prompty.for~}`)
	if _, err := prog.Append(ctx, nil, map[string]any{"list": list}); !errors.Is(err, context.Canceled) || late {
		t.Errorf("Append = %v, want it to be cancelled soon", err)
	}
}

// stop cancels a context when it is printed.
type stop context.CancelFunc

func (s stop) String() string { s(); return "stop" }

// TestMessagesAllocates holds Messages to three allocations: the text, the
// places of the messages in it, the messages.
func TestMessagesAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool drops at random under the race detector")
	}
	ctx := context.Background()
	prog := mustLink(t, engine.MustNew(engine.Config{}), strings.Repeat(`{~prompty.message role="user"~}Hi {~prompty.var name="s" /~}{~/prompty.message~}
`, 8), nil)
	d := map[string]any{"s": "Ann"}
	if n := testing.AllocsPerRun(100, func() { _, _ = prog.Messages(ctx, d) }); n != 3 {
		t.Errorf("Messages allocates %v times, want 3", n)
	}
}
