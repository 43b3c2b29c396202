package value

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxSuggestions  = 3
	maxSuggestInput = 256 // bytes of a name that are looked at
	maxDistance     = 8
)

// Suggest returns up to three of candidates that name may have been meant for:
// those a few typing errors away, nearest first, ties by name. Names that
// differ in case alone count as near. Only the first 256 bytes of a name count.
func Suggest(name string, candidates []string) []string {
	type near struct {
		name     string
		distance int
	}
	want := []rune(cut(name))
	limit := tolerance(len(want))
	var found []near
	for _, c := range candidates {
		if c == "" || c == name {
			continue
		}
		d := distance(want, []rune(cut(c)), limit)
		if d > limit && strings.EqualFold(name, c) {
			d = limit
		}
		if d <= limit {
			found = append(found, near{c, d})
		}
	}
	slices.SortFunc(found, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	found = slices.Compact(found)
	names := make([]string, 0, maxSuggestions)
	for _, f := range found[:min(len(found), maxSuggestions)] {
		names = append(names, f.name)
	}
	return names
}

// tolerance is how many errors a name of n code points may hold: more would
// suggest names that have nothing in common with it.
func tolerance(n int) int {
	switch {
	case n <= 2:
		return 1
	case n <= 6:
		return 2
	}
	return min(n/3, maxDistance)
}

// cut shortens s to what Suggest looks at, between code points.
func cut(s string) string {
	if len(s) <= maxSuggestInput {
		return s
	}
	n := maxSuggestInput
	for n > maxSuggestInput-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours that lead from a to b (optimal string alignment). It looks only at
// a band of the table: anything above limit is reported as limit+1.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		low, high := max(1, i-limit), min(len(b), i+limit)
		row[low-1] = min(i, limit+1) // i where that is the first column
		if high < len(b) {
			row[high+1] = limit + 1 // the next row reads one beyond this one's band
		}
		for j := low; j <= high; j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j-1]+cost, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit+1)
}
