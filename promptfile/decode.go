package promptfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Decode takes a file apart into the text and the fields that belong to the
// storage. The name is used in errors alone.
//
// Without front matter the source is the whole file. If the front matter holds
// nothing but storage keys, the source is what follows its closing line. Else
// it is the file without the lines of those keys; comments between keys stay.
// Where the keys do not stand on lines of their own (a flow mapping, an anchor
// that other keys use) the source is the whole file, storage keys included.
//
// An error is an [*Error]: the file is not valid UTF-8 or holds a NUL, or the
// front matter is not a YAML mapping, is beyond the limits, has a key at the
// top twice, or a storage key of a wrong type. The source is then the whole
// file, and the fields are zero. Faults in other keys are left to ParseHeader,
// so that they cost no tags.
func Decode(name string, file []byte) (source string, f Fields, err error) {
	d, fault := read(name, string(file), false)
	if fault != nil {
		return string(file), Fields{}, fault
	}
	return d.source, d.fields, nil
}

// document is a file taken apart.
type document struct {
	parts
	split  bool // whether there is front matter; else only source is set
	fields Fields
	source string
	cut    bool // whether the storage keys stand on lines of their own and are not in source

	tree    *tree
	indent  int // column of the keys, from 0
	entries []entry
}

// entry is a key at the top of the front matter: the lines from start to end,
// and up to next those that are blank or hold a comment only.
type entry struct {
	name             string
	start, end, next int
	key, value       *yaml.Node
}

// read takes a file apart. With rough the place of an error may be a rough one.
func read(name, file string, rough bool) (*document, *Error) {
	if err := checkText(name, file); err != nil {
		return nil, err
	}
	d := &document{source: file}
	if d.parts, d.split = split(file); !d.split {
		return d, nil
	}
	if strings.TrimSpace(d.front) == "" {
		d.source, d.cut = d.body, true
		return d, nil
	}
	t, err := parseTree(name, d.front, rough)
	if err != nil {
		if f, ok := readJSON(d.front); ok {
			d.fields, d.source = f, d.body
			return d, nil
		}
		return nil, err
	}
	top, err := t.top()
	if err != nil {
		return nil, err
	}
	var storage, others []pair
	for _, p := range top {
		if !isStorageKey(p.name) {
			others = append(others, p)
			continue
		}
		if err := t.readField(&d.fields, p.name, p.value); err != nil {
			return nil, err
		}
		storage = append(storage, p)
	}
	d.tree = t
	if !d.layOut(top) {
		return d, nil
	}
	if len(storage) == 0 {
		d.cut = true
		return d, nil
	}
	rest := d.rest()
	if strings.TrimSpace(rest) == "" {
		d.source, d.cut = d.body, true
		return d, nil
	}
	if d.cut = t.bare || sameWithout(rest, others); d.cut {
		d.source = d.opener + rest + d.closer + d.body
	}
	return d, nil
}

func isStorageKey(name string) bool {
	switch name {
	case "tags", "metadata", "tenant", "created_by":
		return true
	}
	return false
}

// top returns the entries of the root, which must be a mapping or nothing.
func (t *tree) top() ([]pair, *Error) {
	if t.root == nil {
		return nil, nil
	}
	if t.root.Kind != yaml.MappingNode {
		return nil, t.errorAt(t.place(t.root), fmt.Sprintf("front matter must be a mapping; found %s", kindName(t.root)),
			"Write `key: value` lines; if the body itself starts with ---, put an empty line, or an empty front matter (two lines of ---), before it")
	}
	return t.pairs(t.root)
}

// layOut finds the lines of each key and reports whether all of them have
// lines of their own.
func (d *document) layOut(top []pair) bool {
	t := d.tree
	if t.root == nil {
		return true
	}
	if t.root.Style != 0 || t.root.Anchor != "" {
		return false
	}
	d.indent = t.root.Column - 1
	for i, p := range top {
		if p.key.Kind != yaml.ScalarNode || p.key.Column-1 != d.indent || i > 0 && p.key.Line <= top[i-1].key.Line {
			return false
		}
		start := t.lines[p.key.Line-1].offset
		if prefix := t.text[start:t.offset(p.key)]; strings.Trim(prefix, " ") != "" {
			return false
		}
		next := len(t.text)
		if i+1 < len(top) {
			next = t.lines[top[i+1].key.Line-1].offset
		}
		end := t.trimGap(p.key.Line, next, d.indent)
		d.entries = append(d.entries, entry{p.name, start, end, next, p.key, p.value})
	}
	return true
}

// trimGap returns the end of the lines from number first (from 0) up to the
// offset end, without those at their end that are a gap.
func (t *tree) trimGap(first, end, indent int) int {
	i, _ := slices.BinarySearchFunc(t.lines, end, func(l yamlLine, end int) int { return l.offset - end })
	for i--; i >= first && isGap(t.text[t.lines[i].offset:end], indent); i-- {
		end = t.lines[i].offset
	}
	return end
}

// FileLine returns the line of the file on which a line of its source stands,
// both from 1, so that a fault found in the source can be shown in the file.
// Columns are the same in both.
func FileLine(file []byte, line int) int {
	d, fault := read("", string(file), true)
	if fault != nil || len(d.source) == len(file) {
		return line
	}
	if len(d.source) == len(d.body) {
		return line + strings.Count(string(file[:len(file)-len(d.body)]), "\n")
	}
	at := line
	for _, e := range d.entries {
		if isStorageKey(e.name) && strings.Count(d.front[:e.start], "\n")+2 <= at {
			at += strings.Count(d.front[e.start:e.end], "\n")
		}
	}
	return at
}

// isGap reports whether line is blank or a comment indented no deeper than the keys.
func isGap(line string, indent int) bool {
	text := strings.TrimLeft(line, " ")
	if strings.HasPrefix(text, "#") {
		return len(line)-len(text) <= indent
	}
	return strings.Trim(text, "\t\r\n\u0085\u2028\u2029 ") == ""
}

// rest returns the front matter without the lines of the storage keys.
func (d *document) rest() string {
	var b strings.Builder
	at := 0
	for _, e := range d.entries {
		if isStorageKey(e.name) {
			b.WriteString(d.front[at:e.start])
			at = e.end
		}
	}
	b.WriteString(d.front[at:])
	return b.String()
}

// sameWithout reports whether the YAML text reads as the entries want.
func sameWithout(text string, want []pair) bool {
	t, err := parseTree("", text, true)
	if err != nil {
		return false
	}
	got, err := t.top()
	if err != nil || len(got) != len(want) {
		return false
	}
	for i := range got {
		if !sameNode(got[i].key, want[i].key) || !sameNode(got[i].value, want[i].value) {
			return false
		}
	}
	return true
}

// sameNode compares what two nodes mean, and how: an alias is the same as an
// alias of the same name for the same value. Neither tree is larger than
// MaxNodes with its aliases followed.
func sameNode(a, b *yaml.Node) bool {
	if a.Kind == yaml.AliasNode && b.Kind == yaml.AliasNode && !sameNode(a.Alias, b.Alias) {
		return false
	}
	if a.Kind != b.Kind || a.Value != b.Value || a.Tag != b.Tag || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !sameNode(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// checkText refuses what is no text.
func checkText(name, file string) *Error {
	bad, msg, hint := strings.IndexByte(file, 0), "the file holds a NUL byte", "Save it as a text file in UTF-8"
	if !utf8.ValidString(file) {
		for i, r := range file {
			if r == utf8.RuneError {
				if _, n := utf8.DecodeRuneInString(file[i:]); n == 1 {
					if bad < 0 || i < bad {
						bad, msg = i, fmt.Sprintf("the file is not valid UTF-8: byte 0x%02x", file[i])
					}
					break
				}
			}
		}
	}
	if bad < 0 {
		return nil
	}
	before := file[:bad]
	start := strings.LastIndexByte(before, '\n') + 1
	column := utf8.RuneCountInString(strings.TrimPrefix(before[start:], bom)) + 1
	return &Error{File: name, Line: strings.Count(before, "\n") + 1, Column: column, Msg: msg, Hint: hint}
}
