package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCompletionWords asks what shells ask: the words for the place behind the
// line, or of the word that it ends in.
func TestCompletionWords(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a":   "---\ndescription: The first\ntags: [x, y]\ncreated_by: ann\n---\nA\n",
		"b/c": "---\ntags: [y]\n---\nB\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name)+".prompty")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	const files, none = ":0", ":4"
	for line, want := range map[string]string{
		"show ":             "a b/c :36",
		"show a ":           none,
		"show ./":           files,
		"show b":            "b/c :36",
		"show zzz":          ":36",
		"rm a ":             "b/c :36",
		"show a@":           "a@1 :36",
		"show none@":        ":36",
		"ls b":              "b/c :36",
		"ls --tag ":         "x y :36",
		"ls --tag y":        "y :36",
		"ls --by ":          "ann :36",
		"ls --tenant ":      ":36",
		"save a ":           files,
		"save ":             "a b/c :36",
		"diff a ":           "1 :36",
		"diff a 1 1 ":       none,
		"rollback a ":       "1 :36",
		"rollback a 1 ":     none,
		"new ":              none,
		"new x --from b":    "b/c :36",
		"new x --template ": "chat text partial layout :4",
		"lint --format ":    "text json sarif github :4",
		"--color ":          "auto always never :4",
		"-s g":              "git: :2",
		"-s ./x":            ":16",
		"version ":          none,
		"help ls ":          none,
		"init ":             ":16",
		"init --ci ":        "github :4",
		"completion z":      "zsh :4",
		"sho":               "show :4",
		"-s nowhere show ":  ":36",
		"-s nosuch: show ":  ":36",
	} {
		args := append([]string{"__complete"}, strings.Fields(line)...)
		if strings.HasSuffix(line, " ") {
			args = append(args, "")
		}
		var stdout, stderr bytes.Buffer
		env := func(name string) (string, bool) { return dir, name == storageEnv }
		if code := run(args, strings.NewReader(""), &stdout, &stderr, env); code != exitOK {
			t.Errorf("%q: exit code %d: %s", line, code, &stderr)
		}
		var got []string
		for l := range strings.Lines(stdout.String()) {
			word, _, _ := strings.Cut(strings.TrimSuffix(l, "\n"), "\t")
			got = append(got, word)
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q completes to %q, want %q", line, text, want)
		}
		if line == "show " && !strings.Contains(stdout.String(), "a\tThe first\n") {
			t.Errorf("%q tells no descriptions:\n%s", line, &stdout)
		}
	}
}
