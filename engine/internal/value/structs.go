package value

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// structInfo is what paths and printing know of a struct type.
type structInfo struct {
	fields []structField    // what prints, in order of declaration
	lookup map[string][]int // every name of every field
	opaque bool             // no visible field, yet not empty
	time   bool             // a named type made of time.Time
}

type structField struct {
	name      string
	index     []int // through embedded structs
	omitEmpty bool
	omitZero  bool
}

// structInfos holds a *structInfo for each reflect.Type seen; a program has a
// bounded number of those.
var structInfos sync.Map

func fieldsOf(t reflect.Type) *structInfo {
	if info, ok := structInfos.Load(t); ok {
		return info.(*structInfo)
	}
	info, _ := structInfos.LoadOrStore(t, newStructInfo(t))
	return info.(*structInfo)
}

// candidate is a field that may turn out to be hidden by another one.
type candidate struct {
	structField
	goName, yamlName string
	tagged           bool
	hidden           bool // found by its Go name alone
}

func newStructInfo(t reflect.Type) *structInfo {
	info := &structInfo{lookup: map[string][]int{}, time: t.ConvertibleTo(timeType)}
	all := candidates(t)
	for _, c := range all {
		if !c.hidden && dominant(c, all) {
			info.fields = append(info.fields, c.structField)
			info.lookup[c.name] = c.index
		}
	}
	info.alias(all, func(c candidate) string { return c.goName })
	info.alias(all, func(c candidate) string { return c.yamlName })
	slices.SortFunc(info.fields, func(a, b structField) int { return slices.Compare(a.index, b.index) })
	info.opaque = len(info.lookup) == 0 && t.NumField() > 0
	return info
}

// alias lets fields be found by another name too, where nothing has it yet: the
// shallowest one of that name, unless there are several.
func (info *structInfo) alias(all []candidate, name func(candidate) string) {
	found := map[string]candidate{}
	twice := map[string]bool{}
	for _, c := range all { // the shallower come first
		switch first, ok := found[name(c)]; {
		case !ok:
			found[name(c)] = c
		case len(first.index) == len(c.index):
			twice[name(c)] = true
		}
	}
	for name, c := range found {
		if _, taken := info.lookup[name]; !taken && !twice[name] && name != "" {
			info.lookup[name] = c.index
		}
	}
}

// dominant applies Go's rule for embedded fields, with the tags' part in it as
// encoding/json has it: the shallowest wins, then the only tagged one; where
// several are left there is none.
func dominant(c candidate, all []candidate) bool {
	for _, o := range all {
		if o.hidden || o.name != c.name || slices.Equal(o.index, c.index) {
			continue
		}
		if len(o.index) < len(c.index) || len(o.index) == len(c.index) && (o.tagged || !c.tagged) {
			return false
		}
	}
	return true
}

// candidates lists the fields of t and of the structs embedded in it, level by
// level; each type is entered once, so types that embed themselves end.
func candidates(t reflect.Type) []candidate {
	type level struct {
		t     reflect.Type
		index []int
	}
	var all []candidate
	seen := map[reflect.Type]bool{t: true}
	for queue := []level{{t, nil}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for i := range at.t.NumField() {
			sf := at.t.Field(i)
			ft := sf.Type
			if sf.Anonymous && ft.Kind() == reflect.Pointer {
				ft = ft.Elem()
			}
			embedded := sf.Anonymous && ft.Kind() == reflect.Struct && ft != timeType
			if !sf.IsExported() && !embedded {
				continue
			}
			c := describe(sf)
			c.index = append(slices.Clone(at.index), i)
			if embedded && !c.tagged && !c.hidden {
				if !seen[ft] {
					seen[ft] = true
					queue = append(queue, level{ft, c.index})
				}
				c.hidden = true
			}
			if sf.IsExported() {
				all = append(all, c)
			}
		}
	}
	return all
}

// describe reads the tags of a field.
func describe(sf reflect.StructField) candidate {
	c := candidate{goName: sf.Name}
	yaml, _, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
	json, isJSON := sf.Tag.Lookup("json")
	name, options, _ := strings.Cut(json, ",")
	c.hidden = json == "-" || !isJSON && yaml == "-"
	for option := range strings.SplitSeq(options, ",") {
		c.omitEmpty = c.omitEmpty || option == "omitempty"
		c.omitZero = c.omitZero || option == "omitzero"
	}
	if yaml == "-" || c.hidden {
		yaml = ""
	}
	if name == "-" && c.hidden {
		name = ""
	}
	c.yamlName = yaml
	switch {
	case name != "":
		c.name, c.tagged = name, true
	case yaml != "":
		c.name, c.tagged = yaml, true
	default:
		c.name = sf.Name
	}
	return c
}

// walk follows index from struct to embedded struct; ok is false when there is
// a nil pointer on the way.
func walk(rv reflect.Value, index []int) (reflect.Value, bool) {
	for n, i := range index {
		if n > 0 && rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				return reflect.Value{}, false
			}
			rv = rv.Elem()
		}
		rv = rv.Field(i)
	}
	return rv, rv.CanInterface()
}

// omitted reports whether the options of f's tag keep x from being printed.
func (f *structField) omitted(x reflect.Value) bool {
	if f.omitZero && x.IsZero() {
		return true
	}
	if !f.omitEmpty {
		return false
	}
	switch x.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return x.Len() == 0
	case reflect.Struct:
		return false
	}
	return x.IsZero()
}
