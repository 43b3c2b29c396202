// Package migrate turns prompts of other tools into prompts of this one: folders
// with a JSON file for each version, <name>/v<N>.json, dotprompt's .prompt files
// and Microsoft's .prompty files.
//
// What is carried over renders to the same bytes; what cannot be is an [Issue]
// with its place, and a comment stands in its stead. The rules, and what is
// presumed of the data, are in docs/import.md.
package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-prompty/prompty/promptfile"
)

// Format is a kind of prompt files.
type Format string

const (
	Layout    Format = "layout"    // <name>/v<N>.json
	Dotprompt Format = "dotprompt" // .prompt: Handlebars
	Prompty   Format = "prompty"   // .prompty of Microsoft: Jinja
)

// Formats are all formats, sorted.
var Formats = []Format{Dotprompt, Layout, Prompty}

// Issue is something that is not carried over exactly.
type Issue struct {
	File    string
	Line    int // from 1; 0: the whole file
	Column  int // in code points, from 1
	Message string
	Note    bool // it is carried over, but not in the form it had
}

func (i *Issue) Error() string {
	if i.Line == 0 {
		return i.File + ": " + i.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", i.File, i.Line, i.Column, i.Message)
}

// File is a file to be converted. Its path is slash-separated and relative to
// the folder that is imported.
type File struct {
	Path string
	Text string
}

// Prompt is what became of a file.
type Prompt struct {
	Name   string
	File   string // where it comes from
	Source string // the front matter and the body, as a storage has them
	Fields promptfile.Fields
	Issues []*Issue // in the order of their places

	uses []use
}

// use is a partial that a prompt includes.
type use struct {
	name         string
	line, column int
}

// Exact reports whether all of the prompt was carried over.
func (p *Prompt) Exact() bool {
	return !slices.ContainsFunc(p.Issues, func(i *Issue) bool { return !i.Note })
}

// maxText is the longest file that is read.
const maxText = 4 << 20

// Detect says which format a file has, by its path and its content; false if
// none. why is one line for people.
func Detect(file File) (format Format, why string, ok bool) {
	base := path.Base(file.Path)
	switch {
	case versionOf(base) > 0 && strings.Contains(file.Path, "/"):
		return Layout, "a version file of the layout <name>/v<N>.json", true
	case strings.HasSuffix(base, dotpromptExt):
		return Dotprompt, "the extension .prompt", true
	case !strings.HasSuffix(base, promptfile.DefaultExt):
		return "", "", false
	}
	return detectPrompty(file.Text)
}

// detectPrompty tells Microsoft's files from this project's, which have the
// same extension.
func detectPrompty(text string) (Format, string, bool) {
	front, body, _, hasFront := promptfile.SplitFrontMatter(text)
	if strings.Contains(body, "{~") {
		return "", "", false
	}
	if !hasFront {
		body = text
	}
	doc, err := readFront(front, 1)
	if err == nil && doc != nil {
		for _, key := range []string{"model", "authors", "template", "outputs"} {
			if doc.find(key) != nil {
				return Prompty, "the key " + key + " in its front matter", true
			}
		}
	}
	for line := range strings.Lines(body) {
		if _, ok := roleLine(strings.TrimRight(line, "\r\n")); ok {
			return Prompty, "the line " + strings.TrimSpace(line) + " in its body", true
		}
	}
	if strings.Contains(body, "{{") || strings.Contains(body, "{%") {
		return Prompty, "the Jinja tags in its body", true
	}
	return "", "", false
}

// Convert converts files of one format, which may refer to each other. The
// layout is not for it: see [OpenLayout].
func Convert(format Format, files []File) []*Prompt {
	known := make(map[string]bool, len(files))
	for _, f := range files {
		known[f.Path] = true
	}
	var list []*Prompt
	for _, f := range files {
		p := &Prompt{File: f.Path}
		c := &conversion{prompt: p, text: f.Text}
		switch fault := c.unreadable(); {
		case fault != nil:
			p.Issues = append(p.Issues, fault)
		case format == Dotprompt:
			convertDotprompt(c, known)
		case format == Prompty:
			convertPrompty(c)
		}
		if p.Name == "" {
			p.Name = nameOf(f.Path)
		}
		list = append(list, p)
	}
	spread(list)
	for _, p := range list {
		slices.SortStableFunc(p.Issues, func(a, b *Issue) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	}
	return list
}

// spread reports in what includes a partial that the partial is not carried
// over, and so on up.
func spread(list []*Prompt) {
	users := make(map[string][]*Prompt)
	var queue []*Prompt
	for _, p := range list {
		for _, u := range p.uses {
			users[u.name] = append(users[u.name], p)
		}
		if !p.Exact() {
			queue = append(queue, p)
		}
	}
	for len(queue) > 0 {
		broken := queue[0]
		queue = queue[1:]
		for _, p := range users[broken.Name] {
			exact := p.Exact()
			for _, u := range p.uses {
				if u.name == broken.Name && exact {
					p.Issues = append(p.Issues, &Issue{File: p.File, Line: u.line, Column: u.column, Message: fmt.Sprintf("%s, which it includes, is not carried over", broken.File)})
					break
				}
			}
			if exact {
				queue = append(queue, p)
			}
		}
	}
}

func nameOf(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

// conversion is one file on its way.
type conversion struct {
	prompt *Prompt
	text   string            // the whole file
	body   string            // the template in it
	offset int               // of the body in the text
	types  map[string]string // of inputs: as promptfile.Input has them

	firstRole string // of text before all roles; "" for the one that it has here
}

// mostIssues ends the list of a file that is something else altogether.
const mostIssues = 100

func (c *conversion) issue(at int, note bool, format string, args ...any) {
	if len(c.prompt.Issues) > mostIssues {
		return
	}
	line, column := position(c.text, at)
	message := fmt.Sprintf(format, args...)
	if len(c.prompt.Issues) == mostIssues {
		message, note = "there is more that is not carried over", false
	}
	c.prompt.Issues = append(c.prompt.Issues, &Issue{File: c.prompt.File, Line: line, Column: column, Message: message, Note: note})
}

// lose reports what is not carried over; at is an offset in the body.
func (c *conversion) lose(at int, format string, args ...any) {
	c.issue(c.offset+at, false, format, args...)
}

// note reports what is carried over in another form.
func (c *conversion) note(at int, format string, args ...any) {
	c.issue(c.offset+at, true, format, args...)
}

// position counts lines and code points from 1.
func position(text string, at int) (line, column int) {
	at = min(max(at, 0), len(text))
	before := text[:at]
	line = strings.Count(before, "\n") + 1
	column = utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return line, column
}

// unreadable says what keeps the file from being read at all.
func (c *conversion) unreadable() *Issue {
	at := func(i int, message string) *Issue {
		line, column := position(c.text, i)
		return &Issue{File: c.prompt.File, Line: line, Column: column, Message: message}
	}
	if len(c.text) > maxText {
		return &Issue{File: c.prompt.File, Message: fmt.Sprintf("it has %d bytes, the limit is %d", len(c.text), maxText)}
	}
	if i := strings.IndexByte(c.text, 0); i >= 0 {
		return at(i, "it has a NUL, which no text has")
	}
	for i, r := range c.text {
		if r == utf8.RuneError && !strings.HasPrefix(c.text[i:], "\ufffd") {
			return at(i, "it is not valid UTF-8 here")
		}
	}
	return nil
}

// fault is what keeps a parser or a lowering from going on, with its place in
// the body.
type fault struct {
	at  int
	msg string
}

func (e *fault) Error() string { return e.msg }

// placeOf is where in the body an error stands.
func placeOf(err error) int {
	if e, ok := errors.AsType[*fault](err); ok {
		return e.at
	}
	return 0
}

// mostDepth is how deep blocks and expressions may be nested.
const mostDepth = 100

var errDeep = fmt.Errorf("blocks are nested more than %d deep", mostDepth)
