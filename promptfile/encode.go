package promptfile

import (
	"slices"
	"strings"
)

// Encode puts a text and the fields of its storage together into a file, such
// that [Decode] gives both back. The base is the file as it was, or nil: what
// did not change keeps its bytes and, as far as possible, its place. A source
// that Decode would not give back (it starts with front matter that has
// storage keys, say) is put after a front matter of its own. Encode never
// fails for text in valid UTF-8 without NUL.
func Encode(base []byte, source string, f Fields) []byte {
	old, fault := read("", string(base), true)
	if fault != nil {
		old = &document{source: string(base)}
	}
	if old.source == source && old.fields.equal(f) {
		return append([]byte{}, base...)
	}
	if len(f.Tags)+2*len(f.Metadata) > MaxNodes {
		return []byte(envelope(writeJSON(f), source)) // no YAML of ours could be read back
	}
	// From the most natural file to the one that always works; each is read
	// before it is taken, so nothing above it has to be right about YAML.
	refused := ""
	for _, candidate := range []func() (string, bool){
		func() (string, bool) { return source, true },
		func() (string, bool) { return mergeFront(old, source, f, keepInside) },
		func() (string, bool) { return mergeFront(old, source, f, rewrite) },
		func() (string, bool) { return addToFront(source, f) },
		func() (string, bool) { return wrapFront(old, source, f, keepInside) },
		func() (string, bool) { return wrapFront(old, source, f, rewrite) },
		func() (string, bool) { return envelope(writeFields(f, "", "\n"), source), true },
	} {
		file, ok := candidate()
		if ok && file != refused && readsAs(file, source, f) {
			return []byte(file)
		}
		refused = file // the next one is often the same
	}
	return []byte(envelope(writeJSON(f), source))
}

// readsAs reports whether file decodes to source and f. Front matter that is
// broken does so by the rule that it is text like any other.
func readsAs(file, source string, f Fields) bool {
	d, fault := read("", file, true)
	if fault != nil {
		return file == source && f.empty()
	}
	return d.source == source && d.fields.equal(f)
}

// envelope puts a front matter of nothing but fields before the source.
func envelope(fields, source string) string {
	return "---\n" + fields + "---\n" + source
}

// addToFront appends the fields to the source's own front matter.
func addToFront(source string, f Fields) (string, bool) {
	d, fault := read("", source, true)
	if fault != nil || !d.split || !d.cut {
		return "", false
	}
	p := d.parts
	p.front += writeFields(f, strings.Repeat(" ", d.indent), p.eol())
	return p.String(), true
}

// wrapFront puts old's storage keys, changed to f, before the whole source.
func wrapFront(old *document, source string, f Fields, how editing) (string, bool) {
	if !old.split || !old.cut {
		return "", false
	}
	p := old.parts
	p.front, p.body = "", source
	if rest := old.rest(); strings.TrimSpace(rest) == "" {
		p.front = rest
	}
	if source != "" && !strings.HasSuffix(p.closer, "\n") {
		p.closer += p.eol()
	}
	p.front = insert(p.front, old.blocks(f, how), func(b block) int { return b.at })
	return p.String(), true
}

// mergeFront puts old's storage keys, changed to f, among the keys of the
// source's front matter, each where it stood as far as that can be told.
func mergeFront(old *document, source string, f Fields, how editing) (string, bool) {
	if !old.split || !old.cut {
		return "", false
	}
	rest := old.rest()
	p, ok := split(source)
	if !ok {
		return "", false
	}
	if strings.TrimSpace(rest) == "" {
		if _, double := split(old.source); double {
			return "", false // the source had its front matter after old's, and keeps it there
		}
	}
	where := func(b block) int { return b.at }
	if p.front != rest {
		d, fault := read("", source, true)
		if fault != nil || !d.cut {
			return "", false
		}
		where = d.counterpart(rest)
	}
	p.front = insert(p.front, old.blocks(f, how), where)
	return p.String(), true
}

// counterpart returns a function that finds the place in d's front matter for
// a block of another version of it: where the text around is the same, else
// after the key it came after, else before the one it came before.
func (d *document) counterpart(other string) func(block) int {
	before := commonLines(d.front, other)
	after := commonEnd(d.front[before:], other[before:])
	return func(b block) int {
		at := len(d.front) - after
		if b.at <= before {
			at = b.at
		} else if b.at >= len(other)-after {
			at = b.at + len(d.front) - len(other)
		} else if i := d.find(b.after); i >= 0 {
			at = d.entries[i].end
		} else if i := d.find(b.before); i > 0 {
			at = d.entries[i-1].end
		} else if i == 0 {
			at = 0
		}
		for _, e := range d.entries {
			if at > e.start && at < e.end {
				return e.end
			}
		}
		return at
	}
}

// find returns the number of the entry of that name, or -1.
func (d *document) find(name string) int {
	return slices.IndexFunc(d.entries, func(e entry) bool { return e.name == name })
}

// commonLines returns the length of the whole lines that a and b start with.
func commonLines(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) {
		end := lineEnd(a, n)
		if end > len(b) || a[n:end] != b[n:end] {
			break
		}
		n = end
	}
	return n
}

// commonEnd returns the length of the whole lines that a and b end with.
func commonEnd(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-n-1] == b[len(b)-n-1] {
		n++
	}
	// Back to the start of a line in both.
	for n > 0 && !(startsLine(a, len(a)-n) && startsLine(b, len(b)-n)) {
		n--
	}
	return n
}

func startsLine(s string, i int) bool { return i == 0 || s[i-1] == '\n' }

// block is the lines of a storage key, to be put at an offset of old.rest.
type block struct {
	at            int
	after, before string // the keys around it that are no storage keys; "" for none
	text          string
}

// blocks returns the storage keys of d with the values of f, in the order of
// their places.
func (d *document) blocks(f Fields, how editing) []block {
	var list []block
	indent, eol := strings.Repeat(" ", d.indent), d.eol()
	removed, after := 0, ""
	seen := map[string]bool{}
	for i, e := range d.entries {
		if !isStorageKey(e.name) {
			after = e.name
			continue
		}
		seen[e.name] = true
		b := block{at: e.start - removed, after: after}
		for _, next := range d.entries[i:] {
			if !isStorageKey(next.name) {
				b.before = next.name
				break
			}
		}
		removed += e.end - e.start
		switch {
		case d.fields.same(f, e.name):
			b.text = d.front[e.start:e.end]
		case f.has(e.name):
			b.text = writeField(f, e.name, indent, eol)
			if how == keepInside {
				if text, ok := d.editEntry(e, f); ok {
					b.text = text
				}
			}
		}
		list = append(list, b)
	}
	last := block{at: len(d.front) - removed, after: after}
	if len(list) > 0 {
		last = list[len(list)-1]
	}
	for _, key := range storageKeys {
		if !seen[key] {
			last.text = writeField(f, key, indent, eol)
			list = append(list, last)
		}
	}
	return list
}

// insert puts the blocks into front, each where its offset leads.
func insert(front string, blocks []block, where func(block) int) string {
	var b strings.Builder
	done := 0
	for _, k := range blocks {
		at := min(max(where(k), done), len(front))
		b.WriteString(front[done:at])
		b.WriteString(k.text)
		done = at
	}
	b.WriteString(front[done:])
	return b.String()
}
