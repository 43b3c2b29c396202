package migrate

import (
	"fmt"
	"slices"
	"strings"
)

// hbScope is a context of Handlebars: what this means at a place.
type hbScope struct {
	parent *hbScope
	path   string // of this; "" is the data
	item   string // variable of a loop; "" if this is no loop
	index  string
	list   string // what the loop goes over
	keyed  bool   // over the entries of a map
	params map[string]string
}

// hbLower makes pieces of a parsed Handlebars template.
type hbLower struct {
	*conversion
	partial func(name string) (string, bool) // the name of a partial's prompt
	used    map[string]bool                  // names that variables of loops must not take
	// rootThis is what this means outside of loops; "" if nothing.
	rootThis string
}

func (h *hbLower) program(p *hbProgram, s *hbScope) []*piece {
	if p == nil {
		return nil
	}
	var list []*piece
	if len(p.body) > 1 && h.mayBeNumber(p.body[0], s) && h.mayBeNumber(p.body[1], s) {
		h.note(p.body[1].at, "if both values are numbers, Handlebars prints their sum where no text is before them; here both are printed")
	}
	for _, n := range p.body {
		switch n.kind {
		case hbContent:
			list = append(list, &piece{kind: textPiece, at: n.at, text: n.text, lead: n.lead, trail: n.trail})
		case hbComment:
			list = append(list, &piece{kind: commentPiece, at: n.at, text: n.text})
		case hbMustache:
			list = append(list, h.mustache(n, s)...)
		case hbPartial:
			list = append(list, h.include(n, s))
		case hbBlock:
			list = append(list, h.block(n, s)...)
		}
	}
	return list
}

// mayBeNumber is whether a tag prints a value that is not known to be a text.
func (h *hbLower) mayBeNumber(n *hbNode, s *hbScope) bool {
	if n.kind != hbMustache || len(n.call.params) > 0 || hbHelpers[n.call.path.text] || n.call.path.kind != "path" {
		return false
	}
	path, err := h.path(n.call.path, s)
	return err != nil || h.typeOf(path) != "string"
}

// lost reports a tag and leaves it as a comment.
func (h *hbLower) lost(n *hbNode, at int, format string, args ...any) *piece {
	h.lose(at, format, args...)
	end := n.end
	if n.kind == hbBlock {
		end = n.at + len("{{")
		if i := strings.Index(h.body[n.at:], "}}"); i >= 0 {
			end = n.at + i + 2
		}
	}
	return &piece{kind: lostPiece, at: n.at, text: h.body[n.at:end]}
}

// path resolves a path to one of the result.
func (h *hbLower) path(v *hbValue, s *hbScope) (string, error) {
	if v.data {
		return h.dataPath(v, s)
	}
	segments := v.segments
	if !v.this && v.up == 0 && len(segments) > 0 {
		for at := s; at != nil; at = at.parent {
			if name, ok := at.params[segments[0]]; ok {
				return h.joined(v, name, segments[1:])
			}
		}
	}
	for range v.up {
		if s.parent == nil {
			return "", fmt.Errorf("%s leads out of the data", v.text)
		}
		s = s.parent
	}
	if len(segments) == 0 {
		switch {
		case s.path != "":
			return s.path, nil
		case h.rootThis != "":
			return h.rootThis, nil
		}
		return "", fmt.Errorf("%s, all of the data, has no name here", v.text)
	}
	return h.joined(v, s.path, segments)
}

// dataPath resolves what begins with an @ but is no number of a loop.
func (h *hbLower) dataPath(v *hbValue, s *hbScope) (string, error) {
	if len(v.segments) == 0 {
		return "", fmt.Errorf("%s is not known", v.text)
	}
	switch v.segments[0] {
	case "root":
		if len(v.segments) > 1 {
			return h.joined(v, "", v.segments[1:])
		}
		return "", fmt.Errorf("@root, all of the data, has no name here")
	case "index", "key", "first", "last":
		loop, err := h.loop(v, s)
		if err != nil {
			return "", err
		}
		switch {
		case len(v.segments) > 1:
		case v.segments[0] == "index" || v.segments[0] == "key" && !loop.keyed:
			return loop.index, nil
		case v.segments[0] == "key":
			return loop.item + ".key", nil
		}
	}
	return "", fmt.Errorf("%s is not carried over", v.text)
}

// loop finds the loop that @index and the like belong to.
func (h *hbLower) loop(v *hbValue, s *hbScope) (*hbScope, error) {
	up := v.up
	for ; s != nil; s = s.parent {
		if s.item == "" {
			continue
		}
		if up == 0 {
			return s, nil
		}
		up--
	}
	return nil, fmt.Errorf("%s stands in no loop", v.text)
}

func (h *hbLower) joined(v *hbValue, base string, segments []string) (string, error) {
	for _, s := range segments {
		if !isSegment(s) {
			return "", fmt.Errorf("a path with the name %q in it is not carried over; names are letters, digits and _ here", s)
		}
	}
	path := strings.Join(segments, ".")
	switch {
	case base == "":
		if len(segments) > 0 && !isIdent(segments[0]) {
			return "", fmt.Errorf("a path cannot begin with %q here", segments[0])
		}
		return path, nil
	case path == "":
		return base, nil
	}
	return base + "." + path, nil
}

// typeOf is the declared type of a path; "" if it is not known.
func (h *hbLower) typeOf(path string) string { return h.types[path] }

// value makes an expression of a parameter.
func (h *hbLower) value(v *hbValue, s *hbScope) (*expr, error) {
	switch v.kind {
	case "text":
		return textExpr(v.at, v.text), nil
	case "number":
		return numberExpr(v.at, strings.TrimPrefix(v.text, "-")).signed(strings.HasPrefix(v.text, "-")), nil
	case "word":
		if v.text == "true" || v.text == "false" {
			return wordExpr(v.at, v.text), nil
		}
		return wordExpr(v.at, "nil"), nil
	case "call":
		return nil, fmt.Errorf("the helper in %s is not carried over", v.text)
	}
	if v.data && len(v.segments) == 1 && (v.segments[0] == "first" || v.segments[0] == "last") {
		loop, err := h.loop(v, s)
		if err != nil {
			return nil, err
		}
		end := numberExpr(v.at, "0")
		if v.segments[0] == "last" {
			end = opExpr(v.at, "-", callExpr(v.at, "len", pathExpr(v.at, loop.list)), numberExpr(v.at, "1"))
		}
		return opExpr(v.at, "==", pathExpr(v.at, loop.index), end), nil
	}
	path, err := h.path(v, s)
	if err != nil {
		return nil, err
	}
	if n := len(v.segments); n > 1 && v.segments[n-1] == "length" && !v.data {
		list := strings.TrimSuffix(path, ".length")
		if h.typeOf(list) != "list" {
			return nil, fmt.Errorf("%s: only the length of a declared list is carried over; declare %s(array) in input.schema", v.text, list)
		}
		return callExpr(v.at, "len", pathExpr(v.at, list)), nil
	}
	return pathExpr(v.at, path), nil
}

func (e *expr) signed(negative bool) *expr {
	if negative {
		return opExpr(e.at, "neg", e)
	}
	return e
}

// truth is the condition of #if: false are false, nil, 0, "" and an empty list,
// but an empty map is true.
func (h *hbLower) truth(e *expr) *expr {
	if e.op != "path" {
		return e
	}
	switch h.typeOf(e.text) {
	case "string", "number", "integer", "boolean", "list":
		return e
	}
	return opExpr(e.at, "||", e, isMap(e))
}

func isMap(e *expr) *expr {
	return opExpr(e.at, "==", callExpr(e.at, "typeOf", e), textExpr(e.at, "map"))
}

func not(e *expr) *expr { return opExpr(e.at, "!", e) }

// mustache is a tag that prints, or begins a message.
func (h *hbLower) mustache(n *hbNode, s *hbScope) []*piece {
	c := n.call
	if c.path.kind != "path" {
		return []*piece{h.lost(n, c.at, "a literal in place of a name is not carried over")}
	}
	name := c.path.text
	if len(c.params) > 0 || len(c.hash) > 0 || hbHelpers[name] {
		return h.helper(n, name, s)
	}
	e, err := h.value(c.path, s)
	if err != nil {
		return []*piece{h.lost(n, c.at, "%v", err)}
	}
	switch {
	case e.op == "call": // the length of a list
		return []*piece{printFormat(n.at, e.args[0].text, "", e)}
	case e.op != "path":
		return []*piece{ifPiece(n.at, e, []*piece{textOf(n.at, "true")}, []*piece{textOf(n.at, "false")})}
	}
	if t := h.typeOf(e.text); t == "list" || t == "object" {
		return []*piece{h.lost(n, c.at, "{{%s}} prints a whole %s, which reads differently here; print its parts, or use {{json %s}}", name, t, name)}
	}
	return []*piece{printPath(n.at, e.text, "")}
}

// hbHelpers are the helpers that dotprompt knows.
var hbHelpers = map[string]bool{
	"role": true, "history": true, "media": true, "section": true, "json": true, "ifEquals": true, "unlessEquals": true,
	"if": true, "unless": true, "each": true, "with": true, "lookup": true, "log": true,
}

var roles = map[string]string{"system": "system", "user": "user", "model": "assistant", "assistant": "assistant", "tool": "tool"}

// helper is a helper that stands alone.
func (h *hbLower) helper(n *hbNode, name string, s *hbScope) []*piece {
	c := n.call
	switch name {
	case "role":
		if len(c.params) != 1 {
			break
		}
		if len(c.hash) > 0 {
			return []*piece{h.lost(n, c.hash[0].at, "the metadata of a message, %s, is not carried over: messages have a role and a text here", c.hash[0].key)}
		}
		if v := c.params[0]; v.kind == "text" {
			if roles[v.text] == "" {
				return []*piece{h.lost(n, v.at, "there is no role %q here; there are system, user, assistant and tool", v.text)}
			}
			return []*piece{{kind: rolePiece, at: n.at, role: roles[v.text]}}
		}
		e, err := h.value(c.params[0], s)
		if err != nil || e.op != "path" {
			return []*piece{h.lost(n, c.params[0].at, "only a text or a path is carried over as a role")}
		}
		model := callExpr(n.at, "replace", e, textExpr(n.at, "model"), textExpr(n.at, "assistant"))
		return []*piece{{kind: rolePiece, at: n.at, roleExpr: model.String()}}
	case "json":
		if len(c.params) == 1 && c.params[0].kind == "path" {
			return []*piece{h.json(n, s)}
		}
	case "history":
		return []*piece{h.lost(n, n.at, "{{history}} is not carried over: the program that renders puts the messages of before where they belong")}
	case "media":
		return []*piece{h.lost(n, n.at, "{{media}} is not carried over: messages are text here")}
	case "section":
		return []*piece{h.lost(n, n.at, "{{section}} is not carried over: messages have no sections here")}
	case "log":
		h.note(n.at, "{{log}} prints nothing; it is kept as a comment")
		return []*piece{{kind: commentPiece, at: n.at, text: strings.Trim(h.body[n.at:n.end], "{}")}}
	case "ifEquals", "unlessEquals", "if", "unless", "each", "with", "lookup":
	default:
		return []*piece{h.lost(n, c.at, "unknown helper %s; dotprompt alone does not know it either: what a program registered is not carried over", name)}
	}
	return []*piece{h.lost(n, c.at, "%s with these parameters is not carried over", name)}
}

// json prints compact JSON. Maps come with their keys sorted.
func (h *hbLower) json(n *hbNode, s *hbScope) *piece {
	e, err := h.value(n.call.params[0], s)
	if err != nil || e.op != "path" {
		return h.lost(n, n.call.at, "this JSON is not carried over: %v", err)
	}
	out := callExpr(n.at, "toJSON", e)
	for _, pair := range n.call.hash {
		if pair.key != "indent" || pair.value.kind != "number" {
			return h.lost(n, pair.at, "json has no parameter %s here", pair.key)
		}
		out.args = append(out.args, numberExpr(n.at, pair.value.text))
	}
	if t := h.typeOf(e.text); t != "string" && t != "number" && t != "integer" && t != "boolean" {
		h.note(n.at, "the keys of maps come sorted in JSON here, not in the order of the data")
	}
	return printFormat(n.at, e.text, "", out)
}

// include is a partial.
func (h *hbLower) include(n *hbNode, s *hbScope) *piece {
	c := n.call
	if c.path.kind == "call" {
		return h.lost(n, c.at, "a partial whose name is found out when it is rendered is not carried over")
	}
	name, known := h.partial(c.path.text)
	if !known {
		return h.lost(n, c.at, "there is no partial %s (_%s.prompt) among the files", c.path.text, c.path.text)
	}
	line, column := position(h.text, h.offset+n.at)
	h.prompt.uses = append(h.prompt.uses, use{name, line, column})
	if n.text != "" {
		return h.lost(n, n.at, "the indentation before a partial, which Handlebars gives to all its lines, is not carried over; put the partial at the beginning of the line")
	}
	open := "prompty.include " + attr("template", name)
	with := s.path
	switch {
	case len(c.params) > 1:
		return h.lost(n, c.at, "a partial takes one context")
	case len(c.params) == 1:
		path, err := h.path(c.params[0], s)
		if c.params[0].kind != "path" || err != nil {
			return h.lost(n, c.params[0].at, "this context of a partial is not carried over")
		}
		with = path
	}
	if with != "" {
		open += " " + attr("with", "("+with+")") + ` isolate="true"`
	}
	extra, err := h.hash(c.hash, with == "", s)
	if err != nil {
		return h.lost(n, c.hash[0].at, "%v", err)
	}
	return tagOf(n.at, open+extra+" /")
}

// hash makes attributes of a partial's parameters: texts as they are, and one
// map of all where there are others.
func (h *hbLower) hash(pairs []hbPair, root bool, s *hbScope) (string, error) {
	out, texts := "", true
	for _, p := range pairs {
		if !isIdent(p.key) || slices.Contains([]string{"template", "version", "with", "isolate", "onerror", "default"}, p.key) {
			return "", fmt.Errorf("a partial's parameter cannot be called %q here", p.key)
		}
		texts = texts && p.value.kind == "text"
		out += " " + attr(p.key, p.value.text)
	}
	if texts {
		return out, nil
	}
	if !root {
		return "", fmt.Errorf("parameters other than texts are carried over only where the partial gets the whole data")
	}
	sum := textExpr(0, "{")
	for i, p := range pairs {
		e, err := h.value(p.value, s)
		if err != nil {
			return "", err
		}
		key := `"` + p.key + `":`
		if i > 0 {
			key = "," + key
		}
		sum = opExpr(0, "+", opExpr(0, "+", sum, textExpr(0, key)), callExpr(0, "toJSON", e))
	}
	sum = joinTexts(opExpr(0, "+", sum, textExpr(0, "}")))
	return " " + attr("with", callExpr(0, "fromJSON", sum).String()), nil
}

// joinTexts makes one of two texts that stand side by side in a sum.
func joinTexts(e *expr) *expr {
	if e.op != "+" {
		return e
	}
	left, right := joinTexts(e.args[0]), e.args[1]
	switch {
	case left.op == "text" && right.op == "text":
		return textExpr(e.at, left.text+right.text)
	case left.op == "+" && left.args[1].op == "text" && right.op == "text":
		return opExpr(e.at, "+", left.args[0], textExpr(e.at, left.args[1].text+right.text))
	}
	return opExpr(e.at, "+", left, right)
}
