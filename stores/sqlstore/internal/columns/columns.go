// Package columns turns what a template has into what the columns of a SQL
// table hold, and back.
package columns

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// EncodeMap returns metadata as a JSON object, "{}" when there is none.
func EncodeMap(m map[string]string) (string, error) {
	if len(m) == 0 {
		return "{}", nil
	}
	text, err := json.Marshal(m)
	return string(text), err
}

// DecodeMap is the inverse of EncodeMap; an empty object gives nil. What is not
// an object of texts, as somebody may have written by hand, is an error.
func DecodeMap(text string) (map[string]string, error) {
	if text == "{}" {
		return nil, nil
	}
	var values map[string]*string
	if err := json.Unmarshal([]byte(text), &values); err != nil || values == nil {
		return nil, fmt.Errorf("metadata is %s, want a JSON object of texts", excerpt(text))
	}
	m := make(map[string]string, len(values))
	for key, value := range values {
		if value == nil {
			return nil, fmt.Errorf("metadata is %s, and %q in it is no text", excerpt(text), key)
		}
		m[key] = *value
	}
	if len(m) == 0 {
		return nil, nil
	}
	return m, nil
}

// EncodeList returns tags as a JSON array, "[]" when there are none.
func EncodeList(list []string) (string, error) {
	if len(list) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

// DecodeList is the inverse of EncodeList; an empty array gives nil. What is not
// an array of texts is an error.
func DecodeList(text string) ([]string, error) {
	if text == "[]" {
		return nil, nil
	}
	var values []*string
	if err := json.Unmarshal([]byte(text), &values); err != nil || values == nil {
		return nil, fmt.Errorf("tags are %s, want a JSON array of texts", excerpt(text))
	}
	if len(values) == 0 {
		return nil, nil
	}
	list := make([]string, len(values))
	for i, value := range values {
		if value == nil {
			return nil, fmt.Errorf("tags are %s, and number %d of them is no text", excerpt(text), i+1)
		}
		list[i] = *value
	}
	return list, nil
}

// excerpt is enough of a column to find it by.
func excerpt(text string) string {
	const most = 80
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

// PrefixEnd returns the first text that sorts, bytewise, after all that begin with
// prefix, so that these are the range from prefix to it. false: there is none, the
// range has no end. prefix is valid UTF-8, and so is the result.
func PrefixEnd(prefix string) (end string, ok bool) {
	for len(prefix) > 0 {
		r, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if r == utf8.MaxRune {
			continue
		}
		if r++; r == 0xD800 { // surrogates are no characters
			r = 0xE000
		}
		return prefix + string(r), true
	}
	return "", false
}
