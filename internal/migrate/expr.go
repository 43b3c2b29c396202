package migrate

import (
	"strconv"
	"strings"
)

// expr is an expression of the result.
type expr struct {
	op   string // "path", "text", "number", "word" (true, false, nil), "call", or the operator
	text string // the path, the literal, the function
	args []*expr
	at   int
}

func pathExpr(at int, path string) *expr { return &expr{op: "path", text: path, at: at} }
func textExpr(at int, s string) *expr    { return &expr{op: "text", text: s, at: at} }
func numberExpr(at int, s string) *expr  { return &expr{op: "number", text: s, at: at} }
func wordExpr(at int, s string) *expr    { return &expr{op: "word", text: s, at: at} }
func callExpr(at int, name string, args ...*expr) *expr {
	return &expr{op: "call", text: name, args: args, at: at}
}
func opExpr(at int, op string, args ...*expr) *expr { return &expr{op: op, args: args, at: at} }

// levels of the language's operators, the loosest first.
var levels = map[string]int{
	"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5, "!": 6, "neg": 6,
}

func (e *expr) level() int {
	if l, ok := levels[e.op]; ok {
		return l
	}
	return 7
}

// String writes the expression.
func (e *expr) String() string {
	switch e.op {
	case "path", "number", "word":
		return e.text
	case "text":
		return quoteText(e.text)
	case "call":
		args := make([]string, len(e.args))
		for i, a := range e.args {
			args[i] = a.String()
		}
		return e.text + "(" + strings.Join(args, ", ") + ")"
	case "!":
		return "!" + e.args[0].within(6)
	case "neg":
		return "-" + e.args[0].within(7)
	}
	l := e.level()
	return e.args[0].within(l) + " " + e.op + " " + e.args[1].within(l+1)
}

// within puts the expression in parentheses if it binds more loosely than level.
func (e *expr) within(level int) string {
	if e.level() < level {
		return "(" + e.String() + ")"
	}
	return e.String()
}

// quoteText writes a string of an expression.
func quoteText(s string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range s {
		switch {
		case r == '\'' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < 0x20:
			b.WriteString(`\u00` + strconv.FormatInt(0x100+int64(r), 16)[1:])
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}

// isIdent is whether s can stand in a path of an expression.
func isIdent(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && s != "true" && s != "false" && s != "nil" && s != "in"
}

// isSegment is whether s can follow a dot in a path.
func isSegment(s string) bool { return isIdent(s) || s != "" && strings.Trim(s, "0123456789") == "" }

// paths calls found for each path in the expression.
func (e *expr) paths(found func(path string)) {
	if e.op == "path" {
		found(e.text)
	}
	for _, a := range e.args {
		a.paths(found)
	}
}

// replace returns the expression with a path put in place of another.
func (e *expr) replace(path, by string) *expr {
	c := *e
	if c.op == "path" {
		switch rest, ok := strings.CutPrefix(c.text, path+"."); {
		case c.text == path:
			c.text = by
		case ok:
			c.text = by + "." + rest
		}
	}
	c.args = make([]*expr, len(e.args))
	for i, a := range e.args {
		c.args[i] = a.replace(path, by)
	}
	return &c
}

// printPath is a tag that prints what a path leads to; nothing if it is missing.
func printPath(at int, path, missing string) *piece {
	return tagOf(at, "prompty.var "+attr("name", path)+" "+attr("default", missing)+" /")
}

// printFormat is a tag that prints what an expression over a path gives; missing
// if the path is missing.
func printFormat(at int, path, missing string, e *expr) *piece {
	return tagOf(at, "prompty.var "+attr("name", path)+" "+attr("default", missing)+" "+attr("format", e.replace(path, "value").String())+" /")
}

// printStrict is printFormat where a missing path is an error.
func printStrict(at int, path string, e *expr) *piece {
	return tagOf(at, "prompty.var "+attr("name", path)+" "+attr("format", e.replace(path, "value").String())+" /")
}

// ifPiece is a condition with an optional else.
func ifPiece(at int, cond *expr, then, otherwise []*piece) *piece {
	p := &piece{kind: blockPiece, at: at, close: "prompty.if"}
	p.branches = append(p.branches, branch{"prompty.if " + attr("eval", cond.String()), then})
	if len(otherwise) > 0 {
		p.branches = append(p.branches, branch{"prompty.else", otherwise})
	}
	return p
}

// forPiece is a loop. What is missing has no elements.
func forPiece(at int, list *expr, item, index string, body []*piece) *piece {
	in := list.String()
	if list.op == "path" {
		in = "(" + in + ")"
	}
	open := "prompty.for " + attr("item", item)
	if index != "" {
		open += " " + attr("index", index)
	}
	return &piece{kind: blockPiece, at: at, close: "prompty.for", branches: []branch{{open + " " + attr("in", in), body}}}
}
