// Package value says what values mean in the template language: what is true,
// what is equal, what comes first, what a path finds, how a value prints.
//
// Values are whatever Go data the caller passes in. The language knows nine
// kinds of them (see [Kind]); pointers and interfaces stand for what they lead
// to, and a nil pointer is nil. Named types count as what they are made of: a
// type Level int is a number. Further rules:
//
//   - A json.Number that holds a number is a number, exact for integers of up
//     to 400 digits, the nearest float64 otherwise; one of more than 1,000
//     bytes is text.
//   - []byte and named types of it are text, as strings are.
//   - A struct is a map of its fields (see [Field] for their names); one
//     without any visible field, such as big.Int, is [Other].
//   - NaN equals itself and comes before all other numbers, so that sorting has
//     one result. 0 and -0 are equal.
//
// No function panics, whatever it is given, nor recurses without a bound: data
// that contains itself, or is nested a million levels deep, gives an error, or
// false where the function has no error to give. Methods of the data that
// panic are recovered from. Everything here is safe for concurrent use as long
// as nobody changes the data meanwhile.
package value

import (
	"encoding/json"
	"reflect"
	"time"
)

// Limits of this package.
const (
	MaxDepth = 1000     // levels of nested data that print
	MaxBytes = 16 << 20 // what Append adds at most
	maxHops  = 100      // pointers to pointers followed to a value
)

// Kind is what the language takes a value for.
type Kind uint8

// The kinds.
const (
	Nil Kind = iota
	Bool
	Number
	String // strings and []byte
	Time
	List // slices and arrays
	Map  // maps and structs
	Other
)

var (
	timeType       = reflect.TypeFor[time.Time]()
	jsonNumberType = reflect.TypeFor[json.Number]()
)

// KindOf returns v's kind.
func KindOf(v any) Kind {
	switch v := v.(type) {
	case nil:
		return Nil
	case string:
		return String
	case bool:
		return Bool
	case int, int64, float64:
		return Number
	case map[string]any, map[string]string, Entry:
		return Map
	case []any, []string:
		return List
	case []byte:
		return String
	case time.Time:
		return Time
	default:
		k, _ := kindOf(reflect.ValueOf(v))
		return k
	}
}

// indirect follows pointers and interfaces. What it returns is invalid for nil
// and a pointer for pointers that lead to pointers without end.
func indirect(rv reflect.Value) reflect.Value {
	for range maxHops {
		switch rv.Kind() {
		case reflect.Pointer, reflect.Interface:
			rv = rv.Elem()
		default:
			return rv
		}
	}
	return rv
}

// kindOf returns rv's kind and what rv's pointers lead to.
func kindOf(rv reflect.Value) (Kind, reflect.Value) {
	rv = indirect(rv)
	switch rv.Kind() {
	case reflect.Invalid:
		return Nil, rv
	case reflect.Bool:
		return Bool, rv
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
		return Number, rv
	case reflect.String:
		if rv.Type() == jsonNumberType {
			if _, ok := jsonNumber(rv.String()); ok {
				return Number, rv
			}
		}
		return String, rv
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			return String, rv
		}
		return List, rv
	case reflect.Array:
		return List, rv
	case reflect.Map:
		return Map, rv
	case reflect.Struct:
		if rv.Type() == timeType {
			return Time, rv
		}
		switch info := fieldsOf(rv.Type()); {
		case info.time:
			return Time, rv.Convert(timeType)
		case info.opaque:
			return Other, rv
		}
		return Map, rv
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		if rv.IsNil() {
			return Nil, reflect.Value{}
		}
	}
	return Other, rv
}

// TypeName names v's type for messages: "nil", "bool", "int" and "float" of any
// size, "string", "time", "list", "map", else the name of the Go type.
func TypeName(v any) string {
	k, rv := kindOf(reflect.ValueOf(v))
	switch k {
	case Nil:
		return "nil"
	case Bool:
		return "bool"
	case Number:
		if n, _ := numberOf(rv); n.kind == isFloat {
			return "float"
		}
		return "int"
	case String:
		return "string"
	case Time:
		return "time"
	case List:
		return "list"
	case Map:
		return "map"
	}
	name := rv.Type().String()
	if len(name) > 100 {
		name = name[:100]
	}
	return name
}

// Text returns the text of a string, of a []byte or of a pointer to one; ok is
// false for every other kind.
func Text(v any) (s string, ok bool) {
	if s, ok := v.(string); ok {
		return s, true
	}
	if k, rv := kindOf(reflect.ValueOf(v)); k == String {
		return textOf(rv), true
	}
	return "", false
}

// textOf returns the text of a value of kind String.
func textOf(rv reflect.Value) string {
	if rv.Kind() == reflect.String {
		return rv.String()
	}
	return string(rv.Bytes())
}

// Moment returns the time that v holds; ok is false for every other kind.
func Moment(v any) (t time.Time, ok bool) {
	if t, ok := v.(time.Time); ok {
		return t, true
	}
	if k, rv := kindOf(reflect.ValueOf(v)); k == Time {
		return momentOf(rv), true
	}
	return time.Time{}, false
}

// Truthy reports whether v counts as true. False are nil, false, zero of every
// numeric type, "" and empty lists and maps; pointers count as what they lead
// to. Every time, struct and other value is true, and so is NaN.
func Truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int:
		return v != 0
	case int64:
		return v != 0
	case float64:
		return v != 0
	case map[string]any:
		return len(v) != 0
	case []any:
		return len(v) != 0
	case map[string]string:
		return len(v) != 0
	case []string:
		return len(v) != 0
	}
	k, rv := kindOf(reflect.ValueOf(v))
	switch k {
	case Nil:
		return false
	case Bool:
		return rv.Bool()
	case Number:
		n, _ := numberOf(rv)
		return n.sign() != 0
	case String, List:
		return rv.Len() != 0
	case Map:
		return rv.Kind() == reflect.Struct || rv.Len() != 0
	}
	switch rv.Kind() {
	case reflect.Complex64, reflect.Complex128:
		return rv.Complex() != 0
	}
	return true
}
