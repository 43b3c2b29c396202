package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestHints types command lines as people mistype them.
func TestHints(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"support/refund": "---\ntags: [billing]\ncreated_by: ann\n---\nA\n", "support/reply": "---\ntags: [urgent]\n---\nA\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name)+".prompty")
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		line string
		code int
		want string // all of standard error, as a pattern
	}{
		// What other tools call a verb.
		{"delete a", exitUsage, `prompty: unknown command "delete" for "prompty"\nhint: did you mean rm\? .*\n`},
		{"list", exitUsage, `.*\nhint: did you mean ls\? .*\n`},
		{"History", exitUsage, `.*\nhint: did you mean log\? .*\n`},
		{"support/reply", exitUsage, ".*\nhint: the verb comes first: prompty render support/reply; .*\n"},
		// Tags, authors and the beginnings of names.
		{"ls --tag biling", exitOK, "prompty: no prompts match\nhint: did you mean --tag billing\\?\n"},
		{"ls --tag billing --tag urgnt", exitOK, ".*\nhint: did you mean --tag urgent\\?\n"},
		{"ls --tag billing --tag urgent", exitOK, "prompty: no prompts match\n"},
		{"ls --tag zzzzzz", exitOK, "prompty: no prompts match\n"},
		{"ls --tag biling --json", exitOK, ""},
		{"ls --by an", exitOK, ".*\nhint: did you mean --by ann\\?\n"},
		{"ls suport/", exitOK, ".*\nhint: did you mean support/\\?\n"},
		{"ls ./support", exitUsage, "prompty: ls takes the beginning of names, .*\nhint: `prompty ls -s \\./support` lists a folder\n"},
		{"ls support/rply", exitOK, ".*\nhint: did you mean support/reply\\?\n"},
		// Names and versions.
		{"show suport/reply", exitFailed, "prompty: suport/reply: template not found\nhint: did you mean support/reply\\? .*\n"},
		{"show support/reply@9", exitFailed, ".*\nhint: the latest is 1; `prompty log support/reply` shows the versions there are\n"},
		{"show ./prompts/support/reply.prompty", exitFailed, ".*\nhint: did you mean support/reply\\? a name is the way from .*\n"},
		{"diff ./prompts/support/reply.prompty", exitFailed, "prompty: \".*\" is a path, and here a name is wanted\nhint: did you mean support/reply\\? a name is the way from .*\n"},
		{"save ./support/hello.prompty x", exitUsage, "prompty: \".*\" is a path, and a prompt has a name\nhint: .*: prompty save hello FILE\n"},
		{"render DIR/support", exitUsage, "prompty: .* is a folder, and here a file is wanted\n"},
		{"inputs .", exitUsage, "prompty: \\. is a folder, and here a file is wanted\n"},
		{"log ../support/reply", exitFailed, ".*\nhint: did you mean support/reply\\? a name is the way from .*\n"},
		{"new ./prompts/hello.prompty", exitUsage, "prompty: \"\\./prompts/hello\\.prompty\" is a path, and a prompt has a name\nhint: .*: prompty new hello\n"},
		{"new ..", exitUsage, ".*\nhint: the storage says where its file is\n"},
		{"show .", exitFailed, ".*\nhint: a name is the way from .*\n"},
		{"new -", exitUsage, "prompty: - is standard input, and here a name is wanted\n.*\n"},
		{"rm -", exitUsage, "prompty: - is standard input, .*\n.*\n"},
		// Files.
		{"render DIR/suport/reply.prompty", exitFailed, "prompty: open .*: no such file or directory\n"},
		{"render DIR/support/rply.prompty", exitFailed, ".*\nhint: did you mean .*/support/reply\\.prompty\\?\n"},
		{"lint DIR/support/rply.prompty", exitFailed, ".*\nhint: did you mean .*/support/reply\\.prompty\\?\n"},
		{"render support/reply --data DIR/support/replly.prompty", exitFailed, ".*\nhint: did you mean .*/support/reply\\.prompty\\?\n"},
		// Values of flags.
		{"ls --color red", exitUsage, "prompty: --color cannot be \"red\"\nhint: it is auto, always or never\n"},
		{"ls --limit many", exitUsage, "prompty: --limit cannot be \"many\"\nhint: it is a number\n"},
		{"completion bsh", exitUsage, ".*\nhint: did you mean bash.*\\? there is one for bash, zsh, fish, powershell\n"},
		{"new x --template chad", exitUsage, "prompty: there is no template \"chad\"\nhint: did you mean chat\\? there are chat, text, partial, layout\n"},
		// A verb that was taken for a storage.
		{"-s ls", exitUsage, "prompty: --storage ls comes without a verb\nhint: for example: prompty --storage ls ls\n"},
		{"-s postgrs: ls", exitUsage, "prompty: unknown storage driver \"postgrs\"\nhint: did you mean postgres\\? this command has .*\n"},
		// Rolling back to nowhere.
		{"rollback support/reply", exitUsage, ".*\nhint: `prompty log support/reply` shows the versions there are\n"},
		{"rollback support/reply@1 2", exitUsage, `prompty: "support/reply@1" and "2" are two versions\nhint: give one\n`},
		{"rollback support/reply one", exitUsage, `prompty: "one" is no version; versions are 1, 2, 3 …\nhint: .*\n`},
		{"rollback support/reply 9", exitFailed, ".*\nhint: the latest is 1; .*\n"},
		{"rollback suport/reply 1", exitFailed, ".*\nhint: did you mean support/reply\\? .*\n"},
		{"rollback support/reply 1 --if-version 0", exitUsage, ".*\n.*\n"},
		{"rollback support/reply 1 -m why", exitUsage, "prompty: this storage keeps no messages\n.*\n"},
	} {
		args := strings.Fields(strings.ReplaceAll(tt.line, "DIR", dir))
		if args[0] != "-s" {
			args = append([]string{"-s", dir}, args...)
		}
		var stdout, stderr bytes.Buffer
		code := run(args, strings.NewReader(""), &stdout, &stderr, func(string) (string, bool) { return "", false })
		if code != tt.code || !regexp.MustCompile(`^(?:`+tt.want+`)$`).MatchString(stderr.String()) {
			t.Errorf("prompty %s: exit code %d, want %d, standard error\n%swant\n%s", tt.line, code, tt.code, &stderr, tt.want)
		}
		if out := stdout.String(); code != exitOK && out != "" {
			t.Errorf("prompty %s failed and printed\n%s", tt.line, out)
		}
	}
}

// TestColour asks for every way to decide.
func TestColour(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		flag colorWhen
		env  map[string]string
		want bool
	}{
		{colorAuto, nil, false}, // no terminal
		{colorAlways, nil, true},
		{colorAlways, map[string]string{"NO_COLOR": "1"}, true},
		{colorAuto, map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{colorAuto, map[string]string{"CLICOLOR_FORCE": "0"}, false},
		{colorAuto, map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false},
		{colorAuto, map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": ""}, true},
		{colorNever, map[string]string{"CLICOLOR_FORCE": "1"}, false},
	} {
		a := &app{color: tt.flag, lookupEnv: func(name string) (string, bool) { v, ok := tt.env[name]; return v, ok }}
		if got := a.colour(new(bytes.Buffer)); got != tt.want {
			t.Errorf("--color %s with %v: %t, want %t", tt.flag, tt.env, got, tt.want)
		}
	}
}
