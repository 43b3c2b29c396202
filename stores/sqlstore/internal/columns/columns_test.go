package columns_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/go-prompty/prompty/stores/sqlstore/internal/columns"
)

func TestMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "map")
		text, err := columns.EncodeMap(want)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			want = nil
		}
		got, err := columns.DecodeMap(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%s: %v\n%s", text, err, diff)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.String()).Draw(t, "list")
		text, err := columns.EncodeList(want)
		if err != nil {
			t.Fatal(err)
		}
		if len(want) == 0 {
			want = nil
		}
		got, err := columns.DecodeList(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%s: %v\n%s", text, err, diff)
		}
	})
}

// What a hand may leave in a column.
func TestBadColumns(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "null", "[1]", `[["a"]]`, `"a"`, "1", `{"a":1}`, `{"a":null}`, `{"a":{}}`, "[null]", `["a",null]`, "{", strings.Repeat("[", 1000)} {
		if m, err := columns.DecodeMap(text); err == nil || !strings.Contains(err.Error(), "metadata") || len(err.Error()) > 200 {
			t.Errorf("DecodeMap(%q) = %v, %v, want a short error", text, m, err)
		}
		if l, err := columns.DecodeList(text); err == nil || !strings.Contains(err.Error(), "tags") || len(err.Error()) > 200 {
			t.Errorf("DecodeList(%q) = %v, %v, want a short error", text, l, err)
		}
	}
	if m, err := columns.DecodeMap("{ }"); m != nil || err != nil {
		t.Errorf("DecodeMap({ }) = %v, %v, want nil", m, err)
	}
	if l, err := columns.DecodeList("[ ]"); l != nil || err != nil {
		t.Errorf("DecodeList([ ]) = %v, %v, want nil", l, err)
	}
}

func TestPrefixEnd(t *testing.T) {
	t.Parallel()
	for prefix, want := range map[string]string{"a": "b", "team/": "team0", "aé": "aê", "\ud7ff": "\ue000", "a\U0010ffff": "b"} {
		if got, ok := columns.PrefixEnd(prefix); got != want || !ok {
			t.Errorf("PrefixEnd(%q) = %q, %v, want %q", prefix, got, ok, want)
		}
	}
	for _, prefix := range []string{"", "\U0010ffff\U0010ffff"} {
		if got, ok := columns.PrefixEnd(prefix); ok {
			t.Errorf("PrefixEnd(%q) = %q, want none", prefix, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		prefix, text := rapid.String().Draw(t, "prefix"), rapid.String().Draw(t, "text")
		if rapid.Bool().Draw(t, "begins") {
			text = prefix + text
		}
		end, ok := columns.PrefixEnd(prefix)
		if in := text >= prefix && (!ok || text < end); in != strings.HasPrefix(text, prefix) {
			t.Fatalf("%q from %q to %q: %v", text, prefix, end, in)
		}
	})
}
