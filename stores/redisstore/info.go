package redisstore

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// about is what a version is found by, as it is kept, in JSON: people and scripts
// read it. Package json would take as long as the call to a server next door, so
// what has no escapes, which is nearly all, is read and written without it.
type about struct {
	CreatedAt int64    `json:"created_at,omitempty"` // microseconds since 1970; a number of changes too
	CreatedBy string   `json:"created_by,omitempty"`
	TenantID  string   `json:"tenant_id,omitempty"`
	Tags      []string `json:"tags,omitempty"`
}

// text is the JSON without the time, which a script puts in.
func (a about) text() string {
	b := make([]byte, 0, 128)
	b = append(b, '{')
	for _, field := range []struct{ name, value string }{{"created_by", a.CreatedBy}, {"tenant_id", a.TenantID}} {
		if field.value != "" {
			b = appendString(appendName(b, field.name), field.value)
		}
	}
	if len(a.Tags) > 0 {
		b = append(appendName(b, "tags"), '[')
		for i, tag := range a.Tags {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, tag)
		}
		b = append(b, ']')
	}
	return string(append(b, '}'))
}

// mapText is JSON, too; "" is the empty map.
func mapText(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	b := make([]byte, 0, 128)
	b = append(b, '{')
	for _, key := range slices.Sorted(maps.Keys(m)) {
		b = appendString(appendName(b, key), m[key])
	}
	return string(append(b, '}'))
}

func appendName(b []byte, name string) []byte {
	if len(b) > 1 {
		b = append(b, ',')
	}
	return append(appendString(b, name), ':')
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

func parseAbout(text string) (a about, err error) {
	if a, ok := plainAbout(text); ok {
		return a, nil
	}
	a = about{}
	err = json.Unmarshal([]byte(text), &a)
	return a, err
}

func parseMap(text string) (m map[string]string, err error) {
	if m, ok := plainMap(text); ok {
		return m, nil
	}
	err = json.Unmarshal([]byte(text), &m)
	return m, err
}

// plainAbout reads what was written here, if it has no escapes.
func plainAbout(text string) (a about, ok bool) {
	rest, ok := strings.CutPrefix(text, `{"created_at":`)
	if !ok {
		return a, false
	}
	end := strings.IndexAny(rest, ",}")
	if end < 0 {
		return a, false
	}
	var err error
	if a.CreatedAt, err = strconv.ParseInt(rest[:end], 10, 64); err != nil {
		return a, false
	}
	for rest = rest[end:]; rest != "}"; {
		var name string
		if name, rest, ok = plainString(rest, ','); !ok {
			return a, false
		}
		switch name {
		case "created_by":
			a.CreatedBy, rest, ok = plainString(rest, ':')
		case "tenant_id":
			a.TenantID, rest, ok = plainString(rest, ':')
		case "tags":
			a.Tags, rest, ok = plainList(rest)
		default:
			ok = false
		}
		if !ok {
			return a, false
		}
	}
	return a, true
}

// plainList cuts a colon and a list off text.
func plainList(text string) (list []string, rest string, ok bool) {
	rest, ok = strings.CutPrefix(text, ":")
	for sep := byte('['); ok; sep = ',' {
		var s string
		if s, rest, ok = plainString(rest, sep); ok {
			list = append(list, s)
			if after, done := strings.CutPrefix(rest, "]"); done {
				return list, after, true
			}
		}
	}
	return nil, "", false
}

func plainMap(text string) (map[string]string, bool) {
	m := make(map[string]string)
	for rest, sep := text, byte('{'); rest != "}"; sep = ',' {
		key, value, ok := "", "", false
		if key, rest, ok = plainString(rest, sep); !ok {
			return nil, false
		}
		if value, rest, ok = plainString(rest, ':'); !ok {
			return nil, false
		}
		m[key] = value
	}
	return m, true
}

// plainString cuts sep and a string without escapes off text.
func plainString(text string, sep byte) (s, rest string, ok bool) {
	if len(text) < 3 || text[0] != sep || text[1] != '"' {
		return "", "", false
	}
	s, rest, ok = strings.Cut(text[2:], `"`)
	return s, rest, ok && !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == '\\' || c == '\ufffd' })
}
