package promptfile_test

import (
	"testing"

	"github.com/go-prompty/prompty/promptfile"
)

// typical is a file as most are: some fields of the storage, a few inputs, a
// sample.
const typical = `---
description: Reads the facts of an invoice into JSON.
tags: [extraction, json, billing]
created_by: ada
metadata:
  team: finance
  ticket: FIN-218
extends: layouts/json-task
inputs:
  text: {type: string, required: true}
  currency: {type: string, description: the currency to assume if the text names none}
  budget:
    type: integer
    default: 12
    description: "steps that may be taken, in all"
execution:
  provider: openai
  model: gpt-4o
  temperature: 0.2
  max_tokens: 800
sample:
  text: |
    Rechnung 2026-0117 vom 3. Februar 2026
    zzgl. 19 % USt. … 11,17 €   Summe 69,97 €
  currency: EUR
---
Read this: {~prompty.var name="text" /~}
`

func BenchmarkParseHeader(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := promptfile.ParseHeader("invoice", typical); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	file := []byte(typical)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := promptfile.Decode("invoice", file); err != nil {
			b.Fatal(err)
		}
	}
}
