package promptfile

import (
	"fmt"
	"strings"
	"testing"
)

// TestHostile: files of up to a megabyte made to be slow or large. Each is
// read, refused or written in a moment; a call that takes quadratic time or
// worse runs into the test's own limit. With the race detector, under which
// parsing takes ten times as long, the files that are read whole are smaller.
func TestHostile(t *testing.T) {
	t.Parallel()
	const size = MaxFrontMatter - 100
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	some := func(s string, n int) string { return strings.Repeat(s, n/slowness) }
	number := func(format string, n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n/slowness; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 50; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1)
	}
	const ok, tooMany, bad = "", "YAML nodes", "not good YAML"
	const tooMuch = "lines and separators"
	for name, c := range map[string]struct{ front, want string }{
		"open lists":          {fill("["), tooMuch},
		"open mappings":       {fill("{"), tooMuch},
		"dashes":              {fill("- "), tooMuch},
		"one long rule":       {fill("-"), tooMuch},
		"questions":           {fill("? "), tooMuch},
		"questions and items": {fill("? - "), tooMuch},
		"colons":              {fill(": "), tooMuch},
		"some open lists":     {strings.Repeat("[", 9_000), bad},
		"deep lists":          {"x: " + strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000), "levels deep"},
		"many items":          {"x: [" + strings.Repeat("a,", 101_000) + "]", tooMany},
		"tags within limits":  {"tags: [" + some("a,", 90_000) + "]", ok},
		"list within limits":  {"tags:\n" + some("- abcde\n", 90_000), ok},
		"pairs within limits": {"metadata:\n" + number("  k%d: v\n", 400_000), ok},
		"flow metadata":       {"metadata: {" + number("k%d: v,", 400_000) + "}", ok},
		"inputs":              {"inputs: [" + number("k%d,", 400_000) + "]", ok},
		"keys":                {number("k%d: 1\n", 400_000), ok},
		"keys around tags":    {number("k%d: 1\n", 200_000) + "tags: [a]\n" + number("l%d: 1\n", 200_000), ok},
		"the same key":        {some("k: 1\n", 40_000), "twice"},
		"comments":            {some("# a\n", 200_000) + "x: 1", ok},
		"comments in a list":  {"x:\n" + some("  - a\n  # b\n", 40_000), ok},
		"empty lines":         {"x: 1" + some("\n", 300_000) + "y: 1", ok},
		"carriage returns":    {"x: 1" + some("\r", 300_000) + "y: 1", ok},
		"next lines":          {"x: 1" + some("\u0085", 300_000) + "y: 1", ok},
		"byte order marks":    {some(bom, size/4), "mapping"},
		"tabs":                {"x:" + some("\t", size/4), ok},
		"spaces":              {some(" ", size/4) + "x: [", bad},
		"plain text":          {"x: " + some("a ", size/4), ok},
		"plain lines":         {"x: " + some("a\n ", 200_000), ok},
		"literal":             {"x: |\n" + some(" a\n", 200_000), ok},
		"quoted":              {"x: \"" + some(`\x41`, size/4) + "\"", ok},
		"open quote":          {"x: \"" + some("a", size/4) + "", bad},
		"long key":            {some("a", size/4) + ": 1", bad},
		"long number":         {"x: " + some("1", size/4), ok},
		"long tag":            {"x: !" + some("a", size/4) + " 1", ok},
		"many tags":           {"x: [" + some("!a b,", 90_000) + "]", ok},
		"anchors":             {some("&a ", size/4), bad},
		"alias bomb":          {bomb.String(), tooMany},
		"aliases":             {"a: &a [b, c]\nx: [" + some("*a,", 30_000) + "]", ok},
		"too large":           {"x: " + strings.Repeat("a", MaxFrontMatter), "bytes, the limit is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "---\n" + c.front + "\n---\nbody"
			source, f, err := Decode("f", []byte(file))
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) || len(fmt.Sprint(err)) > 500 {
				t.Errorf("Decode: %.600v, want %q", err, c.want)
			}
			if c.want == ok && err != nil {
				t.Errorf("Decode: %v", err)
			}
			if _, err := ParseHeader("f", file); len(fmt.Sprint(err)) > 20*500 {
				t.Errorf("ParseHeader: an error of %d bytes", len(err.Error()))
			}
			changed := Fields{Tags: append([]string{"new"}, f.Tags...), Metadata: map[string]string{"k1": "new"}, CreatedBy: "ann"}
			checkLaw(t, []byte(file), source, changed)
			checkLaw(t, []byte(file), strings.Replace(source, "\n", "\ny: 1\n", 1), f)
		})
	}
}

// TestFieldsBeyondYAML: fields that the limits of front matter have no room
// for are written as JSON, and read back.
func TestFieldsBeyondYAML(t *testing.T) {
	t.Parallel()
	many := make([]string, MaxNodes+5)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	for name, f := range map[string]Fields{
		"large value": {Metadata: map[string]string{"k": strings.Repeat("\x01", MaxFrontMatter/4+1)}},
		"many tags":   {Tags: many, CreatedBy: "ann"},
		"long key":    {Metadata: map[string]string{strings.Repeat("k", 5000): "v"}, TenantID: "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, source := range []string{"body", "---\nx: 1\n---\nbody"} {
				checkLaw(t, nil, source, f)
				file := Encode(nil, source, f)
				checkLaw(t, file, source+"more", f)
				checkLaw(t, file, source, Fields{Tags: []string{"a"}})
			}
		})
	}
	// Only what Encode writes is read as JSON; the rest is YAML, with its rules.
	for _, front := range []string{"{\"tags\": [\"a\"],\"tags\":[\"b\"]}\n", "{\"x\":1\n", "{\"tags\":[\"" + strings.Repeat("a", 1<<20) + "\"] }\n"} {
		if _, f, err := Decode("f", []byte("---\n"+front+"---\n")); err == nil {
			t.Errorf("Decode(%.40q) = %.40v, want an error", front, f)
		}
	}
}
