package cli

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/promptfile"
)

// setting is one --set or --set-file.
type setting struct {
	flag  string // the flag's name
	given string // its value
	path  []string
	text  string // what is to be set; of --set-file: the file to read it from
	value any    // if typed and not from a file
	typed bool   // :=
}

func (s *setting) String() string { return fmt.Sprintf("--%s %q", s.flag, s.given) }

// fromFile reports whether text is a path.
func (s *setting) fromFile() bool { return s.flag == setFileFlag }

const (
	setFlag     = "set"
	setFileFlag = "set-file"
)

// settingHints say how each flag is written.
var settingHints = map[string]string{
	setFlag:     "--set user.name=Ann sets text, --set count:=3 any JSON value",
	setFileFlag: "--set-file notes=notes.txt sets the file's text, --set-file user:=user.yaml the JSON or YAML value in it",
}

// settingFlag makes a flag that adds to list, so that --set and --set-file keep
// the order in which they were given.
type settingFlag struct {
	name string
	list *[]setting
}

func (f settingFlag) String() string { return "" }
func (f settingFlag) Type() string   { return "PATH=VALUE" }
func (f settingFlag) Set(value string) error {
	*f.list = append(*f.list, setting{flag: f.name, given: value})
	return nil
}

// parse reads PATH=TEXT or PATH:=JSON, or of --set-file PATH=FILE or
// PATH:=FILE, but no file.
func (s *setting) parse() error {
	hint := settingHints[s.flag]
	path, text, ok := strings.Cut(s.given, "=")
	if !ok {
		return usage(fmt.Errorf("%s has no =", s), hint)
	}
	s.text = text
	path, s.typed = strings.CutSuffix(path, ":")
	s.path = strings.Split(path, ".")
	for _, seg := range s.path {
		if seg == "" {
			return usage(fmt.Errorf("%s has an empty name in its path", s), hint)
		}
	}
	switch {
	case s.fromFile() && text == "":
		return usage(fmt.Errorf("%s names no file", s), hint)
	case s.typed && !s.fromFile():
		var err error
		if s.value, err = parseJSON([]byte(text)); err != nil {
			return usage(fmt.Errorf("%s: %q is not JSON: %w", s, text, err), "text in JSON stands in quotes; "+hint)
		}
	}
	return nil
}

// resolve returns the value to set. Text of the command line takes the type
// that the prompt declares for its input, if it can be read so; the text of a
// file stays text.
func (s *setting) resolve(inputs map[string]promptfile.Input, read func(string, int64) ([]byte, error)) (any, error) {
	switch {
	case s.fromFile():
		raw, err := read(s.text, maxData)
		if err != nil {
			return nil, err
		}
		if s.typed {
			return parseValue(s.text, raw)
		}
		if fault := notText(inputName(s.text), string(raw)); fault != nil {
			return nil, fault
		}
		return string(raw), nil
	case s.typed:
		return s.value, nil
	case len(s.path) == 1:
		return typedText(s.text, inputs[s.path[0]].Type), nil
	}
	return s.text, nil
}

// typedText reads a text that a person typed as the type that an input has, or
// leaves it as it is if that is not what it looks like.
func typedText(text, want string) any {
	if want != "" && want != "string" && want != "any" {
		if v, err := parseJSON([]byte(text)); err == nil && fits(v, want) {
			return v
		}
	}
	return text
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
		return usage(fmt.Errorf("%s: %w", s, err), "")
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

// addInputs adds the inputs that a header declares to inputs, unless they are
// there.
func addInputs(inputs map[string]promptfile.Input, h *promptfile.Header) {
	if h == nil {
		return
	}
	for _, in := range h.Inputs {
		if _, ok := inputs[in.Name]; !ok {
			inputs[in.Name] = in
		}
	}
}
