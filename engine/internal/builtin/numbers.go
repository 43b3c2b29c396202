package builtin

import (
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/go-prompty/prompty/engine/internal/value"
)

var numberFunctions = []function{
	{"min", 1, -1, func(c call) (any, error) { return c.extreme(-1) }},
	{"max", 1, -1, func(c call) (any, error) { return c.extreme(1) }},
	{"abs", 1, 1, abs},
	{"round", 1, 2, round},
	{"floor", 1, 1, func(c call) (any, error) { return c.whole(math.Floor) }},
	{"ceil", 1, 1, func(c call) (any, error) { return c.whole(math.Ceil) }},
}

// extreme returns the argument, or the element of the only argument, that comes
// first (sign -1) or last (1); of equal ones the first.
func (c call) extreme(sign int) (any, error) {
	n, at := len(c.args), func(i int) any { return c.args[i] }
	if kind := value.KindOf(c.args[0]); n == 1 && (kind == value.List || kind == value.Nil) {
		n, _, _ = value.Len(c.args[0])
		at = func(i int) any { return value.Index(c.args[0], i) }
	}
	if n == 0 {
		return nil, nil
	}
	best := at(0)
	for i := min(1, n-1); i < n; i++ { // one alone with itself: it may have no order
		v := at(i)
		order, err := c.order(best, v)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		if order == -sign {
			best = v
		}
	}
	return best, nil
}

func (c call) numeric(i int) (any, error) {
	n, ok := value.Plain(c.args[i])
	if !ok {
		return nil, c.wrong(i, "a number")
	}
	return n, nil
}

func abs(c call) (any, error) {
	n, err := c.numeric(0)
	if err != nil {
		return nil, err
	}
	if f, ok := n.(float64); ok {
		return math.Abs(f), nil
	}
	if order, _ := value.Compare(n, 0); order >= 0 {
		return n, nil
	}
	negated, err := value.Neg(n)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return negated, nil
}

// whole applies f, which removes the fraction. A result that is no integer of
// the machine's stays a float.
func (c call) whole(f func(float64) float64) (any, error) {
	n, err := c.numeric(0)
	if err != nil {
		return nil, err
	}
	x, isFloat := n.(float64)
	if !isFloat {
		return n, nil
	}
	if i, ok := integerOf(f(x)); ok {
		return i, nil
	}
	return f(x), nil
}

func round(c call) (any, error) {
	digits := 0
	if c.has(1) {
		var err error
		if digits, err = c.integer(1, 0); err != nil {
			return nil, err
		}
		if digits > 15 {
			return nil, c.bad(1, "expected 0 to 15, got %d", digits)
		}
	}
	if digits == 0 {
		return c.whole(math.Round)
	}
	n, err := c.numeric(0)
	if err != nil {
		return nil, err
	}
	x, isFloat := n.(float64)
	if !isFloat || math.IsNaN(x) || math.IsInf(x, 0) {
		return n, nil
	}
	return roundDecimal(x, digits), nil
}

// roundDecimal rounds the number that people see: 1.005 is a little less in
// binary, and still rounds to 1.01.
func roundDecimal(x float64, digits int) float64 {
	exact, ok := new(big.Rat).SetString(strconv.FormatFloat(x, 'f', -1, 64))
	if !ok {
		return x
	}
	// Package big rounds halves away from zero.
	f, _ := strconv.ParseFloat(exact.FloatString(digits), 64)
	return f
}
