package migrate

import (
	"slices"
	"strings"
)

// print is {{ … }}.
func (j *jinjaLower) print(e *jinjaExpr, s *jinjaScope) ([]*piece, error) {
	if err := j.step(e); err != nil {
		return nil, err
	}
	switch e.kind {
	case "text":
		return []*piece{textOf(e.at, e.text)}, nil
	case "number":
		if strings.Trim(e.text, "0123456789") != "" {
			return nil, lostExpr(e, "a number with a fraction may read differently; write it as text")
		}
		return []*piece{textOf(e.at, e.text)}, nil
	case "name":
		if _, bind := s.find(e.text); bind != nil {
			return j.print(bind.e, bind.scope)
		}
	case "filter":
		return j.printFilter(e, s)
	case "cond":
		var other *jinjaExpr
		if len(e.args) == 3 {
			other = e.args[2]
		}
		return j.choose(e, e.args[0], e.args[1], other, s)
	case "or":
		rest := e.args[1]
		if len(e.args) > 2 {
			rest = &jinjaExpr{kind: "or", at: e.at, args: e.args[1:]}
		}
		return j.choose(e, e.args[0], e.args[0], rest, s)
	case "and":
		rest := e.args[1]
		if len(e.args) > 2 {
			rest = &jinjaExpr{kind: "and", at: e.at, args: e.args[1:]}
		}
		list, err := j.choose(e, e.args[0], rest, e.args[0], s)
		if err != nil {
			return nil, err
		}
		// What is false prints as False, whatever its type was said to be.
		if v, verr := j.value(e.args[0], s); verr == nil && v.op == "path" {
			no := list[0].branches[len(list[0].branches)-1]
			list[0].branches = []branch{list[0].branches[0],
				{"prompty.elseif " + attr("eval", opExpr(e.at, "==", v, wordExpr(e.at, "false")).String()), []*piece{textOf(e.at, "False")}}, no}
		}
		return list, nil
	case "concat":
		return j.printAll(e.args, s)
	case "+":
		if e.args[0].isText() || e.args[1].isText() {
			return j.printAll(e.args, s)
		}
	case "call":
		if f := e.args[0]; f.kind == "attr" && f.text == "get" {
			return j.printGet(e, s)
		}
	}
	if e.boolean() {
		cond, err := j.truth(e, s)
		if err != nil {
			return nil, err
		}
		return []*piece{ifPiece(e.at, cond, []*piece{textOf(e.at, "True")}, []*piece{textOf(e.at, "False")})}, nil
	}
	v, err := j.value(e, s)
	if err != nil {
		return nil, err
	}
	if v.op == "path" {
		return j.printPath(e, v.text)
	}
	return j.printValue(e, v, "", true)
}

// isText is whether a sum is one of texts.
func (e *jinjaExpr) isText() bool {
	return e.kind == "text" || e.kind == "+" && (e.args[0].isText() || e.args[1].isText())
}

func (j *jinjaLower) printAll(list []*jinjaExpr, s *jinjaScope) ([]*piece, error) {
	var out []*piece
	for _, e := range list {
		p, err := j.print(e, s)
		if err != nil {
			return nil, err
		}
		out = append(out, p...)
	}
	return out, nil
}

// choose prints one of two.
func (j *jinjaLower) choose(e, test, then, other *jinjaExpr, s *jinjaScope) ([]*piece, error) {
	cond, err := j.truth(test, s)
	if err != nil {
		return nil, err
	}
	yes, err := j.print(then, s)
	if err != nil {
		return nil, err
	}
	var no []*piece
	if other != nil {
		if no, err = j.print(other, s); err != nil {
			return nil, err
		}
	}
	return []*piece{ifPiece(e.at, cond, yes, no)}, nil
}

// printPath prints what a path leads to as Python prints it.
func (j *jinjaLower) printPath(e *jinjaExpr, path string) ([]*piece, error) {
	switch t := j.types[path]; t {
	case "list", "object":
		return nil, lostExpr(e, "printing a whole %s, which reads differently here, is not carried over; print its parts", t)
	case "boolean":
		p, yes, no := pathExpr(e.at, path), wordExpr(e.at, "true"), wordExpr(e.at, "false")
		out := ifPiece(e.at, opExpr(e.at, "==", p, yes), []*piece{textOf(e.at, "True")}, nil)
		out.branches = append(out.branches, branch{"prompty.elseif " + attr("eval", opExpr(e.at, "==", p, no).String()), []*piece{textOf(e.at, "False")}})
		return []*piece{out}, nil
	}
	return []*piece{printPath(e.at, path, "")}, nil
}

// printValue prints an expression over a path. What is missing is an error
// there, if strict, or prints as given.
func (j *jinjaLower) printValue(e *jinjaExpr, v *expr, missing string, strict bool) ([]*piece, error) {
	path, hidden := "", false
	v.paths(func(p string) {
		switch {
		case p == "value": // within format, value is what is printed
			path = p
		case path == "":
			path = p
		}
		hidden = hidden || strings.HasPrefix(p, "value.") && p != path
	})
	if hidden {
		return nil, lostExpr(e, "a calculation with an input called value is not carried over: value has a meaning here")
	}
	if path == "" {
		return nil, lostExpr(e, "this value is not carried over; write it as text")
	}
	if strict {
		return []*piece{printStrict(e.at, path, v)}, nil
	}
	return []*piece{printFormat(e.at, path, missing, v)}, nil
}

// printGet prints mapping.get(key, default). Without a default what is missing
// prints as None.
func (j *jinjaLower) printGet(e *jinjaExpr, s *jinjaScope) ([]*piece, error) {
	if len(e.args) < 2 || len(e.args) > 3 {
		return nil, lostExpr(e, "get has a key and a default")
	}
	v, err := j.item(&jinjaExpr{kind: "item", at: e.at, args: []*jinjaExpr{e.args[0].args[0], e.args[1]}}, s)
	if err != nil {
		return nil, err
	}
	missing := "None"
	if len(e.args) == 3 {
		if e.args[2].kind != "text" {
			return nil, lostExpr(e, "a default that is no text is not carried over")
		}
		missing = e.args[2].text
	}
	return []*piece{printPath(e.at, v.text, missing)}, nil
}

// printFilter prints a value with filters. A filter of what is missing is one
// of the empty text.
func (j *jinjaLower) printFilter(e *jinjaExpr, s *jinjaScope) ([]*piece, error) {
	base := e.args[0]
	switch {
	case e.text == "default" || e.text == "d":
		return j.printDefault(e, s)
	case (e.text == "safe" || e.text == "string") && len(e.args) == 1:
		return j.print(base, s)
	case base.kind == "or" || base.kind == "cond" || base.kind == "filter" && (base.text == "default" || base.text == "d"):
		return j.distribute(e, base, s)
	case base.kind == "text":
		text, ok := fold(e, base.text)
		if !ok {
			return nil, lostExpr(e, "the filter %s of a text is not carried over", e.text)
		}
		return []*piece{textOf(e.at, text)}, nil
	case base.kind == "name":
		if _, bind := s.find(base.text); bind != nil {
			if err := j.step(e); err != nil {
				return nil, err
			}
			c := *e
			c.args = append([]*jinjaExpr{bind.e}, e.args[1:]...)
			return j.printFilter(&c, bind.scope)
		}
	}
	v, err := j.filter(e, s)
	if err != nil {
		return nil, err
	}
	missing := ""
	if e.text == "length" || e.text == "count" {
		missing = "0"
	}
	return j.printValue(e, v, missing, false)
}

// distribute applies a filter to both sides of a choice.
func (j *jinjaLower) distribute(e, base *jinjaExpr, s *jinjaScope) ([]*piece, error) {
	on := func(a *jinjaExpr) *jinjaExpr {
		c := *e
		c.args = append([]*jinjaExpr{a}, e.args[1:]...)
		return &c
	}
	switch {
	case base.kind == "or" && len(base.args) == 2:
		return j.choose(e, base.args[0], on(base.args[0]), on(base.args[1]), s)
	case base.kind == "cond" && len(base.args) == 3:
		return j.choose(e, base.args[0], on(base.args[1]), on(base.args[2]), s)
	case base.kind == "filter" && len(base.args) == 2:
		return j.choose(e, &jinjaExpr{kind: "test", text: "defined", at: base.at, args: base.args[:1]}, on(base.args[0]), on(base.args[1]), s)
	}
	return nil, lostExpr(e, "the filter %s of this is not carried over", e.text)
}

// printDefault prints x|default(y): y if x is missing, or if it is false where
// that is asked for.
func (j *jinjaLower) printDefault(e *jinjaExpr, s *jinjaScope) ([]*piece, error) {
	base, fallback, falsy := e.args[0], &jinjaExpr{kind: "text", at: e.at}, false
	for i, a := range e.args[1:] {
		switch key := e.keys[i+1]; {
		case key == "" && i == 0, key == "default_value":
			fallback = a
		case (key == "" && i == 1 || key == "boolean") && a.kind == "word":
			falsy = a.text == "true"
		default:
			return nil, lostExpr(e, "this parameter of default is not carried over")
		}
	}
	if falsy {
		return j.choose(e, base, base, fallback, s)
	}
	if v, err := j.value(base, s); err == nil && v.op == "path" && j.types[v.text] != "boolean" {
		if fallback.kind == "text" || fallback.kind == "number" {
			list, err := j.printPath(base, v.text)
			if err != nil {
				return nil, err
			}
			if len(list) == 1 && list[0].kind == tagPiece {
				return []*piece{printPath(e.at, v.text, fallback.text)}, nil
			}
		}
	}
	return j.choose(e, &jinjaExpr{kind: "test", text: "defined", at: base.at, args: []*jinjaExpr{base}}, base, fallback, s)
}

// fold is what a filter makes of a literal.
func fold(e *jinjaExpr, s string) (string, bool) {
	switch {
	case e.text == "upper" && len(e.args) == 1:
		return strings.ToUpper(s), true
	case e.text == "lower" && len(e.args) == 1:
		return strings.ToLower(s), true
	case e.text == "trim" && len(e.args) == 1:
		return strings.TrimFunc(s, pythonSpace), true
	case e.text == "replace" && len(e.args) == 3 && e.args[1].kind == "text" && e.args[2].kind == "text":
		return strings.ReplaceAll(s, e.args[1].text, e.args[2].text), true
	}
	return "", false
}

// filter is a filter within an expression.
func (j *jinjaLower) filter(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	if slices.ContainsFunc(e.keys, func(k string) bool { return k != "" }) {
		return nil, lostExpr(e, "named parameters of the filter %s are not carried over", e.text)
	}
	var args []*expr
	for _, a := range e.args {
		v, err := j.value(a, s)
		if err != nil {
			return nil, err
		}
		args = append(args, v)
	}
	base := args[0]
	text := base
	madeText := base.op == "call" && slices.Contains([]string{"upper", "lower", "trim", "replace", "join", "toString"}, base.text)
	if !madeText && (base.op != "path" || j.types[base.text] != "string") {
		text = callExpr(e.at, "toString", base)
	}
	literals := true
	for _, a := range args[1:] {
		literals = literals && a.op == "text"
	}
	switch n := len(args); {
	case (e.text == "upper" || e.text == "lower" || e.text == "trim") && n == 1:
		return callExpr(e.at, e.text, text), nil
	case e.text == "replace" && n == 3 && literals && args[1].text != "":
		return callExpr(e.at, "replace", text, args[1], args[2]), nil
	case e.text == "join" && n <= 2 && literals && j.isList(base):
		sep := textExpr(e.at, "")
		if n == 2 {
			sep = args[1]
		}
		return callExpr(e.at, "join", base, sep), nil
	case (e.text == "first" || e.text == "last") && n == 1 && j.isList(base):
		return callExpr(e.at, e.text, base), nil
	case (e.text == "length" || e.text == "count") && n == 1:
		switch j.types[base.text] {
		case "list", "object":
			return callExpr(e.at, "len", base), nil
		case "string":
			return callExpr(e.at, "runes", base), nil
		}
		return nil, lostExpr(e, "the length of this is not carried over, as it is that of a text in letters, but of a list in elements: declare its type in inputs")
	case e.text == "string" && n == 1:
		return callExpr(e.at, "toString", base), nil
	case e.text == "safe" && n == 1:
		return base, nil
	}
	return nil, lostExpr(e, "the filter %s is not carried over", e.text)
}

// isList is whether a path may be a list: a text joined or cut is another thing.
func (j *jinjaLower) isList(e *expr) bool {
	t := j.types[e.text]
	return e.op == "path" && (t == "" || t == "list" || t == "any")
}
