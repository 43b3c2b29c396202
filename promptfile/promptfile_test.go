package promptfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// genText draws texts that look like files.
func genText() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		"---", "---\n", "--- \t\n", "---\r\n", "\r", "\n", "\n\n", "\ufeff", "...\n", "%YAML 1.1\n", "\t",
		"tags: [a, b]\n", "tags:\n- a\n- b\n", "tags:\n  - a # c\n\n  # d\n  - b\n", "tags: a\n", "metadata:\n  k: v\n", "metadata: {k: v, 'l': \"w\"}\n",
		"tenant: acme\n", "created_by: \"ann\" # who\n", "created_by: |\n  ann\n\n  lee\n", "inputs: {name: string}\n", "x: 1\n", "y: |\n  # t\n  z\n",
		"# comment\n", "  # indented\n", "x: &a [1]\n", "tags: *a\n", "{tags: [a], x: 1}\n", "? tags\n: [a]\n", "body", " ", "é", "\u0085", "\u2028", "{~x~}", "'", "\"", "- a\n", "[", "{", "a: b: c\n", "<<: *a\n",
	})
	return rapid.Custom(func(t *rapid.T) string {
		s := ""
		if rapid.Bool().Draw(t, "fm") {
			s = rapid.SampledFrom([]string{"---\n", "---\r\n", "\ufeff---\n", "--- \n"}).Draw(t, "open")
			for _, p := range rapid.SliceOfN(piece, 0, 6).Draw(t, "front") {
				s += p
			}
			s += rapid.SampledFrom([]string{"---\n", "---\r\n", "---", "--- \t\n"}).Draw(t, "close")
		}
		for _, p := range rapid.SliceOfN(piece, 0, 5).Draw(t, "body") {
			s += p
		}
		return s
	})
}

func genWord() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "b", "true", "no", "1", "1e3", "0x1f", "~", "null", "2024-01-01", "- a", "a: b", "#c", "a #c", "*x", "&x", "!!str", "<<", "---", "...", "\n", "\r\n", " a", "a ", "\ufeff", "\u0085", "\u2028", "\u00a0", "é", "😀", "\x00", "\x07", "\u007f", "\ufffd", "\uffff", "'", "\"", "\\", "a,b", "[x]", "{x}", "1:30", "1_000", ".5", "=", "@a", "tags", "Ann Lee <ann@example.org>", "a\tb"}),
		rapid.String(),
	)
}

func genFields() *rapid.Generator[Fields] {
	return rapid.Custom(func(t *rapid.T) Fields {
		var f Fields
		if rapid.Bool().Draw(t, "hasTags") {
			f.Tags = rapid.SliceOfN(genWord(), 0, 5).Draw(t, "tags")
		}
		if rapid.Bool().Draw(t, "hasMetadata") {
			f.Metadata = rapid.MapOfN(genWord(), genWord(), 0, 4).Draw(t, "metadata")
		}
		if rapid.Bool().Draw(t, "hasTenant") {
			f.TenantID = genWord().Draw(t, "tenant")
		}
		if rapid.Bool().Draw(t, "hasAuthor") {
			f.CreatedBy = genWord().Draw(t, "author")
		}
		return f
	})
}

func checkLaw(t interface{ Fatalf(string, ...any) }, base []byte, source string, f Fields) {
	file := Encode(base, source, f)
	s, g, err := Decode("x", file)
	if s != source {
		t.Fatalf("Encode(%.9999q, %.9999q, %.9999v) = %.9999q: source reads back as %.9999q (%v)", base, source, f, file, s, err)
	}
	if !f.equal(g) {
		diff := cmp.Diff(f, g, cmpopts.EquateEmpty())
		t.Fatalf("Encode(%.9999q, %.9999q, %.9999v) = %.9999q: fields (-want +got)\n%.9999s", base, source, f, file, diff)
	}
}

func TestLaw(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := []byte(genText().Draw(t, "base"))
		source := genText().Draw(t, "source")
		f := genFields().Draw(t, "fields")
		checkLaw(t, base, source, f)
		s, g, _ := Decode("x", base)
		if back := Encode(base, s, g); string(back) != string(base) {
			t.Fatalf("Encode(%q, Decode) = %q", base, back)
		}
		checkLaw(t, base, s, f)
		checkLaw(t, base, source, g)
		checkLaw(t, nil, s, g)
		checkLaw(t, base, s+"more", g)
	})
}
