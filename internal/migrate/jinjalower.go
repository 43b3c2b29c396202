package migrate

import (
	"fmt"
	"strings"
)

// jinjaLower makes pieces of a parsed Jinja template.
type jinjaLower struct {
	*conversion
	used  map[string]bool
	steps int // of the tag at hand
	all   int
	sets  int
}

// jinjaScope is what names mean at a place.
type jinjaScope struct {
	parent *jinjaScope
	paths  map[string]string     // variables of a loop
	exprs  map[string]*jinjaBind // set
	loop   *jinjaLoop
	inIf   bool
}

// jinjaBind is an expression that {% set %} gave a name.
type jinjaBind struct {
	e     *jinjaExpr
	scope *jinjaScope
}

type jinjaLoop struct {
	index    string
	list     *expr
	filtered bool
}

func (s *jinjaScope) find(name string) (path string, bind *jinjaBind) {
	for ; s != nil; s = s.parent {
		if b := s.exprs[name]; b != nil {
			return "", b
		}
		if p := s.paths[name]; p != "" {
			return p, nil
		}
	}
	return "", nil
}

func (s *jinjaScope) theLoop() *jinjaLoop {
	for ; s != nil; s = s.parent {
		if s.loop != nil {
			return s.loop
		}
	}
	return nil
}

func (j *jinjaLower) nodes(list []*jinjaNode, s *jinjaScope) []*piece {
	var out []*piece
	for _, n := range list {
		t := n.tag
		switch {
		case t.kind == jinjaText:
			out = append(out, &piece{kind: textPiece, at: t.at, text: t.text, lead: t.lead, trail: t.trail})
		case t.kind == jinjaComment:
			out = append(out, &piece{kind: commentPiece, at: t.at, text: t.text})
		case t.kind == jinjaRole && t.role != nil:
			if t.role.kind == lostPiece {
				j.lose(t.at, "%s", t.role.text)
				continue
			}
			out = append(out, t.role)
		case t.kind == jinjaRole, t.kind == jinjaPrint:
			out = append(out, j.tag(n, func() ([]*piece, error) {
				e, err := parseExpr(t.text, t.inside)
				if err != nil {
					return nil, err
				}
				if t.kind == jinjaRole {
					return j.role(t, e, s)
				}
				return j.print(e, s)
			})...)
		case n.word == "if":
			out = append(out, j.condition(n, s)...)
		case n.word == "for":
			out = append(out, j.tag(n, func() ([]*piece, error) { return j.loop(n, s) })...)
		case n.word == "set":
			out = append(out, j.tag(n, func() ([]*piece, error) { return nil, j.set(t, s) })...)
		default:
			if strings.HasPrefix(n.word, "end") {
				continue // of what is reported where it begins
			}
			out = append(out, j.tag(n, func() ([]*piece, error) {
				return nil, &fault{t.at, fmt.Sprintf("{%% %s %%} is not carried over", n.word)}
			})...)
		}
	}
	return out
}

// tag runs do, or leaves a comment where the tag stood and reports why.
func (j *jinjaLower) tag(n *jinjaNode, do func() ([]*piece, error)) []*piece {
	j.steps = 0
	list, err := do()
	if err == nil {
		return list
	}
	j.lose(placeOf(err), "%v", err)
	return []*piece{{kind: lostPiece, at: n.tag.at, text: j.body[n.tag.at:n.tag.end]}}
}

func (j *jinjaLower) role(t *jinjaTag, e *jinjaExpr, s *jinjaScope) ([]*piece, error) {
	v, err := j.value(e, s)
	if err != nil {
		return nil, err
	}
	return []*piece{{kind: rolePiece, at: t.at, roleExpr: v.String()}}, nil
}

// condition is an if with all its branches.
func (j *jinjaLower) condition(n *jinjaNode, s *jinjaScope) []*piece {
	out := &piece{kind: blockPiece, at: n.tag.at, close: "prompty.if"}
	var before []*piece
	for i, b := range n.branches {
		body := j.nodes(b.body, &jinjaScope{parent: s, inIf: true})
		open := "prompty.else"
		if b.word != "else" {
			text := strings.TrimLeftFunc(b.tag.text, pythonSpace)
			skipped := len(b.tag.text) - len(text) + len(b.word)
			cond := "false"
			before = append(before, j.tag(&jinjaNode{tag: b.tag}, func() ([]*piece, error) {
				e, err := parseExpr(text[len(b.word):], b.tag.inside+skipped)
				if err != nil {
					return nil, err
				}
				c, err := j.truth(e, s)
				if err == nil {
					cond = c.String()
				}
				return nil, err
			})...)
			open = "prompty.if "
			if i > 0 {
				open = "prompty.elseif "
			}
			open += attr("eval", cond)
		}
		out.branches = append(out.branches, branch{open, body})
	}
	return append(before, out)
}

// set binds a name to an expression, which then stands for it: values do not
// change while a template is rendered.
func (j *jinjaLower) set(t *jinjaTag, s *jinjaScope) error {
	inside := strings.TrimLeftFunc(t.text, pythonSpace)
	skipped := len(t.text) - len(inside) + len("set")
	p, err := newJinjaParser(inside[len("set"):], t.inside+skipped)
	if err != nil {
		return err
	}
	name := p.next()
	if name.kind != "name" || !p.op("=") {
		return &fault{t.at, "only {% set name = value %} is carried over"}
	}
	e, err := p.expr()
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return err
	}
	if s.inIf {
		return &fault{t.at, "{% set %} in a condition is not carried over; names do not change their meaning here"}
	}
	if j.sets++; j.sets > mostSets {
		return &fault{t.at, fmt.Sprintf("there are more than %d {%% set %%}", mostSets)}
	}
	before := *s // what names mean up to here
	*s = jinjaScope{parent: &before, inIf: before.inIf, exprs: map[string]*jinjaBind{name.text: {e, &before}}}
	return nil
}

// loop is a for.
func (j *jinjaLower) loop(n *jinjaNode, s *jinjaScope) ([]*piece, error) {
	t := n.tag
	inside := strings.TrimLeftFunc(t.text, pythonSpace)
	p, err := newJinjaParser(inside[len("for"):], t.inside+len(t.text)-len(inside)+len("for"))
	if err != nil {
		return nil, err
	}
	var names []string
	for {
		name := p.next()
		if name.kind != "name" {
			return nil, &fault{name.at, "a loop's variable is expected"}
		}
		names = append(names, name.text)
		if !p.op(",") {
			break
		}
	}
	if !p.word("in") {
		return nil, p.unexpected()
	}
	over, err := p.or()
	if err != nil {
		return nil, err
	}
	var test *jinjaExpr
	if p.word("if") {
		if test, err = p.expr(); err != nil {
			return nil, err
		}
	}
	if p.word("recursive") {
		return nil, p.fail("a recursive loop is not carried over")
	}
	if err := p.end(); err != nil {
		return nil, err
	}
	list, keyed, err := j.iterable(over, s)
	if err != nil {
		return nil, err
	}
	if keyed != (len(names) == 2) || len(names) > 2 {
		return nil, &fault{t.at, "a loop with two variables is carried over for the items() of a mapping alone"}
	}
	inner := &jinjaScope{parent: s, paths: map[string]string{}, loop: &jinjaLoop{list: list, filtered: test != nil}}
	item := names[0]
	if keyed {
		j.note(t.at, "the entries of a mapping come in the order of their keys here, not in that of the data")
		item = j.fresh("entry")
		inner.paths[names[0]], inner.paths[names[1]] = item+".key", item+".value"
	} else {
		if !isIdent(item) || item == "value" {
			item = j.fresh("item")
		}
		inner.paths[names[0]] = item
	}
	i := j.fresh("i")
	inner.loop.index = i
	var cond *expr
	if test != nil {
		if cond, err = j.truth(test, inner); err != nil {
			return nil, err
		}
	}
	body := j.nodes(n.branches[0].body, inner)
	if test != nil {
		body = []*piece{ifPiece(t.at, cond, body, nil)}
	}
	index := ""
	if mentions(body, i) {
		index = i
	}
	out := []*piece{forPiece(t.at, list, item, index, body)}
	delete(j.used, i)
	if len(n.branches) > 1 {
		if test != nil {
			return nil, &fault{n.branches[1].tag.at, "the else of a loop with a condition is not carried over"}
		}
		return []*piece{ifPiece(t.at, list, out, j.nodes(n.branches[1].body, s))}, nil
	}
	return out, nil
}

func (j *jinjaLower) fresh(want string) string {
	return (&hbLower{used: j.used}).fresh(want)
}

// iterable is what a loop goes over; keyed if over the entries of a mapping.
func (j *jinjaLower) iterable(e *jinjaExpr, s *jinjaScope) (list *expr, keyed bool, err error) {
	switch {
	case e.kind == "filter" && e.text == "default" && len(e.args) == 2 && e.args[1].kind == "list" && len(e.args[1].args) == 0,
		e.kind == "filter" && e.text == "list" && len(e.args) == 1:
		return j.iterable(e.args[0], s)
	case e.kind == "or" && len(e.args) == 2 && e.args[1].kind == "list" && len(e.args[1].args) == 0:
		return j.iterable(e.args[0], s)
	case e.kind == "filter" && e.text == "reverse" && len(e.args) == 1:
		v, keyed, err := j.iterable(e.args[0], s)
		if err == nil && keyed {
			err = &fault{e.at, "a reversed mapping is not carried over"}
		}
		if err != nil {
			return nil, false, err
		}
		return callExpr(e.at, "reverse", callExpr(e.at, "default", v, callExpr(e.at, "fromJSON", textExpr(e.at, "[]")))), false, nil
	case e.kind == "filter" && e.text == "items" && len(e.args) == 1:
		v, err := j.value(e.args[0], s)
		return v, true, err
	case e.kind == "call" && len(e.args) == 1 && e.args[0].kind == "attr" && e.args[0].text == "items":
		v, err := j.value(e.args[0].args[0], s)
		return v, true, err
	case e.kind == "slice":
		v, err := j.slice(e, s)
		return v, false, err
	}
	v, err := j.value(e, s)
	if err == nil && v.op != "path" {
		err = &fault{e.at, "a loop over this is not carried over"}
	}
	return v, false, err
}

// slice is list[a:b] with bounds that are numbers.
func (j *jinjaLower) slice(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	v, err := j.value(e.args[0], s)
	if err != nil {
		return nil, err
	}
	if len(e.args) != 3 || v.op != "path" || e.args[2] == nil {
		return nil, &fault{e.at, "only [a:b] and [:b] of a list are carried over"}
	}
	args := []*expr{callExpr(e.at, "default", v, callExpr(e.at, "fromJSON", textExpr(e.at, "[]")))}
	for i, bound := range e.args[1:] {
		switch {
		case bound == nil && i == 0:
			args = append(args, numberExpr(e.at, "0"))
		case bound != nil && bound.kind == "number" && strings.Trim(bound.text, "0123456789") == "":
			args = append(args, numberExpr(e.at, bound.text))
		default:
			return nil, &fault{e.at, "only [a:b] and [:b] with numbers are carried over"}
		}
	}
	return callExpr(e.at, "slice", args...), nil
}
