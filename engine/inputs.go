package engine

import (
	"fmt"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
	"github.com/go-prompty/prompty/promptfile"
)

// declared is an input together with the template whose front matter has it.
type declared struct {
	promptfile.Input
	tmpl *Template
}

// declaredInputs are those of a template and of its bases; the same name in a
// base is replaced.
func declaredInputs(lineage []*Template) []declared {
	var list []declared
	seen := make(map[string]bool)
	for _, t := range lineage {
		if t.header == nil {
			continue
		}
		for _, in := range t.header.Inputs {
			if !seen[in.Name] {
				seen[in.Name] = true
				list = append(list, declared{in, t})
			}
		}
	}
	return list
}

// checkInputs holds the data to what the front matter says and names all that
// is wrong at once, at the place of the first.
func (f *frame) checkInputs() error {
	var faults, missing []string
	var first *declared
	for i := range f.p.inputs {
		in := &f.p.inputs[i]
		if fault := f.inputFault(in); fault != "" {
			faults = append(faults, fault)
			if v, ok := step(f.root, in.Name); in.Required && (!ok || value.KindOf(v) == value.Nil) {
				missing = append(missing, in.Name)
			}
			if first == nil {
				first = in
			}
		}
	}
	if first == nil {
		return nil
	}
	t := first.tmpl
	return newError(t.name, t.source, offsetOf(t.source, first.Line, first.Column), "",
		&InputsError{Missing: missing, text: "the inputs do not fit: " + strings.Join(faults, "; ")})
}

// inputFault says what is wrong with the value of an input; "" if nothing is.
func (f *frame) inputFault(in *declared) string {
	v, ok := step(f.root, in.Name)
	switch {
	case !ok && in.Required && !in.HasDefault:
		return quote(in.Name) + " is required and missing"
	case !ok:
		return ""
	}
	kind := value.KindOf(v)
	if kind == value.Nil {
		if in.Required {
			return quote(in.Name) + " is required and nil"
		}
		return ""
	}
	fits := true
	switch in.Type {
	case "string":
		fits = kind == value.String
	case "number":
		fits = kind == value.Number
	case "integer":
		fits = kind == value.Number
		if fits && !whole(v) {
			return quote(in.Name) + " must be a whole number"
		}
	case "boolean":
		fits = kind == value.Bool
	case "list":
		fits = kind == value.List
	case "object":
		fits = kind == value.Map
	}
	if !fits {
		return fmt.Sprintf("%s must be %s, not %s", quote(in.Name), typeText[in.Type], value.TypeName(v))
	}
	if len(in.Enum) > 0 && !inEnum(in.Enum, v) {
		return fmt.Sprintf("%s must be one of %s", quote(in.Name), enumText(in.Enum))
	}
	return ""
}

func whole(v any) bool {
	if _, ok := value.Int(v); ok {
		return true
	}
	n, _ := value.Plain(v)
	_, ok := n.(uint64)
	return ok
}

var typeText = map[string]string{
	"string": "a string", "number": "a number", "integer": "an integer",
	"boolean": "a boolean", "list": "a list", "object": "an object",
}

func inEnum(enum []any, v any) bool {
	for _, e := range enum {
		if value.Equal(e, v) {
			return true
		}
	}
	return false
}

func enumText(enum []any) string {
	const most = 10
	var list []string
	for i, e := range enum {
		if i == most {
			list = append(list, "…")
			break
		}
		b, err := value.AppendLimit(nil, e, 100)
		if err != nil {
			b = []byte("…")
		}
		if s, ok := e.(string); ok {
			list = append(list, quote(s))
		} else {
			list = append(list, string(b))
		}
	}
	return strings.Join(list, ", ")
}
