package jsontext

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOf(rapid.String()).Draw(t, "list")
		text := List(list)
		got, err := ParseList(text)
		if err != nil || len(list)+len(got) > 0 && !cmp.Equal(got, list) {
			t.Fatalf("ParseList(%q) = %q, %v, want %q", text, got, err, list)
		}
		var standard []string
		if len(list) == 0 {
			if text != "" || got != nil {
				t.Fatalf("List(%q) = %q, read back as %#v, want nothing", list, text, got)
			}
		} else if err := json.Unmarshal([]byte(text), &standard); err != nil || !cmp.Equal(standard, list) {
			t.Fatalf("package json reads %q as %q, %v, want %q", text, standard, err, list)
		}
	})
}

func TestMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "map")
		text := Map(m)
		got, err := ParseMap(text)
		if err != nil || len(m)+len(got) > 0 && !cmp.Equal(got, m) {
			t.Fatalf("ParseMap(%q) = %q, %v, want %q", text, got, err, m)
		}
		var standard map[string]string
		if len(m) == 0 {
			if text != "" || got != nil {
				t.Fatalf("Map(%q) = %q, read back as %#v, want nothing", m, text, got)
			}
		} else if err := json.Unmarshal([]byte(text), &standard); err != nil || !cmp.Equal(standard, m) {
			t.Fatalf("package json reads %q as %q, %v, want %q", text, standard, err, m)
		}
	})
}

// What people write by hand is read as package json reads it.
func TestParseByHand(t *testing.T) {
	for _, text := range []string{
		`[]`, `["a"]`, `["a", "b"]`, `["a",  "b"]`, `[ ]`, `["a", ]`, `{"a": "b", "c": "d"}`, `{"a": }`, ` [ "a" , "b" ] `, `["\u00e9","\ud83e\udd8a","\n"]`, `["a",]`, `["a" "b"]`, `["a"]x`, `["a`, `[`, `"a"`, `[1]`, `[null]`, `null`, `{}`,
		"[\"\xff\"]", "[\"a\nb\"]", `["a"],"b"]`,
		`{"a":"b"}`, `{"a": "b", "a": "c"}`, `{"a":"b","c":1}`, `{"a":"b"`, `{"a"}`, `{"a":}`, `{"a":"b",}`, `{"":""}`, "{\"\xff\":\"\"}", `x`, `{"\u0041":"\""}`,
	} {
		var list []string
		jsonErr := json.Unmarshal([]byte(text), &list)
		got, err := ParseList(text)
		if (err == nil) != (jsonErr == nil) || err == nil && len(list)+len(got) > 0 && !cmp.Equal(got, list) {
			t.Errorf("ParseList(%q) = %q, %v, package json says %q, %v", text, got, err, list, jsonErr)
		}
		var m map[string]string
		jsonErr = json.Unmarshal([]byte(text), &m)
		gotMap, err := ParseMap(text)
		if (err == nil) != (jsonErr == nil) || err == nil && len(m)+len(gotMap) > 0 && !cmp.Equal(gotMap, m) {
			t.Errorf("ParseMap(%q) = %q, %v, package json says %q, %v", text, gotMap, err, m, jsonErr)
		}
	}
}
