package diff

import (
	"slices"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// maxDepth bounds how often the text between two anchors is searched for more.
const maxDepth = 8

// compare returns the changes from a to b, in order, none touching the next.
//
// The library's search gives up after some fifty changed lines and then takes
// all between its two ends for changed. So the texts are first cut at anchors,
// lines that each side has once, as patience diff does; only what stands
// between two of them is searched.
func compare(a, b []string) []lcs.Diff {
	var c comparison
	c.between(a, b, 0, 0, 0)
	return c.changes
}

type comparison struct{ changes []lcs.Diff }

// between compares two runs of lines that start at the lines i and j.
func (c *comparison) between(a, b []string, i, j, depth int) {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	a, b, i, j = a[n:], b[n:], i+n, j+n
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 0 || len(b) == 0 {
		c.add(lcs.Diff{Start: i, End: i + len(a), ReplStart: j, ReplEnd: j + len(b)})
		return
	}
	var found []anchor
	if depth < maxDepth {
		found = anchors(a, b)
	}
	if len(found) == 0 {
		for _, d := range lcs.DiffLines(a, b) {
			c.add(lcs.Diff{Start: i + d.Start, End: i + d.End, ReplStart: j + d.ReplStart, ReplEnd: j + d.ReplEnd})
		}
		return
	}
	x, y := 0, 0
	for _, f := range append(found, anchor{len(a), len(b)}) {
		c.between(a[x:f.a], b[y:f.b], i+x, j+y, depth+1)
		x, y = f.a, f.b // the anchor is the first line of what comes next, and the same there
	}
}

// add notes a change, as one with the change before it if they touch.
func (c *comparison) add(d lcs.Diff) {
	if d.Start == d.End && d.ReplStart == d.ReplEnd {
		return
	}
	if n := len(c.changes); n > 0 && c.changes[n-1].End == d.Start && c.changes[n-1].ReplEnd == d.ReplStart {
		c.changes[n-1].End, c.changes[n-1].ReplEnd = d.End, d.ReplEnd
		return
	}
	c.changes = append(c.changes, d)
}

// anchor is a line that each side has once.
type anchor struct{ a, b int }

// anchors returns the longest run of anchors that come in the same order on
// both sides.
func anchors(a, b []string) []anchor {
	const twice = -1
	where := make(map[string]int, len(a)) // the line in a, if it is there once
	for i, line := range a {
		if _, seen := where[line]; seen {
			i = twice
		}
		where[line] = i
	}
	in := make([]int, len(a)) // for a line of a, one more than the line of b
	for j, line := range b {
		if i, seen := where[line]; seen && i != twice {
			if in[i] != 0 {
				where[line] = twice
				in[i] = 0
				continue
			}
			in[i] = j + 1
		}
	}
	// Patience sorting: tails[k] ends the run of length k+1 that ends first in b.
	var list []anchor
	var tails, before []int
	for i, j := range in {
		if j == 0 {
			continue
		}
		k, _ := slices.BinarySearchFunc(tails, j-1, func(t, j int) int { return list[t].b - j })
		prev := -1
		if k > 0 {
			prev = tails[k-1]
		}
		if k == len(tails) {
			tails = append(tails, 0)
		}
		tails[k] = len(list)
		list, before = append(list, anchor{i, j - 1}), append(before, prev)
	}
	if len(tails) == 0 {
		return nil
	}
	run := make([]anchor, len(tails))
	for k, t := len(tails)-1, tails[len(tails)-1]; t >= 0; k, t = k-1, before[t] {
		run[k] = list[t]
	}
	return run
}
