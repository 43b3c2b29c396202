package attributes

import (
	"strings"
)

// A Value is what attributes say: "set", "unset" or a string; "" is
// unspecified.
type Value string

// The values that are no strings of a user's; git keeps them apart by their
// place in memory, which gitattributes(5) shows as these words.
const (
	Unspecified Value = ""
	Set         Value = "\x00set"
	Unset       Value = "\x00unset"
)

// A File is one file of attributes, parsed.
type File struct {
	rules  []rule
	macros map[string][]assignment
}

type rule struct {
	pattern pattern
	assign  []assignment
}

type assignment struct {
	name  string
	value Value
	clear bool // "!name": unspecified, whatever less important lines say
}

const (
	maxAttributeLine = 2048      // bytes; git ignores longer ones
	maxAttributeFile = 100 << 20 // bytes; git ignores larger files
	blanks           = " \t\r\n"
)

// Builtin is what git knows by itself.
func Builtin() *File {
	return ParseAttributes([]byte("[attr]binary -diff -merge -text"), "", true, false)
}

// ParseAttributes reads a file that stands in folder dir ("": the top). Macros
// may be defined only outside the tree and in its top. fold is core.ignoreCase.
// Lines that make no sense are passed over, as git does with a warning.
func ParseAttributes(data []byte, dir string, macros, fold bool) *File {
	f := &File{macros: map[string][]assignment{}}
	if len(data) > maxAttributeFile {
		return f
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) < maxAttributeLine {
			f.parseLine(line, dir, macros, fold)
		}
	}
	return f
}

func (f *File) parseLine(line, dir string, macros, fold bool) {
	line = strings.TrimLeft(line, blanks)
	if line == "" || line[0] == '#' {
		return
	}
	name, rest, ok := "", "", false
	if line[0] == '"' {
		name, rest, ok = unquote(line)
	}
	if !ok {
		end := strings.IndexAny(line, blanks)
		if end < 0 {
			end = len(line)
		}
		name, rest = line[:end], line[end:]
	}
	macro, isMacro := strings.CutPrefix(name, "[attr]")
	isMacro = isMacro && macro != ""
	if isMacro && (!macros || !validName(macro)) {
		return
	}
	var assign []assignment
	for _, word := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(blanks, r) }) {
		a, ok := parseAssignment(word)
		if !ok {
			return
		}
		assign = append(assign, a)
	}
	if isMacro {
		f.macros[macro] = assign
		return
	}
	p := parsePattern(name, dir, fold)
	if p.negated {
		return
	}
	f.rules = append(f.rules, rule{p, assign})
}

func parseAssignment(word string) (a assignment, ok bool) {
	a = assignment{name: word, value: Set}
	if name, value, found := strings.Cut(word, "="); found {
		a.name, a.value = name, Value(value)
		if value == "" {
			a.value = Value("\x00empty")
		}
	}
	switch {
	case strings.HasPrefix(a.name, "-"):
		a.name, a.value = a.name[1:], Unset
	case strings.HasPrefix(a.name, "!"):
		a.name, a.value, a.clear = a.name[1:], Unspecified, true
	}
	return a, validName(a.name)
}

func validName(name string) bool {
	if name == "" || name[0] == '-' {
		return false
	}
	return strings.IndexFunc(name, func(c rune) bool {
		return c != '-' && c != '.' && c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) < 0
}

// unquote reads a string in C's notation from the start of line.
func unquote(line string) (text, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(line); i++ {
		c := line[i]
		switch c {
		case '"':
			return b.String(), line[i+1:], true
		case '\\':
			i++
			if i >= len(line) {
				return "", "", false
			}
			c = line[i]
			if at := strings.IndexByte(`abfnrtv\"`, c); at >= 0 {
				b.WriteByte("\a\b\f\n\r\t\v\\\""[at])
				continue
			}
			if c < '0' || c > '3' || i+2 >= len(line) || line[i+1]&^7 != '0' || line[i+2]&^7 != '0' {
				return "", "", false
			}
			b.WriteByte((c-'0')<<6 | (line[i+1]-'0')<<3 | (line[i+2] - '0'))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// A Stack is all files that matter to a path, the least important first:
// Builtin, the system's, the user's, the folders' from the top down, and
// info/attributes.
type Stack []*File

// Of returns the values that names have at path.
func (s Stack) Of(path string, names ...string) []Value {
	macros := map[string][]assignment{}
	for _, f := range s {
		for name, a := range f.macros {
			macros[name] = a
		}
	}
	known := map[string]assignment{}
	var fill func([]assignment)
	fill = func(list []assignment) {
		for i := len(list) - 1; i >= 0; i-- {
			a := list[i]
			if _, ok := known[a.name]; ok {
				continue
			}
			known[a.name] = a // before its macro, so that a macro in itself ends
			if a.value == Set {
				fill(macros[a.name])
			}
		}
	}
	for i := len(s) - 1; i >= 0; i-- {
		for k := len(s[i].rules) - 1; k >= 0; k-- {
			if r := &s[i].rules[k]; r.pattern.match(path, false) {
				fill(r.assign)
			}
		}
	}
	values := make([]Value, len(names))
	for i, name := range names {
		values[i] = known[name].value
	}
	return values
}
