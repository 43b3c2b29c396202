// Package inputschema describes the inputs of a template as a JSON Schema.
package inputschema

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/go-prompty/prompty/engine"
)

// Schema describes the data of a template, in the words of
// https://json-schema.org/draft/2020-12.
type Schema struct {
	Schema      string               `json:"$schema"`
	Title       string               `json:"title"`
	Description string               `json:"description,omitempty"`
	Type        string               `json:"type"`
	Properties  map[string]*Property `json:"properties"`
	Required    []string             `json:"required,omitempty"`
}

// Property is one of its properties. Type is a name or a list of them.
type Property struct {
	Description string    `json:"description,omitempty"`
	Type        any       `json:"type,omitempty"`
	Minimum     any       `json:"minimum,omitempty"`
	Maximum     any       `json:"maximum,omitempty"`
	Enum        *[]any    `json:"enum,omitempty"`
	Not         *Property `json:"not,omitempty"`
	Default     any       `json:"default,omitempty"`
}

// Of describes the data that the inputs accept. Those that nobody checks
// are described, but accept everything.
func Of(tmpl *engine.Template, inputs []engine.Input) *Schema {
	s := &Schema{
		Schema: "https://json-schema.org/draft/2020-12/schema",
		Title:  tmpl.Name(), Type: "object", Properties: make(map[string]*Property),
	}
	if h := tmpl.Header(); h != nil {
		s.Description = h.Description
	}
	for _, in := range inputs {
		p := &Property{Description: in.Description, Default: Value(in.Default)}
		s.Properties[in.Name] = p
		if !in.Checked {
			continue
		}
		p.accept(&in)
		if in.Required && !in.HasDefault {
			s.Required = append(s.Required, in.Name)
		}
	}
	return s
}

var schemaTypes = map[string]string{
	"string": "string", "number": "number", "integer": "integer",
	"boolean": "boolean", "list": "array", "object": "object",
}

// accept says which values an input takes: nil is one of them unless it is
// required.
func (p *Property) accept(in *engine.Input) {
	typ := schemaTypes[in.Type] // "" is any
	switch {
	case typ == "" && in.Required:
		p.Not = &Property{Type: "null"}
	case typ != "" && in.Required:
		p.Type = typ
	case typ != "":
		p.Type = []string{typ, "null"}
	}
	if typ == "integer" && len(in.Enum) == 0 { // whole numbers beyond are no integers to the engine
		p.Minimum, p.Maximum = int64(math.MinInt64), uint64(math.MaxUint64)
	}
	if len(in.Enum) > 0 {
		values := append([]any{}, Values(in.Enum)...)
		if !in.Required && !slices.Contains(values, nil) {
			values = append(values, nil)
		}
		p.Enum = &values
	}
}

// Values are the values that JSON can hold; no other can be in JSON data.
func Values(enum []any) []any {
	var list []any
	for _, v := range enum {
		if v == nil || Value(v) != nil {
			list = append(list, v)
		}
	}
	return list
}

// Value returns a value if JSON can hold it, else nil: .inf and .nan it
// cannot.
func Value(v any) any {
	if _, err := json.Marshal(v); err != nil {
		return nil
	}
	return v
}
