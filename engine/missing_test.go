package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/go-prompty/prompty/engine"
)

// Programs that ask for what is missing are told what that is.
func TestMissing(t *testing.T) {
	t.Parallel()
	eng := engine.MustNew(engine.Config{})
	render := func(source string, data any) error {
		_, err := eng.Render(context.Background(), source, data)
		return err
	}
	data := map[string]any{"user": map[string]any{"name": "Ada"}, "list": []any{map[string]any{}}, "none": nil}
	for source, want := range map[string]engine.MissingError{
		`{~prompty.var name="a.b" /~}`:                                                    {Path: "a.b", Unknown: true},
		`{~prompty.var name="user.nmae" /~}`:                                              {Path: "user.nmae"},
		`{~prompty.for item="x" in="y"~}{~/prompty.for~}`:                                 {Path: "y", Unknown: true},
		`{~prompty.for item="x" in="list"~}{~prompty.var name="x.id" /~}{~/prompty.for~}`: {Path: "x.id"},
		`{~prompty.var name="none.a" /~}`:                                                 {Path: "none.a"},
	} {
		err := render(source, data)
		got, ok := errors.AsType[*engine.MissingError](err)
		if !ok || got.Path != want.Path || got.Unknown != want.Unknown {
			t.Errorf("%s: %#v, want %+v", source, got, want)
		}
	}
	err := render("---\ninputs:\n  a: {required: true}\n  b: {type: integer}\n  c: {required: true}\n  d: {required: true}\n---\n", map[string]any{"b": "x", "c": nil, "d": 1})
	got, ok := errors.AsType[*engine.InputsError](err)
	if !ok || !slices.Equal(got.Missing, []string{"a", "c"}) {
		t.Errorf("%v: %+v", err, got)
	}
}
