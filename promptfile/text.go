package promptfile

import "strings"

// DecodeText is [Decode] for who serves a file whatever is wrong with it. It gives
// no error, and saves the work of finding one: front matter that cannot hold one
// of the storage's keys, as most cannot, is not taken apart.
func DecodeText(file []byte) (source string, f Fields) {
	text := string(file)
	if p, ok := split(text); !ok || p.hasOnlyOthers() {
		return text, Fields{}
	}
	d, fault := read("", text, true)
	if fault != nil {
		return text, Fields{}
	}
	return d.source, d.fields
}

// hasOnlyOthers reports whether front matter has something in it that is none of
// the storage's keys, and surely none of those, however it is written: without
// backslashes each would stand there letter by letter.
func (p parts) hasOnlyOthers() bool {
	if strings.TrimSpace(p.front) == "" || strings.ContainsRune(p.front, '\\') {
		return false
	}
	for _, key := range []string{"tags", "metadata", "tenant", "created_by"} {
		if strings.Contains(p.front, key) {
			return false
		}
	}
	return true
}
