package migrate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/internal/migrate"
	"github.com/go-prompty/prompty/internal/transfer"
)

// theLayout is written as the library writes it whose layout it is: indented
// JSON, a file for each version.
func theLayout() fstest.MapFS {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return fstest.MapFS{
		"greeting/v1.json": file(`{
  "id": "tmpl_6ByTSYmGzT2c",
  "name": "greeting",
  "source": "Hello {~prompty.var name=\"user\" /~}\r\n",
  "version": 1,
  "status": "draft",
  "metadata": {
    "team": "a"
  },
  "created_at": "2025-01-02T03:04:05.123456789+01:00",
  "updated_at": "2025-01-02T03:04:05.123456789+01:00",
  "created_by": "ann",
  "tenant_id": "acme",
  "tags": [
    "warm",
    "short"
  ]
}`),
		"greeting/v3.json":  file(`{"name":"greeting","source":"Hi","version":3,"status":"active","created_at":"2025-02-01T00:00:00Z","updated_at":"2025-02-02T00:00:00Z"}`),
		"greeting/v10.json": file(`{"name":"other","source":"---\nname: x\ninputs:\n  user: {type: string}\n---\nHo","version":2}`),
		"greeting/notes.md": file("x"),
		"greeting/v0.json":  file("{}"),
		"old/v1.json":       file(`{"name":"old","source":"{~prompty.config~}{}{~/prompty.config~}\n{~prompty.ref slug=\"x\" /~}","version":1}`),
		"cut/v1.json":       file("{\n  \"name\": \"cut\",\n  \"source\": \"a"),
		"kind/v1.json":      file("{\"version\":\n \"one\"}"),
		"more/v1.json":      file(`{"name":"more","source":"x","version":1} {}`),
		"zero/v1.json":      file(`{"name":"zero","source":"a\u0000","version":1}`),
		"CON/v1.json":       file(`{"name":"CON","source":"x","version":1}`),
		".git/x/v1.json":    file(`{}`),
		"v1.json":           file(`{}`),
		"README.md":         file("x"),
	}
}

func TestLayout(t *testing.T) {
	t.Parallel()
	source, err := migrate.OpenLayout(theLayout(), ".")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"CON", "cut", "greeting", "kind", "more", "old", "zero"}, source.Names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	want := map[string][]string{
		"greeting": {
			"greeting/v10.json: it says other@2; the place it lies in counts",
			"greeting/notes.md: it is no version, and is left out",
			"greeting/v0.json: it is no version, and is left out",
		},
		"old":  {`old/v1.json (source):1:1: unknown tag "prompty.config"`, `old/v1.json (source):2:1: unknown tag "prompty.ref"`},
		"cut":  {"cut/v1.json:3:15: it is not the JSON of a version: it ends too early"},
		"kind": {"kind/v1.json:2:7: it is not the JSON of a version: version cannot be of the kind string"},
		"more": {"more/v1.json:1:42: it is not the JSON of a version: something follows the JSON"},
		"zero": {"zero/v1.json: save zero: invalid template: source has a NUL at byte 1"},
		"CON":  {`CON: invalid template name CON: segment "CON" is a device name on Windows`},
	}
	for _, name := range source.Names() {
		var got []string
		for _, issue := range source.Check(name) {
			if note := strings.HasPrefix(issue.Message, "it is no version") || strings.HasPrefix(issue.Message, "it says"); note != issue.Note {
				t.Errorf("%v: note is %v", issue, issue.Note)
			}
			text := issue.Error()
			if name == "old" {
				text, _, _ = strings.Cut(text, ";")
				text, _, _ = strings.Cut(text, ", ")
			}
			got = append(got, text)
		}
		if diff := cmp.Diff(want[name], got); diff != "" {
			t.Errorf("%s: issues (-want +got):\n%s", name, diff)
		}
	}
}

// TestLayoutCopied has every version under its number, with all its fields.
func TestLayoutCopied(t *testing.T) {
	t.Parallel()
	source, err := migrate.OpenLayout(theLayout(), ".")
	if err != nil {
		t.Fatal(err)
	}
	dst := prompty.NewMemoryStorage()
	report, err := transfer.Copy(t.Context(), source, dst, transfer.Options{Names: []string{"greeting"}})
	if err != nil || len(report.Problems) > 0 {
		t.Fatal(err, report.Problems)
	}
	got, err := dst.List(t.Context(), &prompty.TemplateQuery{IncludeAllVersions: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []*prompty.StoredTemplate{
		{Name: "greeting", Version: 10, Source: "---\nname: x\ninputs:\n  user: {type: string}\n---\nHo"},
		{Name: "greeting", Version: 3, Source: "Hi", Metadata: map[string]string{
			"imported-created-at": "2025-02-01T00:00:00Z", "imported-updated-at": "2025-02-02T00:00:00Z",
		}},
		{
			Name: "greeting", Version: 1, Source: "Hello {~prompty.var name=\"user\" /~}\r\n", CreatedBy: "ann", TenantID: "acme", Tags: []string{"warm", "short"},
			Metadata: map[string]string{"team": "a", "imported-created-at": "2025-01-02T02:04:05.123456789Z", "imported-status": "draft"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(prompty.StoredTemplate{}, "ID", "CreatedAt", "UpdatedAt")); diff != "" {
		t.Errorf("versions (-want +got):\n%s", diff)
	}
}

// TestLayoutStorage has the rest of what a storage does.
func TestLayoutStorage(t *testing.T) {
	t.Parallel()
	s, err := migrate.OpenLayout(theLayout(), ".")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	latest, err := s.Get(ctx, "greeting")
	if err != nil || latest.Version != 10 {
		t.Errorf("Get = %v, %v", latest, err)
	}
	if same, err := s.GetByID(ctx, latest.ID); err != nil || same.Source != latest.Source {
		t.Errorf("GetByID = %v, %v", same, err)
	}
	for _, id := range []prompty.TemplateID{"greeting@2", "greeting", "none@1"} {
		if _, err := s.GetByID(ctx, id); !errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("GetByID(%s) gives %v", id, err)
		}
	}
	if _, err := s.Get(ctx, "none"); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Get(none) gives %v", err)
	}
	if _, err := s.GetVersion(ctx, "cut", 1); !errors.Is(err, prompty.ErrInvalidTemplate) {
		t.Errorf("GetVersion of a broken file gives %v", err)
	}
	if ok, err := s.Exists(ctx, "old"); !ok || err != nil {
		t.Errorf("Exists = %v, %v", ok, err)
	}
	list, err := s.List(ctx, &prompty.TemplateQuery{NamePrefix: "gr", IncludeAllVersions: true, Offset: 1})
	if err != nil || len(list) != 2 || list[0].Version != 3 {
		t.Errorf("List = %v, %v", list, err)
	}
	if list, err = s.List(ctx, nil); err != nil || len(list) != 4 {
		t.Errorf("List(nil) has %d, %v", len(list), err)
	}
	for _, err := range []error{s.Save(ctx, latest), s.Delete(ctx, "old"), s.DeleteVersion(ctx, "old", 1)} {
		if !errors.Is(err, prompty.ErrReadOnly) {
			t.Errorf("writing gives %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.List(ended, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled List gives %v", err)
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path, text string
		want       migrate.Format
		why        string
	}{
		{"a/v12.json", "", migrate.Layout, "a version file of the layout <name>/v<N>.json"},
		{"v12.json", "", "", ""},
		{"a/v012.json", "", "", ""},
		{"a/package.json", "", "", ""},
		{"a.prompt", "", migrate.Dotprompt, "the extension .prompt"},
		{"a.prompty", "---\nmodel:\n  api: chat\n---\nx", migrate.Prompty, "the key model in its front matter"},
		{"a.prompty", "x\nsystem:\ny", migrate.Prompty, "the line system: in its body"},
		{"a.prompty", "Hello {{name}}", migrate.Prompty, "the Jinja tags in its body"},
		{"a.prompty", "---\nmodel: x\n---\nHello {~prompty.var name=\"a\" /~} {{x}}", "", ""},
		{"a.prompty", "Hello", "", ""},
		{"a.md", "{{x}}", "", ""},
	}
	for _, test := range tests {
		got, why, ok := migrate.Detect(migrate.File{Path: test.path, Text: test.text})
		if got != test.want || why != test.why || ok != (test.want != "") {
			t.Errorf("%s %q: %q, %q, %v", test.path, test.text, got, why, ok)
		}
	}
}
