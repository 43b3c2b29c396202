package migrate

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// picoTypes are Picoschema's and JSON Schema's types by their names here.
var picoTypes = map[string]string{
	"string": "string", "number": "number", "integer": "integer", "boolean": "boolean",
	"array": "list", "object": "object", "any": "any", "null": "any",
}

// picoschema declares the inputs that input.schema describes, with the values
// of input.default.
func (c *conversion) picoschema(f *front, h *header, schema, defaults *yaml.Node) {
	schema, defaults = resolve(schema), resolve(defaults)
	var inputs []*input
	switch {
	case schema == nil || isNull(schema):
	case schema.Kind == yaml.ScalarNode:
		c.noteAt(f, schema, "the schema %s is not in this file; its inputs are not declared", schema.Value)
		h.extra = append(h.extra, pair{key: "input_schema", value: schema})
	case schema.Kind != yaml.MappingNode:
		c.loseAt(f, schema, "input.schema is not a mapping")
	case isJSONSchema(schema):
		inputs = c.jsonSchema(f, schema)
	default:
		inputs = c.pico(f, schema)
	}
	for _, p := range pairsOf(defaults) {
		i := slices.IndexFunc(inputs, func(in *input) bool { return in.name == p.key })
		if i < 0 {
			inputs = append(inputs, &input{name: p.key, typ: "any"})
			i = len(inputs) - 1
		}
		if !isNull(resolve(p.value)) {
			inputs[i].value = p.value
		}
	}
	for _, in := range inputs {
		c.addInput(h, in)
	}
}

func isJSONSchema(n *yaml.Node) bool {
	if t := resolve(findIn(n, "type")); t != nil && t.Kind == yaml.ScalarNode && picoTypes[t.Value] != "" {
		return true
	}
	p := resolve(findIn(n, "properties"))
	return p != nil && p.Kind == yaml.MappingNode
}

func (c *conversion) jsonSchema(f *front, schema *yaml.Node) []*input {
	var required []string
	if r := resolve(findIn(schema, "required")); r != nil {
		for _, n := range r.Content {
			required = append(required, n.Value)
		}
	}
	var list []*input
	for _, p := range pairsOf(findIn(schema, "properties")) {
		in := &input{name: p.key, typ: "any", required: slices.Contains(required, p.key)}
		v := resolve(p.value)
		for _, q := range pairsOf(v) {
			value := resolve(q.value)
			switch q.key {
			case "type":
				if in.typ = picoTypes[value.Value]; in.typ == "" {
					in.typ = "any"
				}
				in.required = in.required && value.Value != "null" // which here is as good as missing
			case "description":
				in.description = value.Value
			case "enum":
				in.enum = value
			case "default":
				in.value = value
			default:
				in.schema = v
			}
		}
		list = append(list, in)
	}
	return list
}

// pico reads Picoschema: "name?(type, description): type, description".
func (c *conversion) pico(f *front, schema *yaml.Node) []*input {
	var list []*input
	for _, p := range pairsOf(schema) {
		if p.key == "(*)" {
			c.noteAt(f, p.name, "inputs of any name are always allowed here")
			continue
		}
		name, info, parens := strings.Cut(p.key, "(")
		in := &input{name: strings.TrimSuffix(name, "?")}
		in.required = in.name == name
		v := resolve(p.value)
		if !parens {
			c.picoType(f, in, v)
			list = append(list, in)
			continue
		}
		word, description, _ := strings.Cut(strings.TrimSuffix(info, ")"), ",")
		in.description = strings.TrimSpace(description)
		switch word = strings.TrimSpace(word); word {
		case "array", "object":
			in.typ, in.schema = picoTypes[word], v
			if in.typ == "list" && v.Kind == yaml.ScalarNode {
				in.schema = mapping(textNode("items"), v)
			}
		case "enum":
			in.typ, in.enum = "any", v
			if v.Kind == yaml.SequenceNode && !slices.ContainsFunc(v.Content, func(n *yaml.Node) bool { return !isText(n) }) {
				in.typ = "string"
			}
		default:
			c.loseAt(f, p.name, "Picoschema has array, object and enum in parentheses, not %s", word)
			in.typ = "any"
		}
		list = append(list, in)
	}
	return list
}

// picoType reads "type, description", or a mapping, which is an object.
func (c *conversion) picoType(f *front, in *input, v *yaml.Node) {
	if v.Kind != yaml.ScalarNode {
		in.typ, in.schema = "object", v
		return
	}
	word, description, _ := strings.Cut(v.Value, ",")
	in.description = strings.TrimSpace(description)
	word = strings.TrimSpace(word)
	in.required = in.required && word != "null" // which here is as good as missing
	if in.typ = picoTypes[word]; in.typ == "" {
		in.typ = "any"
		in.schema = v
		c.noteAt(f, v, "the schema %s is not in this file; %s may be anything here", word, in.name)
	}
}
