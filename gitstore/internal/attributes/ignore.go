package attributes

import "strings"

// Ignore is one file of ignore patterns, parsed.
type Ignore struct{ patterns []pattern }

// ParseIgnore reads a file that stands in folder dir ("": the top).
func ParseIgnore(data []byte, dir string, fold bool) *Ignore {
	g := &Ignore{}
	text := strings.TrimPrefix(string(data), "\ufeff")
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		line = trimSpaces(strings.TrimSuffix(line, "\r"))
		if p := parsePattern(line, dir, fold); line != "" && line != "!" && line != "/" {
			g.patterns = append(g.patterns, p)
		}
	}
	return g
}

// trimSpaces removes spaces at the end that no backslash keeps.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		if line[i] == ' ' {
			continue
		}
		if line[i] == '\\' {
			i++
		}
		end = min(i+1, len(line))
	}
	return line[:end]
}

// Match returns what the last pattern that matches says; decided is false if
// none does.
func (g *Ignore) Match(path string, isDir bool) (ignored, decided bool) {
	for i := len(g.patterns) - 1; i >= 0; i-- {
		if p := &g.patterns[i]; p.match(path, isDir) {
			return !p.negated, true
		}
	}
	return false, false
}
