package dynamostore

import (
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// spans is a set of version numbers: those that are deleted. It is written
// "1-3 7 9-12": deleting one version after the other does not make it longer.
type spans []span // ascending, with a gap between any two

type span struct{ first, last int }

// before returns the number of spans that end below version.
func (s spans) before(version int) int {
	i, _ := slices.BinarySearchFunc(s, version, func(p span, v int) int { return p.last - v })
	return i
}

func (s spans) has(version int) bool {
	i := s.before(version)
	return i < len(s) && s[i].first <= version
}

// add returns the set with a version that it does not have.
func (s spans) add(version int) spans {
	i := s.before(version)
	p, from, to := span{version, version}, i, i
	if i > 0 && s[i-1].last == version-1 {
		p.first, from = s[i-1].first, i-1
	}
	if i < len(s) && s[i].first == version+1 {
		p.last, to = s[i].last, i+1
	}
	return slices.Concat(s[:from], spans{p}, s[to:])
}

// below returns the highest number below version that is not in the set, or 0.
func (s spans) below(version int) int {
	version--
	if i := s.before(version); i < len(s) && s[i].first <= version {
		return s[i].first - 1
	}
	return max(version, 0)
}

// others yields the numbers from high to 1 that are not in the set.
func (s spans) others(high int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for v := s.below(high + 1); v > 0; v = s.below(v) {
			if !yield(v) {
				return
			}
		}
	}
}

// count returns how many numbers are in the set.
func (s spans) count() int {
	n := 0
	for _, p := range s {
		n += p.last - p.first + 1
	}
	return n
}

func (s spans) String() string {
	var b []byte
	for _, p := range s {
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, int64(p.first), 10)
		if p.last > p.first {
			b = strconv.AppendInt(append(b, '-'), int64(p.last), 10)
		}
	}
	return string(b)
}

// parseSpans is the inverse of String, for a set of numbers up to high.
func parseSpans(text string, high int) (spans, error) {
	if text == "" {
		return nil, nil
	}
	var s spans
	for part := range strings.SplitSeq(text, " ") {
		a, b, both := strings.Cut(part, "-")
		first, err := strconv.Atoi(a)
		last := first
		if both && err == nil {
			last, err = strconv.Atoi(b)
		}
		if err != nil || first < 1 || last < first || last > high || len(s) > 0 && first <= s[len(s)-1].last+1 {
			return nil, errors.New("is no ascending list of numbers and spans such as 1-3 7 9-12, up to the highest number")
		}
		s = append(s, span{first, last})
	}
	return s, nil
}
