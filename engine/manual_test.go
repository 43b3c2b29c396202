package engine_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/engine/internal/builtin"
)

const manual = "../docs/language.md"

// snippet is a block of the manual: a template, then sections as vectors have
// them, under shorter names.
var snippet = regexp.MustCompile("(?s)```prompty\n(.*?)```\n")

var manualSections = map[string]string{
	"data": "data.yaml", "config": "config.yaml",
	"output": "output", "messages": "messages.json", "error": "error", "issues": "issues",
}

// TestManual runs every template of the manual and holds what comes of it
// against what stands there. With -update it writes that there.
func TestManual(t *testing.T) {
	page := readManual(t)
	count := 0
	now := snippet.ReplaceAllStringFunc(page, func(block string) string {
		count++
		text := snippet.FindStringSubmatch(block)[1]
		heading := page[:strings.Index(page, block)]
		heading = heading[strings.LastIndex(heading, "\n#")+1:]
		heading, _, _ = strings.Cut(strings.TrimLeft(heading, "# "), "\n")
		archive := txtar.Parse([]byte(text))
		names := make(map[string]string)
		for i := range archive.Files {
			f := &archive.Files[i]
			if name, ok := manualSections[f.Name]; ok {
				names[name], f.Name = f.Name, name
			}
		}
		archive.Files = append(archive.Files, txtar.File{Name: "template", Data: archive.Comment})
		t.Run(heading, func(t *testing.T) {
			v := newVector(t, archive)
			v.run(t)
		})
		archive.Files = archive.Files[:len(archive.Files)-1]
		for i := range archive.Files {
			if f := &archive.Files[i]; names[f.Name] != "" {
				f.Name = names[f.Name]
			}
		}
		return "```prompty\n" + string(txtar.Format(archive)) + "```\n"
	})
	if count < 40 {
		t.Errorf("found %d snippets", count)
	}
	if *update && now != page && !t.Failed() {
		if err := os.WriteFile(manual, []byte(now), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestManualTables evaluates the expressions in the manual's tables. What they
// give stands there as JSON, or the word error.
func TestManualTables(t *testing.T) {
	t.Parallel()
	data := map[string]any{"_": 0, "list": []any{3, 1, 2}, "map": map[string]any{"b": 2, "a": 1}, "t": vectorNow}
	eng := engine.MustNew(engine.Config{Now: func() time.Time { return vectorNow }})
	page, _, _ := strings.Cut(readManual(t), "\n## All tags\n") // that table has no examples
	rows := regexp.MustCompile("(?m)^\\|(?:.*\\|)? `([^`]+)` \\| (?:`([^`]+)`|(error)) \\|$").FindAllStringSubmatch(page, -1)
	shown := make(map[string]bool)
	for _, row := range rows {
		expr, want := strings.ReplaceAll(row[1], `\|`, "|"), row[2]
		name, _, _ := strings.Cut(expr, "(")
		shown[name] = true
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace("toJSON(" + expr + ")")
		got, err := eng.Render(context.Background(), `{~prompty.var name="_" format="`+quoted+`" /~}`, data)
		if row[3] != "" {
			if err == nil {
				t.Errorf("%s gives %s, want an error", expr, got)
			}
		} else if err != nil || got != want {
			t.Errorf("%s gives %s, %v; want %s", expr, got, err, want)
		}
	}
	if len(rows) < 70 {
		t.Errorf("found %d rows", len(rows))
	}
	for _, f := range builtin.All(nil, 1<<20) {
		if !shown[f.Name] && f.Name != "now" {
			t.Errorf("the manual has no example of %s", f.Name)
		}
	}
}

// TestManualIsComplete holds the manual against what the engine's own messages
// and its documentation name.
func TestManualIsComplete(t *testing.T) {
	t.Parallel()
	page := readManual(t)
	_, table, _ := strings.Cut(page, "\n## All tags\n")
	for tag, attrs := range engine.TagAttributes() {
		row := regexp.MustCompile("(?m)^\\|.*`" + regexp.QuoteMeta(tag) + "`.*$").FindString(table)
		if row == "" {
			t.Errorf("the table of tags lacks %s", tag)
		}
		for _, attr := range attrs {
			if !strings.Contains(row, "`"+attr+"`") {
				t.Errorf("the table of tags does not say that %s takes %s", tag, attr)
			}
		}
	}
	for _, s := range []engine.Strategy{engine.Throw, engine.Default, engine.Remove, engine.KeepRaw, engine.Log} {
		if !strings.Contains(page, "\n| `"+string(s)+"` |") {
			t.Errorf("the manual lacks the strategy %s", s)
		}
	}
}

func readManual(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}
