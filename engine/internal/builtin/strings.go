package builtin

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine/internal/value"
)

var stringFunctions = []function{
	{"upper", 1, 1, func(c call) (any, error) { return c.mapped(strings.ToUpper, unicode.ToUpper) }},
	{"lower", 1, 1, func(c call) (any, error) { return c.mapped(strings.ToLower, unicode.ToLower) }},
	{"title", 1, 1, title},
	{"trim", 1, 2, trim},
	{"trimPrefix", 2, 2, func(c call) (any, error) {
		s, prefix, err := c.strs()
		return strings.TrimPrefix(s, prefix), err
	}},
	{"trimSuffix", 2, 2, func(c call) (any, error) {
		s, suffix, err := c.strs()
		return strings.TrimSuffix(s, suffix), err
	}},
	{"hasPrefix", 2, 2, func(c call) (any, error) {
		s, prefix, err := c.strs()
		return strings.HasPrefix(s, prefix), err
	}},
	{"hasSuffix", 2, 2, func(c call) (any, error) {
		s, suffix, err := c.strs()
		return strings.HasSuffix(s, suffix), err
	}},
	{"contains", 2, 2, contains},
	{"replace", 3, 4, replace},
	{"split", 1, 3, split},
	{"join", 1, 2, join},
	{"repeat", 2, 2, repeat},
	{"runes", 1, 1, func(c call) (any, error) {
		s, err := c.str(0)
		return utf8.RuneCountInString(s), err
	}},
}

// mapped changes the letters of the argument. A letter's other case may take
// more bytes, three times as many at most.
func (c call) mapped(whole func(string) string, one func(rune) rune) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	if len(s) > c.max/utf8.UTFMax {
		n := 0
		for _, r := range s {
			if n += utf8.RuneLen(one(r)); n > c.max {
				return nil, c.tooLong()
			}
		}
	}
	return whole(s), nil
}

func title(c call) (any, error) {
	inside := false
	return c.mapped(func(s string) string {
		return strings.Map(func(r rune) rune {
			first := !inside
			inside = unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || inside && (r == '\'' || r == '’' || r == '_')
			if first {
				return unicode.ToTitle(r)
			}
			return r
		}, s)
	}, unicode.ToTitle)
}

func trim(c call) (any, error) {
	s, err := c.str(0)
	if err != nil || !c.has(1) {
		return strings.TrimSpace(s), err
	}
	cutset, err := c.str(1)
	return strings.Trim(s, cutset), err
}

func contains(c call) (any, error) {
	switch value.KindOf(c.args[0]) {
	case value.String:
		if kind := value.KindOf(c.args[1]); kind != value.String && kind != value.Nil {
			return nil, c.wrong(1, "a string")
		}
	case value.Nil, value.List, value.Map:
	default:
		return nil, c.wrong(0, "a string, a list or a map")
	}
	return c.in(c.args[1], c.args[0])
}

func replace(c call) (any, error) {
	s, old, err := c.strs()
	if err != nil {
		return nil, err
	}
	with, err := c.str(2)
	if err != nil {
		return nil, err
	}
	n := strings.Count(s, old)
	if c.has(3) {
		limit, err := c.integer(3, 0)
		if err != nil {
			return nil, err
		}
		n = min(n, limit)
	}
	// n*len(old) is at most len(s), or 0.
	if rest := len(s) - n*len(old); rest > c.max || len(with) > 0 && n > (c.max-rest)/len(with) {
		return nil, c.tooLong()
	}
	return strings.Replace(s, old, with, n), nil
}

func split(c call) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	if !c.has(1) {
		return c.words(s)
	}
	sep, err := c.str(1)
	if err != nil {
		return nil, err
	}
	n := strings.Count(s, sep) + 1
	if sep == "" {
		n = utf8.RuneCountInString(s)
	}
	if c.has(2) {
		limit, err := c.integer(2, 1)
		if err != nil {
			return nil, err
		}
		n = min(n, limit)
	}
	if err := c.elements(n); err != nil {
		return nil, err
	}
	return strings.SplitN(s, sep, n), nil
}

func (c call) words(s string) (any, error) {
	words := []string{}
	for word := range strings.FieldsSeq(s) {
		if err := c.elements(len(words) + 1); err != nil {
			return nil, err
		}
		words = append(words, word)
	}
	return words, nil
}

func join(c call) (any, error) {
	n, err := c.list(0)
	if err != nil {
		return nil, err
	}
	sep := ", "
	if c.has(1) {
		if sep, err = c.str(1); err != nil {
			return nil, err
		}
	}
	var out []byte
	for i := range n {
		if i > 0 {
			if len(sep) > c.max-len(out) {
				return nil, c.tooLong()
			}
			out = append(out, sep...)
		}
		if out, err = value.AppendLimit(out, value.Index(c.args[0], i), c.max); err != nil {
			return nil, c.bad(0, "element %d: %v", i, err)
		}
	}
	return string(out), nil
}

func repeat(c call) (any, error) {
	s, err := c.str(0)
	if err != nil {
		return nil, err
	}
	n, err := c.integer(1, 0)
	if err != nil {
		return nil, err
	}
	if len(s) > 0 && n > c.max/len(s) {
		return nil, c.tooLong()
	}
	if s == "" {
		return "", nil
	}
	return strings.Repeat(s, n), nil
}
