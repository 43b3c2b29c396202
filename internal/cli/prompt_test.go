package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

func TestParseRef(t *testing.T) {
	t.Parallel()
	for arg, want := range map[string]engine.Ref{
		"a":          {Name: "a"},
		"a/b@3":      {Name: "a/b", Version: 3},
		"a@b":        {Name: "a@b"},
		"a@":         {Name: "a@"},
		"a@2@3":      {Name: "a@2", Version: 3},
		"@acme/a":    {Name: "@acme/a"},
		"@acme/a@12": {Name: "@acme/a", Version: 12},
		"@7":         {Name: "@7"},
		"":           {},
	} {
		got, err := parseRef(arg)
		if err != nil || got != want {
			t.Errorf("parseRef(%q) = %+v, %v, want %+v", arg, got, err, want)
		}
	}
	for _, arg := range []string{"a@0", "a@99999999999999999999"} {
		if got, err := parseRef(arg); err == nil {
			t.Errorf("parseRef(%q) = %+v, want an error", arg, got)
		}
	}
}

// What is parsed is the prompt as people see it, unless that would be another.
func TestParseText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		source string
		want   string
	}{
		"body alone":   {"Hello", "---\ntags: [x]\n---\nHello"},
		"front matter": {"---\ndescription: d\n---\nHello", "---\ndescription: d\ntags: [x]\n---\nHello"},
		"storage keys": {"---\ntags: [own]\n---\nHello", "---\ntags: [own]\n---\nHello"},
	} {
		got := parseText(prompty.NewMemoryStorage(), &prompty.StoredTemplate{Name: "a", Source: tt.source, Tags: []string{"x"}})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
