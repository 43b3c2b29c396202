package cli

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// nearest returns up to three candidates that word may have been meant to be,
// the likeliest first, ties by name.
func nearest(word string, candidates []string) []string {
	const longest, most = 256, 3
	if word == "" || len(word) > longest {
		return nil
	}
	type guess struct {
		text  string
		wrong int
	}
	var guesses []guess
	for _, c := range candidates {
		if len(c) > longest {
			continue
		}
		if wrong, ok := mistakes(strings.ToLower(word), strings.ToLower(c)); ok {
			guesses = append(guesses, guess{c, wrong})
		}
	}
	slices.SortFunc(guesses, func(a, b guess) int {
		return cmp.Or(a.wrong-b.wrong, strings.Compare(a.text, b.text))
	})
	var found []string
	for _, g := range guesses[:min(most, len(guesses))] {
		found = append(found, g.text)
	}
	return found
}

// mistakes counts how far word is from a candidate; not ok if too far. A path
// or a file name that leads to the candidate and a candidate's last segment
// are slips of their own, as are its beginnings.
func mistakes(word, candidate string) (int, bool) {
	bare := strings.TrimSuffix(word, path.Ext(word))
	switch {
	case word == candidate, bare == candidate:
		return 0, true
	case strings.HasSuffix(bare, "/"+candidate), strings.HasSuffix(candidate, "/"+word):
		return 1, true
	}
	a, b := []rune(word), []rune(candidate)
	allowed := max(1, min(len(a), len(b))/3)
	d := len(a) + len(b)
	if diff := len(a) - len(b); -allowed <= diff && diff <= allowed {
		d = distance(a, b)
	}
	if base := []rune(path.Base(candidate)); len(base) < len(b) && max(len(a)-len(base), len(base)-len(a)) <= allowed {
		d = min(d, distance(a, base)+1)
	}
	if d <= allowed && d < max(len(a), len(b)) { // one letter for another is no slip
		return d, true
	}
	return allowed + 1, len(a) >= 3 && strings.HasPrefix(candidate, word)
}

// distance is the number of letters to insert, delete, replace or swap with
// their neighbour that makes b of a (optimal string alignment).
func distance(a, b []rune) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, before := rows[i%3], rows[(i-1)%3], rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := above[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(above[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}
