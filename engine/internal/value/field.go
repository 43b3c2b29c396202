package value

import (
	"cmp"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Entry is one entry of a map: the item of a loop over a map. Paths know it as
// a map of "key" and "value".
type Entry struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// maxKeys bounds what Keys returns.
const maxKeys = 1000

// maxKeyText bounds, in bytes, the name of a key that is neither a string nor
// an integer.
const maxKeyText = 1000

// Field takes one step of a path: from v to what seg names in it. ok is false
// if there is no such thing.
//
// In a map, seg is a key: of any string type, an integer in decimal, or, where
// keys are interfaces, either. In a list it is an index in decimal, without
// sign or leading zeros. In a struct it is the name in the field's json tag,
// else in its yaml tag, else the field's own name; the own name and the yaml
// name find a field too where nothing else has them. Fields of embedded structs
// count as the outer struct's, as in Go. A field tagged "-" is found by its own
// name alone and is no part of what prints. Nil pointers have no fields.
func Field(v any, seg string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		x, ok := v[seg]
		return x, ok
	case map[string]string:
		x, ok := v[seg]
		if !ok {
			return nil, false
		}
		return x, true
	case []any:
		if i := listIndex(seg, len(v)); i >= 0 {
			return v[i], true
		}
		return nil, false
	case []string:
		if i := listIndex(seg, len(v)); i >= 0 {
			return v[i], true
		}
		return nil, false
	case Entry:
		switch seg {
		case "key":
			return v.Key, true
		case "value":
			return v.Value, true
		}
	case nil:
		return nil, false
	}
	rv, ok := field(reflect.ValueOf(v), seg)
	if !ok {
		return nil, false
	}
	return open(rv), true
}

// open takes a value out of reflection; nil pointers become nil.
func open(rv reflect.Value) any {
	if !rv.IsValid() || rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil
	}
	return rv.Interface()
}

// listIndex reads seg as an index into n elements; -1 if it is none.
func listIndex(seg string, n int) int {
	if seg == "" || len(seg) > 18 || seg[0] == '0' && len(seg) > 1 {
		return -1
	}
	i := 0
	for _, c := range []byte(seg) {
		if c < '0' || c > '9' {
			return -1
		}
		i = i*10 + int(c-'0')
	}
	if i >= n {
		return -1
	}
	return i
}

func field(rv reflect.Value, seg string) (reflect.Value, bool) {
	k, rv := kindOf(rv)
	switch {
	case k == List:
		if i := listIndex(seg, rv.Len()); i >= 0 {
			return rv.Index(i), true
		}
	case rv.Kind() == reflect.Struct && k != Time:
		if index, ok := fieldsOf(rv.Type()).lookup[seg]; ok {
			return walk(rv, index)
		}
	case k == Map:
		return mapField(rv, seg)
	}
	return reflect.Value{}, false
}

func mapField(rv reflect.Value, seg string) (reflect.Value, bool) {
	at := func(key reflect.Value) (reflect.Value, bool) {
		x := rv.MapIndex(key)
		return x, x.IsValid()
	}
	t := rv.Type().Key()
	switch {
	case t.Kind() == reflect.String:
		return at(reflect.ValueOf(seg).Convert(t))
	case reflect.Zero(t).CanInt():
		if i, err := strconv.ParseInt(seg, 10, 64); err == nil && !t.OverflowInt(i) && strconv.FormatInt(i, 10) == seg {
			return at(reflect.ValueOf(i).Convert(t))
		}
	case reflect.Zero(t).CanUint():
		if u, err := strconv.ParseUint(seg, 10, 64); err == nil && !t.OverflowUint(u) && strconv.FormatUint(u, 10) == seg {
			return at(reflect.ValueOf(u).Convert(t))
		}
	case t.Kind() == reflect.Interface && t.NumMethod() == 0:
		if x, ok := at(reflect.ValueOf(seg)); ok {
			return x, true
		}
		if i, err := strconv.ParseInt(seg, 10, 64); err == nil && strconv.FormatInt(i, 10) == seg {
			for _, key := range []any{int(i), i, uint64(i)} {
				if x, ok := at(reflect.ValueOf(key)); ok {
					return x, true
				}
			}
		}
	}
	return reflect.Value{}, false
}

// keyText returns the name under which a map's key prints and sorts.
func keyText(rv reflect.Value) string {
	if rv.Kind() == reflect.Interface {
		rv = rv.Elem()
	}
	switch {
	case !rv.IsValid():
		return "null"
	case rv.Kind() == reflect.String:
		return rv.String()
	case rv.CanInt():
		return strconv.FormatInt(rv.Int(), 10)
	case rv.CanUint():
		return strconv.FormatUint(rv.Uint(), 10)
	case rv.Kind() == reflect.Pointer:
		return rv.Type().String() // what it leads to may change, and differ for each
	}
	p := printer{limit: maxKeyText}
	text, err := p.text(nil, rv.Interface())
	if err != nil || len(text) > maxKeyText {
		return rv.Type().String()
	}
	return string(text)
}

// Keys returns the names that Field knows in v, sorted, without the indexes of
// lists. Of more than 1,000 it returns the first 1,000.
func Keys(v any) []string {
	var names []string
	add := func(name string) {
		if names = append(names, name); len(names) == 2*maxKeys {
			slices.Sort(names)
			names = names[:maxKeys]
		}
	}
	if m, ok := v.(map[string]any); ok {
		for name := range m {
			add(name)
		}
	} else if k, rv := kindOf(reflect.ValueOf(v)); k != Map {
		return nil
	} else if rv.Kind() == reflect.Map {
		for it := rv.MapRange(); it.Next(); {
			add(keyText(it.Key()))
		}
	} else {
		for _, f := range fieldsOf(rv.Type()).fields {
			if _, ok := walk(rv, f.index); ok {
				add(f.name)
			}
		}
	}
	slices.Sort(names)
	return names[:min(len(names), maxKeys)]
}

// Len returns the length of v with its kind: bytes of a string, elements of a
// list, entries of a map, 0 for nil. ok is false for every other kind.
func Len(v any) (n int, kind Kind, ok bool) {
	switch v := v.(type) {
	case string:
		return len(v), String, true
	case []any:
		return len(v), List, true
	case []string:
		return len(v), List, true
	case map[string]any:
		return len(v), Map, true
	}
	k, rv := kindOf(reflect.ValueOf(v))
	switch {
	case k == Nil:
		return 0, Nil, true
	case k == Map && rv.Kind() == reflect.Struct:
		return len(members(rv)), Map, true
	case k == String || k == List || k == Map:
		return rv.Len(), k, true
	}
	return 0, k, false
}

// Index returns element i of the list v, or nil if v is no list or has no such
// element.
func Index(v any, i int) any {
	switch v := v.(type) {
	case []any:
		if i >= 0 && i < len(v) {
			return v[i]
		}
		return nil
	case []string:
		if i >= 0 && i < len(v) {
			return v[i]
		}
		return nil
	}
	if k, rv := kindOf(reflect.ValueOf(v)); k == List && i >= 0 && i < rv.Len() {
		return open(rv.Index(i))
	}
	return nil
}

// Entries returns what a map or struct holds, sorted by key; nil for every
// other kind. It allocates 48 bytes an entry: ask Len first.
func Entries(v any) []Entry {
	var entries []Entry
	if m, ok := v.(map[string]any); ok {
		entries = make([]Entry, 0, len(m))
		for k, x := range m {
			entries = append(entries, Entry{k, x})
		}
		slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
		return entries
	}
	k, rv := kindOf(reflect.ValueOf(v))
	if k != Map {
		return nil
	}
	list := sortedMembers(rv)
	entries = make([]Entry, 0, len(list))
	for _, m := range list {
		entries = append(entries, Entry{m.name, open(m.value)})
	}
	return entries
}

// member is one entry of a map or one field of a struct.
type member struct {
	name  string
	value reflect.Value
	field *structField // of a struct
	rank  string       // tells keys of one name and different types apart
}

// members lists a map's entries in any order, a struct's fields as declared.
func members(rv reflect.Value) []member {
	if rv.Kind() == reflect.Struct {
		info := fieldsOf(rv.Type())
		list := make([]member, 0, len(info.fields))
		for i := range info.fields {
			f := &info.fields[i]
			if x, ok := walk(rv, f.index); ok {
				list = append(list, member{name: f.name, value: x, field: f})
			}
		}
		return list
	}
	list := make([]member, 0, rv.Len())
	mixed := rv.Type().Key().Kind() == reflect.Interface
	for it := rv.MapRange(); it.Next(); {
		m := member{name: keyText(it.Key()), value: it.Value()}
		if mixed && !it.Key().IsNil() {
			m.rank = it.Key().Elem().Type().String()
		}
		list = append(list, m)
	}
	return list
}

func sortedMembers(rv reflect.Value) []member {
	list := members(rv)
	slices.SortFunc(list, func(a, b member) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.rank, b.rank))
	})
	return list
}
