package repo

import (
	"slices"
	"strings"
)

// Nearest returns up to three of the names that a slip of the pen could have
// turned into name, the nearest first.
func Nearest(name string, names []string) []string {
	const most, longest = 3, 200
	type candidate struct {
		name string
		cost int
	}
	var all []candidate
	if len(name) > longest {
		return nil
	}
	for _, n := range names {
		if len(n) > longest {
			continue
		}
		cost := distance(strings.ToLower(name), strings.ToLower(n))
		if base := n[strings.LastIndexByte(n, '/')+1:]; strings.EqualFold(base, name) {
			cost = min(cost, 1) // "main" for "origin/main"
		}
		if cost <= max(1, min(2, len(name)/2), len(name)/3) {
			all = append(all, candidate{n, cost})
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		if a.cost != b.cost {
			return a.cost - b.cost
		}
		return strings.Compare(a.name, b.name)
	})
	var near []string
	for _, c := range all {
		if len(near) < most && !slices.Contains(near, c.name) {
			near = append(near, c.name)
		}
	}
	return near
}

// distance is how many bytes must be inserted, removed or replaced to turn a
// into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
