package value

import (
	"errors"
	"fmt"
	"math"
	"math/big"
)

// MaxConcat is the longest string, in bytes, that Arith makes.
const MaxConcat = 1 << 20

var errZero = errors.New("division by zero")

// Arith computes a op b, where op is one of + - * / %.
//
// Integers give an integer (int where it fits, else uint64), and an error when
// the result fits neither; 7 / 2 is 3.5 but 6 / 2 is the integer 3; % takes
// integers, and floats without a fraction, and has the sign of a. As soon as
// one operand is a float the result is one; a result that is not finite, from
// operands that are, is an error, as is division by zero. "+" also joins two
// strings, to [MaxConcat] bytes at most.
func Arith(op byte, a, b any) (any, error) { return ArithLimit(op, a, b, MaxConcat) }

// ArithLimit is Arith with another limit for strings, in bytes.
func ArithLimit(op byte, a, b any, limit int) (any, error) {
	x, okx := toNumber(a)
	y, oky := toNumber(b)
	if okx && oky {
		return arith(op, x, y)
	}
	if op == '+' && !okx && !oky {
		s, oks := Text(a)
		t, okt := Text(b)
		if oks && okt {
			if len(s) > limit-len(t) {
				return nil, fmt.Errorf("joining strings of %d and %d bytes: %w of %d bytes", len(s), len(t), ErrTooLong, limit)
			}
			return s + t, nil
		}
	}
	switch op {
	case '+':
		return nil, fmt.Errorf("cannot add %s and %s; + takes two numbers or two strings", TypeName(a), TypeName(b))
	case '-', '*', '/', '%':
		return nil, fmt.Errorf("cannot apply %c to %s and %s; it takes numbers", op, TypeName(a), TypeName(b))
	}
	return nil, fmt.Errorf("unknown operator %q", op)
}

// Neg returns -a for a number.
func Neg(a any) (any, error) {
	n, ok := toNumber(a)
	if !ok {
		return nil, fmt.Errorf("cannot negate %s; unary - takes a number", TypeName(a))
	}
	if n.kind == isFloat {
		return -n.f, nil
	}
	return arith('-', intNumber(0), n)
}

func arith(op byte, x, y number) (any, error) {
	if op == '%' {
		return remainder(x, y)
	}
	if x.kind == isFloat || y.kind == isFloat {
		return arithFloat(op, x, y)
	}
	if x.kind == isInt && y.kind == isInt {
		if r, ok := arithInt(op, x.i, y.i); ok {
			return intNumber(r).value(), nil
		}
	}
	p, q, r := x.big(), y.big(), new(big.Int)
	switch op {
	case '+':
		r.Add(p, q)
	case '-':
		r.Sub(p, q)
	case '*':
		r.Mul(p, q)
	case '/':
		if q.Sign() == 0 {
			return nil, errZero
		}
		rest := new(big.Int)
		if r.QuoRem(p, q, rest); rest.Sign() != 0 {
			f, _ := new(big.Rat).SetFrac(p, q).Float64()
			return f, nil
		}
	default:
		return nil, fmt.Errorf("unknown operator %q", op)
	}
	n := bigNumber(r)
	if n.kind == isBig {
		return nil, fmt.Errorf("integer overflow: %v %c %v; toFloat makes it a float", shorten(p), op, shorten(q))
	}
	return n.value(), nil
}

// arithInt covers what needs no more than 64 bits.
func arithInt(op byte, a, b int64) (r int64, ok bool) {
	switch op {
	case '+':
		r = a + b
		return r, (r > a) == (b > 0)
	case '-':
		r = a - b
		return r, (r < a) == (b > 0)
	case '*':
		if a == 0 || b == 0 {
			return 0, true
		}
		r = a * b
		return r, a != math.MinInt64 && b != math.MinInt64 && r/b == a
	case '/':
		if b == 0 || a == math.MinInt64 || a%b != 0 {
			return 0, false
		}
		return a / b, true
	}
	return 0, false
}

func arithFloat(op byte, x, y number) (any, error) {
	a, b := x.float(), y.float()
	var r float64
	switch op {
	case '+':
		r = a + b
	case '-':
		r = a - b
	case '*':
		r = a * b
	case '/':
		if b == 0 {
			return nil, errZero
		}
		r = a / b
	default:
		return nil, fmt.Errorf("unknown operator %q", op)
	}
	if !finite(r) && finite(a) && finite(b) {
		return nil, fmt.Errorf("%v %c %v is out of the range of a float", a, op, b)
	}
	return r, nil
}

func finite(f float64) bool { return f-f == 0 }

func remainder(x, y number) (any, error) {
	p, okp := x.whole()
	q, okq := y.whole()
	switch {
	case !okp || !okq:
		return nil, errors.New("% takes integers; one of the two has a fraction")
	case q.sign() == 0:
		return nil, errZero
	case p.kind == isInt && q.kind == isInt && q.i != -1: // MinInt64 % -1 traps on some machines
		return intNumber(p.i % q.i).value(), nil
	}
	return bigNumber(new(big.Int).Rem(p.big(), q.big())).value(), nil
}

// whole returns n as an integer if it has no fraction.
func (n number) whole() (number, bool) {
	if n.kind != isFloat {
		return n, true
	}
	if n.f != math.Trunc(n.f) || !finite(n.f) {
		return number{}, false
	}
	b, _ := big.NewFloat(n.f).Int(nil)
	return bigNumber(b), true
}

// shorten keeps the operands of a message readable.
func shorten(b *big.Int) string {
	s := b.String()
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
