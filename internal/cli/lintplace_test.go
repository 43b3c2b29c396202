package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestSourceLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, source string
		line, want   int
	}{
		{"a\nb", "a\nb", 2, 2},
		{"---\na: 1\ntags: [x]\n---\nb\n", "---\na: 1\n---\nb\n", 2, 2},
		{"---\na: 1\ntags: [x]\n---\nb\n", "---\na: 1\n---\nb\n", 5, 4},
		{"---\ntags: [x]\n---\nb\nc", "b\nc", 5, 2},
		{"---\ntags: [x]\n---\nb", "b", 1, 1},
	} {
		if got := sourceLine(c.text, c.source, c.line); got != c.want {
			t.Errorf("line %d of %q is line %d of %q, want %d", c.line, c.text, got, c.source, c.want)
		}
	}
}

func TestFromRoot(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, c := range []struct {
		file, want string
		ok         bool
	}{
		{filepath.Join(root, "a", "b c.prompty"), "a/b c.prompty", true},
		{filepath.Join(root, "..", "x.prompty"), filepath.ToSlash(filepath.Join(filepath.Dir(root), "x.prompty")), false},
		{"0123abcdef:prompts/x.prompty", "prompts/x.prompty", true},
		{filepath.Join(root, "feed:x"), "feed:x", true}, // too short for a commit
	} {
		if got, ok := fromRoot(root, c.file); got != c.want || ok != c.ok {
			t.Errorf("fromRoot(%q) = %q, %t, want %q, %t", c.file, got, ok, c.want, c.ok)
		}
	}
	for path, want := range map[string]string{"/a b/c%": "file:///a%20b/c%25", "C:/x": "file:///C:/x"} {
		if got := fileURL(path); got != want {
			t.Errorf("fileURL(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestAnnotation(t *testing.T) {
	t.Parallel()
	f := finding{Name: "x", File: "a:b,c%.prompty", FileLine: 2, Column: 3, Severity: "error", Rule: "syntax", Message: "100%: a, b\r\nc"}
	want := `::error file=a%3Ab%2Cc%25.prompty,line=2,col=3,title=prompty syntax::100%25: a, b\r\nc`
	if got := f.annotation(sourceRoot()); !strings.HasSuffix(got, want[len("::error file="):]) {
		t.Errorf("the annotation is %q, want %q", got, want)
	}
	seen := make(map[string]int)
	if a, b := f.fingerprint(seen), f.fingerprint(seen); a == b || a != f.fingerprint(make(map[string]int)) {
		t.Errorf("the fingerprints are %s and %s", a, b)
	}
}
