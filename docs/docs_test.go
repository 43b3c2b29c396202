// Package docs holds the project's pages to the code that they speak of.
package docs

import (
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = ".."

// pages are the Markdown files of the project, by their path from the root.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := make(map[string]string)
	walk(t, func(file string) {
		if path.Ext(file) == ".md" {
			found[file] = read(t, file)
		}
	})
	if len(found) < 10 {
		t.Fatalf("found %d pages", len(found))
	}
	return found
}

// walk calls fn for each file of the project.
func walk(t *testing.T, fn func(file string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != "." && strings.HasPrefix(d.Name(), "."), d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case !d.IsDir():
			fn(file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	fence = regexp.MustCompile("(?ms)^```.*?^```[ \t]*$")
	code  = regexp.MustCompile("`[^`\n]*`")
	link  = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	title = regexp.MustCompile(`(?m)^#+ +(.*)$`)
)

// TestLinks follows every link between the pages and to files of the project.
func TestLinks(t *testing.T) {
	t.Parallel()
	all := pages(t)
	headings := make(map[string]map[string]bool)
	for page, text := range all {
		all[page] = fence.ReplaceAllString(text, "")
		headings[page] = anchors(all[page])
	}
	count := 0
	for page, text := range all {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			count++
			file, anchor, hasAnchor := strings.Cut(m[1], "#")
			target := page
			if file != "" {
				target = path.Join(path.Dir(page), file)
			}
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(target))); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
				continue
			}
			if hasAnchor && !isLine.MatchString(anchor) && !headings[target][anchor] {
				t.Errorf("%s links to %s: %s has no such heading", page, m[1], target)
			}
		}
	}
	if count < 50 {
		t.Errorf("found %d links", count)
	}
}

var (
	isLine = regexp.MustCompile(`^L\d+$`)
	toLine = regexp.MustCompile("\\[`([^`]+)`\\]\\(([^)#]+)#L(\\d+)\\)")
	anyTo  = regexp.MustCompile(`\]\([^)#]+#L\d+[^)]*\)`)
)

var update = flag.Bool("update", false, "put the right line numbers into links to lines of code")

// TestLinesOfCode follows links to lines of code, [`text`](file#L1): that line
// must begin with the text.
func TestLinesOfCode(t *testing.T) {
	t.Parallel()
	for page, text := range pages(t) {
		if n, m := len(anyTo.FindAllString(text, -1)), len(toLine.FindAllString(text, -1)); n != m {
			t.Errorf("%s has %d links to lines of code, of which %d say in backquotes what the line begins with", page, n, m)
		}
		right := toLine.ReplaceAllStringFunc(text, func(found string) string {
			m := toLine.FindStringSubmatch(found)
			file := path.Join(path.Dir(page), m[2])
			number := 0
			for i, line := range strings.Split(read(t, file), "\n") {
				if strings.HasPrefix(strings.TrimLeft(line, "\t "), m[1]) {
					if number != 0 {
						t.Errorf("%s: lines %d and %d of %s begin with %s", page, number, i+1, file, m[1])
					}
					number = i + 1
				}
			}
			if number == 0 {
				t.Errorf("%s: no line of %s begins with %s", page, file, m[1])
			}
			return fmt.Sprintf("[`%s`](%s#L%d)", m[1], m[2], number)
		})
		if right == text {
			continue
		}
		if *update && !t.Failed() {
			if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(page)), []byte(right), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s links to lines of code that are elsewhere now: go test ./docs -run TestLinesOfCode -update", page)
	}
}

// anchors are what GitHub makes of the headings of a page without its code.
func anchors(text string) map[string]bool {
	found := make(map[string]bool)
	drop := regexp.MustCompile(`[^\p{L}\p{N}\p{M}_ -]`)
	for _, m := range title.FindAllStringSubmatch(text, -1) {
		name := link.ReplaceAllString(strings.ReplaceAll(m[1], "[", ""), "")
		found[strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(name)), ""), " ", "-")] = true
	}
	return found
}

// TestPictures reads the drawings: they must be XML, have a description for who
// cannot see them, and colours for dark screens.
func TestPictures(t *testing.T) {
	t.Parallel()
	walk(t, func(file string) {
		if path.Ext(file) != ".svg" || strings.HasPrefix(path.Base(file), "performance") { // those are written by bench
			return
		}
		text := read(t, file)
		dec := xml.NewDecoder(strings.NewReader(text))
		for {
			if _, err := dec.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", file, err)
				break
			}
		}
		for _, want := range []string{"<title", "<desc", "prefers-color-scheme: dark"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %s", file, want)
			}
		}
	})
}

// TestCode looks for the Go code of these pages in the examples and programs
// that are compiled and run, indentation apart.
func TestCode(t *testing.T) {
	t.Parallel()
	var compiled strings.Builder
	walk(t, func(file string) {
		if path.Base(file) == "example_test.go" || strings.HasPrefix(path.Base(file), "example_") || strings.HasPrefix(file, "examples/") && path.Ext(file) == ".go" {
			compiled.WriteString("\n" + outdented(read(t, file)))
		}
	})
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```")
	for _, page := range []string{"README.md", "docs/storage.md"} {
		found := blocks.FindAllStringSubmatch(read(t, page), -1)
		if len(found) == 0 {
			t.Errorf("%s has no Go code", page)
		}
		for _, m := range found {
			if !strings.Contains(compiled.String(), "\n"+outdented(m[1])) {
				t.Errorf("%s shows code that no example has:\n%s", page, m[1])
			}
		}
	}
}

// TestExamples wants a runnable example of each package that programs import.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, pkg := range []string{".", "diff", "engine", "fsstore", "gitstore", "promptfile", "storetest", "watch"} {
		text := read(t, path.Join(pkg, "example_test.go"))
		_, body, ok := strings.Cut(text, "\nfunc Example() {")
		if !ok {
			t.Errorf("package %s has no example of the whole", pkg)
		}
		if body, _, _ = strings.Cut(body, "\n}\n"); !strings.Contains(body, "// Output:") {
			t.Errorf("the example of package %s has no output, so it is not run", pkg)
		}
	}
}

// outdented is a text without the white space that its lines begin with.
func outdented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}
