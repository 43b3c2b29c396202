package value

import (
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// edges are where conversions between the numeric types lose something.
var edges = []any{
	0, -1, 1, int8(-128), int16(32767), int32(math.MinInt32), int64(math.MinInt64), int64(math.MaxInt64),
	uint(1), uint8(255), uint16(1), uint32(math.MaxUint32), uint64(math.MaxUint64), uint64(1 << 63), uint64(1<<63 - 1), uintptr(7),
	int64(1<<53 + 1), float64(1 << 53), float64(1<<53 + 2), 9223372036854775807.0, -9223372036854775808.0, 18446744073709551615.0,
	float32(0.1), 0.1, float32(16777216), 0.5, -0.5, math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, 1e19, -1e19, 1e300,
	json.Number("9007199254740993"), json.Number("18446744073709551616"), json.Number("-9223372036854775809"), json.Number("0.1"),
	json.Number("100000000000000000000000000000000000000001"), json.Number("1e3"), level(3), ptr(3),
}

func genNumber(t *rapid.T) any {
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return rapid.Int64().Draw(t, "int64")
	case 1:
		return rapid.Uint64().Draw(t, "uint64")
	case 2:
		return rapid.Float64().Draw(t, "float64")
	case 3:
		return rapid.Float32().Draw(t, "float32")
	case 4: // a float near an integer
		f := float64(rapid.Int64().Draw(t, "base"))
		return math.Nextafter(f, rapid.Float64().Draw(t, "towards"))
	}
	return rapid.SampledFrom(edges).Draw(t, "edge")
}

// exact is the oracle: the value of a number without loss.
func exact(v any) *big.Rat {
	rv := reflect.Indirect(reflect.ValueOf(v))
	switch {
	case rv.CanInt():
		return new(big.Rat).SetInt64(rv.Int())
	case rv.CanUint():
		return new(big.Rat).SetUint64(rv.Uint())
	case rv.CanFloat():
		return new(big.Rat).SetFloat64(rv.Float())
	}
	if strings.ContainsAny(rv.String(), ".e") {
		f, _ := strconv.ParseFloat(rv.String(), 64)
		return new(big.Rat).SetFloat64(f)
	}
	r, _ := new(big.Rat).SetString(rv.String())
	return r
}

func checkCompare(t rapid.TB, a, b any) {
	t.Helper()
	want := exact(a).Cmp(exact(b))
	if got, err := Compare(a, b); got != want || err != nil {
		t.Errorf("Compare(%T %v, %T %v) = %d, %v, want %d", a, a, b, b, got, err, want)
	}
	if got := Equal(a, b); got != (want == 0) {
		t.Errorf("Equal(%T %v, %T %v) = %v", a, a, b, b, got)
	}
	ha, hb := hash(reflect.ValueOf(a), 0, new(int)), hash(reflect.ValueOf(b), 0, new(int))
	if want == 0 && ha != hb {
		t.Errorf("%T %v and %T %v are equal and hash differently", a, a, b, b)
	}
}

func TestCompareEdges(t *testing.T) {
	t.Parallel()
	for _, a := range edges {
		for _, b := range edges {
			checkCompare(t, a, b)
		}
	}
}

func TestCompareNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		checkCompare(t, genNumber(t), genNumber(t))
	})
}

func TestNonFinite(t *testing.T) {
	t.Parallel()
	order := []any{math.NaN(), math.Inf(-1), -math.MaxFloat64, math.MinInt64, 0, uint64(math.MaxUint64), json.Number("1" + strings.Repeat("0", 300)), math.MaxFloat64, math.Inf(1)}
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i != j {
				want = 1 - 2*b2i(i < j)
			}
			if got, err := Compare(a, b); got != want || err != nil {
				t.Errorf("Compare(%v, %v) = %d, %v, want %d", a, b, got, err, want)
			}
			if got := Equal(a, b); got != (i == j) {
				t.Errorf("Equal(%v, %v) = %v", a, b, got)
			}
		}
	}
	if !Equal(float32(math.NaN()), math.NaN()) || !Equal(json.Number("1e999"), math.Inf(1)) {
		t.Error("NaN of another type, or a number above all floats, is not equal")
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestJSONNumberShape(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0", "-0", "10", "1.5", "-1.50e+3", "1E9", "1e-9", "123456789012345678901234567890"} {
		if _, ok := jsonNumber(s); !ok || !json.Valid([]byte(s)) {
			t.Errorf("jsonNumber(%q) is not ok", s)
		}
	}
	for _, s := range []string{"", "-", "+1", "01", "1.", ".5", "1e", "1e+", "1.e5", "0x10", "1_0", "Inf", "NaN", " 1", "1 ", "1,0"} {
		if _, ok := jsonNumber(s); ok {
			t.Errorf("jsonNumber(%q) is ok", s)
		}
	}
	if n, ok := jsonNumber(strings.Repeat("9", 401)); !ok || n.kind != isFloat {
		t.Error("an integer of 401 digits is kept exactly")
	}
}

func TestArith(t *testing.T) {
	t.Parallel()
	const maxInt, minInt = math.MaxInt64, math.MinInt64
	for _, tt := range []struct {
		a    any
		op   byte
		b    any
		want any
	}{
		{1, '+', 2, 3},
		{int8(100), '+', int8(100), 200},
		{1, '+', 2.5, 3.5},
		{uint8(1), '-', 2, -1},
		{"a", '+', "b", "ab"},
		{status("a"), '+', []byte("b"), "ab"},
		{json.Number("2"), '*', json.Number("3"), 6},
		{json.Number("2.5"), '*', 2, 5.0},
		{6, '/', 2, 3},
		{7, '/', 2, 3.5},
		{-7, '/', 2, -3.5},
		{6.0, '/', 2, 3.0},
		{0, '/', 5, 0},
		{7, '%', 3, 1},
		{-7, '%', 3, -1},
		{7, '%', -3, 1},
		{4.0, '%', 3, 1},
		{1e18, '%', 7, 1000000000000000000 % 7},
		{1e19, '%', 7, int(uint64(1e19) % 7)},
		{minInt, '%', -1, 0},
		{maxInt, '+', 1, uint64(1 << 63)},
		{minInt, '/', -1, uint64(1 << 63)},
		{minInt, '*', -1, uint64(1 << 63)},
		{minInt, '-', minInt, 0},
		{0, '-', maxInt, -maxInt},
		{uint64(math.MaxUint64), '-', uint64(math.MaxUint64), 0},
		{uint64(math.MaxUint64), '+', -1, uint64(math.MaxUint64 - 1)},
		{uint64(math.MaxUint64), '/', 5, 3689348814741910323},
		{uint64(math.MaxUint64), '*', 0, 0},
		{math.Inf(1), '+', 1, math.Inf(1)},
		{level(2), '*', ptr(3), 6},
	} {
		got, err := Arith(tt.op, tt.a, tt.b)
		if got != tt.want || err != nil {
			t.Errorf("%v %c %v = %T %v, %v, want %T %v", tt.a, tt.op, tt.b, got, got, err, tt.want, tt.want)
		}
	}
	for _, tt := range []struct {
		a    any
		op   byte
		b    any
		want string
	}{
		{1, '/', 0, "division by zero"},
		{1.5, '/', 0, "division by zero"},
		{uint64(math.MaxUint64), '/', 0, "division by zero"},
		{1, '%', 0, "division by zero"},
		{1, '%', 0.0, "division by zero"},
		{1.5, '%', 2, "fraction"},
		{math.Inf(1), '%', 2, "fraction"},
		{minInt, '-', 1, "overflow"},
		{uint64(math.MaxUint64), '+', 1, "overflow"},
		{maxInt, '*', maxInt, "overflow"},
		{minInt, '*', 3, "overflow"},
		{json.Number("1" + strings.Repeat("0", 300)), '*', 10, "…"},
		{math.MaxFloat64, '*', 2, "out of the range"},
		{math.MaxFloat64, '+', math.MaxFloat64, "out of the range"},
		{"a", '+', 1, "cannot add string and int"},
		{nil, '+', 1, "cannot add nil and int"},
		{"a", '-', "b", "cannot apply - to string and string"},
		{[]any{}, '*', 2, "cannot apply * to list and int"},
		{1, '^', 2, "unknown operator"},
		{1.5, '^', 2, "unknown operator"},
		{"a", '^', "b", "unknown operator"},
		{strings.Repeat("x", MaxConcat), '+', "y", "longer than the limit of 1048576 bytes"},
	} {
		if got, err := Arith(tt.op, tt.a, tt.b); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v %c %v = %v, %v, want an error with %q", tt.a, tt.op, tt.b, got, err, tt.want)
		}
	}
	if got, err := ArithLimit('+', "ab", "cd", 4); got != "abcd" || err != nil {
		t.Errorf("ArithLimit to the very limit = %v, %v", got, err)
	}
	if _, err := ArithLimit('+', "ab", "cd", 3); err == nil {
		t.Error("ArithLimit over the limit gives no error")
	}
}

func TestArithIsExact(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		integer := rapid.OneOf(rapid.Map(rapid.Int64(), func(i int64) any { return i }), rapid.Map(rapid.Uint64(), func(u uint64) any { return u }))
		a, b := integer.Draw(t, "a"), integer.Draw(t, "b")
		op := rapid.SampledFrom([]byte("+-*/%")).Draw(t, "op")
		p, q, want := exact(a), exact(b), new(big.Rat)
		switch op {
		case '+':
			want.Add(p, q)
		case '-':
			want.Sub(p, q)
		case '*':
			want.Mul(p, q)
		default:
			if q.Sign() == 0 {
				return
			}
			if op == '/' {
				want.Quo(p, q)
			} else {
				want.SetInt(new(big.Int).Rem(p.Num(), q.Num()))
			}
		}
		got, err := Arith(op, a, b)
		fits := want.IsInt() && (want.Num().IsInt64() || want.Num().IsUint64())
		switch {
		case fits && (err != nil || exact(got).Cmp(want) != 0):
			t.Fatalf("%v %c %v = %v, %v, want %v", a, op, b, got, err, want)
		case !fits && want.IsInt() && err == nil:
			t.Fatalf("%v %c %v = %v, want an error", a, op, b, got)
		case !want.IsInt():
			if f, _ := want.Float64(); got != f {
				t.Fatalf("%v %c %v = %v, %v, want %v", a, op, b, got, err, f)
			}
		}
	})
}

func TestNeg(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ v, want any }{
		{1, -1}, {uint8(200), -200}, {2.5, -2.5}, {math.MinInt64, uint64(1 << 63)}, {uint64(1 << 63), math.MinInt64}, {json.Number("3"), -3},
	} {
		if got, err := Neg(tt.v); got != tt.want || err != nil {
			t.Errorf("Neg(%v) = %v, %v, want %v", tt.v, got, err, tt.want)
		}
	}
	for _, v := range []any{"1", nil, true, uint64(math.MaxUint64)} {
		if got, err := Neg(v); err == nil {
			t.Errorf("Neg(%v) = %v, want an error", v, got)
		}
	}
}

func TestIntFloatPlain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		v  any
		i  int64
		ok bool
	}{
		{5, 5, true}, {uint8(5), 5, true}, {5.0, 5, true}, {json.Number("5"), 5, true}, {-9.223372036854775808e18, math.MinInt64, true},
		{5.5, 0, false}, {9.3e18, 0, false}, {math.NaN(), 0, false}, {math.Inf(1), 0, false}, {uint64(1 << 63), 0, false}, {"5", 0, false}, {nil, 0, false},
	} {
		if i, ok := Int(tt.v); i != tt.i || ok != tt.ok {
			t.Errorf("Int(%T %v) = %d, %v", tt.v, tt.v, i, ok)
		}
	}
	for _, tt := range []struct{ v, want any }{
		{level(5), 5}, {uint16(5), 5}, {uint64(1 << 63), uint64(1 << 63)}, {float32(0.5), 0.5}, {json.Number("7"), 7},
		{json.Number("18446744073709551616"), json.Number("18446744073709551616")},
	} {
		if got, ok := Plain(tt.v); got != tt.want || !ok {
			t.Errorf("Plain(%v) = %T %v, %v", tt.v, got, got, ok)
		}
	}
	if f, ok := Float(json.Number("18446744073709551616")); f != 1<<64 || !ok {
		t.Errorf("Float = %v, %v", f, ok)
	}
	if f, ok := Float(uint64(1 << 63)); f != 1<<63 || !ok {
		t.Errorf("Float = %v, %v", f, ok)
	}
	if _, ok := Float("1"); ok {
		t.Error("a string is a number")
	}
}
