package main

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

// TestExamples holds the command lines in the help of every verb against the
// verbs, flags and numbers of arguments that there are.
func TestExamples(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`(?:^|[|'(]|xargs -n1)\s*prompty ([^|]*)`)
	words := regexp.MustCompile(`(?:'[^']*'|[^\s'])+`)
	tried := 0
	verbs(func(verb *cobra.Command, _ string) {
		for line := range strings.SplitSeq(verb.Example, "\n") {
			for _, m := range command.FindAllStringSubmatch(line, -1) {
				text, _, _ := strings.Cut(m[1], " <")
				text, _, _ = strings.Cut(text, " >")
				text, _, _ = strings.Cut(text, ")\"")
				args := words.FindAllString(strings.TrimSpace(text), -1)
				if strings.Contains(line, "xargs") && !strings.Contains(text, "ls") {
					args = append(args, "NAME")
				}
				for i := range args {
					args[i] = strings.Trim(args[i], "'")
				}
				root := (&app{color: colorAuto}).rootCommand()
				cmd, rest, err := root.Find(args)
				if err == nil {
					err = cmd.ParseFlags(rest)
				}
				if err == nil {
					err = cmd.Args(cmd, cmd.Flags().Args())
				}
				if err != nil {
					t.Errorf("help of %s: %s: %v", verb.Name(), strings.TrimSpace(line), err)
				}
				tried++
			}
		}
	})
	if tried < 50 {
		t.Errorf("found %d command lines", tried)
	}
}
