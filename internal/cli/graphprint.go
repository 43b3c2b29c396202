package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// maxTree bounds the depth of the tree that people see; rendering ends sooner.
const maxTree = 64

// treePrinter prints a graph as a tree.
type treePrinter struct {
	out     *bytes.Buffer
	reverse bool
	shown   map[*graphNode]bool // with all that belongs to them
	path    []*graphNode        // from the root to the node at hand
}

// print prints the trees of the roots. Without any, all prompts stand in
// cycles, and each is begun somewhere.
func (t *treePrinter) print(roots, all []*graphNode) {
	for _, n := range roots {
		t.node(n, "", "", "")
	}
	if t.reverse {
		return
	}
	for _, n := range all {
		if !t.shown[n] {
			t.node(n, "", "", "")
		}
	}
}

// node prints a node after the given text, and what belongs to it after the
// given indent.
func (t *treePrinter) node(n *graphNode, lead, indent, kind string) {
	edges := n.out
	if t.reverse {
		edges = n.in
	}
	notes := ""
	switch {
	case kind == edgeExtends && t.reverse:
		notes = " (extends it)"
	case kind == edgeExtends:
		notes = " (extends)"
	}
	cycle := false
	for _, p := range t.path {
		cycle = cycle || p == n
	}
	more := len(edges) > 0 && !cycle && !t.shown[n] && len(t.path) < maxTree
	switch {
	case n.State == nodeMissing:
		notes += " (missing)"
	case n.State == nodeBroken:
		notes += " (does not parse)"
	case cycle:
		notes += " (cycle)"
	case t.shown[n] && len(edges) > 0:
		notes += " (above)"
	case len(edges) > 0 && !more:
		notes += " …"
	}
	fmt.Fprintf(t.out, "%s%s%s\n", lead, printable(n.ref().String()), notes)
	t.shown[n] = true
	if !more {
		return
	}
	t.path = append(t.path, n)
	for i, e := range edges {
		next := e.to
		if t.reverse {
			next = e.from
		}
		if i < len(edges)-1 {
			t.node(next, indent+"├─ ", indent+"│  ", e.Kind)
		} else {
			t.node(next, indent+"└─ ", indent+"   ", e.Kind)
		}
	}
	t.path = t.path[:len(t.path)-1]
}

// dot is the graph in the language of Graphviz.
func (g *graph) dot() string {
	var b strings.Builder
	b.WriteString("digraph prompts {\n  rankdir=LR;\n  node [shape=box];\n")
	ids := make(map[*graphNode]int)
	for i, n := range g.Nodes {
		ids[n] = i
		style := ""
		if n.State != nodeOK {
			style = ", style=dashed, color=red, tooltip=" + n.State
		}
		fmt.Fprintf(&b, "  n%d [label=\"%s\"%s];\n", i, dotEscaper.Replace(printable(n.ref().String())), style)
	}
	for _, e := range g.Edges {
		style := ""
		if e.Kind == edgeExtends {
			style = " [label=extends, arrowhead=empty]"
		}
		fmt.Fprintf(&b, "  n%d -> n%d%s;\n", ids[e.from], ids[e.to], style)
	}
	b.WriteString("}\n")
	return b.String()
}

// dotEscaper escapes what means something in a label: Graphviz knows sequences
// that start with a backslash there, and HTML's names of characters.
var dotEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")

// mermaid is the graph in the language of Mermaid.
func (g *graph) mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	ids := make(map[*graphNode]int)
	for i, n := range g.Nodes {
		ids[n] = i
		class := ""
		if n.State != nodeOK {
			class = ":::bad"
		}
		fmt.Fprintf(&b, "  n%d[\"%s\"]%s\n", i, mermaidText(n.ref().String()), class)
	}
	for _, e := range g.Edges {
		arrow := "-->"
		if e.Kind == edgeExtends {
			arrow = "-->|extends|"
		}
		fmt.Fprintf(&b, "  n%d %s n%d\n", ids[e.from], arrow, ids[e.to])
	}
	b.WriteString("  classDef bad stroke:red,stroke-dasharray:4\n")
	return b.String()
}

// mermaidText writes everything that could mean something to Mermaid, or to
// the Markdown and HTML in its labels, as the number of the character.
func mermaidText(name string) string {
	var b strings.Builder
	for _, r := range printable(name) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(" /-.,@", r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}
