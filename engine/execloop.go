package engine

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// cursor is the state of a loop.
type cursor struct {
	list any
	kind cursorKind
	i, n int

	ended bool // the last turn of a loop that is one with its parts left out the lead of the next
}

type cursorKind uint8

const (
	overAnys cursorKind = iota
	overMaps
	overStrings
	overEntries
	overList
)

// tagError is an error that is about a tag as a whole, not about its path.
type tagError struct{ error }

func (e tagError) Unwrap() error { return e.error }

// begin sets a cursor to the start of the list or map that an instruction
// names.
func (f *frame) begin(c *code, a *activation, in *instr, k *cursor) error {
	s := &c.loops[in.a]
	var v any
	if s.path < 0 {
		v = a.pop()
	} else if v = f.find(&c.paths[s.path], a); v == nil {
		if _, ok := f.lookup(&c.paths[s.path], a); !ok {
			return missingError{&c.paths[s.path]}
		}
	}
	each := f.p.eng.limits.LoopTurnsEach
	if list, ok := v.([]any); ok && len(list) <= each && s.limit == 0 { // as most are
		k.list, k.i, k.n, k.kind = v, 0, len(list), overAnys
		return nil
	}
	k.list, k.i, k.n = v, 0, 0
	switch list := v.(type) {
	case []any:
		k.n, k.kind = len(list), overAnys
	case []map[string]any:
		k.n, k.kind = len(list), overMaps
	case []string:
		k.n, k.kind = len(list), overStrings
	case nil:
	default:
		n, kind, ok := value.Len(v)
		switch {
		case ok && kind == value.List:
			k.n, k.kind = n, overList
		case ok && kind == value.Map && !isStruct(v):
			k.n, k.kind = n, overEntries
		case ok && kind == value.Nil:
		case isStruct(v) && kind == value.Map:
			return errors.New("a loop needs a list or a map, not a struct")
		default:
			return fmt.Errorf("a loop needs a list or a map, not %s", value.TypeName(v))
		}
	}
	switch {
	case s.limit > 0:
		k.n = min(k.n, s.limit, each)
	case k.n > each:
		return tagError{limitf("the loop has %s turns, the limit for one loop is %s: set the attribute limit to take the first ones", value.Count(k.n), value.Count(each))}
	}
	if k.kind == overEntries && k.n > 0 {
		return f.sorted(k, v)
	}
	return nil
}

// isStruct reports whether v is a struct or leads to one. Paths look into it as
// into a map, but its fields are no entries to loop over. An entry of a map is
// a map itself.
func isStruct(v any) bool {
	switch v.(type) {
	case value.Entry, *value.Entry:
		return false
	}
	rv := reflect.ValueOf(v)
	for n := 0; n < 100 && (rv.Kind() == reflect.Pointer || rv.Kind() == reflect.Interface); n++ {
		rv = rv.Elem()
	}
	return rv.Kind() == reflect.Struct
}

// sorted makes the list of a map's entries.
func (f *frame) sorted(k *cursor, v any) error {
	n, _, _ := value.Len(v)
	if err := f.charge(1 + 12*n); err != nil {
		return err
	}
	entries := value.Entries(v)
	k.list, k.n = entries, min(k.n, len(entries))
	return nil
}

// item is the item of turn i.
func (k *cursor) item(i int) any {
	switch k.kind {
	case overAnys:
		return k.list.([]any)[i]
	case overMaps:
		return k.list.([]map[string]any)[i]
	case overStrings:
		return &k.list.([]string)[i]
	case overEntries:
		return &k.list.([]value.Entry)[i]
	}
	return value.Index(k.list, i)
}

// bind gives a loop's variables the values that they have in turn i.
func (a *activation) bind(s *loopSite, item any, i int) {
	a.slots[s.item] = item
	if s.index >= 0 {
		a.slots[s.index] = boxIndex(i)
	}
}

// turn begins a turn of a loop.
func (f *frame) turn(k *cursor, s *loopSite, a *activation) error {
	if f.turns++; f.turns > f.p.eng.limits.LoopTurns {
		return f.tooManyTurns()
	}
	a.bind(s, k.item(k.i), k.i)
	return nil
}

func (f *frame) tooManyTurns() error {
	return stepError{limitf("all loops together take more than %s turns", value.Count(f.p.eng.limits.LoopTurns))}
}

// batch is a row of turns of a loop that is one with its parts.
type batch struct {
	site   *loopSite
	items  []any // after an error, up to the one of the turn that failed
	first  int   // which turn of the loop the first of them has
	cursor *cursor
}

// each runs a loop that is one with its parts, as many turns at once as there
// may be between two looks at the limits.
func (f *frame) each(c *code, a *activation, in *instr) (int32, error) {
	var b batch
	var k cursor
	b.site = &c.loops[in.a]
	if err := f.begin(c, a, in, &k); err != nil {
		return in.at, err
	}
	if k.n == 0 {
		return 0, nil
	}
	b.cursor = &k
	lead := b.site.lead
	if len(lead) > f.max-len(f.out) {
		return b.site.leadAt, f.tooLong()
	}
	f.write(lead)
	for b.first < k.n {
		n := min(k.n-b.first, b.site.block, f.p.eng.limits.LoopTurns-f.turns)
		if n == 0 {
			return in.at, f.tooManyTurns()
		}
		var at int32
		var err error
		if k.kind == overAnys {
			b.items = k.list.([]any)[b.first : b.first+n]
			at, err = f.parts(c, a, &c.parts[in.b], -1, &b)
			n = len(b.items)
		} else {
			n, at, err = f.few(c, a, in, &k, b.first, n)
		}
		b.first += n
		f.turns += n
		over := f.charge(n * b.site.steps)
		if err != nil {
			return at, err
		}
		if over != nil {
			return in.at, over
		}
	}
	if !k.ended {
		f.out = f.out[:len(f.out)-len(lead)]
	}
	return 0, nil
}

// few runs a few turns, n at most, over a list that is no []any, and returns how
// many.
func (f *frame) few(c *code, a *activation, in *instr, k *cursor, first, n int) (int, int32, error) {
	var items [16]any
	b := batch{site: &c.loops[in.a], cursor: k, items: items[:min(n, len(items))], first: first}
	for i := range b.items {
		b.items[i] = k.item(first + i)
	}
	at, err := f.parts(c, a, &c.parts[in.b], -1, &b)
	return len(b.items), at, err
}
