package promptfile

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSplitFrontMatter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source, front, body string
		ok                  bool
	}{
		{"", "", "", false},
		{"---", "", "---", false},
		{"---\n", "", "---\n", false},
		{"---\nx: 1\n", "", "---\nx: 1\n", false},
		{"---\n---", "", "", true},
		{"---\n---\n", "", "", true},
		{"---\n---\nbody", "", "body", true},
		{"---\n---\n---\n---\n", "", "---\n---\n", true},
		{"---\nx: 1\n---\nbody\n---\n", "x: 1\n", "body\n---\n", true},
		{"---\r\nx: 1\r\n---\r\nbody", "x: 1\r\n", "body", true},
		{bom + "--- \t\nx: 1\n---  \nbody", "x: 1\n", "body", true},
		{"---\rx: 1\r---\rbody", "", "---\rx: 1\r---\rbody", false}, // no lines for us
		{" ---\nx: 1\n---\n", "", " ---\nx: 1\n---\n", false},
		{"\n---\nx: 1\n---\n", "", "\n---\nx: 1\n---\n", false},
		{"----\nx: 1\n---\n", "", "----\nx: 1\n---\n", false},
		{"---x\n---\n", "", "---x\n---\n", false},
		{"---\nx: |\n ---\n----\n---\nbody", "x: |\n ---\n----\n", "body", true},
		{bom + bom + "---\n---\n", "", bom + bom + "---\n---\n", false},
		{"---\u00a0\n---\n", "", "---\u00a0\n---\n", false},
	} {
		front, body, offset, ok := SplitFrontMatter(c.source)
		if front != c.front || body != c.body || ok != c.ok || c.source[offset:] != body {
			t.Errorf("SplitFrontMatter(%q) = %q, %q, %d, %v, want %q, %q, %v", c.source, front, body, offset, ok, c.front, c.body, c.ok)
		}
	}
}

// TestDecode: what is source and what are fields.
func TestDecode(t *testing.T) {
	t.Parallel()
	all := Fields{Tags: []string{"a", "1", "true", "é"}, Metadata: map[string]string{"k": "v", "1": "2.50", "t": "2024-05-01"}, TenantID: "acme", CreatedBy: "12"}
	for _, c := range []struct {
		file, source string
		f            Fields
	}{
		{"", "", Fields{}},
		{"body", "body", Fields{}},
		{"---\n---\n", "", Fields{}},
		{"---\n\n \t\n---\n---\nx", "---\nx", Fields{}},
		{bom + "---\n---\nbody", "body", Fields{}},
		{"---\n# c\n---\nbody", "---\n# c\n---\nbody", Fields{}},
		{"---\n# c\ntags: [a] # d\n---\nbody", "---\n# c\n---\nbody", Fields{Tags: []string{"a"}}},
		{"---\n\ntags: [a] # d\n\n---\nbody", "body", Fields{Tags: []string{"a"}}},
		{"---\ntags: [a, 1, true, é]\nmetadata: {k: v, 1: 2.50, t: 2024-05-01}\ntenant: acme\ncreated_by: 12\n---\nbody", "body", all},
		{bom + "---\r\nx: 1\r\ntags:\r\n- a\r\n- 1\r\n- true\r\n- \"\\xe9\"\r\nmetadata:\r\n  k: v\r\n  1: 2.50\r\n  t: 2024-05-01\r\ny: 2\r\ntenant: acme\r\ncreated_by: '12'\r\n--- \r\nbody",
			bom + "---\r\nx: 1\r\ny: 2\r\n--- \r\nbody", all},
		{"---\ntags: ~\nmetadata:\ntenant: null\ncreated_by: \"\"\n---\n", "", Fields{}},
		{"---\ntags: []\nmetadata: {}\n---\n", "", Fields{}},
		{"---\ntags: [~, a, null, '']\nmetadata: {a: ~, b: ''}\n---\n", "", Fields{Tags: []string{"a", ""}, Metadata: map[string]string{"b": ""}}},
		{"---\ntags: support\n---\n", "", Fields{Tags: []string{"support"}}},
		{"---\ntags: a, b\n---\n", "", Fields{Tags: []string{"a, b"}}},
		{"---\ntags: |\n  a\n  # no comment\n\n\n# comment\nx: 1\n---\n", "---\n\n\n# comment\nx: 1\n---\n", Fields{Tags: []string{"a\n# no comment\n"}}},
		{"---\ncreated_by: Ann\n  Lee\n  of Acme\n\n# c\n\ntenant: 'a\n  b'\n---\n", "---\n\n# c\n\n---\n", Fields{CreatedBy: "Ann Lee of Acme", TenantID: "a b"}},
		{"---\nx: &a [1]\ntags: *a\n---\n", "---\nx: &a [1]\n---\n", Fields{Tags: []string{"1"}}},
		{"---\ntags: &a [1]\nx: *a\n---\n", "---\ntags: &a [1]\nx: *a\n---\n", Fields{Tags: []string{"1"}}},
		{"---\na: &x 1\ntags: &x t\nb: *x\n---\n", "---\na: &x 1\ntags: &x t\nb: *x\n---\n", Fields{Tags: []string{"t"}}},
		{"---\n{tags: [a], x: 1}\n---\n", "---\n{tags: [a], x: 1}\n---\n", Fields{Tags: []string{"a"}}},
		{"---\n? tags\n: [a]\nx: 1\n---\n", "---\n? tags\n: [a]\nx: 1\n---\n", Fields{Tags: []string{"a"}}},
		{"---\n!!map\ntags: [a]\n---\n", "---\n!!map\ntags: [a]\n---\n", Fields{Tags: []string{"a"}}},
		{"---\n&r\ntags: [a]\n---\n", "---\n&r\ntags: [a]\n---\n", Fields{Tags: []string{"a"}}},
		{"---\nx: 1\ntags: [a]\n...\n---\n", "---\nx: 1\n---\n", Fields{Tags: []string{"a"}}},
		{"---\ntags: [a]\nx: 1\n...\n---\n", "---\nx: 1\n...\n---\n", Fields{Tags: []string{"a"}}},
		{"---\nx: {tags: [a]}\nTags: [b]\n---\n", "---\nx: {tags: [a]}\nTags: [b]\n---\n", Fields{}},
		{"---\n\"tags\": [a]\n'tenant': b\n---\n", "", Fields{Tags: []string{"a"}, TenantID: "b"}},
		{"---\ninputs: 3\ntags: [a]\n---\n", "---\ninputs: 3\n---\n", Fields{Tags: []string{"a"}}}, // the text's own fault
		{"---\nx: 1\u0085tags: [a]\u2028y: 2\n---\n", "---\nx: 1\u0085y: 2\n---\n", Fields{Tags: []string{"a"}}},
		{"---\nx: 1\rtags: [a]\ry: 2\n---\n", "---\nx: 1\ry: 2\n---\n", Fields{Tags: []string{"a"}}},
	} {
		source, f, err := Decode("f", []byte(c.file))
		if err != nil || source != c.source || !f.equal(c.f) {
			t.Errorf("Decode(%q) = %q, %+v, %v, want %q, %+v", c.file, source, f, err, c.source, c.f)
		}
		checkLaw(t, nil, source, f)
		checkLaw(t, []byte(c.file), source+"\nmore", f)
		checkLaw(t, []byte(c.file), source, Fields{Tags: []string{"a", "new"}, Metadata: map[string]string{"k": "w", "n": ""}, CreatedBy: "bob"})
		if back := Encode([]byte(c.file), source, f); string(back) != c.file {
			t.Errorf("Encode(base, Decode(base)) = %q, want %q", back, c.file)
		}
	}
}

// TestEncodeKeepsBase: the result is the caller's, and so is base.
func TestEncodeKeepsBase(t *testing.T) {
	t.Parallel()
	base := []byte("---\ntags: [a]\n---\nbody")
	was := string(base)
	same := Encode(base, "body", Fields{Tags: []string{"a"}})
	for i := range same {
		same[i] = 'x'
	}
	if string(base) != was {
		t.Errorf("base became %q", base)
	}
}

// TestNotText: Encode has an answer, if not one that reads back, for what no
// storage accepts.
func TestNotText(t *testing.T) {
	t.Parallel()
	f := Fields{Tags: []string{"a"}}
	for _, source := range []string{"\x00", "\xff"} {
		if got := string(Encode(nil, source, f)); !strings.HasSuffix(got, "\n---\n"+source) {
			t.Errorf("Encode(%q) = %q", source, got)
		}
		if got := string(Encode([]byte("x"), source, Fields{})); got != source {
			t.Errorf("Encode(%q) = %q", source, got)
		}
		checkLaw(t, []byte("---\ntenant: "+source+"\n---\n"), "body", f)
	}
}

func TestFileLine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		file := genText().Draw(t, "file")
		if strings.ContainsAny(file, "\r\u0085\u2028") {
			return // where YAML sees lines that are none in a file
		}
		source, _, _ := Decode("f", []byte(file))
		if source == "" {
			return // it may stand after the end of the last line
		}
		lines := strings.Split(file, "\n")
		for i, want := range strings.Split(source, "\n") {
			n := FileLine([]byte(file), i+1)
			if n < 1 || n > len(lines) || strings.TrimPrefix(lines[n-1], bom) != strings.TrimPrefix(want, bom) {
				t.Fatalf("FileLine(%q, %d) = %d; that is not the source's line %q", file, i+1, n, want)
			}
		}
	})
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, ext, path string
		ok              bool
	}{
		{"a", DefaultExt, "a.prompty", true},
		{"@acme/a/b", ".md", "@acme/a/b.md", true},
		{"a.prompty", DefaultExt, "a.prompty.prompty", true},
		{"a", "", "a", true},
		{"", DefaultExt, ".prompty", false},
		{"", DefaultExt, "a/.prompty", false},
		{"", DefaultExt, "a.md", false},
		{"", DefaultExt, "a.PROMPTY", false},
		{"", "", "", false},
	} {
		if name, ok := Name(c.path, c.ext); name != c.name || ok != c.ok {
			t.Errorf("Name(%q, %q) = %q, %v, want %q, %v", c.path, c.ext, name, ok, c.name, c.ok)
		}
		if c.ok && Path(c.name, c.ext) != c.path {
			t.Errorf("Path(%q, %q) = %q, want %q", c.name, c.ext, Path(c.name, c.ext), c.path)
		}
	}
}
