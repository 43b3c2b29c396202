package value

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
)

type (
	level   int
	status  string
	flag    bool
	grades  []int
	byLevel map[level]string
	date    time.Time
)

func ptr[T any](v T) *T { return &v }

func TestKindAndName(t *testing.T) {
	t.Parallel()
	var loop any
	loop = &loop
	for _, tt := range []struct {
		v    any
		kind Kind
		name string
	}{
		{nil, Nil, "nil"},
		{(*int)(nil), Nil, "nil"},
		{(func())(nil), Nil, "nil"},
		{ptr((*int)(nil)), Nil, "nil"},
		{true, Bool, "bool"},
		{flag(true), Bool, "bool"},
		{1, Number, "int"},
		{uint8(1), Number, "int"},
		{level(1), Number, "int"},
		{time.Second, Number, "int"},
		{ptr(1), Number, "int"},
		{1.0, Number, "float"},
		{float32(1), Number, "float"},
		{json.Number("1"), Number, "int"},
		{json.Number("1.0"), Number, "float"},
		{json.Number("1x"), String, "string"},
		{"", String, "string"},
		{status(""), String, "string"},
		{[]byte{}, String, "string"},
		{json.RawMessage{}, String, "string"},
		{time.Now(), Time, "time"},
		{ptr(time.Now()), Time, "time"},
		{date(time.Now()), Time, "time"},
		{[]any{}, List, "list"},
		{[]string{}, List, "list"},
		{[]int(nil), List, "list"},
		{[3]byte{}, List, "list"},
		{grades{}, List, "list"},
		{map[string]any{}, Map, "map"},
		{byLevel{}, Map, "map"},
		{struct{}{}, Map, "map"},
		{struct{ A int }{}, Map, "map"},
		{Entry{}, Map, "map"},
		{errors.New(""), Other, "errors.errorString"},
		{func() {}, Other, "func()"},
		{complex(1, 1), Other, "complex128"},
		{loop, Other, "*interface {}"},
	} {
		if k := KindOf(tt.v); k != tt.kind {
			t.Errorf("KindOf(%T) = %d, want %d", tt.v, k, tt.kind)
		}
		if name := TypeName(tt.v); name != tt.name {
			t.Errorf("TypeName(%T) = %q, want %q", tt.v, name, tt.name)
		}
	}
	if name := TypeName(func(struct {
		FieldOfALongName1, FieldOfALongName2, FieldOfALongName3, FieldOfALongName4, FieldOfALongName5 int
	}) {
	}); len(name) != 100 {
		t.Errorf("TypeName of a long type has %d bytes, want 100", len(name))
	}
}

func TestTruthy(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		nil, false, flag(false), "", status(""), []byte{}, (*int)(nil), (*time.Time)(nil), (chan int)(nil), (func())(nil),
		0, int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0),
		float32(0), 0.0, math.Copysign(0, -1), complex64(0), complex128(0), level(0), time.Duration(0),
		json.Number("0"), json.Number("-0.00"), json.Number("0e5"), json.Number(""),
		[]any{}, []any(nil), []string{}, []int{}, [0]int{}, map[string]any{}, map[string]string{}, map[int]bool{}, byLevel(nil),
		ptr(0), ptr(""), ptr([]int{}), ptr((*int)(nil)), ptr(false),
	} {
		if Truthy(v) {
			t.Errorf("Truthy(%T %v) = true", v, v)
		}
	}
	for _, v := range []any{
		true, flag(true), "0", "false", " ", status("x"), []byte{0},
		1, int8(-1), int16(1), int32(1), int64(1), uint(1), uint8(1), uint16(1), uint32(1), uint64(math.MaxUint64), uintptr(1),
		float32(0.5), -0.5, math.NaN(), math.Inf(-1), complex64(1), 1i, level(1),
		json.Number("1e-9"), json.Number("99999999999999999999999"), json.Number("x"),
		[]any{nil}, []string{""}, []int{0}, [1]int{}, map[string]any{"": nil}, map[string]string{"": ""}, map[int]bool{0: false},
		struct{}{}, &struct{ A int }{}, time.Time{}, time.Now(), ptr(1), make(chan int), func() {}, errors.New(""),
	} {
		if !Truthy(v) {
			t.Errorf("Truthy(%T %v) = false", v, v)
		}
	}
}

func TestTextAndMoment(t *testing.T) {
	t.Parallel()
	for _, v := range []any{"ab", status("ab"), []byte("ab"), json.RawMessage("ab"), ptr("ab"), ptr(ptr("ab"))} {
		if s, ok := Text(v); s != "ab" || !ok {
			t.Errorf("Text(%T) = %q, %v", v, s, ok)
		}
	}
	for _, v := range []any{nil, 1, json.Number("1"), []string{"ab"}, time.Now(), (*string)(nil)} {
		if s, ok := Text(v); s != "" || ok {
			t.Errorf("Text(%T) = %q, %v", v, s, ok)
		}
	}
	now := time.Now()
	for _, v := range []any{now, &now, date(now), ptr(date(now))} {
		if m, ok := Moment(v); !m.Equal(now) || !ok {
			t.Errorf("Moment(%T) = %v, %v", v, m, ok)
		}
	}
	for _, v := range []any{nil, 1, "2026-01-01", (*time.Time)(nil)} {
		if _, ok := Moment(v); ok {
			t.Errorf("Moment(%T) is ok", v)
		}
	}
}
