package promptfile

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestEdit runs the cases of testdata/edit: Encode(base, source, fields) is
// want, where source and fields are those of the base but for what the case
// says. Each case is also run with CRLF and without a final newline.
func TestEdit(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/edit/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		cases := map[string]map[string]string{}
		for _, f := range archive.Files {
			name, section, _ := strings.Cut(f.Name, "/")
			if cases[name] == nil {
				names = append(names, name)
				cases[name] = map[string]string{}
			}
			cases[name][section] = string(f.Data)
		}
		for _, name := range names {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar")+"/"+name, func(t *testing.T) {
				t.Parallel()
				runEdit(t, cases[name], func(s string) string { return s })
				if cases[name]["base"] != "" && strings.HasPrefix(cases[name]["base"], "---\n") && strings.HasPrefix(cases[name]["want"], "---\n") &&
					strings.Count(cases[name]["want"], "---\n") == 2 && !strings.Contains(cases[name]["base"], "|\n") {
					runEdit(t, cases[name], func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") })
					runEdit(t, cases[name], func(s string) string { return strings.TrimSuffix(s, "\n") })
					runEdit(t, cases[name], func(s string) string { return "\ufeff" + s })
				}
			})
		}
	}
}

func runEdit(t *testing.T, c map[string]string, variant func(string) string) {
	t.Helper()
	base := variant(c["base"])
	source, f, err := Decode("base", []byte(base))
	if err != nil && !strings.Contains(t.Name(), "broken") {
		t.Errorf("Decode(%q): %v", base, err)
	}
	if s, ok := c["source"]; ok {
		source = variant(s)
		if !strings.HasPrefix(s, "---\n") {
			source = strings.TrimPrefix(source, bom)
		}
	}
	if js, ok := c["fields"]; ok {
		change := jsonFields{Tags: f.Tags, Metadata: f.Metadata, Tenant: f.TenantID, CreatedBy: f.CreatedBy}
		if strings.Contains(js, `"metadata"`) {
			change.Metadata = nil // Unmarshal would add to what is there
		}
		if err := json.Unmarshal([]byte(js), &change); err != nil {
			t.Fatal(err)
		}
		f = Fields{change.Tags, change.Metadata, change.Tenant, change.CreatedBy}
	}
	checkLaw(t, []byte(base), source, f)
	got := string(Encode([]byte(base), source, f))
	if diff := cmp.Diff(variant(c["want"]), got); diff != "" {
		t.Errorf("base %q, source %q, fields %+v (-want +got)\n%s", base, source, f, diff)
	}
}
