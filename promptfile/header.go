package promptfile

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxErrors is how many faults ParseHeader collects before it stops.
const maxErrors = 20

// Header is what the front matter of a text says.
type Header struct {
	Description string
	Tags        []string
	Metadata    map[string]string
	Tenant      string
	CreatedBy   string
	Inputs      []Input        // in file order
	Execution   map[string]any // values as in Input.Default; nil if absent
	Sample      map[string]any // data for previews and tests; nil if absent
	Extends     string         // the base template's name
	Extra       map[string]any // keys without a meaning here; nil if there are none
	BodyOffset  int            // in bytes
	BodyLine    int            // 1-based

	keys map[string]place
}

// KeyPosition returns where a key at the top of the front matter stands: line
// and column (in code points) of the file, both from 1. It is false for a key
// that is not there.
func (h *Header) KeyPosition(key string) (line, column int, ok bool) {
	at, ok := h.keys[key]
	return at.line, at.column, ok
}

// ParseHeader reads the front matter at the start of source; nil and no error
// if there is none. The name is used in errors alone. The error is of type
// [Errors]: all faults in file order, up to 20; the header is then nil.
//
// Values keep their YAML type, but for timestamps, which stay text. Where a
// string is expected, any single value is taken by its text; null is absent.
//
// Types of inputs, with other ways to write them: string (str, text), number
// (float, double), integer (int), boolean (bool), list (array), object (map,
// dict), any. Short forms are "inputs: {city: string}" and "inputs: [city]".
func ParseHeader(name, source string) (*Header, error) {
	if fault := checkText(name, source); fault != nil {
		return nil, Errors{fault}
	}
	p, ok := split(source)
	if !ok {
		return nil, nil
	}
	offset := len(source) - len(p.body)
	h := &Header{BodyOffset: offset, BodyLine: strings.Count(source[:offset], "\n") + 1, keys: map[string]place{}}
	t, fault := parseTree(name, p.front, false)
	if fault != nil {
		return nil, Errors{fault}
	}
	if t.root == nil {
		return h, nil
	}
	r := &headerReader{tree: t}
	if top, fault := t.top(); fault != nil {
		r.add(fault)
	} else {
		r.readHeader(h, top)
	}
	if len(r.errs) > 0 {
		slices.SortStableFunc(r.errs, func(a, b *Error) int {
			return cmp.Or(a.Line-b.Line, a.Column-b.Column)
		})
		return nil, r.errs
	}
	return h, nil
}

// headerReader reads values and collects what is wrong with them.
type headerReader struct {
	*tree
	errs Errors
}

func (r *headerReader) add(e *Error) {
	if len(r.errs) < maxErrors {
		r.errs = append(r.errs, e)
	}
}

func (r *headerReader) fail(n *yaml.Node, msg, hint string) {
	r.add(r.errorAt(r.place(n), msg, hint))
}

func (r *headerReader) readHeader(h *Header, top []pair) {
	var f Fields
	for _, p := range top {
		h.keys[p.name] = r.place(p.key)
		switch p.name {
		case "tags", "metadata", "tenant", "created_by":
			if fault := r.readField(&f, p.name, p.value); fault != nil {
				r.add(fault)
			}
		case "description":
			h.Description, _ = r.text(p.name, p.value)
		case "extends":
			h.Extends, _ = r.text(p.name, p.value)
		case "inputs":
			h.Inputs = r.readInputs(p.value)
		case "execution":
			h.Execution = r.readExecution(p.value)
		case "sample":
			h.Sample = r.mapping(p.name, p.value)
		default:
			if x, ok := r.any(p.value); ok {
				if h.Extra == nil {
					h.Extra = map[string]any{}
				}
				h.Extra[p.name] = x
			}
		}
	}
	h.Tags, h.Metadata, h.Tenant, h.CreatedBy = f.Tags, f.Metadata, f.TenantID, f.CreatedBy
}

// executionTypes are the keys of execution whose type is known. All others
// are carried as they are.
var executionTypes = map[string]string{
	"provider": "string", "model": "string",
	"temperature": "number", "top_p": "number", "presence_penalty": "number", "frequency_penalty": "number",
	"max_tokens": "integer", "top_k": "integer", "seed": "integer", "n": "integer",
	"stream": "boolean",
}

func (r *headerReader) readExecution(n *yaml.Node) map[string]any {
	m := r.mapping("execution", n)
	v := resolve(n)
	if m == nil || v.Kind != yaml.MappingNode {
		return m
	}
	for i := 0; i+1 < len(v.Content); i += 2 {
		key := resolve(v.Content[i]).Value
		want, ok := executionTypes[key]
		if x := m[key]; ok && x != nil && !fits(x, want) {
			value := v.Content[i+1]
			r.fail(value, "execution."+key+" must be of type "+want+"; found "+kindName(resolve(value)), typeHint(want))
		}
	}
	return m
}

// pairs is tree.pairs, with the fault collected.
func (r *headerReader) pairs(n *yaml.Node) []pair {
	list, fault := r.tree.pairs(n)
	if fault != nil {
		r.add(fault)
	}
	return list
}

func (r *headerReader) text(key string, n *yaml.Node) (string, bool) {
	s, fault := r.readText(key, n)
	if fault != nil {
		r.add(fault)
		return "", false
	}
	return s, true
}

func (r *headerReader) boolean(key string, n *yaml.Node) bool {
	x, ok := r.any(n)
	if !ok || x == nil {
		return false
	}
	b, ok := x.(bool)
	if !ok {
		r.fail(n, key+" must be true or false; found "+kindName(resolve(n)), "Write `"+key+": true`, without quotes")
	}
	return b
}

func (r *headerReader) any(n *yaml.Node) (any, bool) {
	x, fault := r.decode(n)
	if fault != nil {
		r.add(fault)
		return nil, false
	}
	return x, true
}

// mapping reads a mapping with any values; null is absent.
func (r *headerReader) mapping(key string, n *yaml.Node) map[string]any {
	v := resolve(n)
	if isNull(v) {
		return nil
	}
	if v.Kind != yaml.MappingNode {
		r.fail(n, key+" must be a mapping; found "+kindName(v), "Write `"+key+":` followed by indented `key: value` lines")
		return nil
	}
	x, ok := r.any(n)
	if !ok {
		return nil
	}
	m, _ := x.(map[string]any)
	return m
}
