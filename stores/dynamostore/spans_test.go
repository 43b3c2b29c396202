package dynamostore

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestSpans compares a set of spans with a list.
func TestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const high = 40
		var set spans
		left := make([]int, 0, high)
		for v := high; v > 0; v-- {
			left = append(left, v)
		}
		order := rapid.Permutation(slices.Clone(left)).Draw(t, "order")
		for _, v := range order {
			set = set.add(v)
			left = slices.DeleteFunc(left, func(w int) bool { return w == v })
			if got := slices.Collect(set.others(high)); !slices.Equal(got, left) {
				t.Fatalf("after %d, %q leaves %v, want %v", v, set, got, left)
			}
			if set.count() != high-len(left) {
				t.Fatalf("%q counts %d, want %d", set, set.count(), high-len(left))
			}
			for w := 1; w <= high; w++ {
				if set.has(w) == slices.Contains(left, w) {
					t.Fatalf("%q.has(%d) = %v", set, w, set.has(w))
				}
			}
			again, err := parseSpans(set.String(), high)
			if err != nil || !slices.Equal(again, set) {
				t.Fatalf("parseSpans(%q) = %v, %v", set, again, err)
			}
		}
		if set.String() != "1-40" {
			t.Fatalf("all of 40 are %q", set)
		}
	})
}

func TestSpansThatAreNone(t *testing.T) {
	for _, text := range []string{" ", "0", "-1", "x", "1-", "2-1", "1 1", "1 2", "3 1", "1-3 2", "1-11", "99999999999999999999", "1  3", "1,3"} {
		if set, err := parseSpans(text, 10); err == nil {
			t.Errorf("parseSpans(%q) = %v, want an error", text, set)
		}
	}
}

// TestSpansOfThousands deletes in disorder, which must not take longer than it
// takes space.
func TestSpansOfThousands(t *testing.T) {
	var set spans
	for _, i := range rand.Perm(5000) {
		set = set.add(2*i + 1)
	}
	if n := len(set.String()); n > mostDeletedBytes {
		t.Errorf("5,000 gaps need %d bytes, more than the %d that there are", n, mostDeletedBytes)
	}
}
