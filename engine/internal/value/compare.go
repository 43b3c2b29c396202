package value

import (
	"bytes"
	"cmp"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Compare orders two numbers of any types by value, two strings by their bytes,
// or two times: -1 if a comes before b, 0, or 1. Everything else has no order,
// and the error names both.
func Compare(a, b any) (int, error) {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y), nil
		}
	case float64:
		if y, ok := b.(float64); ok {
			return cmp.Compare(x, y), nil
		}
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), nil
		}
	}
	ka, ra := kindOf(reflect.ValueOf(a))
	kb, rb := kindOf(reflect.ValueOf(b))
	if ka == kb {
		switch ka {
		case Number:
			x, _ := numberOf(ra)
			y, _ := numberOf(rb)
			return x.compare(y), nil
		case String:
			return strings.Compare(textOf(ra), textOf(rb)), nil
		case Time:
			return momentOf(ra).Compare(momentOf(rb)), nil
		}
	}
	return 0, fmt.Errorf("cannot order %s and %s; only two numbers, two strings or two times have an order", TypeName(a), TypeName(b))
}

// In reports whether coll contains item: a string the text item, a list an
// element equal to it, a map it as a key. Nothing is in nil, nor is nil in a
// string or the key of a map. For other kinds of coll, and for an item that is
// not a string in a coll that is one, there is an error.
func In(item, coll any) (bool, error) {
	found, _, err := InCost(item, coll)
	return found, err
}

// InCost is In that tells its cost, as EqualCost does: that of the comparisons
// with the elements of a list.
func InCost(item, coll any) (found bool, cost int, err error) {
	if k, _ := kindOf(reflect.ValueOf(coll)); k == List {
		return inList(item, coll)
	}
	found, err = inOther(item, coll)
	return found, 1, err
}

// inOther is In for what is no list.
func inOther(item, coll any) (bool, error) {
	k, rv := kindOf(reflect.ValueOf(coll))
	ik, _ := kindOf(reflect.ValueOf(item))
	switch k {
	case Nil:
		return false, nil
	case String:
		if ik == Nil {
			return false, nil
		}
		if sub, ok := Text(item); ok {
			return strings.Contains(textOf(rv), sub), nil
		}
		return false, fmt.Errorf("cannot look for %s in string; only a string is in a string", TypeName(item))
	case Map:
		if name, ok := Text(item); ok {
			_, found := Field(coll, name)
			return found, nil
		}
		if rv.Kind() != reflect.Map || rv.Type().Key().Kind() == reflect.String {
			return false, nil // a string never equals anything else
		}
		if n, ok := Int(item); ok {
			_, found := mapField(rv, strconv.FormatInt(n, 10))
			return found, nil
		}
		return false, nil
	}
	return false, fmt.Errorf("cannot look for %s in %s; it takes a string, a list or a map", TypeName(item), TypeName(coll))
}

func inList(item, coll any) (found bool, cost int, err error) {
	c := newComparison()
	n, _, _ := Len(coll)
	for i := range n {
		if c.equal(item, Index(coll, i)) {
			return true, c.cost(), nil
		}
		if c.budget < 0 {
			return false, c.cost(), errTooMuch
		}
	}
	return false, c.cost(), nil
}

// Equal reports whether a and b are the same: numbers by value, strings, times
// by instant, lists and maps by content, whatever their Go types; nil equals
// nil alone. A struct equals a map or another struct with equal fields. Values
// of kind Other are equal if they have one type and are equal in Go, or else
// print the same text.
//
// Data that contains itself compares as far as it can be told apart. Equal
// gives up, with false, after two million elements, where a list or map counts
// as sixteen and a long string as one for each 256 bytes.
func Equal(a, b any) bool {
	equal, _ := EqualCost(a, b)
	return equal
}

// EqualCost is Equal that tells its cost: how many elements it looked at, as
// they count there.
func EqualCost(a, b any) (equal bool, cost int) {
	switch x := a.(type) {
	case nil:
		if b == nil {
			return true, 1
		}
	case string:
		if y, ok := b.(string); ok {
			return x == y, 1 + stringCost(len(x), len(y))
		}
	case int:
		switch y := b.(type) {
		case int:
			return x == y, 1
		case string:
			return false, 1
		}
	case bool:
		if y, ok := b.(bool); ok {
			return x == y, 1
		}
	}
	c := newComparison()
	equal = c.equal(a, b)
	return equal, c.cost()
}

// maxComparisons and the price of a list or map keep a comparison within a
// quarter of a second and 50 MB.
const (
	maxComparisons = 2 << 20
	groupPrice     = 16
)

// comparison decides equality with a list of what is still to be compared
// instead of recursion, so that depth costs heap and not stack. Pairs of
// references that were met before are taken as equal: if they are not, the
// first meeting says so.
type comparison struct {
	budget int
	todo   []pair
	met    map[meeting]bool
}

type pair struct{ a, b reflect.Value }

type meeting struct {
	a, b   uintptr
	ta, tb reflect.Type
	n      int
}

func newComparison() *comparison { return &comparison{budget: maxComparisons} }

// cost is what was taken from the budget.
func (c *comparison) cost() int { return maxComparisons - c.budget }

// stringCost is what comparing strings of these lengths counts for, besides
// the one of every value.
func stringCost(a, b int) int {
	if a != b {
		return 0
	}
	return a / bytesPerStep
}

const (
	bytesPerStep  = 256
	digitsPerStep = 4
)

// digits is how long a number is that is kept as text.
func digits(rv reflect.Value) int {
	if rv.Kind() == reflect.String {
		return rv.Len()
	}
	return 0
}

func (c *comparison) equal(a, b any) bool {
	if x, ok := a.(string); ok {
		if y, ok := b.(string); ok {
			c.budget -= 1 + stringCost(len(x), len(y))
			return c.budget >= 0 && x == y
		}
	}
	c.todo = c.todo[:0]
	clear(c.met)
	if !c.step(reflect.ValueOf(a), reflect.ValueOf(b)) {
		return false
	}
	for len(c.todo) > 0 {
		p := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		if !c.step(p.a, p.b) {
			return false
		}
	}
	return true
}

// step compares two values as far as they are scalars, and notes their
// elements for later.
func (c *comparison) step(a, b reflect.Value) bool {
	if c.budget--; c.budget < 0 {
		return false
	}
	ka, a := kindOf(a)
	kb, b := kindOf(b)
	if ka != kb {
		return false
	}
	switch ka {
	case Nil:
		return true
	case Bool:
		return a.Bool() == b.Bool()
	case Number:
		c.budget -= (digits(a) + digits(b)) / digitsPerStep
		x, _ := numberOf(a)
		y, _ := numberOf(b)
		return x.compare(y) == 0
	case String:
		if c.budget -= stringCost(a.Len(), b.Len()); c.budget < 0 {
			return false
		}
		if a.Kind() == reflect.Slice && b.Kind() == reflect.Slice {
			return bytes.Equal(a.Bytes(), b.Bytes())
		}
		return textOf(a) == textOf(b)
	case Time:
		return momentOf(a).Equal(momentOf(b))
	case List:
		return c.lists(a, b)
	case Map:
		return c.maps(a, b)
	}
	return sameOther(a, b)
}

// again reports whether a and b, references both, are one, or were compared
// before.
func (c *comparison) again(a, b reflect.Value) bool {
	m := meeting{address(a), address(b), a.Type(), b.Type(), 0}
	if m.a == 0 || m.b == 0 {
		return false
	}
	if a.Kind() == reflect.Slice {
		m.n = a.Len()
	}
	if m.a == m.b && m.ta == m.tb {
		return true
	}
	if c.met[m] {
		return true
	}
	if c.met == nil {
		c.met = map[meeting]bool{}
	}
	c.met[m] = true
	return false
}

// address identifies what rv refers to; 0 for a value that stands for itself
// and so cannot contain itself.
func address(rv reflect.Value) uintptr {
	switch {
	case rv.Kind() == reflect.Map || rv.Kind() == reflect.Slice:
		return rv.Pointer()
	case rv.CanAddr():
		return rv.Addr().Pointer()
	}
	return 0
}

func (c *comparison) lists(a, b reflect.Value) bool {
	n := a.Len()
	if n != b.Len() {
		return false
	}
	if n == 0 || c.again(a, b) {
		return true
	}
	for i := range n {
		if !c.later(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

// later compares scalars at once and keeps the rest for the main loop.
func (c *comparison) later(a, b reflect.Value) bool {
	switch indirect(a).Kind() {
	case reflect.Map, reflect.Slice, reflect.Array, reflect.Struct:
		if c.budget -= groupPrice; c.budget < 0 {
			return false
		}
		c.todo = append(c.todo, pair{a, b})
		return true
	}
	return c.step(a, b)
}

func (c *comparison) maps(a, b reflect.Value) bool {
	if c.again(a, b) {
		return true
	}
	sameKeys := a.Kind() == reflect.Map && b.Kind() == reflect.Map && a.Type().Key() == b.Type().Key()
	if sameKeys && a.Type().Key().Kind() != reflect.Interface {
		return c.byKey(a, b)
	}
	if c.budget -= c.size(a) + c.size(b); c.budget < 0 {
		return false
	}
	x, uniqueX := byName(a)
	y, uniqueY := byName(b)
	switch {
	case uniqueX != uniqueY || len(x) != len(y):
		return false
	case !uniqueX:
		return sameKeys && c.byKey(a, b)
	}
	for name, v := range x {
		w, ok := y[name]
		if !ok || !c.later(v, w) {
			return false
		}
	}
	return true
}

// byKey compares two maps that have one type of keys.
func (c *comparison) byKey(a, b reflect.Value) bool {
	if a.Len() != b.Len() {
		return false
	}
	for it := a.MapRange(); it.Next(); {
		c.budget-- // for finding it
		y := b.MapIndex(it.Key())
		if !y.IsValid() || !c.later(it.Value(), y) {
			return false
		}
	}
	return true
}

func (c *comparison) size(rv reflect.Value) int {
	if rv.Kind() == reflect.Struct {
		return rv.NumField()
	}
	return rv.Len()
}

// byName returns what a map or struct holds; unique is false if two keys have
// one name, as 1 and "1" have.
func byName(rv reflect.Value) (m map[string]reflect.Value, unique bool) {
	list := members(rv)
	m = make(map[string]reflect.Value, len(list))
	for _, e := range list {
		m[e.name] = e.value
	}
	return m, len(m) == len(list)
}

// sameOther compares what the language cannot look into.
func sameOther(a, b reflect.Value) bool {
	if a.Type() != b.Type() {
		return false
	}
	if a.CanAddr() && b.CanAddr() && a.Addr().Pointer() == b.Addr().Pointer() {
		return true
	}
	if flat(a.Type()) {
		return a.Equal(b)
	}
	s, oks, errs := methodText(a)
	t, okt, errt := methodText(b)
	return oks && okt && errs == nil && errt == nil && s == t
}

// flat reports whether Go compares values of type t without a panic and without
// following interfaces, which could be nested without a bound.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface:
		return false
	case reflect.Array:
		return flat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
		return true
	}
	return t.Comparable()
}
