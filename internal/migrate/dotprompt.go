package migrate

import (
	"errors"
	"path"
	"regexp"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

const dotpromptExt = ".prompt"

// dotpromptParts is how dotprompt itself takes a file apart; comments and empty
// lines before the front matter, a licence say, are what newer versions allow.
var dotpromptParts = regexp.MustCompile(`^(?:(?:#[^\r\n]*|[ \t]*)(?:\r\n|\r|\n))*---\s*(?:\r\n|\r|\n)([\s\S]*?)(?:\r\n|\r|\n)---\s*(?:\r\n|\r|\n)([\s\S]*)$`)

func convertDotprompt(c *conversion, known map[string]bool) {
	name := nameOf(c.prompt.File)
	c.prompt.Name = name
	partial := strings.HasPrefix(path.Base(name), "_")
	h := &header{}
	c.body = c.text
	if strings.HasPrefix(c.text, "\ufeff---") {
		c.issue(0, false, "a byte order mark keeps the front matter from being read there; remove it")
	}
	if partial && strings.HasPrefix(c.text, "---") {
		c.note(0, "partials have no front matter there: it is text, and stays so")
	} else if m := dotpromptParts.FindStringSubmatchIndex(c.text); m != nil && m[2] < m[3] {
		f, err := readFront(c.text[m[2]:m[3]], strings.Count(c.text[:m[2]], "\n")+1)
		if err != nil {
			c.frontFault(err)
			return
		}
		whole := c.text[m[4]:m[5]]
		c.body = strings.TrimFunc(whole, jsSpace)
		c.offset = m[4] + strings.Index(whole, c.body)
		if m[2] > len("---\n") && strings.HasPrefix(c.text, "#") {
			c.issue(0, true, "the comment before the front matter is left out")
		}
		c.dotpromptHeader(f, h)
	}
	for _, m := range dotpromptMark.FindAllStringIndex(c.body, -1) {
		c.lose(m[0], "%s is what role, history, media or section print there, and text here; write the helper", c.body[m[0]:m[1]])
	}
	program, err := parseHandlebars(c.body)
	if err != nil {
		c.lose(placeOf(err), "%v", err)
		c.finish(h, escapeText(c.body, false))
		return
	}
	lower := &hbLower{conversion: c, used: words(c.body), partial: func(ref string) (string, bool) {
		at := path.Join(path.Dir(ref), "_"+path.Base(ref))
		return at, known[at+dotpromptExt]
	}}
	if partial {
		lower.rootThis = "_value"
	}
	pieces := lower.program(program, &hbScope{})
	if lower.rootThis != "" && hasRole(pieces) {
		c.note(0, "messages begin in this partial; include it where no message is open")
	}
	c.finish(h, writePieces(c.messages(pieces, false)))
}

// jsSpace is what JavaScript's trim removes.
func jsSpace(r rune) bool { return unicode.IsSpace(r) && r != '\u0085' || r == '\ufeff' }

func (c *conversion) frontFault(err error) {
	if e, ok := errors.AsType[*frontError](err); ok {
		c.prompt.Issues = append(c.prompt.Issues, &Issue{File: c.prompt.File, Line: e.line, Column: e.column, Message: e.msg})
		return
	}
	c.issue(0, false, "%v", err)
}

// dotpromptMark is what dotprompt's own helpers print.
var dotpromptMark = regexp.MustCompile(`<<<dotprompt:(?:role:[a-z]+|history|media:url|section)`)

// configKeys are dotprompt's names, Genkit's, of what has a name here.
var configKeys = map[string]string{
	"temperature": "temperature", "topK": "top_k", "topP": "top_p", "maxOutputTokens": "max_tokens",
}

func (c *conversion) dotpromptHeader(f *front, h *header) {
	if f == nil {
		return
	}
	h.execution = mapping()
	var schema, defaults *yaml.Node
	for _, p := range pairsOf(f.node) {
		v := resolve(p.value)
		switch p.key {
		case "description":
			h.description = v.Value
		case "model":
			set(h.execution, "model", v)
		case "config":
			for _, q := range pairsOf(v) {
				key, ok := configKeys[q.key]
				if !ok {
					key = q.key
				}
				set(h.execution, key, q.value)
			}
		case "metadata":
			c.metadata(f, v)
		case "tags":
			c.tags(f, v)
		case "input":
			schema, defaults = findIn(v, "schema"), findIn(v, "default")
		case "tools", "toolDefs":
			c.noteAt(f, p.name, "%s is kept in the front matter; nothing here calls tools", p.key)
			h.extra = append(h.extra, p)
		default:
			if ours[p.key] {
				c.loseAt(f, p.name, "the key %s means something else here; give it another name", p.key)
				continue
			}
			h.extra = append(h.extra, p)
		}
	}
	c.picoschema(f, h, schema, defaults)
}

// input is one declared input on its way.
type input struct {
	name, typ, description string
	required               bool
	enum, value, schema    *yaml.Node // value: its default
}

func (c *conversion) addInput(h *header, in *input) {
	if h.inputs == nil {
		h.inputs = mapping()
	}
	if c.types == nil {
		c.types = map[string]string{}
	}
	c.types[in.name] = in.typ
	m := mapping(textNode("type"), textNode(in.typ))
	if in.description != "" {
		set(m, "description", textNode(in.description))
	}
	if in.required && in.value == nil {
		set(m, "required", trueNode())
	}
	if in.enum != nil {
		set(m, "enum", in.enum)
	}
	if in.value != nil {
		set(m, "default", in.value)
	}
	if in.schema != nil {
		set(m, "schema", in.schema)
	}
	if len(m.Content) == 2 {
		m = textNode(in.typ)
	}
	set(h.inputs, in.name, m)
}
