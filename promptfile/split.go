package promptfile

import "strings"

const bom = "\ufeff"

// SplitFrontMatter cuts source into front matter and body without reading the
// YAML: front is what stands between the two lines of dashes, body what
// follows the second one and starts at byte bodyOffset. Without front matter
// ok is false and body is the whole source.
func SplitFrontMatter(source string) (front, body string, bodyOffset int, ok bool) {
	p, ok := split(source)
	if !ok {
		return "", source, 0, false
	}
	return p.front, p.body, len(source) - len(p.body), true
}

// parts of a file with front matter; joined they are the file.
type parts struct {
	opener string // byte order mark, if there, and the opening line with its end
	front  string // whole lines
	closer string // the closing line with its end, which may be missing at the end of the file
	body   string
}

func (p parts) String() string { return p.opener + p.front + p.closer + p.body }

// eol is the line ending that the front matter is written with.
func (p parts) eol() string {
	if strings.HasSuffix(p.opener, "\r\n") {
		return "\r\n"
	}
	return "\n"
}

func split(s string) (parts, bool) {
	start := 0
	if strings.HasPrefix(s, bom) {
		start = len(bom)
	}
	end := lineEnd(s, start)
	if !isFence(s[start:end]) || end == len(s) {
		return parts{}, false
	}
	opener := end
	for at := opener; at < len(s); at = end {
		end = lineEnd(s, at)
		if isFence(s[at:end]) {
			return parts{opener: s[:opener], front: s[opener:at], closer: s[at:end], body: s[end:]}, true
		}
	}
	return parts{}, false
}

// lineEnd returns the offset after the line that starts at i, its "\n" included.
func lineEnd(s string, i int) int {
	if n := strings.IndexByte(s[i:], '\n'); n >= 0 {
		return i + n + 1
	}
	return len(s)
}

// isFence reports whether line is "---" but for white space after it.
func isFence(line string) bool {
	rest, ok := strings.CutPrefix(line, "---")
	return ok && strings.TrimLeft(rest, " \t\r\n") == ""
}
