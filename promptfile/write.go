package promptfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// flowWidth is the length of line up to which tags are written on one line.
const flowWidth = 80

// writeField returns the lines of one storage key; "" if f has no value for it.
func writeField(f Fields, key, indent, eol string) string {
	if !f.has(key) {
		return ""
	}
	var b strings.Builder
	b.WriteString(indent + key + ":")
	switch key {
	case "tags":
		items := make([]string, len(f.Tags))
		width := len(indent) + len("tags: []")
		for i, tag := range f.Tags {
			items[i] = quote(tag)
			width += len(items[i]) + len(", ")
		}
		if width <= flowWidth || len(items) == 1 {
			b.WriteString(" [" + strings.Join(items, ", ") + "]" + eol)
			break
		}
		b.WriteString(eol)
		for _, item := range items {
			b.WriteString(indent + "  - " + item + eol)
		}
	case "metadata":
		b.WriteString(eol)
		for _, k := range slices.Sorted(maps.Keys(f.Metadata)) {
			b.WriteString(indent + "  " + quote(k) + ": " + quote(f.Metadata[k]) + eol)
		}
	case "tenant":
		b.WriteString(" " + quote(f.TenantID) + eol)
	case "created_by":
		b.WriteString(" " + quote(f.CreatedBy) + eol)
	}
	return b.String()
}

// writeFields returns the lines of all storage keys that have a value.
func writeFields(f Fields, indent, eol string) string {
	var b strings.Builder
	for _, key := range storageKeys {
		b.WriteString(writeField(f, key, indent, eol))
	}
	return b.String()
}

// quote writes s as a YAML scalar on one line that reads back as s everywhere,
// in flow lists too: as it is where no reader of YAML 1.1 or 1.2 can take it
// for anything but that string, else between double quotes.
func quote(s string) string {
	if isPlain(s) {
		return s
	}
	return quoteDouble(s)
}

// quoteDouble writes s between double quotes, on one line.
func quoteDouble(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == ' ' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// isPlain reports whether s can stand without quotes: words of letters, digits
// and a few signs that mean nothing to YAML, separated by single spaces.
func isPlain(s string) bool {
	if s == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(s)
	if !unicode.IsLetter(first) && first != '_' && !('0' <= first && first <= '9') {
		return false
	}
	last := first
	for _, r := range s {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r) && unicode.IsPrint(r):
		case strings.ContainsRune("_-./@+()<>'=", r):
		case r == ' ' && last != ' ':
		default:
			return false
		}
		last = r
	}
	if last == ' ' {
		return false
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off": // booleans in YAML 1.1
		return false
	}
	n := yaml.Node{Kind: yaml.ScalarNode, Value: s}
	return n.ShortTag() == "!!str"
}

// jsonFields are Fields as one JSON object, which is how they are written when
// YAML cannot hold them: too many, too large, a key of more than 1,024 bytes.
type jsonFields struct {
	Tags      []string          `json:"tags,omitempty"`
	Metadata  map[string]string `json:"metadata,omitempty"`
	Tenant    string            `json:"tenant,omitempty"`
	CreatedBy string            `json:"created_by,omitempty"`
}

func writeJSON(f Fields) string {
	line, err := json.Marshal(jsonFields{f.Tags, f.Metadata, f.TenantID, f.CreatedBy})
	if err != nil { // strings always marshal
		return ""
	}
	return string(line) + "\n"
}

// readJSON reads what writeJSON writes and nothing else.
func readJSON(front string) (Fields, bool) {
	if !strings.HasPrefix(front, `{"`) {
		return Fields{}, false
	}
	var j jsonFields
	if json.Unmarshal([]byte(front), &j) != nil {
		return Fields{}, false
	}
	f := Fields{j.Tags, j.Metadata, j.Tenant, j.CreatedBy}
	return f, writeJSON(f) == front
}
