package builtin

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-prompty/prompty/engine/internal/value"
)

var listFunctions = []function{
	{"len", 1, 1, length},
	{"first", 1, 1, func(c call) (any, error) { return c.end(utf8.DecodeRuneInString, func(int) int { return 0 }) }},
	{"last", 1, 1, func(c call) (any, error) {
		return c.end(utf8.DecodeLastRuneInString, func(n int) int { return n - 1 })
	}},
	{"keys", 1, 1, keys},
	{"values", 1, 1, values},
	{"has", 2, 2, has},
	{"slice", 2, 3, slice},
	{"sort", 1, 2, sorted},
	{"unique", 1, 1, unique},
	{"reverse", 1, 1, reverse},
}

func length(c call) (any, error) {
	n, _, ok := value.Len(c.args[0])
	if !ok {
		return nil, c.wrong(0, "a string, a list or a map")
	}
	return n, nil
}

// end returns the element, or the code point, at one end.
func (c call) end(decode func(string) (rune, int), index func(n int) int) (any, error) {
	if s, ok := value.Text(c.args[0]); ok {
		if s == "" {
			return nil, nil
		}
		if _, size := decode(s); index(len(s)) > 0 {
			return s[len(s)-size:], nil
		} else {
			return s[:size], nil
		}
	}
	n, kind, _ := value.Len(c.args[0])
	if kind != value.List && kind != value.Nil {
		return nil, c.wrong(0, "a list or a string")
	}
	return value.Index(c.args[0], index(n)), nil
}

// entries returns what a map holds.
func (c call) entries() ([]value.Entry, error) {
	n, kind, _ := value.Len(c.args[0])
	if kind != value.Map && kind != value.Nil {
		return nil, c.wrong(0, "a map")
	}
	if err := c.elements(n); err != nil {
		return nil, err
	}
	return value.Entries(c.args[0]), nil
}

func keys(c call) (any, error) {
	entries, err := c.entries()
	if err != nil {
		return nil, err
	}
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = e.Key
	}
	return list, nil
}

func values(c call) (any, error) {
	entries, err := c.entries()
	if err != nil {
		return nil, err
	}
	list := make([]any, len(entries))
	for i, e := range entries {
		list[i] = e.Value
	}
	return list, nil
}

func has(c call) (any, error) {
	switch value.KindOf(c.args[0]) {
	case value.Nil, value.List, value.Map:
		return c.in(c.args[1], c.args[0])
	}
	return nil, c.wrong(0, "a map or a list")
}

func slice(c call) (any, error) {
	s, isText := value.Text(c.args[0])
	n := utf8.RuneCountInString(s)
	if !isText {
		var kind value.Kind
		if n, kind, _ = value.Len(c.args[0]); kind != value.List && kind != value.Nil {
			return nil, c.wrong(0, "a list or a string")
		}
	}
	from, err := c.position(1, n)
	if err != nil {
		return nil, err
	}
	to := n
	if c.has(2) && c.args[2] != nil {
		if to, err = c.position(2, n); err != nil {
			return nil, err
		}
	}
	to = max(from, to)
	if isText {
		start := offset(s, from)
		return s[start : start+offset(s[start:], to-from)], nil
	}
	if err := c.elements(to - from); err != nil {
		return nil, err
	}
	part := make([]any, to-from)
	for i := range part {
		part[i] = value.Index(c.args[0], from+i)
	}
	return part, nil
}

// position reads an index into n elements, counted from the end if negative.
func (c call) position(i, n int) (int, error) {
	at, err := c.integer(i, -1<<31)
	if err != nil {
		return 0, err
	}
	if at < 0 {
		at += n
	}
	return min(max(at, 0), n), nil
}

func sorted(c call) (any, error) {
	items, err := c.items(0)
	if err != nil {
		return nil, err
	}
	by := items
	if c.has(1) {
		if by, err = c.found(items); err != nil {
			return nil, err
		}
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	if len(by) == 1 {
		_, err = c.order(by[0], by[0])
	}
	slices.SortStableFunc(order, func(i, j int) int {
		if err != nil {
			return 0
		}
		var n int
		n, err = c.order(by[i], by[j])
		return n
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	result := make([]any, len(items))
	for i, j := range order {
		result[i] = items[j]
	}
	return result, nil
}

// found returns what the path in the second argument finds in each of items.
func (c call) found(items []any) ([]any, error) {
	path, err := c.str(1)
	if err != nil {
		return nil, err
	}
	by := make([]any, len(items))
	for i, at := range items {
		for seg := range strings.SplitSeq(path, ".") {
			var ok bool
			if at, ok = value.Field(at, seg); !ok {
				return nil, c.bad(1, "element %d has no %s", i, quote(path))
			}
		}
		by[i] = at
	}
	return by, nil
}

func unique(c call) (any, error) {
	n, err := c.list(0)
	if err == nil {
		err = c.elements(n)
	}
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return []any{}, nil
	}
	list, cost, err := value.Unique(c.args[0])
	*c.cost += cost
	if err != nil {
		return nil, c.bad(0, "%v", err)
	}
	return list, nil
}

func reverse(c call) (any, error) {
	if s, ok := value.Text(c.args[0]); ok {
		if len(s) > c.max {
			return nil, c.tooLong()
		}
		out := make([]byte, 0, len(s))
		for s != "" {
			_, size := utf8.DecodeLastRuneInString(s)
			out = append(out, s[len(s)-size:]...)
			s = s[:len(s)-size]
		}
		return string(out), nil
	}
	if kind := value.KindOf(c.args[0]); kind != value.List && kind != value.Nil {
		return nil, c.wrong(0, "a list or a string")
	}
	items, err := c.items(0)
	slices.Reverse(items)
	return items, err
}
