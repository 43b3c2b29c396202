package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestGuide does what pages tell people to do in their first five minutes, in
// one shell, and sees what they are told to see.
func TestGuide(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ page, heading string }{
		{"README.md", "From a shell"},
		{"docs/git.md", "Five minutes"},
	} {
		t.Run(tt.page, func(t *testing.T) {
			t.Parallel()
			testGuide(t, tt.page, tt.heading)
		})
	}
}

func testGuide(t *testing.T, file, heading string) {
	page, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(page), "\n## "+heading+"\n")
	part, _, _ = strings.Cut(part, "\n## ")
	var shell, want strings.Builder
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(part, -1) {
		for line := range strings.Lines(block[1]) {
			if command, ok := strings.CutPrefix(line, "$ "); ok {
				shell.WriteString(command)
			} else {
				want.WriteString(line)
			}
		}
	}
	if shell.Len() == 0 || want.Len() == 0 {
		t.Fatalf("%s has no commands under %q", file, heading)
	}
	script := filepath.Join(t.TempDir(), "guide.txtar")
	text := fmt.Sprintf("[!exec:git] skip\n[!exec:sh] skip\nexec sh -e commands.sh\nlike want.txt\n-- commands.sh --\n%s-- want.txt --\n%s", shell.String(), want.String())
	if err := os.WriteFile(script, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	params := scripts()
	params.Dir, params.Files = "", []string{script}
	params.Cmds["like"] = like
	testscript.Run(t, params)
}

// like FILE compares the last output with a file, in which "…" stands for any
// text of one line and blanks for any blanks.
func like(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: like FILE")
	}
	want := strings.Split(ts.ReadFile(args[0]), "\n")
	got := strings.Split(ts.ReadFile("stdout"), "\n")
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) {
			ts.Fatalf("%d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
		}
		line := strings.Join(strings.Fields(regexp.QuoteMeta(want[i])), `\s+`)
		pattern := `^\s*` + strings.ReplaceAll(line, `\s+…\s+`, `\s+(?:.*\s)?`) + `\s*$`
		if !regexp.MustCompile(pattern).MatchString(got[i]) {
			ts.Fatalf("line %d: %q is not like %q", i+1, got[i], want[i])
		}
	}
}

// TestWatchPage holds docs/watch.md against the tests that it names as proof.
func TestWatchPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/watch.md")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, pattern := range []string{"../../watch/*_test.go", "../../gitstore/*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
	}
	tests := regexp.MustCompile("`(Test\\w+)").FindAllStringSubmatch(string(page), -1)
	if len(tests) < 10 {
		t.Errorf("the page names %d tests", len(tests))
	}
	for _, m := range tests {
		if !strings.Contains(source.String(), "\nfunc "+m[1]+"(") {
			t.Errorf("there is no %s", m[1])
		}
	}
	// The rows of tables whose last column names subtests.
	rows := 0
	column := false
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		last := strings.TrimSpace(cells[len(cells)-1])
		switch {
		case !strings.HasPrefix(line, "|"):
			column = false
		case last == "subtest":
			column = true
		case column:
			for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(last, -1) {
				rows++
				name := strings.TrimSuffix(m[1], " …")
				if _, sub, ok := strings.Cut(name, "/"); ok && strings.HasPrefix(name, "Test") {
					name = sub
				}
				if !strings.HasPrefix(name, "Test") && !strings.Contains(source.String(), `"`+name) {
					t.Errorf("there is no subtest %q", name)
				}
			}
		}
	}
	if rows < 30 {
		t.Errorf("the page names %d subtests", rows)
	}
	for _, m := range regexp.MustCompile(`\]\((\.\./[^)#]+|[a-z][\w.-]*\.md)`).FindAllStringSubmatch(string(page), -1) {
		if _, err := os.Stat(filepath.Join("../../docs", m[1])); err != nil {
			t.Errorf("a link leads nowhere: %v", err)
		}
	}
}
