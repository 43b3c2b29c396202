package value

import (
	"errors"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type point struct {
	X int `json:"x"`
	Y int `json:"y,omitempty"`
}

type handler func()

func TestCompare(t *testing.T) {
	t.Parallel()
	early := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		a, b any
		want int
	}{
		{"a", "b", -1}, {"b", "a", 1}, {"a", "a", 0}, {"Z", "a", -1}, {status("b"), []byte("a"), 1},
		{early, early.Add(1), -1}, {early, ptr(early.In(time.FixedZone("", 3600))), 0}, {date(early.Add(1)), early, 1},
		{1, 2, -1}, {2.5, 1.5, 1}, {level(2), 2.0, 0},
	} {
		if got, err := Compare(tt.a, tt.b); got != tt.want || err != nil {
			t.Errorf("Compare(%v, %v) = %d, %v, want %d", tt.a, tt.b, got, err, tt.want)
		}
	}
	for _, tt := range []struct {
		a, b any
		want string
	}{
		{"1", 1, "string and int"}, {1, "1", "int and string"}, {nil, 1, "nil and int"}, {nil, nil, "nil and nil"}, {true, false, "bool and bool"},
		{[]any{1}, []any{1}, "list and list"}, {point{}, map[string]any{}, "map and map"}, {early, 1.5, "time and float"}, {1i, 1i, "complex128"},
	} {
		if _, err := Compare(tt.a, tt.b); err == nil || !strings.Contains(err.Error(), "cannot order "+tt.want) {
			t.Errorf("Compare(%v, %v) = %v, want an error with %q", tt.a, tt.b, err, tt.want)
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ch, err := make(chan int), errors.New("x")
	type inner struct{ point }
	classes := [][]any{ // equal within a class, different between classes
		{nil, (*int)(nil), (*string)(nil), handler(nil), ptr((*int)(nil))},
		{false, flag(false), ptr(false)},
		{true, flag(true)},
		{0, 0.0, uint8(0), level(0)},
		{1, 1.0, level(1), ptr(ptr(1))},
		{"", status(""), []byte{}, []byte(nil)},
		{"1", []byte("1"), status("1"), ptr("1")},
		{at, &at, date(at), at.In(time.FixedZone("", 3600))},
		{at.Add(1)},
		{[]any{}, []string{}, []int(nil), [0]bool{}},
		{[]any{1, "a"}, []any{1.0, []byte("a")}, [2]any{uint(1), status("a")}},
		{[]any{"a", 1}},
		{[]int{1, 2}, []any{1, 2}, grades{1, 2}, []float64{1, 2}, [2]uint8{1, 2}},
		{[]any{nil}, []*int{nil}},
		{map[string]any{}, map[int]bool{}, map[string]string(nil), struct{}{}},
		{map[string]any{"x": 1, "y": 2}, map[status]int{"x": 1, "y": 2}, point{1, 2}, &point{1, 2}, inner{point{1, 2}}, map[any]any{"x": 1, "y": 2.0}},
		{map[string]any{"x": 1, "y": 0}, point{X: 1}},
		{map[string]any{"x": 1}},
		{map[string]any{"x": nil}},
		{map[string]any{"z": nil}},
		{map[string]any{"1": "a"}, map[int]string{1: "a"}, map[uint8]any{1: "a"}, map[any]any{1: "a"}, map[any]any{int8(1): "a"}},
		{map[any]any{1: "a", "1": "b"}, map[any]string{"1": "b", 1: "a"}},
		{map[any]any{1: "b", "1": "a"}},
		{map[any]any{1: "a", "2": "b"}, map[string]string{"1": "a", "2": "b"}},
		{map[string]any{"l": []any{map[string]any{"p": point{1, 2}}}}, map[string][]map[string]*point{"l": {{"p": {1, 2}}}}},
		{Entry{"a", 1}, map[string]any{"key": "a", "value": 1}},
		{err},
		{errors.New("y")},
		{ch},
		{1i, complex(0, 1)},
		{netip.MustParseAddr("1.2.3.4"), netip.MustParseAddr("1.2.3.4")},
		{netip.MustParseAddr("1.2.3.5")},
		{big.NewInt(5), big.NewInt(5)},
		{big.NewInt(6)},
	}
	for i, class := range classes {
		for _, a := range class {
			for j, other := range classes {
				for _, b := range other {
					if got := Equal(a, b); got != (i == j) {
						t.Errorf("Equal(%T %v, %T %v) = %v", a, a, b, b, got)
					}
				}
			}
		}
	}
	f := handler(func() {})
	if Equal(f, f) {
		t.Error("functions are equal")
	}
	if !Equal(&f, &f) {
		t.Error("one place in memory does not equal itself")
	}
	if Equal(err, errors.New("y")) || !Equal(errors.New("same"), errors.New("same")) {
		t.Error("errors do not compare by what they hold")
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		item, coll any
		want       bool
	}{
		{"ell", "hello", true}, {"", "", true}, {"x", "hello", false}, {status("e"), []byte("hello"), true}, {nil, "nil", false},
		{1, []any{"1", 1.0}, true}, {"1", []int{1}, false}, {nil, []any{nil}, true}, {[]int{1}, [][]int{{2}, {1}}, true}, {"b", []string{"a", "b"}, true}, {1, []int(nil), false},
		{"a", map[string]any{"a": nil}, true}, {"b", map[string]any{"a": nil}, false}, {1, map[string]any{"1": nil}, false}, {nil, map[string]any{"": 1}, false},
		{1, map[int]bool{1: false}, true}, {"1", map[int]bool{1: false}, true}, {2.0, map[any]any{2: 1}, true}, {2.5, map[int]bool{2: true}, false},
		{"x", point{}, true}, {"X", point{}, true}, {"z", point{}, false}, {1, point{}, false},
		{1, nil, false}, {nil, nil, false}, {"a", (*point)(nil), false},
	} {
		if got, err := In(tt.item, tt.coll); got != tt.want || err != nil {
			t.Errorf("In(%v, %T %v) = %v, %v", tt.item, tt.coll, tt.coll, got, err)
		}
	}
	for _, tt := range []struct {
		item, coll any
		want       string
	}{
		{1, "123", "cannot look for int in string"}, {"a", 5, "cannot look for string in int"}, {1, true, "int in bool"}, {"a", time.Now(), "string in time"}, {1, 2i, "int in complex128"},
	} {
		if _, err := In(tt.item, tt.coll); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("In(%v, %v) = %v, want an error with %q", tt.item, tt.coll, err, tt.want)
		}
	}
}

// genValue draws data of every kind, nested a few levels.
func genValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 9
		if depth == 0 {
			kinds = 6
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.SampledFrom([]any{0, 1, 1.0, uint8(1), level(2), 2.5, float32(2.5)}).Draw(t, "number")
		case 3:
			return rapid.SampledFrom([]any{"", "a", "b", status("a"), []byte("b"), ptr("a")}).Draw(t, "string")
		case 4:
			return time.Unix(int64(rapid.IntRange(0, 2).Draw(t, "unix")), 0)
		case 5:
			return rapid.SampledFrom([]any{[]string{"a"}, []int{1, 2}, grades{1}, map[string]string{"a": "b"}, point{1, 2}, &point{1, 2}, map[int]string{1: "a"}, map[any]any{1: "a", "x": 1}, map[any]any{1: "a", "1": 1}}).Draw(t, "typed")
		case 6:
			return rapid.SliceOfN(genValue(depth-1), 0, 3).Draw(t, "list")
		case 7:
			v := genValue(depth-1).Draw(t, "to")
			return &v
		}
		return rapid.MapOfN(rapid.SampledFrom([]string{"x", "y", "1"}), genValue(depth-1), 0, 3).Draw(t, "map")
	})
}

func TestEqualIsAnEquivalence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(genValue(2), 3, 8).Draw(t, "list")
		for _, a := range list {
			if !Equal(a, a) {
				t.Fatalf("%#v does not equal itself", a)
			}
			for _, b := range list {
				ab := Equal(a, b)
				if ab != Equal(b, a) {
					t.Fatalf("Equal(%#v, %#v) is %v one way alone", a, b, ab)
				}
				if ha, hb := hash(reflect.ValueOf(a), 0, new(int)), hash(reflect.ValueOf(b), 0, new(int)); ab && ha != hb {
					t.Fatalf("%#v and %#v are equal and hash differently", a, b)
				}
				for _, c := range list {
					if ab && Equal(b, c) && !Equal(a, c) {
						t.Fatalf("%#v equals %#v, which equals %#v", a, b, c)
					}
				}
			}
		}
		unique, _, err := Unique(list)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range unique {
			for _, b := range unique[:i] {
				if Equal(a, b) {
					t.Fatalf("Unique(%#v) has both %#v and %#v", list, b, a)
				}
			}
		}
		for _, a := range list {
			if found, err := In(a, unique); !found || err != nil {
				t.Fatalf("Unique(%#v) lost %#v (%v)", list, a, err)
			}
		}
	})
}
