package promptfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestFaults: front matter that both Decode and ParseHeader refuse, where and
// with what words. Each is tried with LF, with CRLF and after a byte order mark.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		front        string
		line, column int
		want         string // part of the message
	}{
		{"x: 1\ny: \"abc\nz: 2\n", 3, 4, "unexpected end of stream. Close the quote"},
		{"x: 'abc\ny: 2\n", 2, 4, "Close the quote"},
		{"tags: [a, b\nx: 1\n", 2, 11, "Close the bracket"},
		{"x: 1\n\ty: 2\n", 3, 1, "Indent with spaces, not tabs"},
		{"x:\n\t- a\n", 3, 1, "Indent with spaces, not tabs"},
		{"é: b: c\n", 2, 5, "mapping values are not allowed"},
		{"x: 1\n y: 2\n", 3, 3, "mapping values are not allowed"},
		{"x: 1\nword\nz: 2\n", 3, 1, "Write each entry as `key: value`"},
		{"x: 1\ny: @foo\n", 3, 4, "Quote a value that starts with @"},
		{"ü: \"é\" b\n", 2, 8, "did not find expected key"},
		{"x: *nope\n", 2, 8, "unknown anchor 'nope'"},
		{"x: \"\\q\"\n", 2, 5, "Double the backslash"},
		{"x:\n  - b\n y: d\n", 4, 2, "did not find expected key"},
		{"%YAML 9.2\n", 2, 9, "incompatible"},
		{"x: 1\n...\ny: 2\n", 4, 1, "front matter is not good YAML"},
		{"x: 1\n--- foo\n", 3, 5, "second YAML document"},
		{"a: 1\n\nx: 2\nx: 3\n", 5, 1, `the key "x" is there twice, first on line 4. Remove one`},
		{"tags: [a]\n\"tags\": [b]\n", 3, 1, `the key "tags" is there twice`},
		{"metadata:\n  a: 1\n  a: 2\n", 4, 3, `the key "a" is there twice, first on line 3`},
		{"just text\n", 2, 1, "must be a mapping; found a string. Write `key: value` lines; if the body itself starts with ---"},
		{"- a\n", 2, 1, "found a list"},
		{"12\n", 2, 1, "found an integer"},
		{"1.5\n", 2, 1, "found a number"},
		{"true\n", 2, 1, "found a boolean"},
		{"~\n", 2, 1, "found nothing"},
		{"? [a]\n: b\n", 2, 3, "a key must be a plain value; found a list"},
		{"? {a: b}\n: b\n", 2, 3, "a key must be a plain value; found a mapping"},
		{"x: &a {b: c}\n<<: *a\n", 3, 1, "merge keys (<<) are not supported. Write the entries out"},
		{"!foo x: 1\n", 2, 1, `the YAML tag "!foo" is not supported`},
		{"x: &a\n  - *a\n", 3, 5, "the alias *a stands inside what it names"},
		{"x: \x1b[0m\n", 2, 4, "control character U+001B"},
		{"metadata: [a]\n", 2, 11, "metadata must be a mapping of strings; found a list. Write `metadata:` followed by indented `key: value` lines"},
		{"metadata: a\n", 2, 11, "metadata must be a mapping of strings; found a string"},
		{"metadata:\n  k: [a]\n", 3, 6, `metadata value of "k" must be a string; found a list`},
		{"metadata:\n  k: !!binary YQ==\n", 3, 6, `the YAML tag "!!binary" is not supported`},
		{"tags: {a: b}\n", 2, 7, "tags must be a list of strings; found a mapping. Write `tags: [one, two]`"},
		{"tags: [é, [a]]\n", 2, 11, "each tag must be a string; found a list"},
		{"tags: [!x a]\n", 2, 8, `the YAML tag "!x" is not supported`},
		{"tags: !x a\n", 2, 7, `the YAML tag "!x" is not supported`},
		{"tenant: [a]\n", 2, 9, "tenant must be a string; found a list. Write `tenant: text`"},
		{"created_by: {}\n", 2, 13, "created_by must be a string; found a mapping"},
		{"x: " + strings.Repeat("[", MaxDepth-1) + strings.Repeat("]", MaxDepth-1) + "\n", 2, 3 + MaxDepth, ""},
		{"x: " + strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth) + "\n", 2, 3 + MaxDepth, "nested more than 100 levels deep"},
		{"x: &x " + strings.Repeat("[", 60) + strings.Repeat("]", 60) + "\ny: " + strings.Repeat("[", 60) + "*x" + strings.Repeat("]", 60) + "\n", 3, 64, "nested more than 100 levels deep"},
	} {
		for _, variant := range []func(string) string{
			func(s string) string { return s },
			func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
			func(s string) string { return bom + s },
		} {
			file := variant("---\n" + c.front + "---\nbody\n")
			source, f, err := Decode("a/b.prompty", []byte(file))
			_, err2 := ParseHeader("a/b.prompty", file)
			if c.want == "" {
				if err != nil || err2 != nil {
					t.Errorf("%q: %v, %v, want no error", file, err, err2)
				}
				continue
			}
			if source != file || !f.empty() {
				t.Errorf("Decode(%q) = %q, %+v, want the whole file and no fields", file, source, f)
			}
			for _, err := range []error{err, err2} {
				var e *Error
				if !errors.As(err, &e) {
					t.Errorf("%q: error %v, want an *Error", file, err)
					continue
				}
				if e.Line != c.line || e.Column != c.column || !strings.Contains(e.Error(), c.want) {
					t.Errorf("%q: %v, want %d:%d and %q", file, e, c.line, c.column, c.want)
				}
				if want := fmt.Sprintf("a/b.prompty:%d:%d: ", c.line, c.column); !strings.HasPrefix(e.Error(), want) || strings.Contains(e.Error(), "\n") {
					t.Errorf("%q: error %q does not start with %q, or has more than one line", file, e, want)
				}
			}
		}
	}
}

func TestNoText(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"ab\xff":                "f:1:3: the file is not valid UTF-8: byte 0xff",
		"---\na: é\xc3\n---\n":  "f:2:5: the file is not valid UTF-8: byte 0xc3",
		bom + "é\x00":           "f:1:2: the file holds a NUL byte",
		"a\n\x00\xff":           "f:2:1: the file holds a NUL byte",
		"a\n\xff\x00":           "f:2:1: the file is not valid UTF-8",
		"\xff\xfea\x00":         "f:1:1: the file is not valid UTF-8", // UTF-16
		"\ufffd \xed\xa0\x80\n": "f:1:3: the file is not valid UTF-8: byte 0xed",
	} {
		source, f, err := Decode("f", []byte(file))
		if source != file || !f.empty() || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Decode(%q) = %q, %v, %v, want the file and %q", file, source, f, err, want)
		}
		if h, err := ParseHeader("f", file); h != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("ParseHeader(%q) = %v, %v, want %q", file, h, err, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&Error{Msg: "m"}, "m"},
		{&Error{Line: 2, Column: 3, Msg: "m"}, "2:3: m"},
		{&Error{File: "f", Msg: "m", Hint: "Do it"}, "f: m. Do it"},
		{&Error{File: "a\x1b[0m\nb", Line: 1, Column: 1, Msg: "m"}, `"a\x1b[0m\nb":1:1: m`},
		{Errors{{File: "f", Line: 1, Column: 2, Msg: "m"}, {File: "f", Line: 3, Column: 4, Msg: "n"}}, "f:1:2: m\nf:3:4: n"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("Error() = %q, want %q", got, c.want)
		}
	}
	if got, want := show(strings.Repeat("é", 60)+"\n"), `"`+strings.Repeat("é", 40)+`"…`; got != want {
		t.Errorf("show = %s, want %s", got, want)
	}
}

// TestLargeFault: where the search for the place would take too long, the
// library's line does.
func TestLargeFault(t *testing.T) {
	t.Parallel()
	front := strings.Repeat("# comment\n", maxSearched/10+1) + "a: 1\nx: \"abc\n"
	_, _, err := Decode("f", []byte("---\n"+front+"---\n"))
	var e *Error
	if want := strings.Count(front, "\n") + 1; !errors.As(err, &e) || e.Line != want || e.Column != 1 {
		t.Errorf("Decode = %v, want line %d", err, want)
	}
}
