// Package builtin is the function library of the template language.
//
// In the table, square brackets enclose what may be left out, s is a string, n
// an integer, x anything, t a time (or a string that parseDate reads, or a
// number of seconds since 1970), list a list and map a map or struct.
//
//	upper(s) lower(s)              all letters changed
//	title(s)                       the first letter of each word in upper case, the rest as it is
//	trim(s [, cutset])             without the white space, or the characters of cutset, at both ends
//	trimPrefix(s, prefix)          without prefix, if it starts so
//	trimSuffix(s, suffix)          without suffix, if it ends so
//	hasPrefix(s, prefix)           does it start so?
//	hasSuffix(s, suffix)           does it end so?
//	contains(s, sub)               is sub a part of s?
//	contains(list, x)              is an element equal to x?
//	contains(map, key)             has it that key?
//	replace(s, old, new [, n])     all, or the first n, replaced; an empty old is found between all code points
//	split(s [, sep [, n]])         list of the parts, n at most; sep "" gives code points, none the words
//	join(list [, sep])             the elements as they print, sep (", ") between them
//	repeat(s, n)                   n times
//	lines(s)                       list of the lines, without \n or \r\n; a last \n ends no empty line
//	indent(s, n)                   n spaces before every line that is not empty
//	indent(s, prefix)              prefix before every line; without its final spaces before empty ones
//	wrap(s, width)                 lines of width code points at most, broken at white space and between
//	                               Chinese or Japanese characters; longer words stay whole, as do shorter lines
//	truncate(s, n [, suffix])      the first n code points; with a suffix, if something is cut, ending in it
//	                               and n long with it (a suffix longer than n is left out)
//	runes(s)                       number of code points
//
//	len(x)                         bytes of a string, elements of a list, entries of a map, 0 for nil
//	first(list) last(list)         first, last element; of a string: code point; nil if there is none
//	keys(map) values(map)          list of the keys, sorted; of the values, in the order of the keys
//	has(map, key) has(list, x)     as contains
//	slice(list, start [, end])     elements, of a string code points, from start to before end, both counted
//	                               from 0, or from the end if negative; what lies outside is left out
//	sort(list [, path])            sorted, by what path finds in each; numbers, strings or times, not mixed;
//	                               equal ones keep their order
//	unique(list)                   without elements that equal an earlier one
//	reverse(list)                  backwards; of a string: by code points
//
//	toString(x)                    as it prints
//	toInt(x)                       of a number, fraction cut off; of a string that holds one; of true (1), false (0)
//	toFloat(x)                     the same as a float
//	toBool(x)                      of "true", "yes", "on", "1" and "false", "no", "off", "0", "" in any case; of the
//	                               rest: is it truthy?
//	toJSON(x [, n])                JSON in one line, or indented by n spaces a level (0 to 8)
//	fromJSON(s)                    the value; integers stay exact; of equal keys the last counts
//	typeOf(x)                      "nil", "bool", "int", "float", "string", "time", "list", "map", else the Go type
//
//	default(x, fallback)           fallback if x is nil, "", an empty list or an empty map, else x (0 and false too)
//	coalesce(x, y, …)              the first that is none of these, else nil
//
//	now()                          the time
//	formatDate(t [, layout])       by a Go layout such as "2 January 2006", or one of the names rfc3339 (the
//	                               default), rfc3339nano, rfc1123, rfc1123z, rfc822, rfc822z, rfc850, ansic, unixdate,
//	                               rubydate, kitchen, stamp, datetime, date (or dateonly), time (or timeonly), iso,
//	                               unix (seconds since 1970), in any case
//	parseDate(s [, layout])        by layout; without one: RFC 3339 with "T" or a space, with or without zone
//	                               and seconds, dates (2006-01-02, 2006/01/02, 2 January 2006, January 2, 2006, also
//	                               Jan), RFC 1123, 850, 822, ANSI C, Unix. No zone means UTC
//	addDays(t, n)                  n calendar days later, at the same time of day
//	addHours(t, n) addMinutes(t, n)  so much later; n may have a fraction
//	diffDays(t, u)                 whole days from t to u, negative if u is earlier
//	year(t) month(t) day(t)        as integers; January is 1
//	weekday(t)                     "Monday" …
//	isAfter(t, u) isBefore(t, u)   is t later, earlier, than u?
//
//	min(x, y, …) max(x, y, …)      least, greatest of numbers, strings or times; also of one list; nil of an empty one
//	abs(x)                         without sign
//	round(x [, digits])            half away from zero, to 0 to 15 decimals of the number as it prints; without digits
//	                               (or 0) an integer
//	floor(x) ceil(x)               next integer below, above
//
// Where a list or map is wanted nil is an empty one. Where a string is wanted
// nothing else will do; toString makes one. An integer may be a float without a
// fraction, as decoded JSON has them. Wrong types give an error that says which
// argument of which function, what it wants and what it was given.
//
// No function changes its arguments, panics, or makes a result of more than
// maxResult bytes; an element of a list counts as 16. The size is known, or
// watched, before memory is taken. A part of an argument, as trim or slice
// return, is not counted: it is there already.
package builtin

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// Spec is one function of the library.
type Spec struct {
	Name    string
	MinArgs int
	MaxArgs int  // -1: any number
	Pure    bool // the result depends on the arguments alone
	// Call is safe for concurrent use and checks the number of arguments.
	Call func(args []any) (any, error)
	// CallCost is Call that tells how many comparisons it made, where they may
	// be many more than the arguments have elements; those of long strings and
	// of what has elements itself count for more (see [value.EqualCost]).
	CallCost func(args []any) (result any, cost int, err error)
}

// elementBytes is what an element of a list counts against the limit.
const elementBytes = 16

// All returns the library, sorted by topic. now is the clock that the function
// of that name reads; maxResult bounds the result of each call, in bytes.
func All(now func() time.Time, maxResult int) []Spec {
	var specs []Spec
	for _, topic := range [][]function{stringFunctions, textFunctions, listFunctions, conversions, dateFunctions, numberFunctions} {
		for _, f := range topic {
			specs = append(specs, f.spec(maxResult))
		}
	}
	clock := function{"now", 0, 0, func(call) (any, error) { return now(), nil }}.spec(maxResult)
	clock.Pure = false
	return append(specs, clock)
}

type function struct {
	name     string
	min, max int
	run      func(call) (any, error)
}

func (f function) spec(maxResult int) Spec {
	callCost := func(args []any) (any, int, error) {
		if len(args) < f.min || f.max >= 0 && len(args) > f.max {
			return nil, 0, fmt.Errorf("%s: wrong number of arguments: %d", f.name, len(args))
		}
		cost := 0
		result, err := f.run(call{f.name, args, maxResult, &cost})
		if err != nil {
			return nil, cost, err
		}
		return result, cost, nil
	}
	return Spec{Name: f.name, MinArgs: f.min, MaxArgs: f.max, Pure: true, CallCost: callCost, Call: func(args []any) (any, error) {
		result, _, err := callCost(args)
		return result, err
	}}
}

// call is one call of a function: what it needs to read its arguments and to
// name them in errors.
type call struct {
	name string
	args []any
	max  int
	cost *int // of its comparisons
}

// in is [value.In].
func (c call) in(item, coll any) (any, error) {
	found, cost, err := value.InCost(item, coll)
	*c.cost += cost
	return found, err
}

// maxCost bounds the comparisons of one call.
const maxCost = 4 << 20

// order is [value.Compare].
func (c call) order(a, b any) (int, error) {
	if *c.cost++; value.KindOf(a) == value.String && value.KindOf(b) == value.String {
		n, _, _ := value.Len(a)
		m, _, _ := value.Len(b)
		*c.cost += min(n, m) / 256
	}
	for _, v := range [...]any{a, b} {
		if n, ok := v.(json.Number); ok { // it is read each time
			*c.cost += len(n) / 2
		}
	}
	if *c.cost > maxCost {
		return 0, errors.New("there is too much to compare")
	}
	return value.Compare(a, b)
}

// has reports whether optional argument i was given.
func (c call) has(i int) bool { return i < len(c.args) }

// wrong is the error for an argument of a wrong type.
func (c call) wrong(i int, want string) error {
	return fmt.Errorf("%s: argument %d: expected %s, got %s", c.name, i+1, want, value.TypeName(c.args[i]))
}

// bad is the error for an argument of the right type that will not do.
func (c call) bad(i int, format string, args ...any) error {
	return fmt.Errorf("%s: argument %d: %s", c.name, i+1, fmt.Sprintf(format, args...))
}

// tooLong is the error for a result above the limit.
func (c call) tooLong() error {
	return fmt.Errorf("%s: %w of %s bytes", c.name, value.ErrTooLong, value.Count(c.max))
}

// elements checks that a list of n elements may be made.
func (c call) elements(n int) error {
	if n > c.max/elementBytes {
		return fmt.Errorf("%s: a list of %s elements: %w of %s bytes", c.name, value.Count(n), value.ErrTooLong, value.Count(c.max))
	}
	return nil
}

func (c call) str(i int) (string, error) {
	if s, ok := value.Text(c.args[i]); ok {
		return s, nil
	}
	return "", c.wrong(i, "a string")
}

// strs reads the first two arguments as strings.
func (c call) strs() (a, b string, err error) {
	if a, err = c.str(0); err == nil {
		b, err = c.str(1)
	}
	return a, b, err
}

// integer reads an integer of at least low.
func (c call) integer(i, low int) (int, error) {
	n, ok := value.Int(c.args[i])
	switch {
	case !ok && value.KindOf(c.args[i]) == value.Number:
		return 0, c.bad(i, "expected an integer, got %s", show(c.args[i]))
	case !ok:
		return 0, c.wrong(i, "an integer")
	case n < int64(low):
		return 0, c.bad(i, "expected %d or more, got %d", low, n)
	}
	return int(min(n, 1<<31-1)), nil // as good as any larger one, on every machine
}

// list reads a list's length; nil is an empty one.
func (c call) list(i int) (n int, err error) {
	n, kind, _ := value.Len(c.args[i])
	if kind != value.List && kind != value.Nil {
		return 0, c.wrong(i, "a list")
	}
	return n, nil
}

// items copies a list.
func (c call) items(i int) ([]any, error) {
	n, err := c.list(i)
	if err == nil {
		err = c.elements(n)
	}
	if err != nil {
		return nil, err
	}
	items := make([]any, n)
	for j := range items {
		items[j] = value.Index(c.args[i], j)
	}
	return items, nil
}

// show prints a value for a message.
func show(v any) string {
	text, err := value.AppendLimit(nil, v, 40)
	if err != nil {
		return value.TypeName(v)
	}
	return string(text)
}

// quote prints the start of s for a message.
func quote(s string) string {
	if len(s) > 40 {
		s = strings.ToValidUTF8(s[:40], "") + "…"
	}
	return fmt.Sprintf("%q", s)
}
