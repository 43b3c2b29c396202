package attributes

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/gittest"
	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) {
	gittest.Isolate()
	os.Setenv("GIT_ATTR_NOSYSTEM", "1")
	os.Setenv("XDG_CONFIG_HOME", os.DevNull)
	os.Exit(m.Run())
}

// someGlob makes a pattern of what patterns are made of.
func someGlob(rnd *rand.Rand) string {
	parts := []string{"a", "b", "ab", "A", ".", "*", "**", "?", "/", "**/", "/**", "*/", "[ab]", "[!a]", "[^b]", "[a-c]", "[]a]", "[]-]", "[a-]",
		"[[:alpha:]]", "[[:digit:]b]", "[[:bogus:]]", "[[:]", "[[:x]", "[a", `\a`, `\*`, `[\]a]`, `[\a-c]`, "-", "é", `\`, "[b-a]", "[[:space:][:punct:]]", "[--0]", "[!/]", "[a/]", "***", `**\/`}
	var b strings.Builder
	for range 1 + rnd.IntN(5) {
		b.WriteString(parts[rnd.IntN(len(parts))])
	}
	return b.String()
}

var names = []string{"a", "b", "ab", "abc", "A", ".a", "a.b", "-", "é", "]", "[", "*", "ba", "c", "a b", "1", `a\b`, "[a", "[:x", "[:"}

func somePath(rnd *rand.Rand) string {
	var parts []string
	for range 1 + rnd.IntN(4) {
		parts = append(parts, names[rnd.IntN(len(names))])
	}
	return strings.Join(parts, "/")
}

func lines(out string) []string {
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
}

// TestPatternsAsGit compares random attribute patterns in files at several
// depths with git check-attr.
func TestPatternsAsGit(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for _, fold := range []bool{false, true} {
		for range 12 {
			r := gittest.WorkTree(t)
			r.Git("config", "core.ignoreCase", fmt.Sprint(fold))
			dirs := []string{"", "a", "a/b"}
			stack := Stack{Builtin()}
			var texts []string
			for _, dir := range dirs {
				var b strings.Builder
				for range 25 {
					glob := someGlob(rnd)
					if fold && strings.ContainsAny(glob, "A[") {
						continue // git folds what is in brackets only in part
					}
					fmt.Fprintf(&b, "%s x=%d\n", glob, rnd.IntN(1000))
				}
				name := ".gitattributes"
				if dir != "" {
					name = dir + "/" + name
				}
				r.Write(name, b.String())
				texts = append(texts, b.String())
				stack = append(stack, ParseAttributes([]byte(b.String()), dir, dir == "", fold))
			}
			var paths []string
			for range 150 {
				paths = append(paths, somePath(rnd))
			}
			out := lines(r.Pipe(strings.Join(paths, "\x00"), "check-attr", "-z", "--stdin", "x"))
			for i, p := range paths {
				want := out[3*i+2]
				got := string(stack.Of(p, "x")[0])
				if got == "" {
					got = "unspecified"
				}
				if got != want {
					for k, text := range texts {
						t.Logf("in %q:\n%s", dirs[k], text)
					}
					t.Fatalf("fold %v: %q has x=%s, want %s", fold, p, got, want)
				}
			}
		}
	}
}

// TestAttributesAsGit compares the ways to say something.
func TestAttributesAsGit(t *testing.T) {
	t.Parallel()
	r := gittest.WorkTree(t)
	top := "\ufeff# comment\n" +
		"[attr]mine text -diff x=1\n[attr]-bad x\n[attr]deep mine !x\n[attr]\tspace x\n[attr]self self x=9\n" +
		"*.txt text\n*.bin binary\n  indented x=2\r\n\"quoted \\303\\244 \\\"name\" x=3\n\"open x=4\n" +
		"*.m mine\n*.d deep\n*.s self\nspecial text=auto eol=crlf\n!not x=5\nfolder/ x=6\nword -x\nword2 !x\n" +
		"bad x=7 -=1\nbad2 -\nempty x=\n" + strings.Repeat("long", 600) + " x=8\nnothing\nslash/*.m -mine\nmacro-off.m !mine\n" +
		"lead=ing x=10\nboth x x=11\nboth2 x=11 x\n"
	sub := "*.txt -text\n[attr]mine x=bad\nlocal mine\n/top.txt eol=lf\n"
	info := "override.txt text=input\n"
	r.Write(".gitattributes", top)
	r.Write("sub/.gitattributes", sub)
	must(t, os.MkdirAll(r.Path(".git/info"), 0o777))
	r.Write(".git/info/attributes", info)
	stack := Stack{Builtin(), ParseAttributes([]byte(top), "", true, false)}
	deep := append(Stack{}, stack...)
	deep = append(deep, ParseAttributes([]byte(sub), "sub", false, false))
	last := ParseAttributes([]byte(info), "", true, false)
	asked := []string{"text", "diff", "merge", "x", "mine", "self", "eol", "binary", "space"}
	for _, p := range []string{"a.txt", "a.bin", "a.m", "a.d", "a.s", "special", "indented", "quoted ä \"name", "open", "\"open", "not", "!not", "folder",
		"word", "word2", "bad", "bad2", "empty", strings.Repeat("long", 600), "nothing", "slash/a.m", "macro-off.m", "sub/a.txt", "sub/local", "sub/top.txt", "sub/d/top.txt",
		"override.txt", "sub/override.txt", "lead=ing", "both", "both2", "[attr]", "#"} {
		s := stack
		if strings.HasPrefix(p, "sub/") {
			s = deep
		}
		s = append(append(Stack{}, s...), last)
		want := map[string]string{}
		out := lines(r.Pipe(p, append([]string{"check-attr", "-z", "--stdin"}, asked...)...))
		for i := 0; i+2 < len(out); i += 3 {
			want[out[i+1]] = out[i+2]
		}
		got := map[string]string{}
		for i, v := range s.Of(p, asked...) {
			got[asked[i]] = map[Value]string{Set: "set", Unset: "unset", Unspecified: "unspecified", "\x00empty": ""}[v]
			if got[asked[i]] == "" && v != "\x00empty" {
				got[asked[i]] = string(v)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q:\n%s", p, diff)
		}
	}
}

// TestIgnoreAsGit compares random ignore files with git check-ignore.
func TestIgnoreAsGit(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 12 {
		r := gittest.WorkTree(t)
		dirs := []string{"", "a", "a/b"}
		var files []*Ignore
		var texts []string
		for _, dir := range dirs {
			var b strings.Builder
			for range 6 {
				fmt.Fprintf(&b, "%s%s%s%s\n", []string{"", "", "", "!", "/", "#", `\#`, `\!`}[rnd.IntN(8)], someGlob(rnd),
					[]string{"", "", "", "/", " ", `\ `, "  "}[rnd.IntN(7)], []string{"", "", "", "\r"}[rnd.IntN(4)])
			}
			name := ".gitignore"
			if dir != "" {
				name = dir + "/" + name
			}
			r.Write(name, b.String())
			texts = append(texts, b.String())
			files = append(files, ParseIgnore([]byte(b.String()), dir, false))
		}
		var paths []string
		for range 100 {
			paths = append(paths, somePath(rnd))
		}
		cmd := r.Command("check-ignore", "--no-index", "-v", "-n", "-z", "--stdin")
		cmd.Stdin = strings.NewReader(strings.Join(paths, "\x00"))
		out, err := cmd.Output()
		if len(out) == 0 {
			t.Fatal(err)
		}
		for i, f := 0, lines(string(out)); i < len(paths); i++ {
			want := f[4*i] != "" && !strings.HasPrefix(f[4*i+2], "!")
			if got := ignores(files, dirs, paths[i]); got != want {
				for k, text := range texts {
					t.Logf("in %q:\n%s", dirs[k], text)
				}
				t.Fatalf("%q is ignored: %v, want %v by %q", paths[i], got, want, f[4*i:4*i+4])
			}
		}
	}
}

// ignores asks each folder on the way, and in it the nearest file first.
func ignores(files []*Ignore, dirs []string, path string) bool {
	match := func(p string, isDir bool) bool {
		for i := len(files) - 1; i >= 0; i-- {
			if dirs[i] != "" && !strings.HasPrefix(p, dirs[i]+"/") {
				continue
			}
			if ignored, decided := files[i].Match(p, isDir); decided {
				return ignored
			}
		}
		return false
	}
	for i := range path {
		if path[i] == '/' && match(path[:i], true) {
			return true
		}
	}
	return match(path, path == "a" || path == "a/b") // which are folders
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestLinear: what makes backtracking matchers take for ever does not.
func TestLinear(t *testing.T) {
	t.Parallel()
	glob := strings.Repeat("*a", 200) + "b"
	path := strings.Repeat("a", 4000)
	if ParseIgnore([]byte(glob), "", false).patterns[0].match(path, false) {
		t.Error("matched")
	}
	glob = strings.Repeat("**/a/", 200) + "b"
	if ParseIgnore([]byte(glob), "", false).patterns[0].match(strings.Repeat("a/", 2000)+"c", false) {
		t.Error("matched")
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("a/**/b*[!c-e]\\", "a/x/bq", true)
	f.Fuzz(func(t *testing.T, glob, path string, fold bool) {
		line := []byte(glob + " text=auto")
		Stack{Builtin(), ParseAttributes(line, "d", true, fold)}.Of(path, Names...)
		ParseIgnore([]byte(glob), "d", fold).Match(path, true)
	})
}
