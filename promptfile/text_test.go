package promptfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/promptfile"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestDecodeText holds DecodeText against Decode: on the corpus of the fuzzer,
// and on front matter put together from what could make a difference.
func TestDecodeText(t *testing.T) {
	t.Parallel()
	same := func(t interface{ Fatalf(string, ...any) }, file string) {
		want, fields, _ := promptfile.Decode("x", []byte(file))
		got, gotFields := promptfile.DecodeText([]byte(file))
		if got != want || !cmp.Equal(gotFields, fields) {
			t.Fatalf("DecodeText(%q) = %q, %+v; Decode gives %q, %+v", file, got, gotFields, want, fields)
		}
	}
	corpus, err := filepath.Glob("testdata/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range corpus {
		if data, err := os.ReadFile(p); err == nil {
			same(t, string(data))
		}
	}
	parts := []string{
		"---\n", "---\r\n", "\ufeff", "\n", " ", "#", "a: b\n", "tags: [x]\n", "tags", ": ", `"t\x61gs": [x]` + "\n",
		"'tenant': acme\n", "? tenant\n: acme\n", "metadata: {a: b}\n", "<<: ", "&k ", "*k ", "{", "}", `{"tags":["x"]}`, "created_by: ann\n",
		"description: |\n  tags: [y]\n", "...\n", "\x00", "\xff", "[", "\t", "text {~x/~}\n", "!!str ",
	}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.SampledFrom(parts), 0, 9).Draw(t, "parts")
		file := strings.Join(list, "")
		same(t, file)
		same(t, "---\n"+file+"---\nbody")
	})
}
