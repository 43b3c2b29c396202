package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/engine"
)

const graphHelp = `Show which prompts include and extend which: those named with all that they
are made of, or all prompts. A path that starts with ./ or / is a file, or a
folder of .prompty files (- standard input). With --reverse it is who depends on
the prompts named, directly and through others.

A prompt that has been shown with what it includes is shown once more as
(above); (missing), (does not parse) and (cycle) say what is wrong. NAME@2 is
what somebody pins to version 2.

For pictures there are --format dot (Graphviz) and --format mermaid (what GitHub
and GitLab draw in Markdown).`

type graphFlags struct {
	format        string
	reverse, json bool
}

var graphFormats = []string{"text", "dot", "mermaid", "json"}

func (a *app) graphCommand() *cobra.Command {
	var flags graphFlags
	cmd := &cobra.Command{
		Use:   "graph [NAME[@VERSION]|FILE|FOLDER|-]...",
		Short: "Show which prompts include and extend which",
		Long:  graphHelp,
		Example: `  prompty graph
  prompty graph support/reply
  prompty graph --reverse partials/tone
  prompty graph --format dot | dot -Tsvg > prompts.svg`,
		Args: wantArgs(0, -1),
		RunE: a.verb(func(cmd *cobra.Command, args []string) error {
			if err := pickFormat(cmd, &flags.format, flags.json, graphFormats); err != nil {
				return err
			}
			files, refs, err := a.suspectFiles(args)
			if err != nil {
				return err
			}
			switch {
			case flags.reverse && len(files) > 0:
				return usage(fmt.Errorf("--reverse wants a name, and %s is a file, on which no prompt depends", shellWord(files[0].name)), "")
			case flags.reverse && len(refs) == 0:
				return usage(errors.New("--reverse needs a NAME"), "prompty graph --reverse NAME shows who depends on it")
			}
			open := func(do func(prompty.TemplateStorage) error) error { return a.withStorage(false, do) }
			if len(files) > 0 && len(refs) == 0 {
				open = a.withIncludes
			}
			return open(func(s prompty.TemplateStorage) error {
				return a.graph(cmd.Context(), s, files, refs, &flags)
			})
		}),
	}
	f := cmd.Flags()
	f.BoolVarP(&flags.reverse, "reverse", "r", false, "show who depends on the prompts named")
	f.StringVar(&flags.format, "format", "text", "print `FORMAT`: text, dot, mermaid or json")
	completeWords(cmd, "format", graphFormats...)
	f.BoolVar(&flags.json, "json", false, "print JSON, as --format json")
	return cmd
}

// pickFormat checks --format, for which --json is a short form.
func pickFormat(cmd *cobra.Command, format *string, json bool, known []string) error {
	if err := exclusive(cmd, "format", "json"); err != nil {
		return err
	}
	if json {
		*format = "json"
	}
	if !slices.Contains(known, *format) {
		return usage(fmt.Errorf("unknown format %q", *format), withGuess(*format, known, "the formats are "+strings.Join(known, ", ")))
	}
	return nil
}

// graph is what prompts are made of.
type graph struct {
	Nodes []*graphNode `json:"nodes"`
	Edges []*graphEdge `json:"edges"`

	nodes map[engine.Ref]*graphNode
}

type graphNode struct {
	Name    string `json:"name"`
	Version int    `json:"version,omitempty"` // if somebody pins it
	State   string `json:"state"`             // ok, missing, or broken: it does not parse

	out, in []*graphEdge
}

type graphEdge struct {
	From string `json:"from"` // NAME or NAME@VERSION
	To   string `json:"to"`
	Kind string `json:"kind"` // includes, or extends

	from, to *graphNode
}

const (
	nodeOK      = "ok"
	nodeMissing = "missing"
	nodeBroken  = "broken"

	edgeIncludes = "includes"
	edgeExtends  = "extends"
)

func (n *graphNode) ref() engine.Ref { return engine.Ref{Name: n.Name, Version: n.Version} }

func (a *app) graph(ctx context.Context, s prompty.TemplateStorage, files []suspect, refs []engine.Ref, flags *graphFlags) error {
	var stored map[string]*prompty.StoredTemplate
	start := refs
	if len(files)+len(refs) == 0 || flags.reverse {
		list, err := s.List(ctx, nil)
		if err != nil {
			return err
		}
		found, err := problems(ctx, s)
		if err != nil {
			return err
		}
		a.warnOf(found)
		stored = make(map[string]*prompty.StoredTemplate, len(list))
		start = nil
		for _, t := range list {
			stored[t.Name] = t
			start = append(start, engine.Ref{Name: t.Name})
		}
	} else {
		for _, ref := range refs {
			if _, err := get(ctx, s, ref); err != nil {
				return err
			}
		}
	}
	texts := make(map[string]string)
	for _, f := range slices.Backward(files) {
		texts[f.name] = f.text
		refs = slices.Insert(refs, 0, engine.Ref{Name: f.name})
	}
	if len(files) > 0 {
		start = refs
	}
	g, err := readGraph(ctx, s, stored, texts, start)
	if err != nil {
		return err
	}
	roots := g.pick(refs, flags.reverse)
	if flags.reverse {
		for _, ref := range refs {
			if !slices.ContainsFunc(roots, func(n *graphNode) bool { return ref == n.ref() || ref.Version == 0 && ref.Name == n.Name }) {
				return missingHint(ctx, s, ref.Name, prompty.NewStorageTemplateNotFoundError(ref.String()))
			}
		}
		g.keep(roots)
	}
	switch flags.format {
	case "json":
		return a.printJSON(g)
	case "dot":
		a.out.WriteString(g.dot())
	case "mermaid":
		a.out.WriteString(g.mermaid())
	default:
		t := treePrinter{out: &a.out, reverse: flags.reverse, shown: make(map[*graphNode]bool)}
		t.print(roots, g.Nodes)
	}
	return nil
}

// readGraph reads what is to be had of the prompts and of all they are made of.
// What stored holds need not be asked for; texts are files, by their paths.
func readGraph(ctx context.Context, s prompty.TemplateStorage, stored map[string]*prompty.StoredTemplate, texts map[string]string, start []engine.Ref) (*graph, error) {
	e := engine.MustNew(engine.Config{})
	g := &graph{Nodes: []*graphNode{}, Edges: []*graphEdge{}, nodes: make(map[engine.Ref]*graphNode)}
	for _, ref := range start {
		g.node(ref)
	}
	for i := 0; i < len(g.Nodes); i++ {
		n := g.Nodes[i]
		text, err := texts[n.Name], error(nil)
		if _, file := texts[n.Name]; !file {
			t := stored[n.Name]
			if t == nil || n.Version != 0 {
				t, err = fetch(ctx, s, n.ref())
			}
			if err == nil {
				text = parseText(s, t)
			}
		}
		switch {
		case errors.Is(err, prompty.ErrTemplateNotFound), errors.Is(err, prompty.ErrInvalidName):
			n.State = nodeMissing
			continue
		case err != nil:
			return nil, err
		}
		parsed, err := e.Parse(n.Name, text)
		if err != nil {
			n.State = nodeBroken
			continue
		}
		base, derived := parsed.Extends()
		for _, ref := range parsed.Refs() {
			kind := edgeIncludes
			if derived && ref == base {
				kind = edgeExtends
			}
			g.link(n, g.node(ref), kind)
		}
	}
	g.sort()
	return g, nil
}

func (g *graph) node(ref engine.Ref) *graphNode {
	n := g.nodes[ref]
	if n == nil {
		n = &graphNode{Name: ref.Name, Version: ref.Version, State: nodeOK}
		g.nodes[ref] = n
		g.Nodes = append(g.Nodes, n)
	}
	return n
}

func (g *graph) link(from, to *graphNode, kind string) {
	e := &graphEdge{from.ref().String(), to.ref().String(), kind, from, to}
	from.out, to.in = append(from.out, e), append(to.in, e)
	g.Edges = append(g.Edges, e)
}

// sort orders nodes and edges by name; what a prompt is made of stays in the
// order it is mentioned in.
func (g *graph) sort() {
	slices.SortFunc(g.Nodes, func(a, b *graphNode) int { return cmp.Or(cmp.Compare(a.Name, b.Name), a.Version-b.Version) })
	slices.SortFunc(g.Edges, func(a, b *graphEdge) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	for _, n := range g.Nodes {
		slices.SortFunc(n.in, func(a, b *graphEdge) int { return cmp.Compare(a.From, b.From) })
	}
}

// pick returns the nodes to begin a tree with: those named, else those that
// nobody includes or extends. Who depends on a name depends on any version.
func (g *graph) pick(refs []engine.Ref, reverse bool) []*graphNode {
	var roots []*graphNode
	if len(refs) == 0 {
		for _, n := range g.Nodes {
			if len(n.in) == 0 {
				roots = append(roots, n)
			}
		}
		return roots
	}
	for _, ref := range refs {
		for _, n := range g.Nodes {
			if n.ref() == ref || reverse && ref.Version == 0 && n.Name == ref.Name {
				roots = append(roots, n)
			}
		}
	}
	return roots
}

// keep drops all but the nodes and those that depend on them.
func (g *graph) keep(nodes []*graphNode) {
	kept := make(map[*graphNode]bool)
	for queue := slices.Clone(nodes); len(queue) > 0; queue = queue[1:] {
		if n := queue[0]; !kept[n] {
			kept[n] = true
			for _, e := range n.in {
				queue = append(queue, e.from)
			}
		}
	}
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n *graphNode) bool { return !kept[n] })
	g.Edges = slices.DeleteFunc(g.Edges, func(e *graphEdge) bool { return !kept[e.from] || !kept[e.to] })
}
