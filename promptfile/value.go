package promptfile

import (
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// pair is an entry of a mapping.
type pair struct {
	name       string
	key, value *yaml.Node
}

// pairs returns the entries of a mapping in file order, with keys by their
// text. A key that is there twice, a merge key and a key that is a list or a
// mapping are errors.
func (t *tree) pairs(n *yaml.Node) ([]pair, *Error) {
	list := make([]pair, 0, len(n.Content)/2)
	seen := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		k := resolve(key)
		if k.Kind != yaml.ScalarNode {
			return nil, t.errorAt(t.place(key), fmt.Sprintf("a key must be a plain value; found %s", kindName(k)), "Quote the key if it is meant as text")
		}
		if k.ShortTag() == "!!merge" {
			return nil, t.errorAt(t.place(key), "merge keys (<<) are not supported", "Write the entries out")
		}
		if err := t.checkTag(key); err != nil {
			return nil, err
		}
		if first, ok := seen[k.Value]; ok {
			at := t.place(first)
			return nil, t.errorAt(t.place(key), fmt.Sprintf("the key %s is there twice, first on line %d", show(k.Value), at.line), "Remove one of the two")
		}
		seen[k.Value] = key
		list = append(list, pair{k.Value, key, value})
	}
	return list, nil
}

// resolve follows an alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// knownTags are those whose values the package reads.
var knownTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!map", "!!seq"}

// checkTag refuses tags that would need a meaning of their own.
func (t *tree) checkTag(n *yaml.Node) *Error {
	v := resolve(n)
	tag := v.ShortTag()
	if slices.Contains(knownTags, tag) {
		return nil
	}
	if tag == "!!merge" { // the plain text << where no key is meant
		return nil
	}
	return t.errorAt(t.place(n), fmt.Sprintf("the YAML tag %s is not supported", show(tag)), "Remove it, or quote the value if it is meant as text")
}

// scalarText returns a scalar as it is written; false for null.
func (t *tree) scalarText(n *yaml.Node) (string, bool, *Error) {
	v := resolve(n)
	if err := t.checkTag(n); err != nil {
		return "", false, err
	}
	if isNull(v) {
		return "", false, nil
	}
	return v.Value, true, nil
}

// decode turns a node into nil, bool, int, int64, uint64, float64, string,
// []any or map[string]any. A timestamp is the string it is written as: whoever
// wrote 2024-05-01 wants to see that in a prompt.
func (t *tree) decode(n *yaml.Node) (any, *Error) {
	v := resolve(n)
	if err := t.checkTag(n); err != nil {
		return nil, err
	}
	switch v.Kind {
	case yaml.SequenceNode:
		list := make([]any, 0, len(v.Content))
		for _, item := range v.Content {
			x, err := t.decode(item)
			if err != nil {
				return nil, err
			}
			list = append(list, x)
		}
		return list, nil
	case yaml.MappingNode:
		list, err := t.pairs(v)
		if err != nil {
			return nil, err
		}
		m := make(map[string]any, len(list))
		for _, p := range list {
			if m[p.name], err = t.decode(p.value); err != nil {
				return nil, err
			}
		}
		return m, nil
	}
	switch v.ShortTag() {
	case "!!str", "!!timestamp", "!!merge":
		return v.Value, nil
	}
	if v.Style == 0 { // the simple ones without the library
		switch {
		case v.ShortTag() == "!!bool":
			return v.Value[0] == 't' || v.Value[0] == 'T', nil
		case v.ShortTag() == "!!int" && isDecimal(v.Value):
			if x, err := strconv.Atoi(v.Value); err == nil {
				return x, nil
			}
		}
	}
	var x any
	if err := v.Decode(&x); err != nil {
		return nil, t.errorAt(t.place(n), fmt.Sprintf("the value %s does not fit its tag %s", show(v.Value), v.ShortTag()), "Remove the tag, or correct the value")
	}
	return x, nil
}

// kindName names what a node is, for messages.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "a boolean"
	case "!!int":
		return "an integer"
	case "!!float":
		return "a number"
	}
	return "a string"
}
