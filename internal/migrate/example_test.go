package migrate_test

import (
	"fmt"

	"github.com/go-prompty/prompty/internal/migrate"
)

func ExampleConvert() {
	prompts := migrate.Convert(migrate.Dotprompt, []migrate.File{
		{Path: "greet.prompt", Text: "Hello {{name}}!"},
		{Path: "chat.prompt", Text: "{{role \"system\"}}Be kind.\n{{history}}"},
	})
	for _, p := range prompts {
		fmt.Printf("%s, exact: %v\n%s\n", p.Name, p.Exact(), p.Source)
		for _, issue := range p.Issues {
			fmt.Println(issue.Error())
		}
	}
	// Output:
	// greet, exact: true
	// Hello {~prompty.var name="name" default="" /~}!
	// chat, exact: false
	// {~prompty.message role="system"~}Be kind.
	// {~prompty.comment~} not carried over: {{history}} {~/prompty.comment~}{~/prompty.message~}
	// chat.prompt:2:1: {{history}} is not carried over: the program that renders puts the messages of before where they belong
}
