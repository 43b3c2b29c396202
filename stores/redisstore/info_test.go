package redisstore

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// TestInfo: what is written is JSON, and is read as package json reads it.
func TestInfo(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z"\\,:\[\]{}]{0,4}`))
		a := about{CreatedBy: word.Draw(t, "by"), TenantID: word.Draw(t, "tenant"), Tags: rapid.SliceOfN(word, 0, 3).Draw(t, "tags")}
		m := rapid.MapOfN(word, word, 1, 3).Draw(t, "metadata")
		at := rapid.Int64Range(1, 1<<53).Draw(t, "at")
		timed := a
		timed.CreatedAt = at
		number, _ := json.Marshal(at)
		text := `{"created_at":` + string(number)
		if rest := a.text(); rest != "{}" {
			text += "," + rest[1:]
		} else {
			text += "}"
		}
		check(t, text, timed)
		var standard map[string]string
		if err := json.Unmarshal([]byte(mapText(m)), &standard); err != nil || !cmp.Equal(standard, m) {
			t.Fatalf("mapText(%q) = %s, which is %q, %v", m, mapText(m), standard, err)
		}
		if got, err := parseMap(mapText(m)); err != nil || !cmp.Equal(got, m) {
			t.Fatalf("parseMap(%s) = %q, %v", mapText(m), got, err)
		}
	})
	for _, text := range []string{`{"created_at":1}`, `{"created_at":1,"tags":[]}`, `{"created_at": 1, "created_by": "ann"}`, `{"created_by":"ann","created_at":1}`, `{"created_at":1,"more":"x"}`} {
		var want about
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		check(t, text, want)
	}
	for _, text := range []string{"", "{", "[]", `{"created_at":`, `{"created_at":1`, `{"created_at":x}`, `{"created_at":1,}`, `{"created_at":1,"tags":["a"`, `{"created_at":1,"tags":"a"}`, `{"created_by":1}`, `{"created_at":1,"created_by":"a"}x`} {
		if a, err := parseAbout(text); err == nil {
			t.Errorf("parseAbout(%s) = %+v, want an error", text, a)
		}
		if m, err := parseMap(strings.ReplaceAll(text, ":1", ":[]")); err == nil {
			t.Errorf("parseMap(%s) = %q, want an error", text, m)
		}
	}
}

func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string, want about) {
	t.Helper()
	var standard about
	if err := json.Unmarshal([]byte(text), &standard); err != nil || !cmp.Equal(standard, want, cmpopts.EquateEmpty()) {
		t.Fatalf("%s is %+v, %v; want %+v", text, standard, err, want)
	}
	if got, err := parseAbout(text); err != nil || !cmp.Equal(got, want, cmpopts.EquateEmpty()) {
		t.Fatalf("parseAbout(%s) = %+v, %v; want %+v", text, got, err, want)
	}
}
