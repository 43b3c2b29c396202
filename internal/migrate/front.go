package migrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/go-prompty/prompty/engine"
	"github.com/go-prompty/prompty/promptfile"
)

// front is the front matter of another tool's file.
type front struct {
	node *yaml.Node // a mapping; nil if there is none
	line int        // of the file, on which it begins
}

// frontError is a fault of YAML with its place in the file.
type frontError struct {
	line, column int
	msg          string
}

func (e *frontError) Error() string { return e.msg }

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// readFront reads a mapping within the limits that promptfile has: an alias
// counts as what it stands for.
func readFront(text string, line int) (*front, error) {
	if len(text) > promptfile.MaxFrontMatter {
		return nil, &frontError{line, 1, fmt.Sprintf("the front matter has %d bytes, the limit is %d", len(text), promptfile.MaxFrontMatter)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		at, msg := 1, err.Error()
		if m := yamlLine.FindStringSubmatch(msg); m != nil {
			if n, aerr := strconv.Atoi(m[1]); aerr == nil {
				at = n
			}
			msg = msg[len(m[0]):]
		}
		return nil, &frontError{line + at - 1, 1, "the front matter is not YAML: " + msg}
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, &frontError{line + root.Line - 1, root.Column, "the front matter is not a mapping"}
	}
	budget := promptfile.MaxNodes
	if bad := measure(root, 0, &budget); bad != nil {
		return nil, &frontError{line + bad.Line - 1, bad.Column, fmt.Sprintf("the front matter is too large or too deep: the limits are %d values and %d levels, aliases counted as what they stand for", promptfile.MaxNodes, promptfile.MaxDepth)}
	}
	return &front{root, line}, nil
}

// measure returns the node at which a limit is passed.
func measure(n *yaml.Node, depth int, budget *int) *yaml.Node {
	*budget--
	if depth > promptfile.MaxDepth || *budget < 0 {
		return n
	}
	if n.Kind == yaml.AliasNode {
		if measure(n.Alias, depth+1, budget) != nil {
			return n
		}
		return nil
	}
	for _, c := range n.Content {
		if bad := measure(c, depth+1, budget); bad != nil {
			return bad
		}
	}
	return nil
}

// pair is a key with its value.
type pair struct {
	key   string
	name  *yaml.Node
	value *yaml.Node
}

func pairsOf(n *yaml.Node) []pair {
	n = resolve(n)
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var list []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		list = append(list, pair{n.Content[i].Value, n.Content[i], n.Content[i+1]})
	}
	return list
}

func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// find is the value of a key at the top; nil if it is not there.
func (f *front) find(key string) *yaml.Node {
	if f == nil {
		return nil
	}
	return findIn(f.node, key)
}

func findIn(n *yaml.Node, key string) *yaml.Node {
	for _, p := range pairsOf(n) {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}
func isText(n *yaml.Node) bool  { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" }
func isPlain(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && !isNull(n) }

func textNode(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

func wordNode(tag, s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s}
}

func trueNode() *yaml.Node { return wordNode("!!bool", "true") }

func mapping(pairs ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Content: pairs}
}

// set puts a key into a mapping, over what it had.
func set(m *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content[i+1] = value
			return
		}
	}
	m.Content = append(m.Content, textNode(key), value)
}

// typeOfNode is the type of input that a value fits.
func typeOfNode(n *yaml.Node) string {
	n = resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		return "object"
	case yaml.SequenceNode:
		return "list"
	}
	switch n.ShortTag() {
	case "!!str":
		return "string"
	case "!!int":
		return "integer"
	case "!!float":
		return "number"
	case "!!bool":
		return "boolean"
	}
	return "any"
}

// loseAt and noteAt report what is at a node of the front matter.
func (c *conversion) loseAt(f *front, n *yaml.Node, format string, args ...any) {
	c.addAt(f, n, false, fmt.Sprintf(format, args...))
}

func (c *conversion) noteAt(f *front, n *yaml.Node, format string, args ...any) {
	c.addAt(f, n, true, fmt.Sprintf(format, args...))
}

func (c *conversion) addAt(f *front, n *yaml.Node, note bool, msg string) {
	if len(c.prompt.Issues) > mostIssues {
		return
	}
	c.prompt.Issues = append(c.prompt.Issues, &Issue{File: c.prompt.File, Line: f.line + n.Line - 1, Column: n.Column, Message: msg, Note: note})
}

// header collects what becomes the front matter of the result.
type header struct {
	description       string
	inputs, execution *yaml.Node
	sample            *yaml.Node
	extra             []pair
}

// ours are the keys that mean something here, so that another tool's key of
// that name cannot stay as it is.
var ours = map[string]bool{
	"description": true, "tags": true, "metadata": true, "tenant": true, "created_by": true,
	"inputs": true, "execution": true, "sample": true, "extends": true,
}

// source is the header and the body as a storage has them.
func (h *header) source(body string) (string, error) {
	top := mapping()
	if h.description != "" {
		set(top, "description", textNode(h.description))
	}
	for _, p := range []pair{{key: "inputs", value: h.inputs}, {key: "execution", value: h.execution}, {key: "sample", value: h.sample}} {
		if p.value != nil && len(p.value.Content) > 0 {
			set(top, p.key, p.value)
		}
	}
	for _, p := range h.extra {
		set(top, p.key, p.value)
	}
	if len(top.Content) == 0 {
		if _, _, _, looks := promptfile.SplitFrontMatter(body); looks {
			return "---\n---\n" + body, nil
		}
		return body, nil
	}
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(plain(top)); err != nil {
		return "", err
	}
	return "---\n" + b.String() + "---\n" + body, nil
}

// plain copies a node without anchors, comments and styles of its own.
func plain(n *yaml.Node) *yaml.Node {
	n = resolve(n)
	c := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value, Style: n.Style &^ (yaml.TaggedStyle | yaml.FlowStyle)}
	if n.Kind == yaml.SequenceNode && shortList(n) {
		c.Style = yaml.FlowStyle
	}
	for _, child := range n.Content {
		c.Content = append(c.Content, plain(child))
	}
	return c
}

// shortList is whether a list reads well on one line.
func shortList(n *yaml.Node) bool {
	size := 0
	for _, c := range n.Content {
		if c.Kind != yaml.ScalarNode {
			return false
		}
		size += len(c.Value) + 2
	}
	return size < 60
}

// jsonOf is a value as JSON.
func jsonOf(n *yaml.Node) (string, error) {
	var v any
	if err := n.Decode(&v); err != nil {
		return "", err
	}
	data, err := json.Marshal(v)
	return string(data), err
}

// metadata takes a mapping as the storage's metadata: texts as they are, other
// values as JSON.
func (c *conversion) metadata(f *front, n *yaml.Node) {
	for _, p := range pairsOf(n) {
		v := resolve(p.value)
		if isNull(v) {
			continue
		}
		text := v.Value
		if v.Kind != yaml.ScalarNode {
			var err error
			if text, err = jsonOf(v); err != nil {
				c.loseAt(f, p.value, "metadata %s: %v", p.key, err)
				continue
			}
			c.noteAt(f, p.name, "metadata are texts here: %s is kept as JSON", p.key)
		}
		if c.prompt.Fields.Metadata == nil {
			c.prompt.Fields.Metadata = map[string]string{}
		}
		c.prompt.Fields.Metadata[p.key] = text
	}
}

// tags takes a list of texts as the storage's tags.
func (c *conversion) tags(f *front, n *yaml.Node) {
	v := resolve(n)
	list := v.Content
	if v.Kind == yaml.ScalarNode {
		list = []*yaml.Node{v}
	}
	for _, tag := range list {
		if tag = resolve(tag); v.Kind == yaml.MappingNode || !isPlain(tag) {
			c.loseAt(f, n, "tags are a list of texts here")
			return
		}
		c.prompt.Fields.Tags = append(c.prompt.Fields.Tags, strings.TrimSpace(tag.Value))
	}
}

// checker is the language here without anything of one's own.
var checker = sync.OnceValue(func() *engine.Engine { return engine.MustNew(engine.Config{}) })

// finish makes the source, and holds it against this project's own reading.
func (c *conversion) finish(h *header, body string) {
	source, err := h.source(body)
	if err == nil {
		_, err = promptfile.ParseHeader("", source)
	}
	c.prompt.Source = source
	if err != nil {
		message := oneLine(err)
		if faults, ok := errors.AsType[promptfile.Errors](err); ok {
			message = faults[0].Msg
		}
		c.issue(0, false, "its front matter is none here: %s", message)
		return
	}
	// A net below the rules: what the language here refuses is never called exact.
	if _, err := checker().Parse("the result", source); err != nil && c.prompt.Exact() {
		c.issue(c.offset, false, "it cannot be a template here: %v", oneLine(err))
	}
}

func oneLine(err error) string {
	text, _, more := strings.Cut(err.Error(), "\n")
	if more {
		text += " …"
	}
	return text
}
