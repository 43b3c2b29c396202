package value

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// What keeps a value from being printed.
var (
	ErrTooLong = errors.New("the result is longer than the limit")
	ErrTooDeep = errors.New("the value is nested more than 1,000 levels deep, or contains itself")
)

// Append prints v behind dst: nothing for nil, strings as they are, integers in
// decimal, floats in the shortest form that reads back (without exponent below
// 1e21; NaN, +Inf, -Inf), true and false, times as RFC 3339 with the fraction
// of the second they have. A type of the caller's prints as its String, Error or
// MarshalText method says, whichever it has first. Lists, maps and structs print
// as JSON.
//
// In JSON, keys of maps are sorted, structs have the names that paths use in
// order of declaration (omitempty and omitzero are honoured), nothing is
// escaped for HTML, nil, NaN and infinities are null, []byte is a string, bytes
// that are not UTF-8 are U+FFFD, and a MarshalJSON method comes before the
// others. Functions and channels cannot be printed.
//
// On error, which may be ErrTooDeep or ErrTooLong (more than 16 MiB), it
// returns dst as it was.
func Append(dst []byte, v any) ([]byte, error) {
	return AppendLimit(dst, v, len(dst)+MaxBytes)
}

// AppendLimit is Append with a limit to the length of the result, dst included.
func AppendLimit(dst []byte, v any, limit int) ([]byte, error) {
	n := len(dst)
	p := printer{limit: limit}
	out, err := p.text(dst, v)
	if err == nil && len(out) > limit {
		err = ErrTooLong
	}
	if err != nil {
		return dst[:n], err
	}
	return out, nil
}

// AppendJSON prints v as JSON, strings and nil included, on one line if indent
// is 0, else with so many spaces a level. limit and errors are AppendLimit's.
func AppendJSON(dst []byte, v any, indent, limit int) ([]byte, error) {
	n := len(dst)
	p := printer{limit: limit, indent: indent}
	out, err := p.json(dst, v, 0)
	if err == nil && len(out) > limit {
		err = ErrTooLong
	}
	if err != nil {
		return dst[:n], err
	}
	return out, nil
}

type printer struct {
	limit  int
	indent int
}

// room reports whether n more bytes are within the limit.
func (p *printer) room(dst []byte, n int) bool { return n <= p.limit-len(dst) }

func (p *printer) text(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return dst, nil
	case string:
		if !p.room(dst, len(v)) {
			return dst, ErrTooLong
		}
		return append(dst, v...), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case float64:
		return appendFloat(dst, v, 64), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case map[string]any, []any, []string, map[string]string:
		return p.json(dst, v, 0)
	case time.Time:
		return v.AppendFormat(dst, time.RFC3339Nano), nil
	case []byte:
		if !p.room(dst, len(v)) {
			return dst, ErrTooLong
		}
		return append(dst, v...), nil
	}
	rv := reflect.ValueOf(v)
	k, base := kindOf(rv)
	if k == Nil {
		return dst, nil
	}
	if base.Type() != timeType {
		if s, ok, err := pointerText(rv); ok || err != nil {
			if err == nil && !p.room(dst, len(s)) {
				err = ErrTooLong
			}
			return append(dst, s...), err
		}
	}
	switch k {
	case String:
		s := textOf(base)
		if !p.room(dst, len(s)) {
			return dst, ErrTooLong
		}
		return append(dst, s...), nil
	case Number:
		if base.Kind() == reflect.String && !p.room(dst, base.Len()) {
			return dst, ErrTooLong
		}
		return appendNumber(dst, base), nil
	case List, Map:
		return p.reflected(dst, rv, 0)
	}
	if base.Kind() == reflect.Struct && k == Other {
		return p.reflected(dst, rv, 0) // it may have MarshalJSON
	}
	return p.scalar(dst, k, base)
}

// scalar prints the kinds that look the same in text and, but for quotes, JSON.
func (p *printer) scalar(dst []byte, k Kind, rv reflect.Value) ([]byte, error) {
	switch k {
	case Bool:
		return strconv.AppendBool(dst, rv.Bool()), nil
	case Time:
		return momentOf(rv).AppendFormat(dst, time.RFC3339Nano), nil
	}
	switch rv.Kind() {
	case reflect.Complex64:
		return append(dst, strconv.FormatComplex(rv.Complex(), 'g', -1, 64)...), nil
	case reflect.Complex128:
		return append(dst, strconv.FormatComplex(rv.Complex(), 'g', -1, 128)...), nil
	case reflect.Pointer:
		return dst, ErrTooDeep
	}
	return dst, fmt.Errorf("a value of type %s cannot be printed", rv.Type())
}

func appendNumber(dst []byte, rv reflect.Value) []byte {
	switch {
	case rv.CanInt():
		return strconv.AppendInt(dst, rv.Int(), 10)
	case rv.CanUint():
		return strconv.AppendUint(dst, rv.Uint(), 10)
	case rv.Kind() == reflect.Float32:
		return appendFloat(dst, rv.Float(), 32)
	case rv.Kind() == reflect.Float64:
		return appendFloat(dst, rv.Float(), 64)
	}
	return append(dst, rv.String()...) // a json.Number keeps its spelling
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	format := byte('f')
	if math.Abs(f) >= 1e21 {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}

func (p *printer) json(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return p.quote(dst, v)
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case float64:
		if !finite(v) {
			return append(dst, "null"...), nil
		}
		return appendFloat(dst, v, 64), nil
	case map[string]any:
		return p.stringMap(dst, v, depth)
	case []any:
		return p.list(dst, len(v), depth, func(dst []byte, i int) ([]byte, error) { return p.json(dst, v[i], depth+1) })
	case []string:
		return p.list(dst, len(v), depth, func(dst []byte, i int) ([]byte, error) { return p.quote(dst, v[i]) })
	}
	return p.reflected(dst, reflect.ValueOf(v), depth)
}

func (p *printer) reflected(dst []byte, rv reflect.Value, depth int) ([]byte, error) {
	k, base := kindOf(rv)
	if k == Nil {
		return append(dst, "null"...), nil
	}
	if base.Type() != timeType && base.Type() != jsonNumberType {
		if text, ok, err := marshalled(rv); err != nil {
			return dst, err
		} else if ok {
			return p.raw(dst, text)
		}
		if s, ok, err := pointerText(rv); err != nil {
			return dst, err
		} else if ok {
			return p.quote(dst, s)
		}
	}
	switch k {
	case String:
		return p.quote(dst, textOf(base))
	case Number:
		if base.CanFloat() && !finite(base.Float()) {
			return append(dst, "null"...), nil
		}
		if base.Kind() == reflect.String && !p.room(dst, base.Len()) {
			return dst, ErrTooLong
		}
		return appendNumber(dst, base), nil
	case Bool:
		return p.scalar(dst, k, base)
	case List:
		return p.list(dst, base.Len(), depth, func(dst []byte, i int) ([]byte, error) { return p.reflected(dst, base.Index(i), depth+1) })
	case Map:
		return p.members(dst, base, depth)
	}
	if base.Kind() == reflect.Struct && k == Other {
		return append(dst, "{}"...), nil
	}
	text, err := p.scalar(nil, k, base)
	if err != nil {
		return dst, err
	}
	return p.quote(dst, string(text))
}

func (p *printer) stringMap(dst []byte, m map[string]any, depth int) ([]byte, error) {
	if !p.room(dst, 4*len(m)) {
		return dst, ErrTooLong
	}
	var few [16]string
	names := few[:0]
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return p.object(dst, len(names), depth, func(dst []byte, i int) ([]byte, error) {
		return p.pair(dst, names[i], func(dst []byte) ([]byte, error) { return p.json(dst, m[names[i]], depth+1) })
	})
}

func (p *printer) members(dst []byte, rv reflect.Value, depth int) ([]byte, error) {
	var list []member
	if rv.Kind() == reflect.Struct {
		list = slices.DeleteFunc(members(rv), func(m member) bool { return m.field.omitted(m.value) })
	} else {
		if !p.room(dst, 4*rv.Len()) {
			return dst, ErrTooLong
		}
		list = sortedMembers(rv)
	}
	return p.object(dst, len(list), depth, func(dst []byte, i int) ([]byte, error) {
		return p.pair(dst, list[i].name, func(dst []byte) ([]byte, error) { return p.reflected(dst, list[i].value, depth+1) })
	})
}

func (p *printer) pair(dst []byte, name string, value func([]byte) ([]byte, error)) ([]byte, error) {
	dst, err := p.quote(dst, name)
	if err != nil {
		return dst, err
	}
	dst = append(dst, ':')
	if p.indent > 0 {
		dst = append(dst, ' ')
	}
	return value(dst)
}

func (p *printer) list(dst []byte, n, depth int, item func([]byte, int) ([]byte, error)) ([]byte, error) {
	return p.group(dst, '[', ']', n, depth, item)
}

func (p *printer) object(dst []byte, n, depth int, item func([]byte, int) ([]byte, error)) ([]byte, error) {
	return p.group(dst, '{', '}', n, depth, item)
}

// group prints n items between brackets. Every item takes two bytes at least.
func (p *printer) group(dst []byte, opening, closing byte, n, depth int, item func([]byte, int) ([]byte, error)) ([]byte, error) {
	if depth >= MaxDepth {
		return dst, ErrTooDeep
	}
	if n > (p.limit-len(dst))/2 {
		return dst, ErrTooLong
	}
	dst = append(dst, opening)
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = p.line(dst, depth+1)
		var err error
		if dst, err = item(dst, i); err != nil {
			return dst, err
		}
		if len(dst) > p.limit {
			return dst, ErrTooLong
		}
	}
	if n > 0 {
		dst = p.line(dst, depth)
	}
	return append(dst, closing), nil
}

func (p *printer) line(dst []byte, depth int) []byte {
	if p.indent == 0 {
		return dst
	}
	dst = append(dst, '\n')
	for range p.indent * depth {
		dst = append(dst, ' ')
	}
	return dst
}

const hex = "0123456789abcdef"

// quote prints s as a JSON string.
func (p *printer) quote(dst []byte, s string) ([]byte, error) {
	if !p.room(dst, len(s)+2) {
		return dst, ErrTooLong
	}
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + 1
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
		if len(dst) > p.limit {
			return dst, ErrTooLong
		}
	}
	return append(append(dst, s[start:]...), '"'), nil
}

// raw prints what a MarshalJSON method gave, on one line.
func (p *printer) raw(dst, text []byte) ([]byte, error) {
	buf := bytes.NewBuffer(nil)
	if err := json.Compact(buf, text); err != nil {
		return dst, fmt.Errorf("MarshalJSON gave no valid JSON: %w", err)
	}
	if !p.room(dst, buf.Len()) {
		return dst, ErrTooLong
	}
	return append(dst, buf.Bytes()...), nil
}

// marshalled calls MarshalJSON on rv or on what its pointers lead to.
func marshalled(rv reflect.Value) (text []byte, ok bool, err error) {
	m, ok := method[json.Marshaler](rv)
	if !ok {
		return nil, false, nil
	}
	text, err = callMarshal(m.MarshalJSON, rv.Type(), "MarshalJSON")
	return text, true, err
}

// method finds the first value with interface I on the way from rv to what its
// pointers lead to.
func method[I any](rv reflect.Value) (m I, ok bool) {
	for range maxHops {
		switch rv.Kind() {
		case reflect.Invalid:
			return m, false
		case reflect.Pointer, reflect.Interface:
			if rv.IsNil() {
				return m, false
			}
		}
		if rv.Type().NumMethod() > 0 && rv.Kind() != reflect.Interface && rv.CanInterface() {
			if m, ok := rv.Interface().(I); ok {
				return m, true
			}
		}
		if rv.Kind() != reflect.Pointer && rv.Kind() != reflect.Interface {
			return m, false
		}
		rv = rv.Elem()
	}
	return m, false
}

// pointerText returns the text that one of rv's methods gives, or one of what
// its pointers lead to.
func pointerText(rv reflect.Value) (s string, ok bool, err error) {
	if base := indirect(rv); base.Type() == jsonNumberType {
		return "", false, nil
	}
	if m, ok := method[fmt.Stringer](rv); ok {
		s, err = callString(m.String, rv.Type(), "String")
		return s, true, err
	}
	if m, ok := method[error](rv); ok {
		s, err = callString(m.Error, rv.Type(), "Error")
		return s, true, err
	}
	if m, ok := method[encoding.TextMarshaler](rv); ok {
		text, err := callMarshal(m.MarshalText, rv.Type(), "MarshalText")
		return string(text), true, err
	}
	return "", false, nil
}

// methodText is pointerText for a value whose pointers were followed already.
func methodText(rv reflect.Value) (s string, ok bool, err error) {
	if rv.CanAddr() {
		rv = rv.Addr()
	}
	return pointerText(rv)
}

func callString(f func() string, t reflect.Type, name string) (s string, err error) {
	defer recovered(&err, t, name)
	return f(), nil
}

func callMarshal(f func() ([]byte, error), t reflect.Type, name string) (text []byte, err error) {
	defer recovered(&err, t, name)
	if text, err = f(); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", name, t, err)
	}
	return text, nil
}

// recovered turns a panic of a caller's method into an error.
func recovered(err *error, t reflect.Type, name string) {
	if r := recover(); r != nil {
		what := fmt.Sprint(r)
		*err = fmt.Errorf("%s of %s panicked: %s", name, t, what[:min(len(what), 200)])
	}
}

// Count writes a number for people, with commas between thousands.
func Count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
