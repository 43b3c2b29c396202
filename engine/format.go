package engine

import "github.com/go-prompty/prompty/promptfile"

// Format returns the source of a template in canonical form: the front matter
// as [promptfile.FormatFrontMatter] lays it out; in tags one space between the
// parts, values in double quotes unless they hold such, a space before the slash
// of a self-closing tag and none elsewhere. Everything that can be printed,
// comments and the order of attributes stay byte for byte: the result is the
// same template, and formatting it again changes nothing. Tags under the
// strategy KeepRaw, which can print them, stay as well. A source that does not
// parse gives the errors of [Engine.Parse].
func (e *Engine) Format(name, source string) (string, error) {
	t, err := e.Parse(name, source)
	if err != nil {
		return "", err
	}
	p := printer{source: source, open: e.open, close: e.close, exact: true}
	p.WriteString(promptfile.FormatFrontMatter(source[:t.body]))
	if e.onError == KeepRaw {
		p.WriteString(source[t.body:])
	} else {
		p.print(t.nodes())
	}
	again, err := e.Parse(name, p.Builder.String())
	if err != nil || again.String()[again.body:] != t.String()[t.body:] {
		return source, nil // it would be longer than the limit, say
	}
	return again.source, nil
}
