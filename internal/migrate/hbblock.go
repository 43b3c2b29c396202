package migrate

import (
	"strings"
)

// block is a condition, a loop or a change of context.
func (h *hbLower) block(n *hbNode, s *hbScope) []*piece {
	c := n.call
	name := c.path.text
	one := func() *hbValue {
		if len(c.params) == 1 {
			return c.params[0]
		}
		return nil
	}
	switch name {
	case "if", "unless":
		if one() == nil {
			break
		}
		return h.condition(n, s, name == "unless")
	case "ifEquals", "unlessEquals":
		if len(c.params) != 2 {
			break
		}
		a, err := h.value(c.params[0], s)
		if err != nil {
			return h.lostBlock(n, s, c.params[0].at, "%v", err)
		}
		b, err := h.value(c.params[1], s)
		if err != nil {
			return h.lostBlock(n, s, c.params[1].at, "%v", err)
		}
		op := "=="
		if name == "unlessEquals" {
			op = "!="
		}
		return []*piece{ifPiece(n.at, opExpr(n.at, op, a, b), h.program(n.body, s), h.program(n.other, s))}
	case "each":
		if one() == nil || one().kind != "path" {
			break
		}
		return h.each(n, one(), s)
	case "with":
		if one() == nil || one().kind != "path" {
			break
		}
		return h.with(n, one(), s)
	default:
		if len(c.params) > 0 || len(c.hash) > 0 || hbHelpers[name] {
			return h.lostBlock(n, s, c.at, "unknown helper %s; dotprompt alone does not know it either: what a program registered is not carried over", name)
		}
		return h.section(n, s)
	}
	return h.lostBlock(n, s, c.at, "%s with these parameters is not carried over", name)
}

// lostBlock reports a block and leaves its tags as comments; what is in it is
// converted all the same, so that all that is lost is reported at once.
func (h *hbLower) lostBlock(n *hbNode, s *hbScope, at int, format string, args ...any) []*piece {
	list := []*piece{h.lost(n, at, format, args...)}
	list = append(list, h.program(n.body, s)...)
	return append(list, h.program(n.other, s)...)
}

// condition is #if and #unless with all their else ifs.
func (h *hbLower) condition(n *hbNode, s *hbScope, negated bool) []*piece {
	out := &piece{kind: blockPiece, at: n.at, close: "prompty.if"}
	tag := "prompty.if "
	for {
		e, err := h.value(n.call.params[0], s)
		if err != nil {
			return h.lostBlock(n, s, n.call.params[0].at, "%v", err)
		}
		cond := h.truth(e)
		for _, pair := range n.call.hash {
			if pair.key != "includeZero" || pair.value.kind != "word" {
				return h.lostBlock(n, s, pair.at, "#if has no parameter %s", pair.key)
			}
			if pair.value.text == "true" {
				cond = opExpr(e.at, "||", cond, opExpr(e.at, "==", e, numberExpr(e.at, "0")))
			}
		}
		if negated {
			cond = not(cond)
		}
		then, other := n.body, n.other
		if then == nil { // {{^if x}}
			then, other = other, nil
			cond = not(cond)
		}
		out.branches = append(out.branches, branch{tag + attr("eval", cond.String()), h.program(then, s)})
		if other == nil {
			return []*piece{out}
		}
		if other.chained && len(other.body) == 1 {
			next := other.body[0]
			if name := next.call.path.text; (name == "if" || name == "unless") && len(next.call.params) == 1 {
				n, negated, tag = next, name == "unless", "prompty.elseif "
				continue
			}
		}
		out.branches = append(out.branches, branch{"prompty.else", h.program(other, s)})
		return []*piece{out}
	}
}

// each is a loop over a list, or over the entries of a map where that is
// declared or the key is used.
func (h *hbLower) each(n *hbNode, over *hbValue, s *hbScope) []*piece {
	list, err := h.path(over, s)
	if err != nil {
		return h.lostBlock(n, s, over.at, "%v", err)
	}
	if n.body == nil {
		return h.lostBlock(n, s, n.at, "{{^each}} is not carried over; write {{#each}}…{{else}}")
	}
	inner := &hbScope{parent: s, list: list}
	switch h.typeOf(list) {
	case "object":
		inner.keyed = true
	case "list":
	default:
		inner.keyed = usesKey(n.body)
		if !inner.keyed && len(n.body.params) > 1 {
			h.note(n.at, "this goes through a list; if it is a map, declare it as an object, and its keys come as %s", n.body.params[1])
		}
	}
	inner.item = h.fresh(itemName(list))
	inner.index = h.fresh("i")
	inner.path = inner.item
	key := inner.index
	if inner.keyed {
		h.note(n.at, "the entries of a map come in the order of their keys here, not in that of the data")
		inner.path, key = inner.item+".value", inner.item+".key"
	}
	inner.params = map[string]string{}
	for i, p := range n.body.params {
		switch i {
		case 0:
			inner.params[p] = inner.path
		case 1:
			inner.params[p] = key
		}
	}
	body := h.program(n.body, inner)
	index := ""
	if mentions(body, inner.index) {
		index = inner.index
	}
	loop := forPiece(n.at, pathExpr(n.at, list), inner.item, index, body)
	delete(h.used, inner.item)
	delete(h.used, inner.index)
	if n.other == nil {
		return []*piece{loop}
	}
	return []*piece{ifPiece(n.at, pathExpr(n.at, list), []*piece{loop}, h.program(n.other, s))}
}

// with changes the context, unless it is empty: 0 and {} are not.
func (h *hbLower) with(n *hbNode, v *hbValue, s *hbScope) []*piece {
	path, err := h.path(v, s)
	if err != nil {
		return h.lostBlock(n, s, v.at, "%v", err)
	}
	if n.body == nil {
		return h.lostBlock(n, s, n.at, "{{^with}} is not carried over; write {{#with}}…{{else}}")
	}
	e := pathExpr(n.at, path)
	cond := h.truth(e)
	if t := h.typeOf(path); t != "object" && t != "string" && t != "boolean" && t != "list" {
		cond = opExpr(n.at, "||", cond, opExpr(n.at, "==", e, numberExpr(n.at, "0")))
	}
	inner := &hbScope{parent: s, path: path, params: map[string]string{}}
	if len(n.body.params) > 0 {
		inner.params[n.body.params[0]] = path
	}
	return []*piece{ifPiece(n.at, cond, h.program(n.body, inner), h.program(n.other, s))}
}

// section is {{#name}}, whose meaning is that of its value: a condition, a loop
// or a change of context.
func (h *hbLower) section(n *hbNode, s *hbScope) []*piece {
	v := n.call.path
	path, err := h.path(v, s)
	if err != nil {
		return h.lostBlock(n, s, v.at, "%v", err)
	}
	c := *n.call
	c.params = []*hbValue{v}
	block := *n
	block.call = &c
	switch h.typeOf(path) {
	case "list":
		if n.body != nil {
			return h.each(&block, v, s)
		}
		return []*piece{ifPiece(n.at, not(pathExpr(n.at, path)), h.program(n.other, s), nil)}
	case "boolean":
		cond := pathExpr(n.at, path)
		if n.body == nil {
			return []*piece{ifPiece(n.at, not(cond), h.program(n.other, s), nil)}
		}
		return []*piece{ifPiece(n.at, cond, h.program(n.body, s), h.program(n.other, s))}
	}
	return h.lostBlock(n, s, v.at, "what {{#%s}} means depends on its value; write {{#if}}, {{#each}} or {{#with}}, or declare it as a boolean or (array) in input.schema", v.text)
}

// usesKey is whether a loop's body uses @key of that loop.
func usesKey(p *hbProgram) bool {
	if p == nil {
		return false
	}
	for _, n := range p.body {
		if n.call != nil && callUses(n.call) {
			return true
		}
		if n.kind == hbBlock && n.call.path.text == "each" {
			continue
		}
		if usesKey(n.body) || usesKey(n.other) {
			return true
		}
	}
	return false
}

func callUses(c *hbCall) bool {
	values := append([]*hbValue{c.path}, c.params...)
	for _, pair := range c.hash {
		values = append(values, pair.value)
	}
	for _, v := range values {
		if v.data && v.text == "@key" {
			return true
		}
	}
	return false
}

// itemName calls an element of docs doc.
func itemName(list string) string {
	name := list[strings.LastIndexByte(list, '.')+1:]
	if len(name) > 3 && strings.HasSuffix(name, "s") && isIdent(name[:len(name)-1]) {
		return name[:len(name)-1]
	}
	return "item"
}

// fresh returns a name that nothing else in the template has.
func (c *hbLower) fresh(want string) string {
	name := want
	for n := 2; c.used[name]; n++ {
		name = want + strings.Repeat("_", n-1)
	}
	c.used[name] = true
	return name
}

// eachWord calls found for each word that a text could mean by a path, until
// found says stop.
func eachWord(text string, found func(word string) (stop bool)) {
	start := -1
	for i := 0; i <= len(text); i++ {
		switch {
		case i < len(text) && (text[i] == '_' || text[i] >= 'a' && text[i] <= 'z' || text[i] >= 'A' && text[i] <= 'Z' || text[i] >= '0' && text[i] <= '9'):
			if start < 0 {
				start = i
			}
		case start >= 0:
			if found(text[start:i]) {
				return
			}
			start = -1
		}
	}
}

// words are all words of a text, and those that mean something here.
func words(text string) map[string]bool {
	m := map[string]bool{"true": true, "false": true, "nil": true, "in": true, "value": true}
	eachWord(text, func(w string) bool { m[w] = true; return false })
	return m
}

// mentions is whether pieces use a variable.
func mentions(list []*piece, name string) bool {
	for _, p := range list {
		text := p.text
		if p.kind == textPiece || p.kind == commentPiece {
			text = ""
		}
		if hasWord(text+" "+p.roleExpr, name) {
			return true
		}
		for _, b := range p.branches {
			if hasWord(b.open, name) || mentions(b.body, name) {
				return true
			}
		}
	}
	return false
}

func hasWord(text, name string) (found bool) {
	eachWord(text, func(w string) bool { found = w == name; return found })
	return found
}
