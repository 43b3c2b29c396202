package migrate

import (
	"fmt"
	"slices"
	"strings"
)

// What names that stand for expressions can grow to, in a tag and in all.
const (
	mostSteps    = 20_000
	mostAllSteps = 2_000_000
	mostSets     = 1_000
)

func lostExpr(e *jinjaExpr, format string, args ...any) error {
	return &fault{e.at, fmt.Sprintf(format, args...)}
}

// truth is an expression as a condition. What is false is the same there and
// here: false, none, 0, "" and what is empty or missing.
func (j *jinjaLower) truth(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	switch e.kind {
	case "or", "and":
		op := map[string]string{"or": "||", "and": "&&"}[e.kind]
		var sum *expr
		for _, a := range e.args {
			v, err := j.truth(a, s)
			if err != nil {
				return nil, err
			}
			if sum == nil {
				sum = v
			} else {
				sum = opExpr(e.at, op, sum, v)
			}
		}
		return sum, nil
	case "not":
		v, err := j.truth(e.args[0], s)
		if err != nil {
			return nil, err
		}
		return not(v), nil
	case "test":
		return j.test(e, s)
	case "cond":
		test, err := j.truth(e.args[0], s)
		if err != nil {
			return nil, err
		}
		then, err := j.truth(e.args[1], s)
		if err != nil {
			return nil, err
		}
		yes := opExpr(e.at, "&&", test, then)
		if len(e.args) < 3 {
			return yes, nil
		}
		other, err := j.truth(e.args[2], s)
		if err != nil {
			return nil, err
		}
		return opExpr(e.at, "||", yes, opExpr(e.at, "&&", not(test), other)), nil
	case "filter":
		switch {
		case (e.text == "length" || e.text == "count" || e.text == "list") && len(e.args) == 1:
			return j.truth(e.args[0], s)
		case e.text == "default" || e.text == "d":
			if len(e.args) >= 2 && e.args[1].falsy() {
				return j.truth(e.args[0], s)
			}
		}
	case "name":
		if _, bind := s.find(e.text); bind != nil {
			if err := j.step(e); err != nil {
				return nil, err
			}
			return j.truth(bind.e, bind.scope)
		}
	}
	return j.value(e, s)
}

// falsy is whether a literal is false.
func (e *jinjaExpr) falsy() bool {
	switch e.kind {
	case "text", "list":
		return e.text == "" && len(e.args) == 0
	case "number":
		return strings.Trim(e.text, "0.") == ""
	case "word":
		return e.text != "true"
	}
	return false
}

func (j *jinjaLower) step(e *jinjaExpr) error {
	j.steps++
	j.all++
	if j.steps > mostSteps || j.all > mostAllSteps {
		return lostExpr(e, "what this stands for is too long")
	}
	return nil
}

// test is x is defined and the like.
func (j *jinjaLower) test(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	v, err := j.value(e.args[0], s)
	if err != nil {
		return nil, err
	}
	kind := func(names ...string) *expr {
		var sum *expr
		for _, name := range names {
			is := opExpr(e.at, "==", callExpr(e.at, "typeOf", v), textExpr(e.at, name))
			if sum == nil {
				sum = is
			} else {
				sum = opExpr(e.at, "||", sum, is)
			}
		}
		return sum
	}
	var out *expr
	switch e.text {
	case "defined":
		out = opExpr(e.at, "!=", v, wordExpr(e.at, "nil"))
	case "undefined":
		out = opExpr(e.at, "==", v, wordExpr(e.at, "nil"))
	case "string":
		out = kind("string")
	case "mapping":
		out = kind("map")
	case "boolean":
		out = kind("bool")
	case "true", "false":
		out = opExpr(e.at, "==", v, wordExpr(e.at, e.text))
	case "odd", "even":
		if !j.natural(e.args[0], s) {
			return nil, lostExpr(e, "is %s is carried over for loop.index and loop.index0 alone", e.text)
		}
		rest := map[string]string{"odd": "1", "even": "0"}[e.text]
		out = opExpr(e.at, "==", opExpr(e.at, "%", v, numberExpr(e.at, "2")), numberExpr(e.at, rest))
	case "equalto", "eq":
		if len(e.args) == 2 {
			w, err := j.value(e.args[1], s)
			if err != nil {
				return nil, err
			}
			out = opExpr(e.at, "==", v, w)
		}
	case "none":
		return nil, lostExpr(e, "is none is not carried over: nothing tells none from what is missing here; write is defined, or the name alone")
	}
	if out == nil {
		return nil, lostExpr(e, "the test %s is not carried over", e.text)
	}
	if e.not {
		out = not(out)
	}
	return out, nil
}

// natural is whether a value is a number of a loop.
func (j *jinjaLower) natural(e *jinjaExpr, s *jinjaScope) bool {
	return e.kind == "attr" && e.args[0].kind == "name" && e.args[0].text == "loop" && s.theLoop() != nil &&
		(e.text == "index" || e.text == "index0" || e.text == "length")
}

// methods of Python's dictionaries hide keys of their names after a dot.
var methods = []string{"items", "keys", "values", "get", "pop", "update", "copy", "clear", "setdefault", "popitem", "fromkeys"}

// value is an expression whose value counts.
func (j *jinjaLower) value(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	if err := j.step(e); err != nil {
		return nil, err
	}
	switch e.kind {
	case "text":
		return textExpr(e.at, e.text), nil
	case "number":
		return numberExpr(e.at, e.text), nil
	case "word":
		if e.text == "none" {
			return nil, lostExpr(e, "none is not carried over: nothing tells it from what is missing here")
		}
		return wordExpr(e.at, e.text), nil
	case "neg":
		v, err := j.value(e.args[0], s)
		if err != nil {
			return nil, err
		}
		if v.op == "number" {
			return opExpr(e.at, "neg", v), nil
		}
		return opExpr(e.at, "-", numberExpr(e.at, "0"), v), nil // -0 is none
	case "name":
		path, bind := s.find(e.text)
		switch {
		case bind != nil:
			return j.value(bind.e, bind.scope)
		case path != "":
			return pathExpr(e.at, path), nil
		case e.text == "loop" || !isIdent(e.text) || slices.Contains([]string{"range", "dict", "lipsum", "cycler", "joiner", "namespace", "self", "super", "caller"}, e.text):
			return nil, lostExpr(e, "%s is not carried over", e.text)
		}
		return pathExpr(e.at, e.text), nil
	case "attr":
		return j.attribute(e, s)
	case "item":
		return j.item(e, s)
	case "call":
		if f := e.args[0]; f.kind == "attr" && f.text == "get" && len(e.args) == 2 {
			return j.item(&jinjaExpr{kind: "item", at: e.at, args: []*jinjaExpr{f.args[0], e.args[1]}}, s)
		}
		return nil, lostExpr(e, "a call is not carried over")
	case "filter":
		return j.filter(e, s)
	case "==", "!=", "<", "<=", ">", ">=":
		return j.compare(e, s)
	case "in", "not in":
		v, err := j.contains(e, s)
		if err == nil && e.kind == "not in" {
			v = not(v)
		}
		return v, err
	case "+", "-", "*", "%":
		return j.arithmetic(e, s)
	case "not", "test", "and", "or":
		if e.kind == "not" || e.kind == "test" {
			return j.truth(e, s)
		}
		for _, a := range e.args { // of truth values these are the truth value
			if !a.boolean() {
				return nil, lostExpr(e, "%s gives one of its sides there and a truth value here; carried over where it is a condition, or is printed", e.kind)
			}
		}
		return j.truth(e, s)
	}
	return nil, lostExpr(e, "%s is not carried over here", map[string]string{
		"/": "a division, whose result reads differently,", "//": "a division without rest", "concat": "~", "cond": "if … else within an expression",
		"list": "a list", "slice": "a slice"}[e.kind])
}

// boolean is whether an expression gives true or false.
func (e *jinjaExpr) boolean() bool {
	switch e.kind {
	case "not", "test", "in", "not in", "==", "!=", "<", "<=", ">", ">=":
		return true
	case "and", "or":
		return !slices.ContainsFunc(e.args, func(a *jinjaExpr) bool { return !a.boolean() })
	case "word":
		return e.text != "none"
	case "attr": // of a loop
		return (e.text == "first" || e.text == "last") && e.args[0].kind == "name" && e.args[0].text == "loop"
	}
	return false
}

func (j *jinjaLower) attribute(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	if base := e.args[0]; base.kind == "name" && base.text == "loop" {
		if loop := s.theLoop(); loop != nil {
			return j.loopValue(e, loop)
		}
	}
	if slices.Contains(methods, e.text) {
		return nil, lostExpr(e, ".%s is a method of mappings in Jinja; for the key of that name write [%q]", e.text, e.text)
	}
	return j.joined(e, e.args[0], e.text, s)
}

func (j *jinjaLower) item(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	switch key := e.args[1]; {
	case key.kind == "text", key.kind == "number":
		return j.joined(e, e.args[0], key.text, s)
	case key.kind == "neg" && key.args[0].kind == "number" && key.args[0].text == "1":
		v, err := j.value(e.args[0], s)
		if err != nil {
			return nil, err
		}
		return callExpr(e.at, "last", v), nil
	}
	return nil, lostExpr(e, "a key that is found out when it is rendered is not carried over")
}

func (j *jinjaLower) joined(e, base *jinjaExpr, key string, s *jinjaScope) (*expr, error) {
	v, err := j.value(base, s)
	switch {
	case err != nil:
		return nil, err
	case v.op != "path":
		return nil, lostExpr(e, "a path into this is not carried over")
	case !isSegment(key):
		return nil, lostExpr(e, "a path with the name %q in it is not carried over; names are letters, digits and _ here", key)
	}
	return pathExpr(e.at, v.text+"."+key), nil
}

// loopValue is loop.index and the like.
func (j *jinjaLower) loopValue(e *jinjaExpr, loop *jinjaLoop) (*expr, error) {
	if loop.filtered {
		return nil, lostExpr(e, "loop.%s in a loop with a condition is not carried over", e.text)
	}
	i, one := pathExpr(e.at, loop.index), numberExpr(e.at, "1")
	length := callExpr(e.at, "len", loop.list)
	switch e.text {
	case "index0":
		return i, nil
	case "index":
		return opExpr(e.at, "+", i, one), nil
	case "first":
		return opExpr(e.at, "==", i, numberExpr(e.at, "0")), nil
	case "last":
		return opExpr(e.at, "==", i, opExpr(e.at, "-", length, one)), nil
	case "length":
		return length, nil
	case "revindex":
		return opExpr(e.at, "-", length, i), nil
	case "revindex0":
		return opExpr(e.at, "-", opExpr(e.at, "-", length, one), i), nil
	}
	return nil, lostExpr(e, "loop.%s is not carried over", e.text)
}

func (j *jinjaLower) compare(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	sides := make([]*expr, 2)
	for i, a := range e.args {
		// Whether there is anything at all is the same in bytes and letters.
		if other := e.args[1-i]; a.kind == "filter" && (a.text == "length" || a.text == "count") && len(a.args) == 1 && isEmptiness(e.kind, i, other) {
			v, err := j.value(a.args[0], s)
			if err != nil {
				return nil, err
			}
			sides[i] = callExpr(a.at, "len", callExpr(a.at, "default", v, textExpr(a.at, "")))
			continue
		}
		var err error
		if sides[i], err = j.value(a, s); err != nil {
			return nil, err
		}
	}
	return opExpr(e.at, e.kind, sides[0], sides[1]), nil
}

// isEmptiness is whether a length is compared so that only empty or not counts.
func isEmptiness(op string, side int, other *jinjaExpr) bool {
	if other.kind != "number" {
		return false
	}
	if side == 1 {
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}[op]
	}
	return other.text == "0" && op != "<" && op != ">=" || other.text == "1" && (op == "<" || op == ">=")
}

func (j *jinjaLower) contains(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	v, err := j.value(e.args[0], s)
	if err != nil {
		return nil, err
	}
	list := e.args[1]
	if list.kind != "list" {
		w, err := j.value(list, s)
		if err != nil {
			return nil, err
		}
		return opExpr(e.at, "in", v, w), nil
	}
	out := wordExpr(e.at, "false")
	for i, a := range list.args {
		w, err := j.value(a, s)
		if err != nil {
			return nil, err
		}
		is := opExpr(e.at, "==", v, w)
		if i == 0 {
			out = is
		} else {
			out = opExpr(e.at, "||", out, is)
		}
	}
	return out, nil
}

func (j *jinjaLower) arithmetic(e *jinjaExpr, s *jinjaScope) (*expr, error) {
	if e.kind == "%" && !(j.natural(e.args[0], s) && e.args[1].kind == "number") {
		return nil, lostExpr(e, "%% is carried over for loop.index and loop.index0 alone: it treats signs and texts differently here")
	}
	a, err := j.value(e.args[0], s)
	if err != nil {
		return nil, err
	}
	b, err := j.value(e.args[1], s)
	if err != nil {
		return nil, err
	}
	return opExpr(e.at, e.kind, a, b), nil
}
