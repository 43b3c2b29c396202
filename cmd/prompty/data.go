package main

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

	"github.com/go-prompty/prompty/promptfile"
)

// parseData reads a mapping from the bytes of a JSON or YAML file, or of
// standard input.
func parseData(path string, raw []byte) (map[string]any, error) {
	what := path
	if path == "-" {
		what = "standard input"
	}
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
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: data must be a mapping with names as keys, such as {\"user\": \"Ann\"}", what)
	}
	return m, nil
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

// setting is one --set.
type setting struct {
	flag  string // as given
	path  []string
	text  string
	value any  // if typed
	typed bool // :=
}

// parseSetting reads PATH=TEXT or PATH:=JSON.
func parseSetting(flag string) (setting, error) {
	const hint = "--set user.name=Ann sets text, --set count:=3 any JSON value"
	path, text, ok := strings.Cut(flag, "=")
	if !ok {
		return setting{}, usage(fmt.Errorf("--set %q has no =", flag), hint)
	}
	s := setting{flag: flag, text: text}
	path, s.typed = strings.CutSuffix(path, ":")
	s.path = strings.Split(path, ".")
	for _, seg := range s.path {
		if seg == "" {
			return setting{}, usage(fmt.Errorf("--set %q has an empty name in its path", flag), hint)
		}
	}
	if s.typed {
		var err error
		if s.value, err = parseJSON([]byte(text)); err != nil {
			return setting{}, usage(fmt.Errorf("--set %q: %q is not JSON: %w", flag, text, err), "text in JSON stands in quotes; "+hint)
		}
	}
	return s, nil
}

// resolve gives a setting without a type the one that the prompt declares for
// its input, if the text can be read so.
func (s *setting) resolve(types map[string]string) any {
	if s.typed {
		return s.value
	}
	if want := types[s.path[0]]; len(s.path) == 1 && want != "" && want != "string" && want != "any" {
		if v, err := parseJSON([]byte(s.text)); err == nil && fits(v, want) {
			return v
		}
	}
	return s.text
}

func fits(v any, want string) bool {
	switch v.(type) {
	case bool:
		return want == "boolean"
	case int64, uint64, float64:
		return want == "number" || want == "integer"
	case []any:
		return want == "list"
	case map[string]any:
		return want == "object"
	}
	return false
}

// apply puts a value at a path into data, which it may change but for what lies
// deeper: that is copied.
func (s *setting) apply(data map[string]any, value any) error {
	v, err := s.put(data, s.path, value)
	if err != nil {
		return usage(fmt.Errorf("--set %q: %w", s.flag, err), "")
	}
	maps.Copy(data, v.(map[string]any))
	return nil
}

func (s *setting) put(at any, path []string, value any) (any, error) {
	if len(path) == 0 {
		return value, nil
	}
	switch at := at.(type) {
	case nil:
		v, err := s.put(nil, path[1:], value)
		return map[string]any{path[0]: v}, err
	case map[string]any:
		v, err := s.put(at[path[0]], path[1:], value)
		return merge1(at, path[0], v), err
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i > len(at) {
			return nil, fmt.Errorf("%q is a list of %d, and %q is no index into it", s.above(path), len(at), path[0])
		}
		list := append([]any(nil), at...)
		if i == len(at) {
			list = append(list, nil)
		}
		list[i], err = s.put(list[i], path[1:], value)
		return list, err
	}
	return nil, fmt.Errorf("%q is a single value, with nothing in it to set", s.above(path))
}

// above is the path that leads to the rest.
func (s *setting) above(rest []string) string {
	return strings.Join(s.path[:len(s.path)-len(rest)], ".")
}

func merge1(m map[string]any, key string, v any) map[string]any {
	m = maps.Clone(m)
	m[key] = v
	return m
}

// inputTypes adds the types of the inputs that a header declares to types,
// unless they are there.
func inputTypes(types map[string]string, h *promptfile.Header) {
	if h == nil {
		return
	}
	for _, in := range h.Inputs {
		if _, ok := types[in.Name]; !ok {
			types[in.Name] = in.Type
		}
	}
}
