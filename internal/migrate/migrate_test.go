package migrate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/internal/migrate"
)

// recorded is a file with what its own engine makes of it: see testdata/record.
type recorded struct {
	Name  string            `json:"name"`
	Files map[string]string `json:"files"`
	Want  []rendering       `json:"want"`
}

type rendering struct {
	Data     map[string]any `json:"data"`
	Text     *string        `json:"text"` // nil: of no interest
	Messages []message      `json:"messages"`
}

type message struct {
	Role    string `json:"role"`
	Name    string `json:"name,omitempty"`
	Content string `json:"content"`
}

func readRecorded(t testing.TB, file string) []recorded {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []recorded
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// convert converts files by their paths and returns the prompts by their names.
func convert(format migrate.Format, files map[string]string) map[string]*migrate.Prompt {
	var list []migrate.File
	for path, text := range files {
		list = append(list, migrate.File{Path: path, Text: text})
	}
	prompts := map[string]*migrate.Prompt{}
	for _, p := range migrate.Convert(format, list) {
		prompts[p.Name] = p
	}
	return prompts
}

// render renders a converted prompt.
func render(t *testing.T, prompts map[string]*migrate.Prompt, data map[string]any) (string, []message, error) {
	t.Helper()
	eng := engine.MustNew(engine.Config{})
	load := func(_ context.Context, ref engine.Ref) (*engine.Template, error) {
		if p := prompts[ref.Name]; p != nil {
			return eng.Parse(p.Name, p.Source)
		}
		return nil, fmt.Errorf("no prompt %s", ref.Name)
	}
	tmpl, err := eng.Parse("main", prompts["main"].Source)
	if err != nil {
		return "", nil, err
	}
	prog, err := eng.Link(t.Context(), tmpl, load)
	if err != nil {
		return "", nil, err
	}
	text, err := prog.Render(t.Context(), data)
	if err != nil {
		return "", nil, err
	}
	list, err := prog.Messages(t.Context(), data)
	var messages []message
	for _, m := range list {
		messages = append(messages, message{string(m.Role), m.Name, m.Content})
	}
	return text, messages, err
}

// trimmed are messages as they are here: without white space at their ends, and
// none that is empty.
func trimmed(list []message) []message {
	var out []message
	for _, m := range list {
		if m.Role == "model" {
			m.Role = "assistant"
		}
		if m.Content = strings.TrimSpace(m.Content); m.Content != "" {
			out = append(out, m)
		}
	}
	return out
}

func testRecorded(t *testing.T, format migrate.Format, file string) {
	for _, test := range readRecorded(t, file) {
		t.Run(test.Name, func(t *testing.T) {
			prompts := convert(format, test.Files)
			for _, p := range prompts {
				for _, issue := range p.Issues {
					if !issue.Note {
						t.Errorf("not carried over: %v", issue)
					}
				}
			}
			for _, want := range test.Want {
				text, messages, err := render(t, prompts, want.Data)
				if err != nil {
					t.Errorf("data %v: %v\n%s", want.Data, err, prompts["main"].Source)
					continue
				}
				if want.Text != nil && text != *want.Text {
					t.Errorf("data %v:\n got %q\nwant %q\n%s", want.Data, text, *want.Text, prompts["main"].Source)
				}
				if diff := cmp.Diff(trimmed(want.Messages), trimmed(messages)); diff != "" {
					t.Errorf("data %v: messages (-want +got):\n%s\n%s", want.Data, diff, prompts["main"].Source)
				}
			}
		})
	}
}

func TestDotpromptRecorded(t *testing.T) {
	t.Parallel()
	testRecorded(t, migrate.Dotprompt, "testdata/dotprompt.json")
}

func TestPromptyRecorded(t *testing.T) {
	t.Parallel()
	testRecorded(t, migrate.Prompty, "testdata/prompty.json")
}

// TestRandomRecorded has random templates. What is not carried over of them is
// of no interest here, as long as it is said and is little.
func TestRandomRecorded(t *testing.T) {
	t.Parallel()
	for format, file := range map[migrate.Format]string{migrate.Dotprompt: "testdata/dotprompt-random.json", migrate.Prompty: "testdata/prompty-random.json"} {
		list := readRecorded(t, file)
		exact := 0
		for _, test := range list {
			prompts := convert(format, test.Files)
			if !prompts["main"].Exact() {
				continue
			}
			exact++
			for _, want := range test.Want {
				if text, _, err := render(t, prompts, want.Data); err != nil || text != *want.Text {
					t.Errorf("%s %s, data %v: %v\n got %q\nwant %q\n%s", file, test.Name, want.Data, err, text, *want.Text, prompts["main"].Source)
				}
			}
		}
		if exact < len(list)*9/10 {
			t.Errorf("%s: only %d of %d are carried over", file, exact, len(list))
		}
	}
}
