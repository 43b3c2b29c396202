package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"runtime/debug"
	"strings"
	"testing"
)

type node struct {
	Name string
	Next *node
	Any  any
}

type selfPointer *selfPointer

type selfList []selfList

type selfMap map[string]selfMap

// hostile returns data that contains itself, in every way that Go has.
func hostile() map[string]func() any {
	return map[string]func() any{
		"map": func() any {
			m := map[string]any{"x": 1}
			m["a"], m["b"] = m, []any{m, m}
			return m
		},
		"slice": func() any {
			s := []any{1, nil, nil}
			s[1], s[2] = s, s
			return s
		},
		"struct": func() any {
			n := &node{Name: "n"}
			n.Next, n.Any = n, map[string]any{"n": n, "v": *n}
			return n
		},
		"pointer": func() any {
			var p selfPointer
			p = &p
			return p
		},
		"interface": func() any {
			var v any
			v = &v
			return v
		},
		"typed slice": func() any {
			s := make(selfList, 2)
			s[0], s[1] = s, s
			return s
		},
		"typed map": func() any {
			m := selfMap{}
			m["a"], m["b"] = m, m
			return m
		},
		"array": func() any {
			var a [2]any
			a[0], a[1] = &a, &a
			return &a
		},
		"value behind many pointers": func() any {
			var v any = 1
			for range 200 {
				v = ptr(v)
			}
			return v
		},
	}
}

func deepList(n int) any {
	var v any = "end"
	for range n {
		v = []any{v}
	}
	return v
}

func deepMap(n int) any {
	var v any = "end"
	for range n {
		v = map[string]any{"a": v}
	}
	return v
}

func deepNode(n int) any {
	var v *node
	for range n {
		v = &node{Next: v}
	}
	return v
}

func TestHostileData(t *testing.T) {
	// A stack of 8 MiB does for a thousand levels and never for so many; what
	// holds for them holds for a million, in less of the test's time.
	defer debug.SetMaxStack(debug.SetMaxStack(8 << 20))
	const many = 60_000
	all := hostile()
	all["deep list"] = func() any { return deepList(many) }
	all["deep map"] = func() any { return deepMap(many) }
	all["deep struct"] = func() any { return deepNode(many) }
	for name, make := range all {
		t.Run(name, func(t *testing.T) {
			a, b := make(), make()
			for _, v := range []any{a, []any{a}, map[string]any{"k": a}} {
				if got, err := Append(nil, v); len(got) > 0 || !errors.Is(err, ErrTooDeep) && !errors.Is(err, ErrTooLong) {
					t.Errorf("Append = %.40q, %v, want an error", got, err)
				}
				if _, err := AppendJSON(nil, v, 8, 1<<20); err == nil {
					t.Error("AppendJSON gives no error")
				}
			}
			if !Equal(a, a) {
				t.Error("it does not equal itself")
			}
			Equal(a, b)
			if Equal(a, []any{1, b, "x"}) || Equal([]any{a, 1}, []any{b, 2}) {
				t.Error("equal to something else")
			}
			Truthy(a)
			TypeName(a)
			Keys(a)
			Len(a)
			Index(a, 0)
			Field(a, "a")
			Field(a, "0")
			Entries(a)
			In(a, a)
			In(a, []any{b, 1, a})
			Compare(a, b)
			Arith('+', a, b)
			if list, _, err := Unique([]any{a, b, 1, a, 1}); err == nil && len(list) > 3 {
				t.Errorf("Unique keeps %d", len(list))
			}
		})
	}
}

func TestEqualFollowsCycles(t *testing.T) {
	t.Parallel()
	ring := func(n int, last any) any {
		first := map[string]any{"v": 0}
		at := first
		for range n - 1 {
			next := map[string]any{"v": 0}
			at["next"], at = next, next
		}
		at["next"], at["v"] = first, last
		return first
	}
	if !Equal(ring(1, 0), ring(3, 0)) {
		t.Error("rings that look the same from inside are not equal")
	}
	if Equal(ring(3, 0), ring(3, 1)) || Equal(ring(2, 1), ring(3, 1)) {
		t.Error("different rings are equal")
	}
	if Equal(ring(10007, 0), ring(10009, 1)) {
		t.Error("different large rings are equal")
	}
}

// The same small part again and again makes data that is exponentially large
// when written out.
func TestSharedParts(t *testing.T) {
	t.Parallel()
	bomb := func(v any) any {
		for range 64 {
			v = []any{v, v, v, v, v, v, v, v}
		}
		return v
	}
	if _, err := Append(nil, bomb(1)); !errors.Is(err, ErrTooLong) {
		t.Errorf("Append = %v, want ErrTooLong", err)
	}
	if !Equal(bomb(1), bomb(1)) || Equal(bomb(1), bomb(2)) {
		t.Error("Equal does not tell equal bombs from others")
	}
	if list, _, err := Unique([]any{bomb(1), bomb(2), bomb(1)}); len(list) != 2 || err != nil {
		t.Errorf("Unique = %d elements, %v", len(list), err)
	}
}

func TestLargeData(t *testing.T) {
	t.Parallel()
	var empty [1 << 40]struct{}
	if _, err := Append(nil, &empty); !errors.Is(err, ErrTooLong) {
		t.Errorf("Append of a list of 2^40 = %v", err)
	}
	other := new([1 << 40]struct{})
	Equal(&empty, other)
	if found, err := In(1, &empty); found || err == nil {
		t.Errorf("In = %v, %v, want an error", found, err)
	}
	wide := map[string]any{}
	for _, c := range strings.Repeat("abcdefghij", 3) {
		wide[strings.Repeat(string(c), 20)] = wide
	}
	if _, err := Append(nil, wide); err == nil {
		t.Error("a wide cycle prints")
	}
	var alike []any
	for i := range 2000 { // differ only where the hash does not look
		alike = append(alike, []any{[]any{[]any{[]any{i}}}})
	}
	if _, _, err := Unique(alike); err == nil {
		t.Error("Unique compares millions of lists")
	}
	if list, _, err := Unique("abc"); list != nil || err != nil {
		t.Errorf("Unique of a string = %v, %v", list, err)
	}
}

func FuzzAppend(f *testing.F) {
	for _, s := range []string{`null`, `"a\u0000"`, `[1,2.5e300,{"a":[]}]`, `{"b":{"a":"é<"},"a":-0.0}`, "\xff", strings.Repeat("[", 50), strings.Repeat("1", 400)} {
		f.Add([]byte(s), 0, 100)
	}
	f.Fuzz(func(t *testing.T, data []byte, indent, limit int) {
		indent = min(max(indent, 0), 8)
		var v any
		if json.Unmarshal(data, &v) != nil {
			v = map[string]any{string(data): []any{data, string(data), json.RawMessage(data), json.Number(data)}}
		}
		text, err := AppendJSON(nil, v, indent, MaxBytes)
		if err != nil {
			if errors.Is(err, ErrTooDeep) || strings.Contains(err.Error(), "MarshalJSON") {
				return
			}
			t.Fatal(err)
		}
		var back any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber() // which no number is too large for
		if err := d.Decode(&back); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		again, err := AppendJSON(nil, back, indent, MaxBytes)
		if err != nil || !reflect.DeepEqual(len(again) == 0, len(text) == 0) {
			t.Fatalf("%s reads back as %s (%v)", text, again, err)
		}
		if short, err := AppendLimit([]byte("12"), v, limit); err == nil && len(short) > max(limit, 2) || err != nil && string(short) != "12" {
			t.Fatalf("AppendLimit(%d) = %q, %v", limit, short, err)
		}
		if !Equal(v, v) {
			t.Fatalf("%#v does not equal itself", v)
		}
	})
}
