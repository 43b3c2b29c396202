package promptfile

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Fields are the values of the four keys that belong to the storage. Empty
// and absent are the same.
type Fields struct {
	Tags      []string
	Metadata  map[string]string
	TenantID  string // key "tenant"
	CreatedBy string // key "created_by"
}

func (f Fields) equal(g Fields) bool {
	return slices.Equal(f.Tags, g.Tags) && maps.Equal(f.Metadata, g.Metadata) && f.TenantID == g.TenantID && f.CreatedBy == g.CreatedBy
}

func (f Fields) empty() bool { return f.equal(Fields{}) }

// storageKeys in the order in which they are written.
var storageKeys = []string{"tags", "metadata", "tenant", "created_by"}

// same reports whether f and g have the same value for one storage key.
func (f Fields) same(g Fields, key string) bool {
	switch key {
	case "tags":
		return slices.Equal(f.Tags, g.Tags)
	case "metadata":
		return maps.Equal(f.Metadata, g.Metadata)
	case "tenant":
		return f.TenantID == g.TenantID
	}
	return f.CreatedBy == g.CreatedBy
}

// has reports whether f has a value for one storage key.
func (f Fields) has(key string) bool { return !f.same(Fields{}, key) }

// readField reads the value of one storage key into f.
func (t *tree) readField(f *Fields, key string, value *yaml.Node) (err *Error) {
	switch key {
	case "tags":
		f.Tags, err = t.readTags(value)
	case "metadata":
		f.Metadata, err = t.readMetadata(value)
	case "tenant":
		f.TenantID, err = t.readText(key, value)
	case "created_by":
		f.CreatedBy, err = t.readText(key, value)
	}
	return err
}

// readTags takes a list of values by their text, or one value as the only tag.
func (t *tree) readTags(n *yaml.Node) ([]string, *Error) {
	const hint = "Write `tags: [one, two]`"
	v := resolve(n)
	switch v.Kind {
	case yaml.ScalarNode:
		tag, err := t.readText("tags", n)
		if err != nil || tag == "" {
			return nil, err
		}
		return []string{tag}, nil
	case yaml.MappingNode:
		return nil, t.errorAt(t.place(n), "tags must be a list of strings; found a mapping", hint)
	}
	var tags []string
	for _, item := range v.Content {
		v := resolve(item)
		if v.Kind != yaml.ScalarNode {
			return nil, t.errorAt(t.place(item), fmt.Sprintf("each tag must be a string; found %s", kindName(v)), hint)
		}
		tag, ok, err := t.scalarText(item)
		if err != nil {
			return nil, err
		}
		if ok {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}

func (t *tree) readMetadata(n *yaml.Node) (map[string]string, *Error) {
	const hint = "Write `metadata:` followed by indented `key: value` lines"
	v := resolve(n)
	if isNull(v) {
		return nil, nil
	}
	if v.Kind != yaml.MappingNode {
		return nil, t.errorAt(t.place(n), fmt.Sprintf("metadata must be a mapping of strings; found %s", kindName(v)), hint)
	}
	list, err := t.pairs(v)
	if err != nil {
		return nil, err
	}
	var m map[string]string
	for _, p := range list {
		if v := resolve(p.value); v.Kind != yaml.ScalarNode {
			return nil, t.errorAt(t.place(p.value), fmt.Sprintf("metadata value of %s must be a string; found %s", show(p.name), kindName(v)),
				"Write it as one quoted string")
		}
		text, ok, err := t.scalarText(p.value)
		if err != nil {
			return nil, err
		}
		if ok {
			if m == nil {
				m = make(map[string]string, len(list))
			}
			m[p.name] = text
		}
	}
	return m, nil
}

// readText takes a single value by its text; null is "".
func (t *tree) readText(key string, n *yaml.Node) (string, *Error) {
	if v := resolve(n); v.Kind != yaml.ScalarNode {
		return "", t.errorAt(t.place(n), fmt.Sprintf("%s must be a string; found %s", key, kindName(v)), fmt.Sprintf("Write `%s: text`", key))
	}
	text, _, err := t.scalarText(n)
	return text, err
}
