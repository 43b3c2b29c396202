package promptfile

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Input is one declared input of a template.
type Input struct {
	Name        string
	Type        string // "string", "number", "integer", "boolean", "list", "object" or "any"
	Description string
	Required    bool
	Default     any // nil, bool, int, int64, uint64, float64, string, []any or map[string]any
	HasDefault  bool
	Enum        []any          // the values allowed, each of Type; nil for any
	Extra       map[string]any // keys without a meaning here; nil if there are none
	Line        int            // of the name in the file, 1-based
	Column      int            // in code points, 1-based
}

// inputTypes gives the type for each way to write it.
var inputTypes = map[string]string{
	"string": "string", "str": "string", "text": "string",
	"number": "number", "float": "number", "double": "number",
	"integer": "integer", "int": "integer",
	"boolean": "boolean", "bool": "boolean",
	"list": "list", "array": "list",
	"object": "object", "map": "object", "dict": "object",
	"any": "any",
}

const inputsHint = "Write `inputs:` followed by indented `name: type` lines"

// readInputs accepts a mapping of names to types or to mappings, and a list of
// names or of mappings with a name.
func (r *headerReader) readInputs(n *yaml.Node) []Input {
	v := resolve(n)
	var inputs []Input
	switch {
	case isNull(v):
	case v.Kind == yaml.MappingNode:
		for _, p := range r.pairs(v) {
			inputs = append(inputs, r.readInput(p.name, p.key, p.value))
		}
	case v.Kind == yaml.SequenceNode:
		seen := map[string]bool{}
		for _, item := range v.Content {
			in, ok := r.readListed(item)
			if !ok {
				continue
			}
			if seen[in.Name] {
				r.fail(item, fmt.Sprintf("the input %s is there twice", show(in.Name)), "Remove one of the two")
				continue
			}
			seen[in.Name] = true
			inputs = append(inputs, in)
		}
	default:
		r.fail(n, "inputs must be a mapping; found "+kindName(v), inputsHint)
	}
	return inputs
}

// readListed reads an input that is an item of a list.
func (r *headerReader) readListed(item *yaml.Node) (Input, bool) {
	v := resolve(item)
	if v.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(v.Content); i += 2 {
			if v.Content[i].Value != "name" {
				continue
			}
			name, ok := r.text("name", v.Content[i+1])
			if !ok || name == "" {
				break
			}
			in := r.readInput(name, v.Content[i+1], item)
			delete(in.Extra, "name")
			if len(in.Extra) == 0 {
				in.Extra = nil
			}
			return in, true
		}
		r.fail(item, "an input in a list needs a name", "Write `- name: city`, or use a mapping: "+inputsHint)
		return Input{}, false
	}
	name, ok := r.text("an input's name", item)
	if !ok {
		return Input{}, false
	}
	if name == "" {
		r.fail(item, "an input in a list needs a name", inputsHint)
		return Input{}, false
	}
	at := r.place(item)
	return Input{Name: name, Type: "any", Line: at.line, Column: at.column}, true
}

func (r *headerReader) readInput(name string, key, value *yaml.Node) Input {
	at := r.place(key)
	in := Input{Name: name, Type: "any", Line: at.line, Column: at.column}
	v := resolve(value)
	switch v.Kind {
	case yaml.SequenceNode:
		r.fail(value, fmt.Sprintf("input %s must be a type or a mapping; found a list", show(name)), inputsHint)
		return in
	case yaml.ScalarNode:
		in.Type = r.readType(value)
		return in
	}
	var def, enum *yaml.Node
	for _, p := range r.pairs(v) {
		switch p.name {
		case "type":
			in.Type = r.readType(p.value)
		case "description":
			in.Description, _ = r.text(p.name, p.value)
		case "required":
			in.Required = r.boolean(p.name, p.value)
		case "default":
			def = p.value
		case "enum":
			enum = p.value
		default:
			if x, ok := r.any(p.value); ok {
				if in.Extra == nil {
					in.Extra = map[string]any{}
				}
				in.Extra[p.name] = x
			}
		}
	}
	if enum != nil {
		in.Enum = r.readEnum(enum, in)
	}
	if def != nil && !isNull(resolve(def)) {
		r.readDefault(def, &in)
	}
	return in
}

func (r *headerReader) readType(n *yaml.Node) string {
	word, ok := r.text("an input's type", n)
	if !ok || word == "" {
		return "any"
	}
	if t, ok := inputTypes[strings.ToLower(word)]; ok {
		return t
	}
	r.fail(n, "unknown input type "+show(word), "Use string, number, integer, boolean, list, object or any")
	return "any"
}

func (r *headerReader) readEnum(n *yaml.Node, in Input) []any {
	v := resolve(n)
	if v.Kind != yaml.SequenceNode || len(v.Content) == 0 {
		r.fail(n, fmt.Sprintf("enum of input %s must be a list of values", show(in.Name)), "Write `enum: [one, two]`")
		return nil
	}
	var list []any
	for _, item := range v.Content {
		x, ok := r.any(item)
		if !ok {
			continue
		}
		if !fits(x, in.Type) {
			r.fail(item, fmt.Sprintf("enum value of input %s must be of type %s; found %s", show(in.Name), in.Type, kindName(resolve(item))), typeHint(in.Type))
			continue
		}
		list = append(list, x)
	}
	return list
}

func (r *headerReader) readDefault(n *yaml.Node, in *Input) {
	x, ok := r.any(n)
	if !ok {
		return
	}
	if !fits(x, in.Type) {
		r.fail(n, fmt.Sprintf("default of input %s must be of type %s; found %s", show(in.Name), in.Type, kindName(resolve(n))), typeHint(in.Type))
		return
	}
	in.Default, in.HasDefault = x, true
	if in.Enum == nil {
		return
	}
	for _, e := range in.Enum {
		if reflect.DeepEqual(x, e) {
			return
		}
	}
	r.fail(n, fmt.Sprintf("default of input %s is not among its enum values", show(in.Name)), "Use one of them, or add it to enum")
}

// fits reports whether a decoded value is of an input's type.
func fits(x any, typ string) bool {
	switch x.(type) {
	case string:
		return typ == "string" || typ == "any"
	case bool:
		return typ == "boolean" || typ == "any"
	case int, int64, uint64:
		return typ == "integer" || typ == "number" || typ == "any"
	case float64:
		return typ == "number" || typ == "any"
	case []any:
		return typ == "list" || typ == "any"
	case map[string]any:
		return typ == "object" || typ == "any"
	}
	return typ == "any"
}

func typeHint(typ string) string {
	if typ == "string" {
		return "Put it in quotes"
	}
	return "Correct the value or the type"
}
