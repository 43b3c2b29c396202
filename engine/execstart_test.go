package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/engine"
)

// starts are templates of which more or less is rendered before there is a
// frame.
var starts = append([]string{
	`{~prompty.if eval="s == 'text' && n < 3"~}a {~prompty.var name="s" /~}{~prompty.elseif eval="v"~}b{~prompty.else~}c{~/prompty.if~} {~prompty.if eval="s < 't'"~}d{~/prompty.if~}{~prompty.if eval="n != 'x'"~}e{~/prompty.if~}`,
	`{~prompty.if eval="none == ''"~}empty{~/prompty.if~}{~prompty.if eval="!m.k"~}a{~prompty.else~}b{~/prompty.if~}{~prompty.if eval="none == nil"~}{~prompty.var name="s" /~}{~/prompty.if~}`,
	`{~prompty.include template="part" with="m" /~}{~prompty.if eval="s"~}{~prompty.include template="part" with="m.m" onerror="remove" /~}{~/prompty.if~}{~prompty.for item="x" in="list"~}{~prompty.var name="x" /~}, {~/prompty.for~}`,
	`{~prompty.include template="within" with="w" /~}{~prompty.var name="s" /~}{~prompty.include template="within" with="m" /~}{~prompty.switch eval="n"~}{~prompty.case value="-12"~}twelve{~/prompty.case~}{~/prompty.switch~}`,
	`{~prompty.for item="x" index="i" in="texts"~}- {~prompty.var name="i" /~} {~prompty.var name="x" /~}{~/prompty.for~}{~prompty.for item="x" in="list"~}- {~prompty.var name="x" /~};{~/prompty.for~}`,
	`{~prompty.for item="x" in="empty"~}{~prompty.var name="x" /~}{~/prompty.for~}{~prompty.for item="x" in="list" limit="2"~}{~prompty.var name="x" /~};{~/prompty.for~}{~prompty.var name="s" /~}`,
}, rows...)

// otherMap is what start does not know.
type otherMap map[string]any

// TestStart holds what is rendered without a frame, wherever that ends, to being
// what frames render.
func TestStart(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	eng := engine.MustNew(engine.Config{})
	partials := map[string]string{
		"part":   `[{~prompty.var name="s" default="-" /~} {~prompty.var name="n" default="-" /~}]`,
		"within": `<{~prompty.var name="s" default="-" /~}{~prompty.if eval="s == 'w.s'"~}w{~/prompty.if~}{~prompty.include template="part" with="m" /~}>`,
	}
	for i, source := range starts {
		prog := mustLink(t, eng, source, partials)
		for k, d := range rowData() {
			d["empty"] = []any{}
			d["w"] = map[string]any{"s": "w.s", "m": map[string]any{"s": "w.m.s"}}
			want := outcome(prog.Append(ctx, nil, otherMap(d)))
			text, err := prog.Render(ctx, d)
			if got := outcome([]byte(text), err); got != want {
				t.Errorf("template %d, data %d: Render:\n got %s\nwant %s", i, k, got, want)
			}
			for n := range 100 {
				if got := outcome(prog.Append(ctx, make([]byte, 0, 4*n), d)); got != want {
					t.Fatalf("template %d, data %d, room for %d bytes:\n got %s\nwant %s", i, k, 4*n, got, want)
				}
			}
		}
	}
}

// TestStartLimits holds the turns and steps of short loops to being counted
// together with those of all others.
func TestStartLimits(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := map[string]any{"list": slices.Repeat([]any{"x"}, 10)}
	late := map[string]any{"list": append(slices.Repeat([]any{"x"}, 9), json.Number("1"))} // which start cannot print
	loop := `{~prompty.for item="x" in="list"~}{~prompty.var name="x" /~},{~/prompty.for~}`
	for _, tt := range []struct {
		limits engine.Limits
		ok     bool
	}{
		{engine.Limits{LoopTurns: 40}, true},
		{engine.Limits{LoopTurns: 39}, false},
		{engine.Limits{LoopTurns: 9}, false},
		{engine.Limits{LoopTurnsEach: 10}, true},
		{engine.Limits{LoopTurnsEach: 9}, false},
		{engine.Limits{Steps: 180}, true},
		{engine.Limits{Steps: 100}, false},
		{engine.Limits{Steps: 20}, false},
		{engine.Limits{OutputBytes: 80}, true},
		{engine.Limits{OutputBytes: 79}, false},
	} {
		eng := engine.MustNew(engine.Config{Limits: tt.limits})
		for _, last := range []string{loop, strings.Replace(loop, `in="list"`, `in="list" limit="10"`, 1)} {
			prog := mustLink(t, eng, strings.Repeat(loop, 3)+last, nil)
			for _, data := range []any{d, late, otherMap(d)} {
				if _, err := prog.Append(ctx, make([]byte, 0, 200), data); (err == nil) != tt.ok || err != nil && !errors.Is(err, engine.ErrLimit) {
					t.Errorf("%+v: Append of %T: %v", tt.limits, data, err)
				}
				if _, err := prog.Render(ctx, data); (err == nil) != tt.ok || err != nil && !errors.Is(err, engine.ErrLimit) {
					t.Errorf("%+v: Render of %T: %v", tt.limits, data, err)
				}
			}
		}
	}
}

// TestLoopIndexHasNoKeys holds the number of a turn to having no keys, whatever
// had its place before.
func TestLoopIndexHasNoKeys(t *testing.T) {
	t.Parallel()
	prog := mustLink(t, engine.MustNew(engine.Config{}),
		`{~prompty.include template="a" with="m" /~};{~prompty.for item="x" index="i" in="list"~}{~prompty.var name="i.s" default="none" /~},{~/prompty.for~}`,
		map[string]string{"a": `{~prompty.include template="b" with="n" /~}`, "b": `{~prompty.var name="s" /~}`})
	d := map[string]any{"m": map[string]any{"n": map[string]any{"s": "text"}}, "list": []any{1, 2}}
	if got, err := prog.Render(context.Background(), d); got != "text;none,none," || err != nil {
		t.Errorf("Render = %q, %v", got, err)
	}
}
