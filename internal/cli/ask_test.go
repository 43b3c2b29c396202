package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

// dialogue renders a prompt for somebody who types lines.
func dialogue(t *testing.T, source, typed string, data map[string]any) (output, shown string, answered []string, err error) {
	t.Helper()
	ctx := context.Background()
	eng := engine.MustNew(engine.Config{})
	tmpl, err := eng.Parse("a", source)
	if err != nil {
		t.Fatal(err)
	}
	program, err := eng.Link(ctx, tmpl, nil)
	if err != nil {
		t.Fatal(err)
	}
	inputs := make(map[string]promptfile.Input)
	addInputs(inputs, tmpl.Header())
	var screen strings.Builder
	k := &asker{in: bufio.NewReader(strings.NewReader(typed)), out: &screen}
	r := &rendering{flags: &renderFlags{}, asker: k, note: func(string, ...any) {}}
	res := new(result)
	err = (&attempt{r, program, inputs, &given{values: data}}).run(ctx, res)
	return res.text, screen.String(), k.answered, err
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	source := `---
inputs:
  name: {type: string, required: true, description: as they signed up}
  tier: {type: string, required: true, enum: [gold, silver]}
  age: {type: integer, required: true}
  vip: {type: boolean, required: true}
  orders: {type: list, required: true}
  extra: {type: object, required: true}
  tone: {type: string, default: kind}
---
{~prompty.var name="name" /~} {~prompty.var name="tier" /~} {~prompty.var name="age" format="value + 1" /~} {~prompty.var name="vip" /~} {~prompty.var name="orders.1" /~} {~prompty.var name="extra.a" /~} {~prompty.var name="tone" /~} {~prompty.var name="free" /~}`
	typed := strings.Join([]string{"", "Ada L.", "bronze", "gold", "4.5", "41", "maybe", "Yes", "lamp", `["lamp", "desk"]`, "{", `{"a": 1}`, "[x", ""}, "\n")
	output, shown, answered, err := dialogue(t, source, typed, map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Ada L. gold 42 true desk 1 kind [x"; output != want {
		t.Errorf("it printed %q, want %q", output, want)
	}
	want := []string{
		`name (as they signed up): nothing was typed; Ctrl-D stops`,
		`name (as they signed up): tier (one of gold, silver): "bronze" is none of gold, silver`,
		`tier (one of gold, silver): age (a whole number): "4.5" is not a whole number`,
		`age (a whole number): vip (yes or no): "maybe" is neither yes nor no`,
		`vip (yes or no): orders (a list in JSON, such as ["a", "b"]): "lamp" is not a list in JSON, such as ["a", "b"]`,
		`orders (a list in JSON, such as ["a", "b"]): extra (a mapping in JSON, such as {"a": 1}): "{" is not a mapping in JSON, such as {"a": 1}`,
		`extra (a mapping in JSON, such as {"a": 1}): free: `,
	}
	if diff := cmp.Diff(want, strings.Split(shown, "\n")); diff != "" {
		t.Errorf("the screen (-want +got):\n%s", diff)
	}
	settings := []string{"--set name='Ada L.'", "--set tier=gold", "--set age:=41", "--set vip:=true", `--set orders:='["lamp","desk"]'`, `--set extra:='{"a":1}'`, "--set free='[x'"}
	if diff := cmp.Diff(settings, answered); diff != "" {
		t.Errorf("without questions (-want +got):\n%s", diff)
	}
}

// What no answer can mend is not asked for, and nothing is asked for twice.
func TestNoQuestion(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		source, typed, shown, err string
		data                      map[string]any
	}{
		"in a loop":    {`{~prompty.for item="x" in="list"~}{~prompty.var name="x.id" /~}{~/prompty.for~}`, "1\n", "", `"x.id" is missing`, map[string]any{"list": []any{map[string]any{}}}},
		"another type": {"---\ninputs: {n: integer}\n---\n", "1\n", "", `"n" must be an integer`, map[string]any{"n": "x"}},
		"no more":      {`{~prompty.var name="city" /~}{~prompty.var name="user" /~}`, "1\n", "city: user: \n", `"user" is missing`, map[string]any{}},
		"a typo":       {`{~prompty.var name="user.nmae" /~}`, "", "\"user.nmae\" is missing: \"user\" has no \"nmae\"; did you mean \"name\"?\nuser.nmae: \n", `"user.nmae" is missing`, map[string]any{"user": map[string]any{"name": "Ada"}}},
		"a list":       {`{~prompty.for item="x" in="list"~}{~prompty.var name="x" /~}{~/prompty.for~}`, "[1, 2]\n", "list (a list in JSON, such as [\"a\", \"b\"]): ", "", map[string]any{}},
		"not a map":    {`{~prompty.var name="a" /~}{~prompty.var name="a.b" /~}`, "one\n", "a: ", `"a.b" is missing`, map[string]any{}},
	} {
		_, shown, _, err := dialogue(t, tt.source, tt.typed, tt.data)
		if shown != tt.shown {
			t.Errorf("%s: it asked %q, want %q", name, shown, tt.shown)
		}
		if tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %v, want %q", name, err, tt.err)
		}
	}
}

func TestQuestionEndsWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	silent, end := io.Pipe()
	defer end.Close()
	k := &asker{in: bufio.NewReader(silent), out: new(strings.Builder)}
	if _, err := k.line(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled question gave %v", err)
	}
}
