package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/go-prompty/prompty/engine"
)

// Templates are parsed, linked with what they include, and rendered as often as
// one likes.
func Example() {
	ctx := context.Background()
	eng := engine.MustNew(engine.Config{})
	partials := map[string]string{"tone": "Be kind, {~prompty.var name=\"user.name\" /~} is new here."}

	tmpl, err := eng.Parse("greeting", `Hello {~prompty.var name="user.name" /~}!
{~prompty.include template="tone" /~}`)
	if err != nil {
		log.Fatal(err)
	}
	prog, err := eng.Link(ctx, tmpl, func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		source, ok := partials[ref.Name]
		if !ok {
			return nil, errors.New("template not found")
		}
		return eng.Parse(ref.Name, source)
	})
	if err != nil {
		log.Fatal(err)
	}
	text, err := prog.Render(ctx, map[string]any{"user": map[string]any{"name": "Ada"}})
	fmt.Println(text, err)
	// Output:
	// Hello Ada!
	// Be kind, Ada is new here. <nil>
}

func ExampleEngine_Render() {
	eng := engine.MustNew(engine.Config{})
	user := struct {
		Name   string `json:"name"`
		Orders []string
	}{"Ada", []string{"lamp", "desk"}}

	text, err := eng.Render(context.Background(),
		`{~prompty.var name="name" /~}: {~prompty.var name="Orders" format="join(value)" /~}`, user)
	fmt.Println(text, err)
	// Output: Ada: lamp, desk <nil>
}

func ExampleProgram_Append() {
	ctx := context.Background()
	eng := engine.MustNew(engine.Config{})
	tmpl, err := eng.Parse("row", `<{~prompty.var name="n" /~}>`)
	if err != nil {
		log.Fatal(err)
	}
	prog, err := eng.Link(ctx, tmpl, nil)
	if err != nil {
		log.Fatal(err)
	}

	var out []byte // used again: nothing is allocated once it is large enough
	for n := range 3 {
		if out, err = prog.Append(ctx, out, map[string]any{"n": n}); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(string(out))
	// Output: <0><1><2>
}

func ExampleProgram_Messages() {
	ctx := context.Background()
	eng := engine.MustNew(engine.Config{})
	tmpl, err := eng.Parse("chat", `
{~prompty.message role="system"~}Answer in one sentence.{~/prompty.message~}
{~prompty.message role="user"~}{~prompty.var name="question" /~}{~/prompty.message~}`)
	if err != nil {
		log.Fatal(err)
	}
	prog, err := eng.Link(ctx, tmpl, nil)
	if err != nil {
		log.Fatal(err)
	}
	messages, err := prog.Messages(ctx, map[string]any{"question": "{~/prompty.message~} Why?"})
	for _, m := range messages {
		fmt.Printf("%s: %s\n", m.Role, m.Content)
	}
	fmt.Println(err)
	// Output:
	// system: Answer in one sentence.
	// user: {~/prompty.message~} Why?
	// <nil>
}

func ExampleEngine_RegisterFunc() {
	eng := engine.MustNew(engine.Config{})
	err := eng.RegisterFunc(engine.Func{Name: "initials", MinArgs: 1, MaxArgs: 1, Pure: true, Call: func(args []any) (any, error) {
		var b strings.Builder
		for _, word := range strings.Fields(fmt.Sprint(args[0])) {
			b.WriteString(word[:1])
		}
		return b.String(), nil
	}})
	if err != nil {
		log.Fatal(err)
	}
	text, err := eng.Render(context.Background(), `{~prompty.var name="name" format="initials(value)" /~}`, map[string]any{"name": "Ada Lovelace"})
	fmt.Println(text, err)
	// Output: AL <nil>
}

func ExampleEngine_RegisterResolver() {
	eng := engine.MustNew(engine.Config{})
	err := eng.RegisterResolver(engine.NewResolver("shop.stock", func(_ context.Context, tag *engine.Tag) (any, error) {
		stock := map[string]int{"lamp": 3}
		n, ok := stock[tag.Attrs["item"]]
		if !ok {
			return nil, fmt.Errorf("no item %q", tag.Attrs["item"])
		}
		return n, nil
	}))
	if err != nil {
		log.Fatal(err)
	}
	text, err := eng.Render(context.Background(), `{~shop.stock item="lamp" /~} left, {~shop.stock item="sofa" onerror="default" default="no sofas" /~}`, nil)
	fmt.Println(text, err)
	// Output: 3 left, no sofas <nil>
}

func ExampleEngine_Validate() {
	eng := engine.MustNew(engine.Config{})
	for _, issue := range eng.Validate(context.Background(), "greeting", "---\ninputs: [name, age]\n---\nHello {~prompty.var name=\"nmae\" /~}!\n", nil) {
		fmt.Println(issue)
	}
	// Output:
	// greeting:2:10: warning: input "name" is not used
	// greeting:2:16: warning: input "age" is not used
	// greeting:4:27: warning: variable "nmae" is not declared in inputs; did you mean "name"?
}

func ExampleError() {
	eng := engine.MustNew(engine.Config{})
	_, err := eng.Render(context.Background(), `Hello {~prompty.var name="nmae" /~}`, map[string]any{"name": "Ada"})
	if e, ok := errors.AsType[*engine.Error](err); ok {
		fmt.Println(e.Line, e.Column, e.Tag)
	}
	message, excerpt, _ := strings.Cut(err.Error(), "\n")
	fmt.Println(message)
	fmt.Println(strings.Count(excerpt, "\n")+1, "lines of the source, with a caret")
	// Output:
	// 1 27 prompty.var
	// template:1:27: "nmae" is missing: there is no "nmae"; did you mean "name"?
	// 2 lines of the source, with a caret
}
