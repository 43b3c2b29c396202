package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMergeChangesNeither(t *testing.T) {
	t.Parallel()
	base := map[string]any{"a": map[string]any{"x": 1, "y": 2}, "b": 1, "c": []any{1}}
	top := map[string]any{"a": map[string]any{"y": 3}, "b": map[string]any{"z": 1}, "c": []any{2}}
	want := map[string]any{"a": map[string]any{"x": 1, "y": 3}, "b": map[string]any{"z": 1}, "c": []any{2}}
	if diff := cmp.Diff(want, merge(base, top)); diff != "" {
		t.Errorf("merge (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"a": map[string]any{"x": 1, "y": 2}, "b": 1, "c": []any{1}}, base); diff != "" {
		t.Errorf("merge changed its base (-want +got):\n%s", diff)
	}
}

func TestSettingsCopyWhatTheyChange(t *testing.T) {
	t.Parallel()
	list := []any{map[string]any{"n": 1}}
	data := map[string]any{"list": list}
	for _, given := range []string{"list.0.n=2", "list.1=x", "new.deep.path:=[true]"} {
		s := setting{flag: setFlag, given: given}
		if err := s.parse(); err != nil {
			t.Fatal(err)
		}
		v, err := s.resolve(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.apply(data, v); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]any{
		"list": []any{map[string]any{"n": "2"}, "x"},
		"new":  map[string]any{"deep": map[string]any{"path": []any{true}}},
	}
	if diff := cmp.Diff(want, data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{map[string]any{"n": 1}}, list); diff != "" {
		t.Errorf("a setting changed the sample (-want +got):\n%s", diff)
	}
}

func TestReadUpTo(t *testing.T) {
	t.Parallel()
	if got, err := readUpTo(strings.NewReader("abc"), "x.txt", 3); err != nil || string(got) != "abc" {
		t.Errorf("three bytes of at most three: %q, %v", got, err)
	}
	if _, err := readUpTo(strings.NewReader("abcd"), "x.txt", 3); err == nil || err.Error() != "x.txt has more than 3 bytes, which is the limit" {
		t.Errorf("four bytes of at most three: %v", err)
	}
}

// Whatever a data file holds, reading it gives a value or an error.
func FuzzData(f *testing.F) {
	for _, seed := range []string{`{"a": [1, 2.5, null]}`, "a: &x [1]\nb: *x\n<<: {c: 1}", "2026-11-22", "? [a]\n: b", "!!binary x", "a: !!timestamp 2026"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if v, err := parseJSON(raw); err == nil {
			merge(map[string]any{}, map[string]any{"v": v})
		}
		if v, err := parseYAML(raw); err == nil {
			if m, ok := v.(map[string]any); ok {
				merge(m, m)
			}
		}
	})
}
