package promptfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// samePlain holds what plainYAML reads to being what the library reads, comments
// apart, which nobody asks for.
func samePlain(t fataler, text string) (ok bool) {
	t.Helper()
	got, bare := plainYAML(text)
	if got == nil {
		return false
	}
	want, more, err := parseYAML(text)
	if err != nil || more != nil {
		t.Fatalf("plainYAML reads %q; the library does not: %v, %v", text, more, err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(yaml.Node{}, "HeadComment", "LineComment", "FootComment")); diff != "" {
		t.Fatalf("plainYAML(%q) differs (-library +plain):\n%s", text, diff)
	}
	if bare {
		withoutEach(t, text)
	}
	return true
}

// withoutEach takes each entry out of a text that is bare: the others must read
// as before.
func withoutEach(t fataler, text string) {
	t.Helper()
	tree, fault := parseTree("", text, true)
	if fault != nil {
		t.Fatalf("parseTree(%q) = %v", text, fault)
	}
	top, fault := tree.top()
	d := document{tree: tree}
	if fault != nil || !d.layOut(top) {
		return
	}
	for i, e := range d.entries {
		rest := text[:e.start] + text[e.end:]
		others := append(top[:i:i], top[i+1:]...)
		if len(others) > 0 && !sameWithout(rest, others) {
			t.Fatalf("%q without %s does not read the same: %q", text, e.name, rest)
		}
	}
}

// plainForms are pieces of front matter, good and bad, plain and not.
var plainForms = []string{
	"a: b\n", "a: b c  \n", "a:\n  b: c\n", "a:\n- b\n- c d\n", "a:\n  - b\n", "- a\n", "a: [b, c]\n", "a: {b: c, d: [e, {f: g}]}\n",
	"a: []\nb: {}\n", "a: |\n  one\n\n  two\n\n", "a: |\n  one\n   two\nb: 1\n", "a: |\n  x\n y\n", "a: |-\n  x\n", "a: |\n\n  x\n", "a: |\n# no\n",
	"a: \"b: c\"\n", "a: 'b'\n", "a: 'it''s'\n", "a: \"\\n\"\n", "a: \"b\" c\n", "a: 12\n", "a: -3\n", "a: 012\n", "a: 1_000\n", "a: 0.5\n", "a: .5\n",
	"a: true\nb: No\nc: null\nd: ~\ne: y\n", "a: 2024-05-01\n", "a: 2019-04\n", "a: <<\n", "<<: a\n", "null: a\n", "true: {false: 1}\n", "a: .inf\n", "a: nope\n",
	"a: b\n  c\n", "a: b\n# comment\nc: d\n", "a: b # comment\n", "# first\n\na: b\n", "a:\n  # inner\n  b: c\n", "a:\nb: c\n", "a:\n", "a: b\nc\n",
	"a: b: c\n", "a: http://x:1/y\n", "a: b:\n", "a: *x\n", "a: &x b\n", "a: !t b\n", "a: %b\n", "a: @b\n", "a: -b\n", "a: - b\n", "a: --- b\n", "a: ?b\n",
	"a: {b: }\n", "a: {b}\n", "a: [b: c]\n", "a: [b,c]\n", "a: [b, ]\n", "a: [b\n", "a: [b]]\n", "a: {b: c} d\n", "a: [b c, \"d, e\"]\n", "a: [-1, b?c]\n", "a: {b: c:d}\n",
	"a:\n  - b: c\n    d: e\n  - f: g\n", "a:\n- b: c\n  d: e\n", "a:\n  - b: c\n   d: e\n", "a:\n  -\n    b\n", "a:\n  - - b\n", "a:\n  - b\n c: d\n", "a:\n  - |\n    x\n  - y\n",
	"ä: b\n", "a: ä → {b}\n", "a: {b: ä, c: d}\n", "a: b\n---\nc: d\n", "...\n", " a: b\n", "a: b\n c: d\n", "a : b\n", "a:b\n", "a: 'b\n  c'\n", "\n", "a: |\n  x\n   \n  y\n",
	"a: ,b\n", "a: b, c\n", "a: b]\n", "a: =b\n", "a: \\b\n", "a: (b)\n", "a: $b\n", "a: b\u00a0\n", "a: ...\n", "-a: b\n", "a-b_c1: d\n", "a: \"\"\nb: ''\n", "a: +1\nb: -\nc: 0\n", "a: 0x1F\nb: 1e3\n",
	"a: | \n  x\n", "a:  |\n     deep\n    less\n", "a: |\n  x\n#c\nb: c\n", "a: |\n  #c\nb: c\n", "a:\n  b: |\n    x\n  c: d\n", "a: {b: c,\n  d: e}\n", "a:   [ b ,  c ]\n", "a: [b , c]\n", "a: {b : c}\n",
	"a: |\n  text\nb: c\n\n  # part of the text if b goes\nd: e\n", "a: |\n  text\nb: c\n     \nd: e\n", "a: |\n  text\nb: c\n\nd: e\n",
}

func TestPlainYAML(t *testing.T) {
	read := 0
	for _, form := range plainForms {
		if samePlain(t, form) {
			read++
		}
	}
	if read < len(plainForms)/3 {
		t.Errorf("plainYAML reads %d of %d forms", read, len(plainForms))
	}
	files, plain := 0, 0
	err := filepath.WalkDir("../testdata/prompts", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.ReadFile(path)
		if front, _, _, ok := SplitFrontMatter(string(file)); ok {
			files++
			if samePlain(t, front) {
				plain++
			}
		}
		return err
	})
	if err != nil || plain*5 < files*4 {
		t.Errorf("plainYAML reads %d of %d sample prompts, want four in five: %v", plain, files, err)
	}
}

// TestPlainYAMLRandom puts pieces together, indented at random.
func TestPlainYAMLRandom(t *testing.T) {
	lines := []string{}
	for _, form := range plainForms {
		lines = append(lines, strings.SplitAfter(strings.TrimSuffix(form, "\n"), "\n")...)
	}
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		for range rapid.IntRange(1, 8).Draw(t, "lines") {
			b.WriteString(strings.Repeat(" ", rapid.IntRange(0, 4).Draw(t, "indent")))
			b.WriteString(strings.TrimSuffix(rapid.SampledFrom(lines).Draw(t, "line"), "\n") + "\n")
		}
		samePlain(t, b.String())
	})
}

func FuzzPlainYAML(f *testing.F) {
	for _, form := range plainForms {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range text { // as parseTree does before it
			if !allowed(r) {
				t.Skip()
			}
		}
		samePlain(t, text)
	})
}
