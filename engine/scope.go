package engine

import (
	"slices"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// scopeKind says what a scope brings.
type scopeKind uint8

const (
	scopeVars scopeKind = iota // names known when compiling: loop variables, attributes of an include
	scopeWith                  // the keys of a map in a slot
	scopeRoot                  // the data
	scopeEnv                   // what the code that called this one sees
)

// scope is what one construct makes visible, on top of its parent. A chain of
// them without a root or env at its end is isolated. Scopes are made while
// compiling and never change.
type scope struct {
	parent *scope
	kind   scopeKind
	names  []string
	slots  []int    // of names; -1 for a constant
	consts []string // of names that are constants
	slot   int      // of a with
}

var (
	rootScope = scope{kind: scopeRoot}
	envScope  = scope{kind: scopeEnv}
)

// loopScope is the scope of a loop, with room for what it holds.
type loopScope struct {
	scope
	names [2]string
	slots [2]int
}

// newLoopScope returns the scope of a loop. index is -1 if it has none.
func newLoopScope(parent *scope, itemName string, item int, indexName string, index int) *scope {
	s := &loopScope{names: [2]string{itemName, indexName}, slots: [2]int{item, index}}
	n := 2
	if index < 0 {
		n = 1
	}
	s.scope = scope{parent: parent, names: s.names[:n:n], slots: s.slots[:n:n]}
	return &s.scope
}

// steps is what looking through a chain of scopes costs.
func (s *scope) steps() int {
	n := 1
	for ; s != nil; s = s.parent {
		n += len(s.names) / 4
		if s.kind == scopeWith {
			n += withSteps
		}
	}
	return n
}

// env is a view together with the values it had at some moment.
type env struct {
	*view
	slots []any
	outer *env // for scopeEnv
	root  any
}

// lookup finds a path.
func (e *env) lookup(segs []string) (any, bool) {
	v, ok := e.first(segs[0])
	if !ok {
		return nil, false
	}
	return walk(v, segs[1:])
}

// first finds the first segment of a path.
func (e *env) first(name string) (any, bool) {
	if v, ok := e.scoped(name); ok {
		return v, true
	}
	for _, d := range e.defaults {
		if v, ok := d[name]; ok {
			return v, true
		}
	}
	return nil, false
}

func (e *env) scoped(name string) (any, bool) {
	for s := e.scope; s != nil; s = s.parent {
		switch s.kind {
		case scopeVars:
			if i := slices.Index(s.names, name); i >= 0 {
				if s.slots[i] < 0 {
					return s.consts[i], true
				}
				return unbox(e.slots[s.slots[i]]), true
			}
		case scopeWith:
			if v, ok := step(e.slots[s.slot], name); ok {
				return v, true
			}
		case scopeRoot:
			return step(e.root, name)
		case scopeEnv:
			return e.outer.first(name)
		}
	}
	return nil, false
}

// names lists what first can find, for suggestions, and says how many keys had
// to be looked at.
func (e *env) names() (list []string, looked int) {
	keys := func(v any) {
		n, _, _ := value.Len(v)
		looked += n
		list = append(list, value.Keys(v)...)
	}
	for ; e != nil; e = e.outer {
		for s := e.scope; s != nil; s = s.parent {
			switch s.kind {
			case scopeVars:
				list = append(list, s.names...)
				looked += len(s.names)
			case scopeWith:
				keys(e.slots[s.slot])
			case scopeRoot:
				keys(e.root)
			}
		}
		for _, d := range e.defaults {
			keys(d)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), looked
}

// step takes one step of a path.
func step(v any, seg string) (any, bool) {
	switch m := v.(type) {
	case map[string]any:
		v, ok := m[seg]
		return v, ok
	case *value.Entry:
		switch seg {
		case "key":
			return m.Key, true
		case "value":
			return m.Value, true
		}
		return nil, false
	}
	return value.Field(v, seg)
}

// walk follows the rest of a path.
func walk(v any, segs []string) (any, bool) {
	for _, seg := range segs {
		var ok bool
		if v, ok = step(v, seg); !ok {
			return nil, false
		}
	}
	return v, true
}

// Loops put items of []string and indexes into slots as pointers, which costs
// no allocation. unbox makes plain values of them.
func unbox(v any) any {
	switch p := v.(type) {
	case *string:
		if p != nil {
			return *p
		}
		return nil
	case *int:
		if p != nil {
			return *p
		}
		return nil
	case *value.Entry:
		return *p
	}
	return v
}

// plain is what Go functions and resolvers get for v: an entry of a map as a
// map, since its own type is not theirs to know.
func plain(v any) any {
	if e, ok := v.(value.Entry); ok {
		return map[string]any{"key": e.Key, "value": e.Value}
	}
	return v
}

// smallInts is what the indexes of loops point to.
var smallInts = func() (a [1024]int) {
	for i := range a {
		a[i] = i
	}
	return a
}()

func boxIndex(i int) any {
	if i < len(smallInts) {
		return &smallInts[i]
	}
	return i
}
