package promptfile_test

import (
	"fmt"

	"github.com/go-prompty/prompty/promptfile"
)

func Example() {
	file := []byte(`---
# Used by the chat on the start page.
description: Greets a customer
tags: [support]   # the team
inputs: {name: string}
---
Hello {~prompty.var name="name" /~}
`)

	source, fields, err := promptfile.Decode("greeting.prompty", file)
	if err != nil {
		fmt.Println(err)
		return
	}
	header, err := promptfile.ParseHeader("greeting.prompty", source)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(fields.Tags, header.Inputs[0].Name, header.Inputs[0].Type)

	fields.Tags = append(fields.Tags, "vip")
	fmt.Printf("%s", promptfile.Encode(file, source, fields))

	// Output:
	// [support] name string
	// ---
	// # Used by the chat on the start page.
	// description: Greets a customer
	// tags: [support, vip]   # the team
	// inputs: {name: string}
	// ---
	// Hello {~prompty.var name="name" /~}
}

func ExampleDecode_error() {
	_, _, err := promptfile.Decode("greeting.prompty", []byte("---\nmetadata: [a, b]\n---\nHello\n"))
	fmt.Println(err)
	// Output:
	// greeting.prompty:2:11: metadata must be a mapping of strings; found a list. Write `metadata:` followed by indented `key: value` lines
}
