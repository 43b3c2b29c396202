package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

// TestFirstExamples does what the command's own help shows, in an empty folder.
func TestFirstExamples(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "first.txtar")
	script := "[!exec:sh] skip\nexec sh -e examples.sh\nstdout 'talking to Ann'\nstdout '^greeting@1$'\nstderr 'nothing to mend'\n" +
		"-- examples.sh --\n" + outdent(rootExample) + "\n"
	if err := os.WriteFile(path, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	params := scripts()
	params.Dir, params.Files = "", []string{path}
	testscript.Run(t, params)
}

// TestExamples holds the command lines in the help of every verb, in the README
// and in docs/ against the verbs, flags and numbers of arguments that there are.
func TestExamples(t *testing.T) {
	t.Parallel()
	tried := 0
	verbs(func(verb *cobra.Command, _ string) {
		for line := range strings.SplitSeq(verb.Example, "\n") {
			tried += tryExample(t, "help of "+verb.Name(), line)
		}
	})
	if tried < 50 {
		t.Errorf("found %d command lines", tried)
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	tried = 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range regexp.MustCompile("(?s)```(?:console|sh|yaml)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			for line := range strings.SplitSeq(block[1], "\n") {
				line = regexp.MustCompile(`^(\$|- run:|run:)? *`).ReplaceAllString(strings.TrimSpace(line), "")
				if strings.HasPrefix(line, "prompty ") {
					tried += tryExample(t, filepath.Base(page), line)
				}
			}
		}
	}
	if tried < 80 {
		t.Errorf("found %d command lines in pages", tried)
	}
}

var (
	exampleCommand = regexp.MustCompile(`(?:^|[|'(]|xargs -n1|&&)\s*prompty ([^|&]*(?:&[^|& ][^|& ]*)*)`)
	exampleWord    = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)
)

// tryExample parses the command lines in a line, and returns how many there are.
func tryExample(t *testing.T, where, line string) int {
	found := exampleCommand.FindAllStringSubmatch(line, -1)
	for _, m := range found {
		text := regexp.MustCompile(` [<>#].*|\)".*`).ReplaceAllString(m[1], "")
		args := exampleWord.FindAllString(text, -1)
		if strings.Contains(line, "xargs") && args[0] != "ls" {
			args = append(args, "NAME")
		}
		for i := range args {
			args[i] = strings.NewReplacer("'", "", `"`, "").Replace(args[i])
		}
		cmd, rest, err := (&app{color: colorAuto}).rootCommand().Find(args)
		if err == nil {
			err = cmd.ParseFlags(rest)
		}
		if err == nil && cmd.Args != nil {
			err = cmd.Args(cmd, cmd.Flags().Args())
		}
		if err != nil {
			t.Errorf("%s: %s: %v", where, strings.TrimSpace(line), err)
		}
	}
	return len(found)
}
