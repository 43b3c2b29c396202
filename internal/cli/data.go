package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// parseData reads a mapping from the bytes of a JSON or YAML file, or of
// standard input.
func parseData(path string, raw []byte) (map[string]any, error) {
	v, err := parseValue(path, raw)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: data must be a mapping with names as keys, such as {\"user\": \"Ann\"}", inputName(path))
	}
	return m, nil
}

// parseValue reads any value from them.
func parseValue(path string, raw []byte) (any, error) {
	what := inputName(path)
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // some editors of Windows begin files with it
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, fmt.Errorf("%s is empty; data is a JSON object or a YAML mapping, {} if there is none", what)
	}
	var v any
	var err error
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case ext == ".json", ext != ".yaml" && ext != ".yml" && json.Valid(raw):
		v, err = parseJSON(raw)
	default:
		v, err = parseYAML(raw)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return v, nil
}

// parseJSON reads one JSON value, with whole numbers as such.
func parseJSON(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			before := raw[:min(int(syntax.Offset), len(raw))]
			return nil, fmt.Errorf("line %d: %w", 1+bytes.Count(before, []byte("\n")), err)
		}
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			return nil, errors.New("the JSON ends too early")
		}
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return plainNumbers(v), nil
}

// plainNumbers replaces json.Number by int64, uint64 or float64, in place. The
// decoder has bounded the depth.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			v[k] = plainNumbers(x)
		}
	case []any:
		for i, x := range v {
			v[i] = plainNumbers(x)
		}
	case json.Number:
		if n, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return n
		}
		f, _ := v.Float64() // beyond its range: infinite
		return f
	}
	return v
}

// parseYAML reads one YAML document, with timestamps as text, as front matter
// has them.
func parseYAML(raw []byte) (any, error) {
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		return nil, tidyYAML(err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("data is one YAML document; something follows it")
	}
	timesAsText(&doc)
	var v any
	if err := doc.Decode(&v); err != nil {
		return nil, tidyYAML(err)
	}
	return v, nil
}

func timesAsText(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, c := range n.Content {
		timesAsText(c)
	}
}

// tidyYAML takes the library's name out of its errors.
func tidyYAML(err error) error {
	return errors.New(strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n  ", " "), "yaml: "))
}

// merge lays top over base: mappings key by key, everything else as a whole.
// Neither is changed.
func merge(base, top map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(top))
	maps.Copy(out, base)
	for k, v := range top {
		below, ok := out[k].(map[string]any)
		if above, both := v.(map[string]any); ok && both {
			v = merge(below, above)
		}
		out[k] = v
	}
	return out
}
