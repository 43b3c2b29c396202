package cli

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	godiff "github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the parts of docs/command.md that the command tells by itself")

const commandPage = "../../docs/command.md"

// TestCommandPage holds the parts of docs/command.md that the command tells by
// itself: exit codes, JSON and the reference of all verbs.
func TestCommandPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(commandPage)
	if err != nil {
		t.Fatal(err)
	}
	want := string(page)
	for _, part := range []struct{ name, text string }{
		{"exit codes", exitCodeRows()}, {"json", jsonExamples(t)}, {"reference", reference()},
	} {
		begin, end := "<!-- "+part.name+" -->\n", "<!-- end of "+part.name+" -->\n"
		head, rest, ok := strings.Cut(want, begin)
		_, tail, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("%s has no %q … %q", commandPage, begin, end)
		}
		want = head + begin + part.text + end + tail
	}
	if *update {
		if err := os.WriteFile(commandPage, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := godiff.Diff(strings.Split(string(page), "\n"), strings.Split(want, "\n")); d != "" {
		t.Errorf("docs/command.md is not what the command says; go test ./internal/cli -run TestCommandPage -update mends it (- page, + command):\n%s", d)
	}
}

func exitCodeRows() string {
	var b strings.Builder
	b.WriteString("| code | meaning |\n|---|---|\n")
	for _, e := range exitCodes {
		fmt.Fprintf(&b, "| %s | %s |\n", e.code, strings.ReplaceAll(e.meaning, "|", `\|`))
	}
	return b.String()
}

// tellJSON are command lines whose output the page shows; every verb with --json
// is among them, but for those that run until they are ended.
var tellJSON = [][]string{
	{"ls", "support/", "--json"},
	{"show", "partials/tone", "--json"},
	{"render", "partials/tone", "--json"},
	{"render", "support/reply", "--messages", "--json"},
	{"log", "partials/tone", "--json"},
	{"diff", "partials/tone", "--json"},
	{"lint", "--json"},
	{"fmt", "--json"},
	{"inputs", "support/reply", "--json"},
	{"graph", "support/reply", "--json"},
	{"version", "--json"},
	{"save", "greeting", "greeting.prompty", "--json"},
	{"new", "support/refund", "--json"},
	{"rollback", "partials/tone", "1", "--json"},
	{"copy", "./prompts", "./backup", "--json"},
	{"check", "./prompts", "./backup", "--json"},
	{"import", "./welcome.prompt", "--json"},
}

// notShown runs until it is ended; the page shows a line of its own.
const notShown = "watch"

// volatile is what differs from run to run or from place to place.
var volatile = []struct {
	pattern *regexp.Regexp
	shown   string
}{
	{regexp.MustCompile(`"\d{4}-\d\d-\d\dT[^"]*Z"`), `"2026-05-04T09:30:00.123Z"`},
	{regexp.MustCompile(`"(?:[^"]*/)?(prompts/[^"]*)"`), `"$1"`},
	{regexp.MustCompile(`"(version|revision|time|go|platform)": "[^"]*"`), `"$1": "…"`},
	{regexp.MustCompile(`"modified": (true|false)`), `"modified": false`},
}

// jsonExamples runs the command lines in a project as init makes it.
func jsonExamples(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	prompts := filepath.Join(dir, "prompts")
	from, err := fs.Sub(skeleton, "skeleton/prompts")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(prompts, from); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	call := func(args ...string) string {
		var stdout, stderr bytes.Buffer
		env := func(name string) (string, bool) { return prompts, name == storageEnv }
		if code := run(args, strings.NewReader(""), &stdout, &stderr, env); code != exitOK {
			t.Fatalf("prompty %q: exit code %d\n%s", args, code, &stderr)
		}
		return stdout.String()
	}
	call("save", "partials/tone", write("tone.prompty", "Answer in short sentences.\n"))
	call("save", "partials/unused", write("unused.prompty", "{~prompty.if eval=\"true\"~}Always.{~/prompty.if~}\n"))
	call("save", "partials/sign", write("sign.prompty", "{~prompty.var name='name'/~}\n"))
	paths := map[string]string{
		"greeting.prompty": write("greeting.prompty", "Hello!\n"), "./welcome.prompt": write("welcome.prompt", "Welcome, {{name}}!\n"),
		"./prompts": prompts, "./backup": filepath.Join(dir, "backup"),
	}
	var b strings.Builder
	told := make(map[string]bool)
	known := make(map[string]bool)
	verbs(func(cmd *cobra.Command, _ string) { known[cmd.Name()] = cmd.Flags().Lookup("json") != nil })
	for _, line := range tellJSON {
		if told[line[0]] = true; !known[line[0]] {
			t.Errorf("%s has no --json", line[0])
			continue
		}
		args := slices.Clone(line)
		for i, arg := range args {
			args[i] = cmp.Or(paths[arg], arg)
		}
		out := call(args...)
		for shown, path := range paths {
			out = strings.NewReplacer(`"`+path+`"`, `"`+shown+`"`, ":"+path+`"`, ":"+shown+`"`).Replace(out)
		}
		for _, v := range volatile {
			out = v.pattern.ReplaceAllString(out, v.shown)
		}
		fmt.Fprintf(&b, "\n`prompty %s`\n\n```json\n%s```\n", strings.Join(line, " "), out)
	}
	for verb, hasJSON := range known {
		if hasJSON && !told[verb] && verb != notShown {
			t.Errorf("%s --json has no example: add one to tellJSON", verb)
		}
	}
	return b.String() + "\n"
}

// verbs calls fn for each verb, group by group, with its group's title.
func verbs(fn func(cmd *cobra.Command, title string)) {
	root := (&app{}).rootCommand()
	for _, g := range root.Groups() {
		for _, cmd := range root.Commands() {
			if cmd.GroupID == g.ID && cmd.Name() != "help" {
				fn(cmd, strings.TrimSuffix(g.Title, ":"))
			}
		}
	}
}

// reference is the manual of all verbs.
func reference() string {
	var b strings.Builder
	title := ""
	root := (&app{}).rootCommand()
	fmt.Fprintf(&b, "\nEvery verb also takes\n\n%s", flagRows(root.PersistentFlags()))
	verbs(func(cmd *cobra.Command, group string) {
		if group != title {
			title = group
			fmt.Fprintf(&b, "\n### %s\n", title)
		}
		writeVerb(&b, cmd, "prompty ")
	})
	return b.String() + "\n"
}

func writeVerb(b *strings.Builder, cmd *cobra.Command, before string) {
	fmt.Fprintf(b, "\n#### %s\n\n```\n%s%s\n```\n\n", strings.TrimPrefix(before, "prompty ")+cmd.Name(), before, cmd.Use)
	writeHelp(b, cmd.Long, cmd.Short+".")
	if cmd.LocalFlags().HasAvailableFlags() {
		b.WriteString(gap(b) + flagRows(cmd.LocalFlags()))
	}
	if cmd.Example != "" {
		fmt.Fprintf(b, "%s```sh\n%s\n```\n", gap(b), outdent(cmd.Example))
	}
	for _, sub := range cmd.Commands() {
		writeVerb(b, sub, before+cmd.Name()+" ")
	}
}

// writeHelp makes Markdown of a help text: what is indented in it is a block.
func writeHelp(b *strings.Builder, text, instead string) {
	if text == "" {
		text = instead
	}
	var block []string
	flush := func() {
		if len(block) > 0 {
			fmt.Fprintf(b, "%s```\n%s\n```\n\n", gap(b), outdent(strings.Join(block, "\n")))
			block = nil
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" && len(block) > 0 {
			continue
		}
		if strings.HasPrefix(line, "  ") {
			block = append(block, line)
			continue
		}
		flush()
		b.WriteString(escaped(line) + "\n")
	}
	flush()
}

// gap is an empty line, unless there is one already.
func gap(b *strings.Builder) string {
	if strings.HasSuffix(b.String(), "\n\n") {
		return ""
	}
	return "\n"
}

// escaped keeps Markdown from reading more into a line than stands there.
func escaped(line string) string {
	var b strings.Builder
	code := false
	for _, r := range line {
		if r == '`' {
			code = !code
		}
		if !code && strings.ContainsRune(`*_<>[]|#`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	if text := b.String(); strings.HasPrefix(text, "- ") || strings.HasPrefix(text, "+ ") {
		return `\` + text
	}
	return b.String()
}

// outdent takes the indentation of the first line from all.
func outdent(text string) string {
	first := text[:len(text)-len(strings.TrimLeft(text, " "))]
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, first)
	}
	return strings.Join(lines, "\n")
}

func flagRows(flags *pflag.FlagSet) string {
	var b strings.Builder
	b.WriteString("| flag | meaning |\n|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		name = strings.TrimSpace(name + " " + kind)
		switch f.DefValue {
		case "", "0", "false", "[]":
		default:
			usage += fmt.Sprintf(" (default %s)", f.DefValue)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", name, escaped(usage))
	})
	return b.String()
}

// TestCommandPageEnvironment wants each variable that the command reads on the
// page.
func TestCommandPageEnvironment(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(commandPage)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{storageEnv: true, "VISUAL": true, "EDITOR": true}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:[eE]nv)\("([A-Z_]+)"`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
	}
	if len(names) < 6 {
		t.Errorf("found only %d variables", len(names))
	}
	for name := range names {
		if !strings.Contains(string(page), "| `"+name+"` |") {
			t.Errorf("the page's table has no %s", name)
		}
	}
}

// TestCommandGuide does what the page tells people to do first.
func TestCommandGuide(t *testing.T) {
	t.Parallel()
	testGuide(t, "docs/command.md", "Five minutes")
}

// TestExitCodes gets each code of the table by a command line.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	for want, args := range map[int][]string{
		exitOK:     {"-s", "memory", "ls"},
		exitFailed: {"-s", "memory", "show", "x"},
		exitUsage:  {"lss"},
	} {
		env := func(string) (string, bool) { return "", false }
		if got := run(args, strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer), env); got != want {
			t.Errorf("prompty %q: exit code %d, want %d", args, got, want)
		}
	}
	for i, code := range []string{"0", "1", "2", "130, 143"} {
		if exitCodes[i].code != code {
			t.Errorf("row %d of the table is %q, want %q", i+1, exitCodes[i].code, code)
		}
	}
	if int(endedBy{2}.signal)+128 != 130 || (&endedBy{15}).exitCode() != 143 {
		t.Error("the codes of signals are not those of the table")
	}
}

// TestVerbs wants of each verb what people and scripts rely on.
func TestVerbs(t *testing.T) {
	t.Parallel()
	reading := []string{"ls", "show", "render", "watch", "log", "diff", "lint", "fmt", "inputs", "graph", "check", "version"}
	verbs(func(cmd *cobra.Command, _ string) {
		name := cmd.Name()
		if slices.Contains(reading, name) && cmd.Flags().Lookup("json") == nil {
			t.Errorf("%s has no --json", name)
		}
		if cmd.Short == "" || cmd.Long == "" || cmd.Args == nil {
			t.Errorf("%s lacks a help text, or takes any arguments", name)
		}
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			if !strings.HasPrefix(line, "  ") || !strings.Contains(line, "prompty") && !strings.Contains(line, "completion") {
				t.Errorf("%s has the example %q", name, line)
			}
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if strings.HasSuffix(f.Usage, ".") || f.Usage != strings.TrimSpace(f.Usage) || f.Usage == "" {
				t.Errorf("%s --%s is explained by %q", name, f.Name, f.Usage)
			}
		})
		reading = slices.DeleteFunc(reading, func(s string) bool { return s == name })
	})
	if len(reading) > 0 {
		t.Errorf("there are no verbs %q", reading)
	}
}
