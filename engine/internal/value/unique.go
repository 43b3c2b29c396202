package value

import (
	"errors"
	"hash/maphash"
	"math"
	"reflect"
)

var errTooMuch = errors.New("there is too much to compare")

// Unique returns the elements of the list v without those equal to an earlier
// one, in their order; nil if v is no list. It allocates up to 60 bytes an
// element: ask Len first. Where elements are so large and alike that telling
// them apart takes as much work as Equal gives up at, it gives an error. The
// cost is told as by EqualCost.
func Unique(v any) (kept []any, cost int, err error) {
	n, kind, _ := Len(v)
	if kind != List {
		return nil, 0, nil
	}
	c := newComparison()
	looked := 0
	seen := make(map[uint64][]int, n)
	kept = make([]any, 0, n)
next:
	for i := range n {
		x := Index(v, i)
		h := hash(reflect.ValueOf(x), 0, &looked)
		if looked > maxHashed {
			return nil, c.cost() + looked, errTooMuch
		}
		for _, j := range seen[h] {
			if c.equal(x, kept[j]) {
				continue next
			}
			if c.budget < 0 {
				return nil, c.cost() + looked, errTooMuch
			}
		}
		seen[h] = append(seen[h], len(kept))
		kept = append(kept, x)
	}
	return kept, c.cost() + looked, nil
}

var hashSeed = maphash.MakeSeed()

// How far hash looks into a value, which bounds its work to some thousand
// steps.
const (
	hashDepth = 2
	hashItems = 32
	maxHashed = 2 * maxComparisons // by one call of Unique
)

// hash gives equal values equal numbers. It counts in looked what it does.
func hash(rv reflect.Value, depth int, looked *int) uint64 {
	k, rv := kindOf(rv)
	*looked++
	mix := func(x uint64) uint64 { return maphash.Comparable(hashSeed, [2]uint64{uint64(k), x}) }
	switch k {
	case Bool:
		if rv.Bool() {
			return mix(1)
		}
	case Number:
		n, _ := numberOf(rv)
		f := n.float() // equal numbers have one nearest float
		if f == 0 {
			f = 0 // not -0
		}
		if f != f {
			f = math.NaN()
		}
		return mix(math.Float64bits(f))
	case String:
		*looked += rv.Len() / bytesPerStep
		return mix(maphash.String(hashSeed, textOf(rv)))
	case Time:
		t := momentOf(rv)
		return mix(uint64(t.Unix()) ^ uint64(t.Nanosecond())<<34)
	case List:
		h := mix(uint64(rv.Len()))
		if depth < hashDepth {
			for i := range min(rv.Len(), hashItems) {
				h = mix(h ^ hash(rv.Index(i), depth+1, looked))
			}
		}
		return h
	case Map:
		if depth == hashDepth || rv.Kind() == reflect.Map && rv.Len() > hashItems {
			break
		}
		var h uint64
		list := members(rv)
		for _, m := range list {
			h += mix(maphash.String(hashSeed, m.name) ^ hash(m.value, depth+1, looked)) // in any order
		}
		if len(list) > hashItems {
			break
		}
		return h
	}
	return mix(0)
}
