package promptfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFormatFrontMatter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"no front matter", "Hello  \n", "Hello  \n"},
		{"canonical", "---\na: 1\nb:\n  - x\n---\nBody", "---\na: 1\nb:\n  - x\n---\nBody"},
		{"empty", "---  \n\n \n---\t\n---\n", "---\n---\n---\n"},
		{"comments alone", "---\n\n # a  \n\n\n# b\n\n---", "---\n # a\n\n# b\n---"},
		{"fences and ends of lines", "---  \na: 1  \n---\t\nBody  \n", "---\na: 1\n---\nBody  \n"},
		{"byte order mark", "\ufeff--- \na:  1\n---\n", "\ufeff---\na: 1\n---\n"},
		{"CRLF", "--- \r\na:   1 \r\n\r\n\r\nb:\r\n- x\r\n--- \r\nBody \r\n", "---\r\na: 1\r\n\r\nb:\r\n  - x\r\n---\r\nBody \r\n"},
		{"empty lines", "---\n\n\na: 1\n\n\n\nb: 2\n\n---\n", "---\na: 1\n\nb: 2\n---\n"},
		{"colons", "---\na:    1\nb:\t2\n'c:  ':  3\nd:   {x:   1}\ne :  4\nf:   # none\n---\n", "---\na: 1\nb: 2\n'c:  ': 3\nd: {x:   1}\ne : 4\nf:   # none\n---\n"},
		{"levels", "---\na:\n    b:\n     c: 1\n     d: 2\n    e: 3\n---\n", "---\na:\n  b:\n    c: 1\n    d: 2\n  e: 3\n---\n"},
		{"all indented", "---\n  a: 1\n  b:\n   c: 2\n---\n", "---\na: 1\nb:\n  c: 2\n---\n"},
		{"lists", "---\na:\n- x\n-   y\nb:\n    -   n: 1\n        m: 2\n    - n: 3\nc:\n- - 1\n  -   2\n---\n", "---\na:\n  - x\n  - y\nb:\n  - n: 1\n    m: 2\n  - n: 3\nc:\n  - - 1\n    - 2\n---\n"},
		{"block scalars", "---\na:\n    b: |\n       x\n         y  \n\n\n    c: >-\n      z\n---\n", "---\na:\n  b: |\n     x\n       y  \n\n\n  c: >-\n    z\n---\n"},
		{"block scalars in lists", "---\na:\n-   |\n  x\n  # no comment\n- y\n---\n", "---\na:\n  - |\n    x\n    # no comment\n  - y\n---\n"},
		{"a block scalar that looks like a comment", "---\na:\n    b: |\n        # c  \n\n\n        # d\n    e:  1\n---\n", "---\na:\n  b: |\n      # c  \n\n\n      # d\n  e: 1\n---\n"},
		{"a text in quotes that looks like a comment", "---\na: \"b\n\n\n  # c\"\nd:  1\n---\n", "---\na: \"b\n\n\n  # c\"\nd:  1\n---\n"},
		{"several lines", "---\na:\n    b: one\n      two\n    c: \"x\n\n      y\"\n    d: [1,\n       2]  # last\n---\n", "---\na:\n  b: one\n    two\n  c: \"x\n\n    y\"\n  d: [1,\n     2]  # last\n---\n"},
		{"comments", "---\n# top\na:\n    # of b\n    b: 1  # beside\n    # below b\n# of c\nc: 2\n # odd\n---\n", "---\n# top\na:\n  # of b\n  b: 1  # beside\n  # below b\n# of c\nc: 2\n # odd\n---\n"},
		{"aliases", "---\na:  &x\n    b: 1\nc:   *x\n---\n", "---\na:  &x\n  b: 1\nc: *x\n---\n"},
		{"braces", "---\n{a:   1}  \n---\n", "---\n{a:   1}  \n---\n"},
		{"no mapping", "---\n- a  \n---\n", "---\n- a  \n---\n"},
		{"broken", "---\na: [  \n---\n", "---\na: [  \n---\n"},
		{"explicit keys", "---\n? a\n:   1\n---\n", "---\n? a\n:   1\n---\n"},
		{"items below their dash", "---\na:\n-\n    b: 1\n---\n", "---\na:\n-\n    b: 1\n---\n"},
		{"an empty item", "---\na:\n-\n-   x\n---\n", "---\na:\n  -\n  - x\n---\n"},
		{"lines of other systems", "---\na:  1\r\rb:  2\n---\n", "---\na:  1\r\rb:  2\n---\n"},
	} {
		got := FormatFrontMatter(c.in)
		if got != c.want {
			t.Errorf("%s: FormatFrontMatter(%q) =\n%q, want\n%q", c.name, c.in, got, c.want)
		}
		if again := FormatFrontMatter(got); again != got {
			t.Errorf("%s: formatting %q again gives %q", c.name, got, again)
		}
	}
}

// TestFormatRandom lays front matter out at random and holds what is made of it
// to the meaning, the comments and the canonical form.
func TestFormatRandom(t *testing.T) {
	t.Parallel()
	changed := 0
	rapid.Check(t, func(t *rapid.T) {
		g := yamlWriter{T: t}
		g.mapping(rapid.IntRange(0, 3).Draw(t, "indent"), 0)
		in := "---\n" + g.String() + "---\nBody\n"
		was, fault := parseTree("", g.String(), true)
		if fault != nil {
			t.Fatalf("the test writes no YAML: %v\n%s", fault, in)
		}
		got := FormatFrontMatter(in)
		if got != in {
			changed++
		}
		front, body, _, _ := SplitFrontMatter(got)
		is, fault := parseTree("", front, true)
		if fault != nil || body != "Body\n" || !sameNode(is.root, was.root) {
			t.Fatalf("%q became\n%q: %v", in, got, fault)
		}
		if again := FormatFrontMatter(got); again != got {
			t.Fatalf("%q becomes\n%q and then\n%q", in, got, again)
		}
		if a, b := comments(in), comments(got); !slices.Equal(a, b) {
			t.Fatalf("the comments were %q and are %q", a, b)
		}
		if !g.odd {
			for line := range strings.Lines(front) {
				if text := strings.TrimLeft(line, " "); text != "" && text[0] == 'k' && (len(line)-len(text))%2 != 0 || strings.HasSuffix(line, " \n") {
					t.Fatalf("the line %q of\n%s is not in canonical form", line, got)
				}
			}
		}
	})
	if changed == 0 {
		t.Error("nothing was ever changed")
	}
}

func comments(s string) []string {
	var list []string
	for line := range strings.Lines(s) {
		if _, text, ok := strings.Cut(line, "#"); ok {
			list = append(list, strings.TrimSpace(text))
		}
	}
	return list
}

// yamlWriter writes random YAML in a random layout.
type yamlWriter struct {
	*rapid.T
	strings.Builder
	keys int
	odd  bool // it holds texts whose spaces count
}

func (g *yamlWriter) pick(from ...string) string { return rapid.SampledFrom(from).Draw(g.T, "pick") }
func (g *yamlWriter) end() {
	g.WriteString(g.pick("", "", "  ", " # beside") + "\n" + g.pick("", "", "", "\n", "\n\n"))
}

func (g *yamlWriter) mapping(indent, depth int) {
	for i := range rapid.IntRange(1, 3).Draw(g.T, "keys") {
		if i > 0 || depth == 0 {
			if g.pick("", "", "c") != "" {
				g.WriteString(strings.Repeat(" ", indent) + "# above\n")
			}
			g.WriteString(strings.Repeat(" ", indent))
		}
		g.keys++
		fmt.Fprintf(g, "k%d:", g.keys)
		g.value(indent, depth)
	}
}

// value writes what follows a key or a dash of a collection with that indent.
func (g *yamlWriter) value(indent, depth int) {
	deeper := indent + rapid.IntRange(1, 4).Draw(g.T, "deeper")
	lead := strings.Repeat(" ", deeper)
	kinds := []string{"scalar", "literal", "lines", "quoted", "flow", "null"}
	if depth < 3 {
		kinds = append(kinds, "mapping", "list", "list")
	}
	switch g.pick(kinds...) {
	case "scalar":
		g.WriteString(g.pick(" ", "   ") + g.pick("1", "text", "'quoted # no'", `"a: b"`, "a  b"))
		g.end()
	case "literal":
		g.odd = true
		g.WriteString(g.pick(" ", "  ") + g.pick("|", ">", "|-", "|+") + "\n" + lead + "one\n" + g.pick("", lead+"  two  \n", "\n") + lead + "three\n" + g.pick("", "\n"))
	case "lines":
		g.odd = true
		g.WriteString(" one\n" + lead + "two\n")
	case "quoted":
		g.odd = true
		g.WriteString(" \"one\n" + lead + "two\"\n")
	case "flow":
		g.odd = true
		g.WriteString(" [1,\n" + lead + "{a: 2}]")
		g.end()
	case "null":
		g.end()
	case "mapping":
		g.end()
		g.WriteString(lead)
		g.mapping(deeper, depth+1)
	case "list":
		g.end()
		at := deeper - rapid.IntRange(0, 1).Draw(g.T, "flush")*(deeper-indent)
		for range rapid.IntRange(1, 3).Draw(g.T, "items") {
			gap := rapid.IntRange(1, 3).Draw(g.T, "gap")
			g.WriteString(strings.Repeat(" ", at) + "-" + strings.Repeat(" ", gap))
			if depth < 2 && g.pick("item", "mapping") == "mapping" {
				g.mapping(at+1+gap, depth+1)
			} else {
				g.WriteString(g.pick("x", "'y'", "|\n"+strings.Repeat(" ", at+1+gap)+"text"))
				g.WriteString("\n")
			}
		}
	}
}

// FuzzFormatFrontMatter holds the layout to the same meaning, the same storage
// keys and the same body, and to being final.
func FuzzFormatFrontMatter(f *testing.F) {
	f.Add("---\na:   1\ntags:\n- x\n- \"y\"\nb:\n   - c: |2\n        d\n     e:  [f,\n g]\n---\nBody")
	f.Add("\ufeff---\r\n# c\r\nmetadata:\r\n    k:  v \r\n---\r\n")
	f.Add("---\na: &x\n   - 1\nb:  *x\nc: >+\n\n  d\n\n---\n---\n")
	f.Fuzz(func(t *testing.T, in string) {
		got := FormatFrontMatter(in)
		if again := FormatFrontMatter(got); again != got {
			t.Fatalf("%q becomes\n%q and then\n%q", in, got, again)
		}
		was, wasErr := ParseHeader("", in)
		is, isErr := ParseHeader("", got)
		if (wasErr == nil) != (isErr == nil) {
			t.Fatalf("%q is %v and became\n%q, %v", in, wasErr, got, isErr)
		}
		source, fields, wasErr := Decode("", []byte(in))
		laidOut, fieldsOut, isErr := Decode("", []byte(got))
		if (wasErr == nil) != (isErr == nil) || !fields.equal(fieldsOut) {
			t.Fatalf("%q holds %+v, %v and became\n%q: %+v, %v", in, fields, wasErr, got, fieldsOut, isErr)
		}
		_, body, _, _ := SplitFrontMatter(source)
		if _, b, _, _ := SplitFrontMatter(laidOut); b != body {
			t.Fatalf("the body of %q became %q", in, b)
		}
		if was == nil {
			return
		}
		for _, h := range []*Header{was, is} {
			h.BodyOffset, h.BodyLine, h.keys = 0, 0, nil
			for i := range h.Inputs {
				h.Inputs[i].Line, h.Inputs[i].Column = 0, 0
			}
		}
		if fmt.Sprintf("%#v", was) != fmt.Sprintf("%#v", is) {
			t.Fatalf("%q says %#v and became\n%q: %#v", in, was, got, is)
		}
	})
}
