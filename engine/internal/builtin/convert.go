package builtin

import (
	"math"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/engine/internal/value"
)

// conversions turn a value into one of another type, or into another value.
var conversions = []function{
	{"toString", 1, 1, toString},
	{"toInt", 1, 1, toInt},
	{"toFloat", 1, 1, toFloat},
	{"toBool", 1, 1, toBool},
	{"toJSON", 1, 2, toJSON},
	{"fromJSON", 1, 1, fromJSON},
	{"typeOf", 1, 1, func(c call) (any, error) { return value.TypeName(c.args[0]), nil }},
	{"default", 2, 2, coalesce},
	{"coalesce", 1, -1, coalesce},
}

func toString(c call) (any, error) {
	if s, ok := c.args[0].(string); ok {
		return s, nil
	}
	text, err := value.AppendLimit(nil, c.args[0], c.max)
	if err != nil {
		return nil, c.bad(0, "%v", err)
	}
	return string(text), nil
}

// parseNumber reads a decimal number, without a fraction as an integer.
func parseNumber(s string) (any, bool) {
	s = strings.TrimSpace(s)
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return int(i), int64(int(i)) == i
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil {
		return u, true
	}
	if strings.ContainsAny(s, "xXpP_") { // hexadecimal floats
		return nil, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0) && !math.IsNaN(f)
}

// number reads the argument of toInt and toFloat.
func (c call) number() (any, error) {
	if s, ok := value.Text(c.args[0]); ok {
		n, ok := parseNumber(s)
		if !ok {
			return nil, c.bad(0, "expected a number in the string, got %s", quote(s))
		}
		return n, nil
	}
	switch value.KindOf(c.args[0]) {
	case value.Number:
		n, _ := value.Plain(c.args[0])
		return n, nil
	case value.Bool:
		if value.Truthy(c.args[0]) {
			return 1, nil
		}
		return 0, nil
	}
	return nil, c.wrong(0, "a number, a string or a bool")
}

func toInt(c call) (any, error) {
	n, err := c.number()
	if err != nil {
		return nil, err
	}
	f, isFloat := n.(float64)
	if !isFloat {
		return n, nil
	}
	whole, ok := integerOf(math.Trunc(f))
	if !ok {
		return nil, c.bad(0, "%s is out of the range of an integer", show(f))
	}
	return whole, nil
}

// integerOf returns a float without a fraction as an integer.
func integerOf(f float64) (any, bool) {
	if i, ok := value.Int(f); ok {
		n, _ := value.Plain(i)
		return n, true
	}
	if f >= 1<<63 && f < 1<<64 {
		return uint64(f), true
	}
	return nil, false
}

func toFloat(c call) (any, error) {
	n, err := c.number()
	if err != nil {
		return nil, err
	}
	f, _ := value.Float(n)
	return f, nil
}

func toBool(c call) (any, error) {
	s, ok := value.Text(c.args[0])
	if !ok {
		return value.Truthy(c.args[0]), nil
	}
	switch strings.ToLower(strings.TrimSpace(s[:min(len(s), 100)])) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0", "":
		return false, nil
	}
	return nil, c.bad(0, "expected true, yes, on, 1, false, no, off or 0 in the string, got %s", quote(s))
}

// coalesce returns the first argument that is not empty. For default, that is
// one of two, and the last one whatever it is.
func coalesce(c call) (any, error) {
	for _, v := range c.args {
		if n, _, ok := value.Len(v); !ok || n > 0 {
			return v, nil
		}
	}
	if c.name == "default" {
		return c.args[1], nil
	}
	return nil, nil
}
