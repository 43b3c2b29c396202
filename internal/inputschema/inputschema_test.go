package inputschema

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

// TestSchema holds the schema of each kind of input against what the
// engine accepts.
func TestSchema(t *testing.T) {
	t.Parallel()
	data := []string{
		`{}`, `{"x": null}`, `{"x": "a"}`, `{"x": ""}`, `{"x": "1"}`, `{"x": 1}`, `{"x": 1.0}`, `{"x": 1.5}`, `{"x": -3}`, `{"x": 1e2}`, `{"x": 1e30}`,
		`{"x": 18446744073709551615}`, `{"x": -9223372036854775808}`, `{"x": true}`, `{"x": []}`, `{"x": [1, "a"]}`, `{"x": {}}`, `{"x": {"a": null}}`, `{"x": "a", "y": 1}`,
	}
	enums := map[string]string{"string": `["a", "1"]`, "number": "[1, 1.5, .inf]", "integer": "[1, 100]", "boolean": "[true]", "list": `[[], [1, "a"]]`, "object": "[{a: null}]", "any": `["a", 1, null, {}]`}
	defaults := map[string]string{"string": "a", "number": "1", "integer": "1", "boolean": "true", "list": "[]", "object": "{a: null}", "any": "1"}
	e := engine.MustNew(engine.Config{})
	refused := 0
	for typ, enum := range enums {
		for i := range 8 {
			declared := "type: " + typ
			if i&1 != 0 {
				declared += ", required: true"
			}
			if i&2 != 0 {
				declared += ", enum: " + enum
			}
			if i&4 != 0 {
				declared += ", default: " + defaults[typ]
			}
			tmpl, err := e.Parse("main", "---\ninputs:\n  x: {"+declared+"}\n---\n{~prompty.include template=\"p\" /~}")
			if err != nil {
				t.Fatal(err)
			}
			prog, err := e.Link(t.Context(), tmpl, nil)
			if err != nil {
				t.Fatal(err)
			}
			schema := compileSchema(t, Of(tmpl, prog.Inputs()))
			for _, text := range data {
				var v any
				if err := yaml.Unmarshal([]byte(text), &v); err != nil { // JSON is YAML, whose numbers are as the command reads them
					t.Fatal(err)
				}
				_, err = prog.Append(t.Context(), nil, v)
				fits := err == nil || !strings.Contains(err.Error(), "the inputs do not fit")
				instance, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				if err := schema.Validate(instance); (err == nil) != fits {
					t.Errorf("x: {%s} with %s: the engine accepts it: %t; the schema: %v", declared, text, fits, err)
				}
				if !fits {
					refused++
				}
			}
		}
	}
	if refused < 100 {
		t.Errorf("only %d values were refused", refused)
	}
}

// TestSamples holds the samples of the project's prompts to the
// schemas of their inputs, whole and without a required one.
func TestSamples(t *testing.T) {
	t.Parallel()
	const dir = "../../testdata/prompts"
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".prompty" { // versions, where a storage has looked at the folder
			return fs.SkipDir
		}
		if filepath.Ext(path) == promptfile.DefaultExt {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.MustNew(engine.Config{})
	read := func(path string) (*engine.Template, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return e.Parse(path, string(text))
	}
	load := func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		return read(filepath.Join(dir, filepath.FromSlash(ref.Name)+".prompty"))
	}
	whole, lacking := 0, 0
	for _, file := range files {
		tmpl, err := read(file)
		if err != nil {
			t.Fatal(err)
		}
		prog, err := e.Link(t.Context(), tmpl, load)
		if err != nil {
			t.Fatal(err)
		}
		if tmpl.Header() == nil || tmpl.Header().Sample == nil {
			continue
		}
		s := Of(tmpl, prog.Inputs())
		schema, sample := compileSchema(t, s), maps.Clone(tmpl.Header().Sample)
		if err := schema.Validate(sample); err != nil {
			t.Errorf("%s: the schema refuses the sample: %v", file, err)
		}
		whole++
		for _, name := range s.Required {
			delete(sample, name)
			if schema.Validate(sample) == nil {
				t.Errorf("%s: the schema accepts a sample without %s", file, name)
			}
			lacking++
		}
	}
	if whole < 20 || lacking < 20 {
		t.Errorf("%d samples were whole, %d lacked something", whole, lacking)
	}
}

func compileSchema(t *testing.T, s *Schema) *jsonschema.Schema {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("inputs.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("inputs.json")
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", text, err))
	}
	return schema
}
