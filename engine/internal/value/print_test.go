package value

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type weekday int

func (d weekday) String() string { return "day " + strconv.Itoa(int(d)) }

type quoted struct{ s string }

func (q quoted) MarshalText() ([]byte, error) {
	if q.s == "" {
		return nil, errors.New("empty")
	}
	return []byte("<" + q.s + ">"), nil
}

type needsPointer struct{ n int }

func (p *needsPointer) String() string { return strconv.Itoa(p.n) } // panics for nil

type panics struct{}

func (panics) Error() string { panic(strings.Repeat("boom", 1000)) }

type custom struct{ text string }

func (c custom) MarshalJSON() ([]byte, error) { return []byte(c.text), nil }

func TestAppend(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		v    any
		want string
	}{
		{nil, ""}, {(*int)(nil), ""}, {(*needsPointer)(nil), ""}, {(error)(nil), ""}, {ptr((*needsPointer)(nil)), ""}, {(func())(nil), ""},
		{"a <b> & \"c\"\n\xff", "a <b> & \"c\"\n\xff"}, {status("s"), "s"}, {[]byte("bytes"), "bytes"}, {json.RawMessage(`{"a": 1}`), `{"a": 1}`}, {ptr("p"), "p"},
		{0, "0"}, {-12, "-12"}, {int64(math.MinInt64), "-9223372036854775808"}, {uint64(math.MaxUint64), "18446744073709551615"}, {int8(-1), "-1"}, {level(3), "3"}, {uintptr(5), "5"},
		{1.0, "1"}, {0.1, "0.1"}, {float32(0.1), "0.1"}, {1e20, "100000000000000000000"}, {999999999999999900000.0, "999999999999999900000"}, {1e21, "1e+21"}, {-1e21, "-1e+21"}, {1e-7, "0.0000001"}, {123456789.125, "123456789.125"},
		{math.NaN(), "NaN"}, {math.Inf(1), "+Inf"}, {math.Inf(-1), "-Inf"}, {float32(math.Inf(1)), "+Inf"},
		{json.Number("1.50"), "1.50"}, {json.Number("123456789012345678901234567890"), "123456789012345678901234567890"}, {json.Number("x"), "x"},
		{true, "true"}, {flag(false), "false"}, {1 + 2i, "(1+2i)"}, {complex64(1), "(1+0i)"},
		{at, "2026-01-02T03:04:05Z"}, {at.Add(120 * time.Millisecond), "2026-01-02T03:04:05.12Z"}, {at.In(time.FixedZone("", 3600)), "2026-01-02T04:04:05+01:00"}, {&at, "2026-01-02T03:04:05Z"}, {date(at), "2026-01-02T03:04:05Z"},
		{weekday(3), "day 3"}, {ptr(weekday(3)), "day 3"}, {time.Minute, "1m0s"}, {time.March, "March"}, {errors.New("oops"), "oops"}, {quoted{"q"}, "<q>"}, {&quoted{"q"}, "<q>"}, {&needsPointer{4}, "4"}, {ptr(&needsPointer{4}), "4"},
		{netip.MustParseAddr("::1"), "::1"}, {big.NewInt(12), "12"}, {needsPointer{4}, "{}"}, {custom{`[1, "<"]`}, `[1,"<"]`},
		{[]any{}, "[]"}, {[]any(nil), "[]"}, {map[string]any(nil), "{}"}, {struct{}{}, "{}"},
		{[]any{nil, "a\"b\\c</>&\u2028é\x00\x1f\t\r\n\xff!\x7f", 1, 2.5, true, []string{"x"}}, `[null,"a\"b\\c</>&` + "\u2028" + `é\u0000\u001f\t\r\n\ufffd!` + "\x7f" + `",1,2.5,true,["x"]]`},
		{map[string]any{"b": 1, "a": map[string]any{}, "ab": nil}, `{"a":{},"ab":null,"b":1}`},
		{map[string]string{"b": "1", "a": "2"}, `{"a":"2","b":"1"}`}, {map[int]bool{10: true, 9: false}, `{"10":true,"9":false}`}, {map[any]any{1: "a", "b": 2}, `{"1":"a","b":2}`}, {map[any]int{1: 1, "1": 2, nil: 3}, `{"1":1,"1":2,"null":3}`},
		{map[netip.Addr]int{netip.MustParseAddr("::1"): 1}, `{"::1":1}`}, {map[quoted]int{{""}: 1, {"z"}: 2}, `{"<z>":2,"value.quoted":1}`},
		{[]float64{1, math.NaN(), math.Inf(1), 1e21}, `[1,null,null,1e+21]`}, {[]any{math.NaN(), float32(0.1), json.Number("1.50"), json.Number("x")}, `[null,0.1,1.50,"x"]`},
		{[][]byte{[]byte("ab"), nil}, `["ab",""]`}, {[2]byte{1, 2}, `[1,2]`}, {[]any{1i, at, weekday(1), quoted{"q"}, errors.New("e"), (*needsPointer)(nil), &needsPointer{1}}, `["(0+1i)","2026-01-02T03:04:05Z","day 1","<q>","e",null,"1"]`},
		{point{1, 2}, `{"x":1,"y":2}`}, {&point{1, 0}, `{"x":1}`}, {Entry{"k", []int{1}}, `{"key":"k","value":[1]}`},
		{person{base: base{ID: 1}, Password: "pw", Secret: "s", Note: "n"}, `{"id":1,"Note":"","note":"n","dash":0}`}, {person{Named: &Named{Name: "A"}, Born: at}, `{"id":0,"Note":"","name":"A","born":"2026-01-02T03:04:05Z","note":"","dash":0}`},
		{[]any{custom{` {"a" : [1] } `}, big.NewInt(5)}, `[{"a":[1]},5]`}, {[]error{errors.New("a"), nil}, `["a",null]`}, {[]needsPointer{{1}}, `[{}]`}, {struct {
			E []int    `json:",omitempty"`
			S struct{} `json:",omitempty"`
			P *int     `json:",omitempty"`
		}{}, `{"S":{}}`},
	} {
		got, err := Append([]byte("> "), tt.v)
		if string(got) != "> "+tt.want || err != nil {
			t.Errorf("Append(%T) = %q, %v, want %q", tt.v, got, err, "> "+tt.want)
		}
		limited, err := AppendLimit([]byte("> "), tt.v, len(got)-1)
		if tt.want != "" && (string(limited) != "> " || !errors.Is(err, ErrTooLong)) {
			t.Errorf("AppendLimit(%T, one byte too few) = %q, %v", tt.v, limited, err)
		}
		if limited, err := AppendLimit([]byte("> "), tt.v, len(got)); string(limited) != string(got) || err != nil {
			t.Errorf("AppendLimit(%T, as long as it gets) = %q, %v", tt.v, limited, err)
		}
	}
}

func TestAppendErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v    any
		want string
	}{
		{func() {}, "type func() cannot be printed"}, {make(chan int), "type chan int cannot be printed"}, {[]any{func() {}}, "type func() cannot be printed"}, {map[string]any{"a": make(chan int)}, "cannot be printed"},
		{panics{}, "Error of value.panics panicked: boom"}, {[]any{panics{}}, "Error of value.panics panicked: boom"}, {quoted{}, "MarshalText of value.quoted: empty"}, {[]quoted{{}}, "MarshalText of value.quoted: empty"}, {[]*custom{{"{"}}, "MarshalJSON gave no valid JSON"},
	} {
		got, err := Append([]byte("> "), tt.v)
		if string(got) != "> " || err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 300 {
			t.Errorf("Append(%T) = %q, %v, want an error with %q", tt.v, got, err, tt.want)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	v := map[string]any{"a": []any{1, "x"}, "b": []any{}, "c": point{1, 2}, "d": map[string]any{}}
	for _, tt := range []struct {
		v      any
		indent int
		want   string
	}{
		{nil, 0, "null"}, {"a", 0, `"a"`}, {time.Unix(0, 0).UTC(), 0, `"1970-01-01T00:00:00Z"`}, {weekday(2), 0, `"day 2"`}, {math.NaN(), 0, "null"}, {int8(3), 0, "3"},
		{v, 0, `{"a":[1,"x"],"b":[],"c":{"x":1,"y":2},"d":{}}`},
		{v, 2, "{\n  \"a\": [\n    1,\n    \"x\"\n  ],\n  \"b\": [],\n  \"c\": {\n    \"x\": 1,\n    \"y\": 2\n  },\n  \"d\": {}\n}"},
	} {
		got, err := AppendJSON(nil, tt.v, tt.indent, 1000)
		if string(got) != tt.want || err != nil {
			t.Errorf("AppendJSON(%v, %d) = %s, %v, want %s", tt.v, tt.indent, got, err, tt.want)
		}
		if got, err := AppendJSON(nil, tt.v, tt.indent, len(tt.want)-1); len(got) != 0 || !errors.Is(err, ErrTooLong) {
			t.Errorf("AppendJSON(%v) over the limit = %s, %v", tt.v, got, err)
		}
	}
	if _, err := AppendJSON(nil, func() {}, 0, 100); err == nil {
		t.Error("a function prints as JSON")
	}
}

func TestNumbersReadBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		i := rapid.Int64().Draw(t, "int")
		text, _ := Append(nil, i)
		if back, err := strconv.ParseInt(string(text), 10, 64); back != i || err != nil {
			t.Errorf("%d prints as %s", i, text)
		}
		f := rapid.Float64().Draw(t, "float")
		text, _ = Append(nil, f)
		if back, err := strconv.ParseFloat(string(text), 64); back != f || err != nil {
			t.Errorf("%v prints as %s", f, text)
		}
		if math.Abs(f) < 1e21 && bytes.ContainsAny(text, "eE") {
			t.Errorf("%v prints with an exponent: %s", f, text)
		}
		f32 := rapid.Float32().Draw(t, "float32")
		text, _ = Append(nil, f32)
		if back, err := strconv.ParseFloat(string(text), 32); float32(back) != f32 || err != nil {
			t.Errorf("%v prints as %s", f32, text)
		}
	})
}

func TestJSONIsValidAndStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := []any{genValue(3).Draw(t, "value"), rapid.String().Draw(t, "text"), string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))}
		for _, indent := range []int{0, 2} {
			text, err := AppendJSON(nil, v, indent, MaxBytes)
			if err != nil || !json.Valid(text) {
				t.Fatalf("%#v prints as %s (%v)", v, text, err)
			}
			if again, _ := AppendJSON(nil, v, indent, MaxBytes); !bytes.Equal(text, again) {
				t.Fatalf("%#v prints as %s, then as %s", v, text, again)
			}
		}
	})
}
