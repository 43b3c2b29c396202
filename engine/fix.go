package engine

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fix mends mistakes of writing for which the error itself says what to write,
// and returns the new source with the issues that are mended: a tag without
// body that lacks its slash, values without quotes or in typographic ones,
// boolean attributes without a value, =, &, |, "and" and "or" in expressions, and
// closing tags of prompty.else and prompty.elseif. A template that parses stays
// as it is, so nothing that could be rendered is rendered in another way. What
// is left, Validate tells.
func (e *Engine) Fix(name, source string) (fixed string, mended []Issue) {
	const most = 64 << 20 // bytes to parse, once more for each try
	_, errs := e.parse(name, source)
	for i, parsed := 0, 0; i < len(errs) && parsed < most; i++ {
		err := errs[i]
		edit, ok := e.edit(source, err)
		if !ok {
			continue
		}
		parsed += len(source) + 1<<10
		next := source[:edit.start] + edit.text + source[edit.end:]
		if _, after := e.parse(name, next); better(errs, after, err.Offset, edit) {
			mended = append(mended, Issue{SeverityError, ruleSyntax, name, err.Line, err.Column, err.Offset, err.Tag, firstLine(err.Err)})
			source, errs, i = next, after, -1
		}
	}
	slices.SortStableFunc(mended, func(a, b Issue) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return source, mended
}

// edit is a change of a source.
type edit struct {
	start, end int
	text       string
}

// better reports whether an edit has mended the error at a place: nothing is
// wrong there now, and there are no more errors than before.
func better(before, after Errors, at int, e edit) bool {
	for _, err := range after {
		if err.Offset >= at && err.Offset < max(e.start+len(e.text), at+1) {
			return false
		}
	}
	return len(after) <= len(before)
}

// edit returns the change that could mend an error.
func (e *Engine) edit(source string, err *Error) (edit, bool) {
	at := err.Offset
	rest := source[at:]
	switch {
	case err.Tag == "" || rest == "":
		return edit{}, false
	case strings.HasPrefix(rest, e.open):
		if spec := builtinTags[err.Tag]; spec != nil && spec.form == selfClosing {
			return e.addSlash(source, at, err.Tag)
		} else if spec != nil && spec.form == separator {
			return e.dropCloser(source, at, err.Tag)
		}
		return edit{}, false
	case strings.HasSuffix(strings.TrimRight(source[:at], spaces), "=") && rest[0] != '=':
		return e.addQuotes(source, at)
	}
	word := rest[:len(rest)-len(strings.TrimLeftFunc(rest, func(r rune) bool { return isIdentRune(r, false) }))]
	switch {
	case strings.ContainsRune("=&|", rune(rest[0])):
		return edit{at, at + 1, rest[:1] + rest[:1]}, true
	case word == "and":
		return edit{at, at + len(word), "&&"}, true
	case word == "or":
		return edit{at, at + len(word), "||"}, true
	case word == "isolate" || word == "required" || word == "cache":
		return edit{at + len(word), at + len(word), `="true"`}, true
	}
	return edit{}, false
}

// addSlash closes a tag that has no body.
func (e *Engine) addSlash(source string, at int, name string) (edit, bool) {
	end := e.tagEnd(source, at)
	if end < 0 || strings.Contains(source[end:], e.open+"/"+name+e.close) {
		return edit{}, false
	}
	if source[end-1] == '-' {
		end--
	}
	space := " "
	if isSpace(source[end-1]) {
		space = ""
	}
	return edit{end, end, space + "/"}, true
}

// tagEnd finds the closing delimiter of the tag that begins at a place, outside
// of quotes; -1 if there is none.
func (e *Engine) tagEnd(source string, at int) int {
	quote := byte(0)
	for i := at + len(e.open); i < len(source); i++ {
		switch c := source[i]; {
		case quote != 0 && c == '\\' && i+1 < len(source) && (source[i+1] == quote || source[i+1] == '\\'):
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case strings.HasPrefix(source[i:], e.close):
			return i
		}
	}
	return -1
}

// dropCloser removes the closing tag of a branch if the next branch, or the end
// of all, follows at once.
func (e *Engine) dropCloser(source string, at int, name string) (edit, bool) {
	tag := e.open + "/" + name + e.close
	after, ok := strings.CutPrefix(source[at:], tag)
	after = strings.TrimLeft(after, spaces)
	for _, next := range []string{"/prompty.if", "prompty.else"} {
		if ok && strings.HasPrefix(after, e.open+next) {
			return edit{at, at + len(tag), ""}, true
		}
	}
	return edit{}, false
}

// addQuotes puts a word into quotes, or replaces typographic quotes.
func (e *Engine) addQuotes(source string, at int) (edit, bool) {
	rest := source[at:]
	line, _, _ := strings.Cut(rest, "\n")
	if first, size := utf8.DecodeRuneInString(line); strings.ContainsRune("“”„«‘’‚", first) {
		i := strings.IndexAny(line[size:], "“”»‘’")
		if i < 0 || strings.ContainsAny(line[size:size+i], "\"\\") || strings.Contains(line[:size+i], e.close) {
			return edit{}, false
		}
		_, last := utf8.DecodeRuneInString(line[size+i:])
		return edit{at, at + size + i + last, `"` + line[size:size+i] + `"`}, true
	}
	n := 0
	for n < len(line) && (isIdentRune(rune(line[n]), false) && line[n] < utf8.RuneSelf || line[n] == '.') {
		n++
	}
	after := line[n:]
	if n == 0 || after != "" && !isSpace(after[0]) && !strings.HasPrefix(after, "/"+e.close) && !strings.HasPrefix(after, e.close) {
		return edit{}, false
	}
	return edit{at, at + n, `"` + line[:n] + `"`}, true
}
