// Package jsontext keeps tags and metadata in a text column, as JSON that people
// and the database's own functions can read. An empty list or map is the empty
// text.
package jsontext

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// List returns the text of a list.
func List(list []string) string {
	if len(list) == 0 {
		return ""
	}
	b := append(make([]byte, 0, 16*len(list)+2), '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	return string(append(b, ']'))
}

// Map returns the text of a map, with the keys sorted.
func Map(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	b := append(make([]byte, 0, 32*len(m)+2), '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, key), ':')
		b = appendString(b, m[key])
	}
	return string(append(b, '}'))
}

func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// ParseList is the inverse of List; it takes any JSON list of strings.
func ParseList(text string) ([]string, error) {
	if text == "" {
		return nil, nil
	}
	if list, ok := plainList(text); ok {
		return list, nil
	}
	var list []string
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("no JSON list of strings: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return list, nil
}

// ParseMap is the inverse of Map; it takes any JSON object of strings.
func ParseMap(text string) (map[string]string, error) {
	if text == "" {
		return nil, nil
	}
	if m, ok := plainMap(text); ok {
		return m, nil
	}
	var m map[string]string
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("no JSON object of strings: %w", err)
	}
	if len(m) == 0 {
		return nil, nil
	}
	return m, nil
}

// plainList reads what List writes for strings without escapes, which is nearly
// always, and ten times faster than package json.
func plainList(text string) (list []string, ok bool) {
	for rest, sep := text, byte('['); ; sep = ',' {
		var s string
		if s, rest, ok = plainString(rest, sep); !ok {
			return nil, false
		}
		if list = append(list, s); rest == "]" {
			return list, true
		}
	}
}

// plainMap is plainList for maps.
func plainMap(text string) (m map[string]string, ok bool) {
	m = make(map[string]string)
	for rest, sep := text, byte('{'); ; sep = ',' {
		var key, value string
		if key, rest, ok = plainString(rest, sep); !ok {
			return nil, false
		}
		if value, rest, ok = plainString(rest, ':'); !ok {
			return nil, false
		}
		if m[key] = value; rest == "}" {
			return m, true
		}
	}
}

// plainString cuts sep, a blank, which PostgreSQL puts after it, and a string
// without escapes off text.
func plainString(text string, sep byte) (s, rest string, ok bool) {
	if len(text) < 3 || text[0] != sep {
		return "", "", false
	}
	text = strings.TrimPrefix(text[1:], " ")
	if text == "" || text[0] != '"' {
		return "", "", false
	}
	s, rest, ok = strings.Cut(text[1:], `"`)
	return s, rest, ok && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == '\\' || c == '\ufffd' })
}
