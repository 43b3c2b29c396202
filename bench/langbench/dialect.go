package langbench

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-prompty/prompty/internal/workload"
)

// dialect says how an engine writes what the workloads have in them.
type dialect struct {
	Value   func(path string) string
	If      func(eval string) (begin, otherwise, end string)
	Each    func(item, in string) (begin, end string)
	Include func(name string, attrs map[string]string) string

	ItemIsContext bool // inside of a loop p.name is name, and p itself ""
	OwnLines      bool // a tag alone on its line swallows the line's end
	Paths         map[string]string
}

// ifs are the conditions of the workloads in the syntax of most engines.
func ifs(begin, otherwise, end string, evals map[string]string) func(string) (string, string, string) {
	return func(eval string) (string, string, string) {
		if as, ok := evals[eval]; ok {
			eval = as
		}
		return fmt.Sprintf(begin, eval), otherwise, end
	}
}

var (
	tag       = regexp.MustCompile(`\{~(/?)prompty\.(\w+)([^~]*?)/?~\}(\n?)`)
	attribute = regexp.MustCompile(`([\w-]+)="([^"]*)"`)
)

// translate writes one of our templates in another engine's syntax. It knows
// what the workloads use, and reports anything else.
func (d *dialect) translate(source string) (string, error) {
	var b strings.Builder
	var otherwise, ends []string
	item, rest := "", source
	for {
		at := tag.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		part := func(i int) string { return rest[at[2*i]:at[2*i+1]] }
		closing, name, newLine := part(1) != "", part(2), part(4)
		attrs := make(map[string]string)
		for _, a := range attribute.FindAllStringSubmatch(part(3), -1) {
			attrs[a[1]] = a[2]
		}
		b.WriteString(rest[:at[0]])
		alone := newLine != "" && (b.Len() == 0 || strings.HasSuffix(b.String(), "\n"))
		switch {
		case closing:
			b.WriteString(ends[len(ends)-1])
			ends, otherwise = ends[:len(ends)-1], otherwise[:len(otherwise)-1]
			if name == "for" {
				item = ""
			}
		case name == "var":
			b.WriteString(d.value(attrs["name"], item))
		case name == "if":
			begin, other, end := d.If(attrs["eval"])
			b.WriteString(begin)
			otherwise, ends = append(otherwise, other), append(ends, end)
		case name == "else":
			b.WriteString(otherwise[len(otherwise)-1])
		case name == "for":
			begin, end := d.Each(attrs["item"], attrs["in"])
			b.WriteString(begin)
			otherwise, ends, item = append(otherwise, ""), append(ends, end), attrs["item"]
		case name == "include":
			include := attrs["template"]
			delete(attrs, "template")
			b.WriteString(d.Include(include, attrs))
		default:
			return "", fmt.Errorf("no translation of %s", part(0))
		}
		b.WriteString(newLine)
		if alone && d.OwnLines && name != "var" {
			b.WriteString("\n")
		}
		rest = rest[at[1]:]
	}
	b.WriteString(rest)
	return b.String(), nil
}

func (d *dialect) value(path, item string) string {
	if as, ok := d.Paths[path]; ok {
		path = as
	} else if item != "" && d.ItemIsContext {
		path = strings.TrimPrefix(strings.TrimPrefix(path, item), ".")
	}
	return d.Value(path)
}

// sources are a workload in the dialect: the template and its partials.
func (d *dialect) sources(w workload.Workload) (main string, partials map[string]string, err error) {
	if main, err = d.translate(w.Source); err != nil {
		return "", nil, err
	}
	partials = make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(w.Partials)) {
		if partials[name], err = d.translate(w.Partials[name]); err != nil {
			return "", nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return main, partials, nil
}
