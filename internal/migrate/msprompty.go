package migrate

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// promptyParts is how Microsoft's own loader takes a file apart.
var promptyParts = regexp.MustCompile(`(?sm)^\s*(?:---|\+\+\+)(.*?)(?:---|\+\+\+)\s*(.+)$`)

func convertPrompty(c *conversion) {
	// Jinja, and the parser of roles, know one kind of line end.
	c.text = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(c.text, "\ufeff"), "\r\n", "\n"), "\r", "\n")
	c.prompt.Name = nameOf(c.prompt.File)
	h := &header{}
	c.body = c.text
	if m := promptyParts.FindStringSubmatchIndex(c.text); m != nil {
		f, err := readFront(c.text[m[2]:m[3]], strings.Count(c.text[:m[2]], "\n")+1)
		if err != nil {
			c.frontFault(err)
			return
		}
		c.body, c.offset = c.text[m[4]:m[5]], m[4]
		c.promptyHeader(f, h)
	}
	if i := strings.IndexAny(c.body, "\v\f\x1c\x1d\x1e\u0085\u2028\u2029"); i >= 0 {
		c.lose(i, "this character ends a line there, and does not here")
	}
	c.body = strings.TrimSuffix(c.body, "\n")
	pieces, err := c.jinja()
	if err != nil {
		c.lose(placeOf(err), "%v", err)
		c.finish(h, escapeText(c.body, false))
		return
	}
	c.images(pieces)
	c.finish(h, writePieces(c.messages(pieces, false)))
}

// jinja converts the body to pieces. Text before the first role is one of the
// system's.
func (c *conversion) jinja() ([]*piece, error) {
	tags, err := lexJinja(c.body)
	if err != nil {
		return nil, err
	}
	nodes, err := parseJinja(c.splitRoles(tags))
	if err != nil {
		return nil, err
	}
	lower := &jinjaLower{conversion: c, used: words(c.body)}
	pieces := lower.nodes(nodes, &jinjaScope{})
	n := 0
	for n < len(pieces) && !hasRole(pieces[n:n+1]) {
		n++
	}
	c.firstRole = "system"
	if printing(pieces[:n]) {
		pieces = append([]*piece{{kind: rolePiece, role: c.firstRole}}, pieces...)
	}
	return pieces, nil
}

var image = regexp.MustCompile(`!\[[^\]]*\]\(`)

// images reports Markdown images, which become parts of a message there.
func (c *conversion) images(list []*piece) {
	for _, p := range list {
		if p.kind == textPiece {
			for _, m := range image.FindAllStringIndex(p.text, -1) {
				c.lose(p.at+len(p.lead)+m[0], "an image becomes a part of the message there, and stays text here")
			}
		}
		for _, b := range p.branches {
			c.images(b.body)
		}
	}
}

// typeNames are the types of inputs there by their names here.
var typeNames = map[string]string{
	"string": "string", "str": "string", "number": "number", "float": "number", "double": "number", "integer": "integer", "int": "integer",
	"boolean": "boolean", "bool": "boolean", "array": "list", "list": "list", "object": "object", "dict": "object", "any": "any",
}

func (c *conversion) promptyHeader(f *front, h *header) {
	if f == nil {
		return
	}
	h.execution = mapping()
	var inputs, sample *yaml.Node
	for _, p := range pairsOf(f.node) {
		v := resolve(p.value)
		switch p.key {
		case "description":
			h.description = v.Value
		case "tags":
			c.tags(f, v)
		case "metadata":
			c.metadata(f, v)
		case "model":
			c.promptyModel(f, h, v)
		case "inputs":
			inputs = v
		case "inputSchema":
			inputs = resolve(findIn(v, "properties"))
		case "sample":
			sample = v
		case "template":
			c.promptyTemplate(f, v)
		case "base":
			c.loseAt(f, p.name, "a base prompt is not carried over; put its text into this one, or use prompty.extends")
		case "tools":
			c.noteAt(f, p.name, "tools are kept in the front matter; nothing here calls them")
			h.extra = append(h.extra, p)
		default:
			if ours[p.key] {
				c.loseAt(f, p.name, "the key %s means something else here; give it another name", p.key)
				continue
			}
			h.extra = append(h.extra, p)
		}
	}
	c.promptyInputs(f, h, inputs, sample)
}

// promptyTemplate accepts Jinja alone.
func (c *conversion) promptyTemplate(f *front, v *yaml.Node) {
	kind := v
	for _, key := range []string{"type", "format", "kind"} {
		if n := findIn(kind, key); n != nil {
			kind = resolve(n)
		}
	}
	if kind.Kind != yaml.ScalarNode || kind.Value != "jinja2" {
		c.loseAt(f, v, "only templates in jinja2 are carried over")
	}
	p := resolve(findIn(v, "parser"))
	if n := findIn(p, "kind"); n != nil {
		p = resolve(n)
	}
	if p != nil && p.Value != "prompty" {
		c.loseAt(f, p, "the parser %s is not carried over", p.Value)
	}
}

// promptyModel puts the model's settings into execution: what has a name there
// under that, the rest as it is.
func (c *conversion) promptyModel(f *front, h *header, v *yaml.Node) {
	if v.Kind == yaml.ScalarNode && !isNull(v) {
		set(h.execution, "model", v)
		return
	}
	for _, p := range pairsOf(v) {
		value := resolve(p.value)
		switch p.key {
		case "id":
			set(h.execution, "model", value)
		case "configuration", "connection":
			rest := mapping()
			for _, q := range pairsOf(value) {
				switch {
				case q.key == "type":
					set(h.execution, "provider", q.value)
				case (q.key == "name" || q.key == "model" || q.key == "azure_deployment") && findIn(h.execution, "model") == nil:
					set(h.execution, "model", q.value)
					if q.key == "azure_deployment" {
						set(rest, q.key, q.value)
					}
				default:
					set(rest, q.key, q.value)
				}
			}
			if len(rest.Content) > 0 {
				set(h.execution, p.key, rest)
			}
		case "parameters", "options":
			for _, q := range pairsOf(value) {
				if q.key == "tools" || q.key == "tool_choice" {
					c.noteAt(f, q.name, "%s is kept in execution; nothing here calls tools", q.key)
				}
				if findIn(h.execution, q.key) != nil {
					c.loseAt(f, q.name, "%s is there twice", q.key)
					continue
				}
				set(h.execution, q.key, q.value)
			}
		default:
			set(h.execution, p.key, value)
		}
	}
}

// promptyInputs declares the inputs. Samples are defaults there, too: what is
// missing is taken from them.
func (c *conversion) promptyInputs(f *front, h *header, inputs, sample *yaml.Node) {
	var list []*input
	samples := mapping()
	add := func(name string, v *yaml.Node) {
		in := &input{name: name, typ: "any"}
		if v.Kind != yaml.MappingNode {
			in.typ = typeOfNode(v)
			if !isNull(v) {
				in.value = v
				set(samples, name, v)
			}
			list = append(list, in)
			return
		}
		c.promptyInput(f, in, v, samples)
		list = append(list, in)
	}
	switch {
	case inputs == nil:
	case inputs.Kind == yaml.MappingNode:
		for _, p := range pairsOf(inputs) {
			add(p.key, resolve(p.value))
		}
	case inputs.Kind == yaml.SequenceNode:
		for _, n := range inputs.Content {
			n = resolve(n)
			name := resolve(findIn(n, "name"))
			if name == nil || name.Value == "" {
				c.loseAt(f, inputs, "an input in a list needs a name")
				continue
			}
			add(name.Value, n)
		}
	case strings.HasPrefix(inputs.Value, "${"):
		c.loseAt(f, inputs, "the inputs are in another file; put them into this one")
	case !isNull(inputs):
		c.loseAt(f, inputs, "inputs is not a mapping")
	}
	switch {
	case sample == nil || isNull(sample):
	case sample.Kind != yaml.MappingNode:
		c.loseAt(f, sample, "the sample is in another file; put it into this one")
	default:
		for _, p := range pairsOf(sample) {
			set(samples, p.key, p.value)
			i := slices.IndexFunc(list, func(in *input) bool { return in.name == p.key })
			if i < 0 {
				list = append(list, &input{name: p.key, typ: "any"})
				i = len(list) - 1
			}
			if v := resolve(p.value); !isNull(v) {
				list[i].value = v
			}
		}
	}
	for _, in := range list {
		c.addInput(h, in)
	}
	h.sample = samples
}

func (c *conversion) promptyInput(f *front, in *input, v, samples *yaml.Node) {
	var fallback *yaml.Node
	for _, q := range pairsOf(v) {
		value := resolve(q.value)
		switch q.key {
		case "name":
		case "type", "kind":
			if value.Value == "thread" {
				c.loseAt(f, value, "a thread, the messages of before, is not carried over: the program that renders puts them where they belong")
			}
			if in.typ = typeNames[value.Value]; in.typ == "" {
				in.typ = "any"
				c.noteAt(f, value, "there is no type %s here; %s may be anything", value.Value, in.name)
			}
		case "description":
			in.description = value.Value
		case "required", "is_required":
			in.required = value.Value == "true"
		case "enum":
			in.enum = value
		case "default":
			fallback = value
		case "sample":
			if !isNull(value) {
				in.value = value
				set(samples, in.name, value)
			}
		case "strict", "value":
		default:
			if in.schema == nil {
				in.schema = mapping()
			}
			set(in.schema, q.key, value)
		}
	}
	if fallback != nil && !isNull(fallback) && in.value == nil {
		in.value = fallback
	}
	if in.typ == "any" && in.value != nil {
		in.typ = typeOfNode(in.value)
	}
}
