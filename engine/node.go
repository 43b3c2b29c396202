package engine

import "strings"

// nodeKind says what a node of a template is.
type nodeKind uint8

const (
	nodeText nodeKind = iota
	nodeRaw
	nodeComment
	nodeVar
	nodeIf     // its body is its branches
	nodeBranch // of an if: the if tag itself, elseif or else
	nodeFor
	nodeSwitch // its body is its cases
	nodeCase   // with value or eval, or casedefault
	nodeInclude
	nodeExtends
	nodeBlock
	nodeParent
	nodeMessage
	nodeEnv
	nodeCustom
)

// node is a piece of a template. Places are 32 bits, as no source is larger than
// 1 GiB: of nodes, tags and attributes there are many.
type node struct {
	kind       nodeKind
	escaped    bool  // its text has an escape
	start, end int32 // bounds in the source, of a block with its closing tag
	from, to   int32 // of a text or raw node: bounds of what it prints, trimmed
	*tag             // nil for text
}

// inner is what tags with a body have beside, and some others. The rest shares
// one that is empty.
type inner struct {
	body       []*node
	closer     closer
	mismatched bool // a closing tag of another name was reported in its place
	complete   bool // a switch has its casedefault
	*rare
}

// closer is a closing tag; the zero closer if there is none.
type closer struct {
	pos, end            int32
	trimLeft, trimRight bool
}

// rare is what few tags have. All others share one that is empty.
type rare struct {
	strategy Strategy // of its onerror attribute; "" without
	limit    int      // of a for; 0 without
	ref      Ref      // of include and extends
	resolver Resolver // of a custom tag
}

var (
	noInner = inner{rare: &noRare}
	noRare  rare
)

// raw is a text, or the body of a raw or comment node, as it stands in the
// source; "" for what is neither.
func (n *node) raw(source string) string {
	switch {
	case n.kind == nodeText:
		return source[n.start:n.end]
	case (n.kind == nodeRaw || n.kind == nodeComment) && n.closer.end > 0:
		return source[n.tag.end:n.closer.pos]
	}
	return ""
}

// text is what a text or raw node of t prints.
func (n *node) text(t *Template) string {
	text := t.source[n.from:n.to]
	if n.escaped {
		return strings.ReplaceAll(text, `\`+t.eng.open, t.eng.open) // the one escape that text has
	}
	return text
}

// name is the tag's name; "" for text.
func (n *node) name() string {
	if n.tag == nil {
		return ""
	}
	return n.tag.name
}

// get returns the value of an attribute.
func (n *node) get(name string) (string, bool) {
	if a := n.tag.attr(name); a != nil {
		return a.value, true
	}
	return "", false
}

// printer writes nodes in canonical form.
type printer struct {
	strings.Builder
	source      string
	open, close string
	exact       bool // what is rendered may not change: expressions and what keepraw prints stay as written
}

// print writes nodes such that parsing them again gives the same nodes: texts,
// raw and comment bodies as they stand, tags with single spaces, expressions as
// [expr.String] gives them.
func (p *printer) print(nodes []*node) {
	for _, n := range nodes {
		if p.exact && n.kind != nodeText && n.strategy == KeepRaw {
			p.WriteString(p.source[n.start:n.end])
			continue
		}
		switch n.kind {
		case nodeText:
			p.WriteString(n.raw(p.source))
			continue
		case nodeIf:
			p.print(n.body)
		case nodeRaw, nodeComment:
			p.tag(n)
			p.WriteString(n.raw(p.source))
		default:
			p.tag(n)
			p.print(n.body)
		}
		if n.closer.end > 0 {
			p.WriteString(p.open)
			p.mark(n.closer.trimLeft)
			p.WriteString("/" + n.name())
			p.mark(n.closer.trimRight)
			p.WriteString(p.close)
		}
	}
}

func (p *printer) mark(trim bool) {
	if trim {
		p.WriteByte('-')
	}
}

func (p *printer) tag(n *node) {
	t := n.tag
	p.WriteString(p.open)
	p.mark(t.trimLeft)
	p.WriteString(t.name)
	for i := range t.attrs {
		a := &t.attrs[i]
		v := a.value
		if !p.exact && n.expr != nil && n.expr.pos >= a.at && n.expr.pos <= a.end {
			v = n.expr.String()
		}
		p.WriteString(" " + a.name + "=")
		p.value(v)
	}
	if t.selfClosing {
		p.WriteString(" /")
	}
	p.mark(t.trimRight)
	p.WriteString(p.close)
}

// value writes the value of an attribute in double quotes, unless it holds such
// and no single ones, and with no more escapes than it needs.
func (p *printer) value(v string) {
	quote := byte('"')
	if strings.Contains(v, `"`) && !strings.Contains(v, "'") {
		quote = '\''
	}
	p.WriteByte(quote)
	for i := range len(v) {
		if c := v[i]; c == quote || c == '\\' && (i+1 == len(v) || v[i+1] == '\\' || v[i+1] == quote) {
			p.WriteByte('\\')
		}
		p.WriteByte(v[i])
	}
	p.WriteByte(quote)
}
