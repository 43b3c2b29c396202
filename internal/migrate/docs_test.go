package migrate_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/go-prompty/prompty/internal/migrate"
	"github.com/go-prompty/prompty/promptfile"
)

// TestImportPage runs each row of the tables in docs/import.md.
func TestImportPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	var chapter, section string
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			chapter, section = line[3:], ""
		case strings.HasPrefix(line, "### "):
			section = line[4:]
		}
		if section == "" || !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| there") {
			continue
		}
		rows++
		there, here, _ := strings.Cut(strings.Trim(line, "|"), " | ")
		format, file := migrate.Prompty, "main.prompty"
		if chapter == "dotprompt" {
			format, file = migrate.Dotprompt, "main.prompt"
		}
		run := func(text string) *migrate.Prompt {
			return migrate.Convert(format, []migrate.File{{Path: file, Text: text}})[0]
		}
		t.Run(chapter+"/"+section+"/"+strings.TrimSpace(there), func(t *testing.T) {
			switch section {
			case "Front matter":
				p := run("---\n" + code(t, there) + "\n---\nuser:\nHi")
				noIssue(t, p)
				front, _, _, _ := promptfile.SplitFrontMatter(p.Source)
				if diff := cmp.Diff(decode(t, code(t, here)), decode(t, front)); diff != "" {
					t.Errorf("front matter (-page +got):\n%s", diff)
				}
			case "Body":
				text := code(t, there)
				if strings.HasSuffix(strings.TrimSpace(there), "in a loop") {
					text = "{{#each docs}}" + text + "{{/each}}"
				}
				p := run(text)
				noIssue(t, p)
				if want := code(t, here); !strings.Contains(p.Source, want) {
					t.Errorf("it becomes\n%s, want\n%s", p.Source, want)
				}
			case "Not carried over":
				p := run(code(t, there))
				if p.Exact() || !strings.Contains(p.Issues[0].Message, strings.TrimSpace(here)) {
					t.Errorf("the report is %v, want one with %q", p.Issues, strings.TrimSpace(here))
				}
			}
		})
	}
	if rows < 80 {
		t.Errorf("the page has %d rows", rows)
	}
}

var codeSpan = regexp.MustCompile("`([^`]*)`")

func code(t *testing.T, cell string) string {
	t.Helper()
	m := codeSpan.FindStringSubmatch(cell)
	if m == nil {
		t.Fatalf("no code in %q", cell)
	}
	return strings.ReplaceAll(m[1], `\|`, `|`)
}

func noIssue(t *testing.T, p *migrate.Prompt) {
	t.Helper()
	for _, i := range p.Issues {
		if !i.Note {
			t.Errorf("not carried over: %v", i)
		}
	}
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return m
}
