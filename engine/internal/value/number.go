package value

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"time"
)

// number is a numeric value without loss. A number of kind isUint is above the
// int64 range, one of kind isBig outside both integer ranges.
type number struct {
	kind numberKind
	i    int64
	u    uint64
	f    float64
	b    *big.Int
}

type numberKind uint8

const (
	isInt numberKind = iota
	isUint
	isBig
	isFloat
)

// maxDigits bounds the integers of json.Number that are kept exactly: big ones
// cost quadratic time to read.
const maxDigits = 400

// maxNumberText bounds what is read as a number at all: it is read again each
// time that it is looked at. What is longer is text.
const maxNumberText = 1000

func intNumber(i int64) number     { return number{kind: isInt, i: i} }
func floatNumber(f float64) number { return number{kind: isFloat, f: f} }

func uintNumber(u uint64) number {
	if u <= math.MaxInt64 {
		return intNumber(int64(u))
	}
	return number{kind: isUint, u: u}
}

func bigNumber(b *big.Int) number {
	switch {
	case b.IsInt64():
		return intNumber(b.Int64())
	case b.IsUint64():
		return uintNumber(b.Uint64())
	}
	return number{kind: isBig, b: b}
}

// toNumber returns the number that v holds.
func toNumber(v any) (number, bool) {
	switch v := v.(type) {
	case int:
		return intNumber(int64(v)), true
	case int64:
		return intNumber(v), true
	case float64:
		return floatNumber(v), true
	}
	k, rv := kindOf(reflect.ValueOf(v))
	if k != Number {
		return number{}, false
	}
	return numberOf(rv)
}

// numberOf returns the number in a value that has no pointers around it.
func numberOf(rv reflect.Value) (number, bool) {
	switch {
	case rv.CanInt():
		return intNumber(rv.Int()), true
	case rv.CanUint():
		return uintNumber(rv.Uint()), true
	case rv.CanFloat():
		return floatNumber(rv.Float()), true
	case rv.Kind() == reflect.String:
		return jsonNumber(rv.String())
	}
	return number{}, false
}

// jsonNumber reads s if it is a number as JSON spells it.
func jsonNumber(s string) (number, bool) {
	if len(s) > maxNumberText {
		return number{}, false
	}
	integer, ok := jsonNumberShape(s)
	if !ok {
		return number{}, false
	}
	if integer && len(s) <= maxDigits {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return intNumber(i), true
		}
		if b, ok := new(big.Int).SetString(s, 10); ok {
			return bigNumber(b), true
		}
	}
	f, _ := strconv.ParseFloat(s, 64) // out of range gives an infinity
	return floatNumber(f), true
}

// jsonNumberShape checks s against the grammar of RFC 8259, section 6.
func jsonNumberShape(s string) (integer, ok bool) {
	digits := func() bool {
		n := 0
		for n < len(s) && '0' <= s[n] && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	if s != "" && s[0] == '0' {
		s = s[1:]
	} else if !digits() {
		return false, false
	}
	integer = true
	if s != "" && s[0] == '.' {
		s, integer = s[1:], false
		if !digits() {
			return false, false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s, integer = s[1:], false
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false, false
		}
	}
	return integer, s == ""
}

func (n number) sign() int { return n.compare(intNumber(0)) }

// float returns the nearest float64.
func (n number) float() float64 {
	switch n.kind {
	case isInt:
		return float64(n.i)
	case isUint:
		return float64(n.u)
	case isBig:
		f, _ := new(big.Float).SetInt(n.b).Float64()
		return f
	}
	return n.f
}

// big returns an integer, whatever its size.
func (n number) big() *big.Int {
	switch n.kind {
	case isInt:
		return big.NewInt(n.i)
	case isUint:
		return new(big.Int).SetUint64(n.u)
	}
	return n.b
}

// value returns n as the Go value that the language works with: int where it
// fits, else int64 or uint64, float64, or a json.Number for a big integer.
func (n number) value() any {
	switch n.kind {
	case isInt:
		if int64(int(n.i)) == n.i {
			return int(n.i)
		}
		return n.i
	case isUint:
		return n.u
	case isBig:
		return json.Number(n.b.String())
	}
	return n.f
}

// compare orders all numbers by value; NaN comes first and equals itself.
func (n number) compare(m number) int {
	switch {
	case n.kind == isInt && m.kind == isInt:
		return cmp.Compare(n.i, m.i)
	case n.kind == isFloat && m.kind == isFloat:
		return cmp.Compare(n.f, m.f)
	case n.kind == isFloat:
		return -m.compareFloat(n.f)
	case m.kind == isFloat:
		return n.compareFloat(m.f)
	}
	return n.big().Cmp(m.big())
}

// compareFloat compares the integer n with f, exactly.
func (n number) compareFloat(f float64) int {
	switch {
	case f != f, math.IsInf(f, -1):
		return 1
	case math.IsInf(f, 1):
		return -1
	case n.kind != isInt:
		return new(big.Float).SetInt(n.big()).Cmp(big.NewFloat(f))
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(n.i, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, f)
}

// Int returns v as an integer: an integer of any type, or a float that has no
// fraction, within the range of int64.
func Int(v any) (int64, bool) {
	n, ok := toNumber(v)
	if !ok {
		return 0, false
	}
	switch n.kind {
	case isInt:
		return n.i, true
	case isFloat:
		if n.f == math.Trunc(n.f) && n.f >= -1<<63 && n.f < 1<<63 {
			return int64(n.f), true
		}
	}
	return 0, false
}

// Float returns the float64 nearest to the number v.
func Float(v any) (float64, bool) {
	n, ok := toNumber(v)
	return n.float(), ok
}

// Plain returns a number of any type as int, int64, uint64, float64 or, for
// integers beyond those, json.Number; ok is false if v is no number.
func Plain(v any) (plain any, ok bool) {
	n, ok := toNumber(v)
	if !ok {
		return nil, false
	}
	return n.value(), true
}

// momentOf returns the time in a value of kind Time.
func momentOf(rv reflect.Value) time.Time {
	return rv.Interface().(time.Time)
}
