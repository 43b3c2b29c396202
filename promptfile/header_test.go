package promptfile

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseHeader(t *testing.T) {
	t.Parallel()
	source := bom + `---
# A comment
description: Answers a customer
tags: [support, 1]
metadata: {owner: ann}
tenant: acme
created_by: ann
extends: layouts/base
inputs:
  name: {type: str, required: true, description: Who asks}
  count:
    type: int
    default: 3
    enum: [1, 2, 3]
    label: {en: Count}
  ratio: {type: float, default: 1}
  note:
  since: {default: 2024-05-01}
  rest: map
execution:
  provider: openai
  model: gpt
  temperature: 0.2
  max_tokens: 100
  stop: ["\n"]
  seed: ~
sample:
  name: Ann
  big: 18446744073709551615
  huge: 123456789012345678901234567890
  neg: -9223372036854775808
  hex: 0x1F
  oct: 0o17
  inf: .inf
  date: 2024-05-01
  yes: yes
  none: ~
  list: [1, 1.5, true, {a: b}]
  merge: <<
  forced: !!str 12
  7: seven
owner_team: &t [a, b]
again: *t
---
Hello`
	h, err := ParseHeader("f", source)
	if err != nil {
		t.Fatal(err)
	}
	want := &Header{
		Description: "Answers a customer", Tags: []string{"support", "1"}, Metadata: map[string]string{"owner": "ann"}, Tenant: "acme", CreatedBy: "ann", Extends: "layouts/base",
		Inputs: []Input{
			{Name: "name", Type: "string", Required: true, Description: "Who asks", Line: 10, Column: 3},
			{Name: "count", Type: "integer", Default: 3, HasDefault: true, Enum: []any{1, 2, 3}, Extra: map[string]any{"label": map[string]any{"en": "Count"}}, Line: 11, Column: 3},
			{Name: "ratio", Type: "number", Default: 1, HasDefault: true, Line: 16, Column: 3},
			{Name: "note", Type: "any", Line: 17, Column: 3},
			{Name: "since", Type: "any", Default: "2024-05-01", HasDefault: true, Line: 18, Column: 3},
			{Name: "rest", Type: "object", Line: 19, Column: 3},
		},
		Execution: map[string]any{"provider": "openai", "model": "gpt", "temperature": 0.2, "max_tokens": 100, "stop": []any{"\n"}, "seed": nil},
		Sample: map[string]any{
			"name": "Ann", "big": uint64(math.MaxUint64), "huge": 123456789012345678901234567890.0, "neg": math.MinInt64, "hex": 31, "oct": 15, "inf": math.Inf(1), "date": "2024-05-01",
			"yes": "yes", "none": nil, "list": []any{1, 1.5, true, map[string]any{"a": "b"}}, "merge": "<<", "forced": "12", "7": "seven",
		},
		Extra:      map[string]any{"owner_team": []any{"a", "b"}, "again": []any{"a", "b"}},
		BodyOffset: strings.Index(source, "Hello"), BodyLine: strings.Count(source, "\n") + 1,
	}
	if diff := cmp.Diff(want, h, cmpopts.IgnoreUnexported(Header{})); diff != "" {
		t.Errorf("ParseHeader (-want +got)\n%s", diff)
	}
	lineOf := func(s string) int { return strings.Count(source[:strings.Index(source, s)], "\n") + 1 }
	for key, want := range map[string][2]int{"description": {3, 1}, "inputs": {9, 1}, "again": {lineOf("again: "), 1}} {
		if line, column, ok := h.KeyPosition(key); !ok || line != want[0] || column != want[1] {
			t.Errorf("KeyPosition(%q) = %d, %d, %v, want %v", key, line, column, ok, want)
		}
	}
	if _, _, ok := h.KeyPosition("nope"); ok {
		t.Error("KeyPosition of a key that is not there is ok")
	}
}

func TestParseHeaderShort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source string
		want   *Header
	}{
		{"", nil},
		{"body", nil},
		{"---\n no end\n", nil},
		{"---\n---\nbody", &Header{BodyOffset: 8, BodyLine: 3}},
		{"---\n# c\n---", &Header{BodyOffset: 11, BodyLine: 3}},
		{"---\n{}\n---\n", &Header{BodyOffset: 11, BodyLine: 4}},
		{"---\ninputs:\nexecution:\nsample: ~\ndescription: ~\n---\n", &Header{BodyOffset: 52, BodyLine: 7}},
		{"---\ninputs: {city: string, n: ~}\n---\n", &Header{BodyOffset: 37, BodyLine: 4, Inputs: []Input{
			{Name: "city", Type: "string", Line: 2, Column: 10}, {Name: "n", Type: "any", Line: 2, Column: 24}}}},
		{"---\ninputs: [é, city]\n---\n", &Header{BodyOffset: 27, BodyLine: 4, Inputs: []Input{
			{Name: "é", Type: "any", Line: 2, Column: 10}, {Name: "city", Type: "any", Line: 2, Column: 13}}}},
		{"---\ninputs:\n- {type: bool, name: a, default: false}\n- {name: b, x: 1, required: ~}\n---\n", &Header{BodyOffset: 87, BodyLine: 6, Inputs: []Input{
			{Name: "a", Type: "boolean", Default: false, HasDefault: true, Line: 3, Column: 22}, {Name: "b", Type: "any", Extra: map[string]any{"x": 1}, Line: 4, Column: 10}}}},
		{"---\ninputs: {a: {type: list, default: [1]}, b: {type: object, default: {x: 1}}, c: {default: ~}}\n---\n", &Header{BodyOffset: 101, BodyLine: 4, Inputs: []Input{
			{Name: "a", Type: "list", Default: []any{1}, HasDefault: true, Line: 2, Column: 10},
			{Name: "b", Type: "object", Default: map[string]any{"x": 1}, HasDefault: true, Line: 2, Column: 41},
			{Name: "c", Type: "any", Line: 2, Column: 77}}}},
	} {
		h, err := ParseHeader("f", c.source)
		if err != nil {
			t.Errorf("ParseHeader(%q): %v", c.source, err)
		}
		if diff := cmp.Diff(c.want, h, cmpopts.IgnoreUnexported(Header{})); diff != "" {
			t.Errorf("ParseHeader(%q) (-want +got)\n%s", c.source, diff)
		}
	}
}

// TestHeaderFaults: what the text's own keys may not be. All faults are
// reported, in file order.
func TestHeaderFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ front, want string }{
		{"inputs: 3\n", "f:2:9: inputs must be a mapping; found an integer. Write `inputs:` followed by indented `name: type` lines"},
		{"inputs: {a: [b]}\n", "f:2:13: input \"a\" must be a type or a mapping; found a list."},
		{"inputs: {a: sting}\n", "f:2:13: unknown input type \"sting\". Use string, number, integer, boolean, list, object or any"},
		{"inputs: {a: {type: [x]}}\n", "f:2:20: an input's type must be a string; found a list."},
		{"inputs: {a: {required: 'true'}}\n", "f:2:24: required must be true or false; found a string. Write `required: true`, without quotes"},
		{"inputs: {a: {required: !x y}}\n", "f:2:24: the YAML tag \"!x\" is not supported"},
		{"inputs: {a: {x: !x y}}\n", "f:2:17: the YAML tag \"!x\" is not supported"},
		{"inputs: {a: {type: string, default: 1}}\n", "f:2:37: default of input \"a\" must be of type string; found an integer. Put it in quotes"},
		{"inputs: {a: {type: integer, default: 1.5}}\n", "f:2:38: default of input \"a\" must be of type integer; found a number. Correct the value or the type"},
		{"inputs: {a: {default: !!int x, type: int}}\n", "f:2:23: the value \"x\" does not fit its tag !!int."},
		{"inputs: {a: {enum: x}}\n", "f:2:20: enum of input \"a\" must be a list of values. Write `enum: [one, two]`"},
		{"inputs: {a: {enum: []}}\n", "f:2:20: enum of input \"a\" must be a list"},
		{"inputs: {a: {type: bool, enum: [true, 1]}}\n", "f:2:39: enum value of input \"a\" must be of type boolean; found an integer."},
		{"inputs: {a: {enum: [!x 1, 2], default: 2}}\n", "f:2:21: the YAML tag \"!x\" is not supported"},
		{"inputs: {a: {enum: [x, y], default: z}}\n", "f:2:37: default of input \"a\" is not among its enum values."},
		{"inputs: {a: string, a: string}\n", "f:2:21: the key \"a\" is there twice, first on line 2."},
		{"inputs: [a, [b]]\n", "f:2:13: an input's name must be a string; found a list."},
		{"inputs: [~]\n", "f:2:10: an input in a list needs a name."},
		{"inputs: [a, a]\n", "f:2:13: the input \"a\" is there twice. Remove one of the two"},
		{"inputs:\n  - type: string\n", "f:3:5: an input in a list needs a name. Write `- name: city`"},
		{"inputs:\n  - name: ''\n", "f:3:5: an input in a list needs a name."},
		{"execution: [a]\n", "f:2:12: execution must be a mapping; found a list. Write `execution:` followed by indented `key: value` lines"},
		{"execution: {model: 4}\n", "f:2:20: execution.model must be of type string; found an integer. Put it in quotes"},
		{"execution: {temperature: hot}\n", "f:2:26: execution.temperature must be of type number; found a string."},
		{"execution: {max_tokens: 1.5}\n", "f:2:25: execution.max_tokens must be of type integer; found a number."},
		{"execution: {stream: maybe}\n", "f:2:21: execution.stream must be of type boolean; found a string."},
		{"execution: {a: 1, a: 2}\n", "f:2:19: the key \"a\" is there twice"},
		{"sample: x\n", "f:2:9: sample must be a mapping; found a string."},
		{"sample: {a: {[b]: c}}\n", "f:2:14: a key must be a plain value; found a list."},
		{"sample: {a: [!!binary YQ==]}\n", "f:2:14: the YAML tag \"!!binary\" is not supported."},
		{"extends: [a]\n", "f:2:10: extends must be a string; found a list."},
		{"description: {a: b}\n", "f:2:14: description must be a string; found a mapping."},
		{"x: !secret y\n", "f:2:4: the YAML tag \"!secret\" is not supported. Remove it, or quote"},
		{"x: {a: 1, <<: {b: 2}}\n", "f:2:11: merge keys (<<) are not supported."},
		{"description: {a: b}\nsample: 1\ntags: {}\ninputs: 2\n", "f:2:14: description*f:3:9: sample*f:4:7: tags*f:5:9: inputs"},
	} {
		h, err := ParseHeader("f", "---\n"+c.front+"---\n")
		var es Errors
		if h != nil || !errors.As(err, &es) {
			t.Errorf("ParseHeader(%q) = %v, %v, want Errors", c.front, h, err)
			continue
		}
		wants := strings.Split(c.want, "*")
		if len(es) != len(wants) {
			t.Errorf("ParseHeader(%q): %d errors, want %d:\n%v", c.front, len(es), len(wants), err)
			continue
		}
		for i, want := range wants {
			if !strings.HasPrefix(es[i].Error(), want) {
				t.Errorf("ParseHeader(%q): %v, want %q", c.front, es[i], want)
			}
		}
	}
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "  i%d: sting\n", i)
	}
	_, err := ParseHeader("f", "---\ninputs:\n"+many.String()+"---\n")
	var es Errors
	if !errors.As(err, &es) || len(es) != maxErrors || es[maxErrors-1].Line != 22 {
		t.Errorf("ParseHeader with 100 faults: %v, want the first %d", err, maxErrors)
	}
}
