package value

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type base struct {
	ID   int `json:"id"`
	Note string
}

type Named struct {
	Name  string `yaml:"name"`
	Title string `json:"heading,omitempty" yaml:"caption"`
}

type person struct {
	base
	*Named
	Born     time.Time `json:"born,omitzero"`
	Note     string    `json:"note"`
	Password string    `json:"-"`
	Secret   string    `yaml:"-"`
	Dash     int       `json:"dash"`
	Boss     *person   `json:"boss,omitempty"`
	hidden   int
}

type loopA struct {
	*loopB
	A int
}

type loopB struct {
	*loopA
	B int
}

type left struct {
	Same int
}
type right struct {
	Same int
}
type both struct {
	left
	right
}

type tagWins struct {
	X int `json:"Y"`
	Y int
}

func TestField(t *testing.T) {
	t.Parallel()
	p := &person{base: base{7, "inner"}, Named: &Named{"Ann", "Dr"}, Note: "outer", Password: "pw", Secret: "s", Dash: 3, hidden: 1}
	for _, tt := range []struct {
		v    any
		seg  string
		want any
	}{
		{map[string]any{"a": 1}, "a", 1},
		{map[string]any{"a": nil}, "a", nil},
		{map[string]any{"": 1}, "", 1},
		{map[string]string{"a": "x"}, "a", "x"},
		{map[status]level{"a": 2}, "a", level(2)},
		{map[string]*int{"a": nil}, "a", nil},
		{map[int]string{-3: "x"}, "-3", "x"},
		{map[int8]string{100: "x"}, "100", "x"},
		{map[uint16]string{3: "x"}, "3", "x"},
		{map[any]any{"a": 1}, "a", 1},
		{map[any]any{3: 1}, "3", 1},
		{map[any]any{uint64(3): 1}, "3", 1},
		{ptr(map[string]any{"a": 1}), "a", 1},
		{[]any{"x", "y"}, "1", "y"},
		{[]string{"x", "y"}, "0", "x"},
		{[]int{5, 6}, "1", 6},
		{[2]bool{false, true}, "1", true},
		{&[]int{5}, "0", 5},
		{Entry{"k", 2}, "key", "k"},
		{Entry{"k", 2}, "value", 2},
		{Entry{"k", 2}, "Key", "k"},
		{&Entry{"k", 2}, "value", 2},
		{p, "id", 7},
		{*p, "ID", 7},
		{p, "note", "outer"},
		{p, "Note", "inner"}, // as encoding/json has it: another name than "note"
		{p, "name", "Ann"},
		{p, "Name", "Ann"},
		{p, "heading", "Dr"},
		{p, "caption", "Dr"},
		{p, "Title", "Dr"},
		{p, "Named", p.Named},
		{p, "Password", "pw"},
		{p, "Secret", "s"},
		{p, "dash", 3},
		{p, "boss", nil},
		{loopA{loopB: &loopB{B: 2}, A: 1}, "B", 2},
		{tagWins{1, 2}, "Y", 1}, // both claim the name
		{tagWins{1, 2}, "X", 1},
	} {
		if got, ok := Field(tt.v, tt.seg); got != tt.want || !ok {
			t.Errorf("Field(%T, %q) = %v, %v, want %v", tt.v, tt.seg, got, ok, tt.want)
		}
	}
	for _, tt := range []struct {
		v   any
		seg string
	}{
		{nil, "a"}, {1, "a"}, {"abc", "0"}, {true, "a"}, {time.Now(), "wall"}, {func() {}, "a"},
		{map[string]any{"a": 1}, "b"}, {map[string]any(nil), "a"}, {map[string]string{}, "a"}, {map[status]int{}, "a"},
		{map[int]int{1: 1}, "01"}, {map[int]int{1: 1}, "a"}, {map[int8]int{44: 1}, "300"}, {map[uint8]int{1: 1}, "-1"}, {map[uint8]int{44: 1}, "300"}, {map[any]any{1: 1}, "x"},
		{map[any]any{1: 1}, "2"}, {map[float64]int{1: 1}, "1"}, {map[fmt.Stringer]int{}, "a"}, {map[[1]int]int{}, "a"},
		{[]any{1}, "1"}, {[]any{1}, "-1"}, {[]any{1}, "+0"}, {[]any{1}, "00"}, {[]any{1}, ""}, {[]any{1}, "0x0"}, {[]any{1}, "99999999999999999999"}, {[]string{}, "0"}, {[]int{1}, "1"},
		{Entry{}, "other"}, {p, "hidden"}, {p, "base"}, {p, "Heading"}, {p, "secret"}, {(*person)(nil), "note"}, {person{}, "name"}, {person{}, "heading"},
		{both{}, "Same"}, {both{}, "left"}, {loopA{}, "B"},
	} {
		if got, ok := Field(tt.v, tt.seg); ok {
			t.Errorf("Field(%T, %q) = %v, want nothing", tt.v, tt.seg, got)
		}
	}
}

func TestFieldConcurrently(t *testing.T) {
	t.Parallel()
	type fresh struct{ A, B, C int }
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if x, ok := Field(fresh{1, 2, 3}, "B"); x != 2 || !ok {
					t.Errorf("Field = %v, %v", x, ok)
				}
			}
		})
	}
	wg.Wait()
}

func TestKeysLenEntriesIndex(t *testing.T) {
	t.Parallel()
	p := person{Named: &Named{"Ann", ""}, Note: "n"}
	for _, tt := range []struct {
		v    any
		keys []string
		n    int
		kind Kind
	}{
		{map[string]any{"b": 1, "a": nil}, []string{"a", "b"}, 2, Map},
		{map[status]int{"b": 1, "a": 2}, []string{"a", "b"}, 2, Map},
		{map[int]int{10: 1, 9: 2}, []string{"10", "9"}, 2, Map},
		{map[any]any{true: 1, nil: 2, 1.5: 3, "s": 4, uint(1): 5, [1]int{2}: 6}, []string{"1", "1.5", "[2]", "null", "s", "true"}, 6, Map},
		{map[*int]int{new(int): 1}, []string{"*int"}, 1, Map},
		{map[time.Month]int{2: 1}, []string{"2"}, 1, Map},
		{point{}, []string{"x", "y"}, 2, Map},
		{&p, []string{"Note", "born", "boss", "dash", "heading", "id", "name", "note"}, 8, Map},
		{person{}, []string{"Note", "born", "boss", "dash", "id", "note"}, 6, Map},
		{map[string]any(nil), nil, 0, Map},
		{nil, nil, 0, Nil},
		{(*point)(nil), nil, 0, Nil},
		{"héé", nil, 5, String},
		{status("ab"), nil, 2, String},
		{[]byte("ab"), nil, 2, String},
		{[]any{1}, nil, 1, List},
		{[]string{"a"}, nil, 1, List},
		{[3]int{}, nil, 3, List},
	} {
		if diff := cmp.Diff(tt.keys, Keys(tt.v)); diff != "" {
			t.Errorf("Keys(%T): %s", tt.v, diff)
		}
		if n, kind, ok := Len(tt.v); n != tt.n || kind != tt.kind || !ok {
			t.Errorf("Len(%T) = %d, %d, %v, want %d, %d", tt.v, n, kind, ok, tt.n, tt.kind)
		}
		entries := Entries(tt.v)
		if len(entries) != len(tt.keys) {
			t.Errorf("Entries(%T) has %d, want %d", tt.v, len(entries), len(tt.keys))
			continue
		}
		for i, e := range entries {
			if e.Key != tt.keys[i] {
				t.Errorf("Entries(%T)[%d] = %q, want %q", tt.v, i, e.Key, tt.keys[i])
			}
		}
	}
	for _, v := range []any{1, true, 1.5, time.Now(), func() {}} {
		if n, _, ok := Len(v); ok || n != 0 {
			t.Errorf("Len(%T) = %d", v, n)
		}
	}
	if e := Entries(map[string]*string{"b": ptr("x"), "a": nil}); e[0] != (Entry{"a", nil}) || *e[1].Value.(*string) != "x" {
		t.Errorf("Entries of pointers = %v, want a nil and a pointer", e)
	}
	for _, tt := range []struct {
		v    any
		i    int
		want any
	}{
		{[]any{1, 2}, 1, 2}, {[]any{1}, 1, nil}, {[]any{1}, -1, nil}, {[]string{"a"}, 0, "a"}, {[]string{"a"}, 1, nil}, {[]int{4}, 0, 4},
		{[]int{4}, 1, nil}, {[]int{4}, -1, nil}, {[]*int{nil}, 0, nil}, {"abc", 0, nil}, {nil, 0, nil}, {map[string]any{"0": 1}, 0, nil},
	} {
		if got := Index(tt.v, tt.i); got != tt.want {
			t.Errorf("Index(%v, %d) = %v, want %v", tt.v, tt.i, got, tt.want)
		}
	}
}

func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	m := map[string]any{}
	for i := range 5000 {
		m[fmt.Sprintf("%04d", i)] = i
	}
	keys := Keys(m)
	if len(keys) != 1000 || keys[0] != "0000" || keys[999] != "0999" {
		t.Errorf("%d keys, from %s to %s, want the first 1,000", len(keys), keys[0], keys[len(keys)-1])
	}
}

func TestFastPathsDoNotAllocate(t *testing.T) {
	data := map[string]any{"name": "Ann", "list": []any{1, 2}, "n": 12345, "f": 1.5}
	var boxed any = data
	buf := make([]byte, 0, 256)
	for name, f := range map[string]func(){
		"Field":   func() { Field(boxed, "name") },
		"list":    func() { l, _ := Field(boxed, "list"); Field(l, "1"); Index(l, 0); Len(l) },
		"Truthy":  func() { Truthy(boxed); Truthy(data["name"]); Truthy(data["list"]) },
		"Equal":   func() { Equal(data["name"], data["n"]); Equal(data["name"], "Ann"); Equal(data["n"], 12345) },
		"Compare": func() { Compare(data["n"], 7); Compare(data["f"], 2.5); Compare(data["name"], "Bob") },
		"Append":  func() { b, _ := Append(buf, data["name"]); b, _ = Append(b, data["n"]); Append(b, data["f"]) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}
