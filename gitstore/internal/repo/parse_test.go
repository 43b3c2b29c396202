package repo

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// configs are files that git accepts or refuses, and so must we.
var configs = []string{
	"", "\n\n", "# comment\n; comment", "[a]", "[a]\n", "[a]b", "[a]b=c", "[a] b = c # d", "[a]\nb = c ; d\n", "[a]\nb\n", "[a]\nb = \n", "[a]\nb =",
	"[A]\nBcD = Xy", "[a \"SuB\"]\nb = c", "[a \"x.y\"]\nb = c", "[a.Sub]\nb = c", "[a \"q\\\"\\\\z\"]\nb = c", "[a \"\\q\"]\nb=c", "[a\t\"s\"]\nb=c", "[a  \"s\" ]\nb=c",
	"[a]\nb = \"c d\" e", "[a]\nb = c  d   e  ", "[a]\nb = \" c \"", "[a]\nb = \" c \" ", "[a]\nb = \"c # d\" # e", "[a]\nb = c\\\n  d\n", "[a]\nb = c\\\r\n  d\r\n",
	"[a]\nb = \\t\\n\\b\\\"\\\\", "[a]\nb = \\x", "[a]\nb = \"c", "[a]\nb = \"c\nd\"", "[a]\nb = c\\", "[a]\nb = \"a\\\nb\"\n", "[a]\r\nb = c\r\n", "\xef\xbb\xbf[a]\nb = c",
	"[a", "[a\n]", "[]", "[ ]", "[a b]", "[a \"b]", "[a \"b\"", "[a \"b\nc\"]", "[a \"b\" c]", "[a$]", "a = b", "= b", "[a]\n= b", "[a]\n1 = b", "[a]\nb c", "[a]\nb-1 = c", "[a]\nb_c = d",
	"[a]\nb = c\n[a]\nb = d\n[A]\nB = e", "[a][b]c=d", "[a] b = c [d]", "[a]\n\tb\t=\tc\td\t\n", "[a]b=c\x00d", "[a]\nb=größe\n", "[a-b.c]\nd=e", "[a \"\"]\nb=c", "[a]\nb = 'c'",
	"[a]\nb # c\n", "[a]\nb;c\nd = e", "[a]\nb = \"\"\"c\"\"", "[a]\n  b = c\x0b\n", "[a]\nb = c\rd\n",
}

// gitSettings is what git config --list makes of a file.
func gitSettings(t *testing.T, file string) ([]string, bool) {
	t.Helper()
	out, err := exec.Command("git", "config", "--file", file, "--list", "-z").Output()
	if err != nil {
		return nil, false
	}
	var list []string
	for entry := range strings.SplitSeq(string(out), "\x00") {
		if entry != "" {
			list = append(list, entry)
		}
	}
	return list, true
}

func TestParseLikeGit(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config")
	for _, text := range configs {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		want, ok := gitSettings(t, file)
		settings, err := parseConfig(file, []byte(text))
		if (err == nil) != ok {
			t.Errorf("%q: error %v; accepted by git: %t", text, err, ok)
			continue
		}
		var got []string
		for _, s := range settings {
			if s.isSet {
				// Git 2.45 began to keep tabs within values as they are; we do too.
				s.key += "\n" + strings.NewReplacer("c\td", "c d", "\r", " ").Replace(s.value)
			}
			got = append(got, s.key)
		}
		if strings.Contains(text, "\x00") {
			continue // git prints what C takes for a text
		}
		if diff := cmp.Diff(want, got); ok && diff != "" {
			t.Errorf("%q (-git +ours):\n%s", text, diff)
		}
	}
}

func TestParseErrorsNameTheLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[a]\nb = c\n[d\n": "f:3: ", "[a]\nb = \"c\n\n": "f:2: ", "\n\n= x": "f:3: ", "[a]\n\nb = \\q": "f:3: ", "[a]\nb = c\n[a \"b\nc\"]": "f:3: ",
		"[a \"b\" c]": "f:1: ", "[a]\n\nb_": "f:3: ", "[a !]\n": "f:1: ",
	} {
		if _, err := parseConfig("f", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %s…", text, err, want)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, text := range configs {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := parseConfig("f", []byte(text))
		if err != nil && !strings.HasPrefix(err.Error(), "f:") {
			t.Errorf("error %v names no line", err)
		}
		for _, s := range settings {
			if s.line < 1 || s.line > strings.Count(text, "\n")+1 {
				t.Errorf("%q: %s stands on line %d", text, s.key, s.line)
			}
			if c := newConfig([]setting{s}); len(c.All(s.key)) != 1 {
				t.Errorf("%q: key %q is not found", text, s.key)
			}
		}
	})
}

func FuzzGlob(f *testing.F) {
	f.Add("**/a*[!b-c]?/", "/x/y/a/b")
	f.Add("[[]]", "[]")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(text) > 4096 { // no path is longer
			return
		}
		globMatch(pattern, text, true)
		if utf8.ValidString(pattern+text) && !strings.ContainsAny(pattern, `*?[\`) && !strings.HasSuffix(pattern, "/") && globMatch(pattern, text, false) != (pattern == text) {
			t.Errorf("globMatch(%q, %q) is wrong", pattern, text)
		}
	})
}

func TestGlob(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"/a/b", "/a/b", true}, {"/a/b", "/a/b/c", false}, {"/a/", "/a/b/c", true}, {"**/b", "/a/b", true}, {"**/b", "b", true}, {"**/b/**", "/x/b/y/z", true},
		{"/a/*", "/a/b", true}, {"/a/*", "/a/b/c", false}, {"/a/?", "/a/b", true}, {"/a/?", "/a//", false}, {"/[ab]", "/b", true}, {"/[!ab]", "/b", false}, {"/[!ab]", "/c", true},
		{"/a.c", "/abc", false}, {`/\*`, "/*", true}, {`/\*`, "/x", false}, {"/[", "/[", true}, {"/[]x]", "/]", true}, {"feature/**", "feature/a/b", true}, {"feature/**", "other", false},
		{"/a/**/b", "/a/b", true}, {"/a/**/b", "/a/x/y/b", true}, {"/A", "/a", false}, {"/größe", "/größe", true},
	} {
		if got := globMatch(c.pattern, c.text, false); got != c.want {
			t.Errorf("globMatch(%q, %q) = %t", c.pattern, c.text, got)
		}
	}
	if !globMatch("/A/B", "/a/b", true) {
		t.Error("globMatch does not fold the case")
	}
}
