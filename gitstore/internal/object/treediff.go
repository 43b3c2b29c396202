package object

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Diff calls visit for each entry in which two trees differ, in the trees'
// order and on this level only. What one of them does not have is the zero
// Entry. A file that became a folder, or a folder that became a file, is two
// calls, for these stand in different places. Entries share memory with the
// trees. An error of visit ends Diff and is returned.
func Diff(a, b []byte, visit func(name []byte, before, after Entry) error) error {
	return Spans(a, b, func(fromA, toA, fromB, toB int) error {
		var before, after Entry
		if fromA < toA {
			before = entryAt(a, fromA, toA)
		}
		if fromB < toB {
			after = entryAt(b, fromB, toB)
		}
		switch {
		case fromB == toB:
			return visit(before.Name, before, after)
		case before.Mode == after.Mode && before.ID == after.ID && fromA < toA:
			return nil // one of the modes has a needless zero
		}
		return visit(after.Name, before, after)
	})
}

// Spans is Diff without decoding: for each difference it gives the bytes of the
// entry in a and in b. One of the ranges can be empty. Everything between the
// ranges is the same in both.
func Spans(a, b []byte, visit func(fromA, toA, fromB, toB int) error) error {
	// What is the same at both ends is not decoded: a tree of 10,000 entries
	// in which one differs costs little more than its comparison.
	same, tail := Common(a, b)
	i, j := 0, 0
	for {
		_, end := scanEntry(a[i:])
		if end < 0 || i+end > same {
			break
		}
		i += end
	}
	j = i
	for i < len(a) || j < len(b) {
		if len(a)-i == len(b)-j && len(a)-i <= tail {
			return nil
		}
		endA, endB := i, j
		var nameA, nameB []byte
		var err error
		if i < len(a) {
			if nameA, endA, err = span(a, i); err != nil {
				return err
			}
		}
		if j < len(b) {
			if nameB, endB, err = span(b, j); err != nil {
				return err
			}
		}
		order := 0
		switch {
		case endA == i:
			order = 1
		case endB == j:
			order = -1
		default:
			order = orderNames(nameA, isTreeMode(a[i:]), nameB, isTreeMode(b[j:]))
		}
		switch {
		case order < 0:
			err = visit(i, endA, j, j)
			i = endA
		case order > 0:
			err = visit(i, i, j, endB)
			j = endB
		default:
			if !bytes.Equal(a[i:endA], b[j:endB]) {
				err = visit(i, endA, j, endB)
			}
			i, j = endA, endB
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func span(tree []byte, at int) (name []byte, end int, err error) {
	begin, n := scanEntry(tree[at:])
	if n < 0 {
		return nil, 0, fmt.Errorf("%w at byte %d of %d", errTree, at, len(tree))
	}
	return tree[at+begin : at+n-21], at + n, nil
}

// entryAt decodes an entry that span has found.
func entryAt(tree []byte, from, to int) Entry {
	e, _, err := NextEntry(tree[from:to])
	if err != nil {
		return Entry{}
	}
	return e
}

// Common counts the bytes that a and b begin with both, and those behind them
// that they end with both.
func Common(a, b []byte) (prefix, suffix int) {
	prefix = commonPrefix(a, b)
	return prefix, commonSuffix(a[prefix:], b[prefix:])
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	at := 0
	for n-at >= 1024 && bytes.Equal(a[at:at+1024], b[at:at+1024]) {
		at += 1024
	}
	for n-at >= 8 {
		if x := binary.LittleEndian.Uint64(a[at:]) ^ binary.LittleEndian.Uint64(b[at:]); x != 0 {
			return at + bits.TrailingZeros64(x)/8
		}
		at += 8
	}
	for at < n && a[at] == b[at] {
		at++
	}
	return at
}

func commonSuffix(a, b []byte) int {
	n := min(len(a), len(b))
	a, b = a[len(a)-n:], b[len(b)-n:]
	at := n
	for at >= 1024 && bytes.Equal(a[at-1024:at], b[at-1024:at]) {
		at -= 1024
	}
	for at >= 8 {
		if x := binary.BigEndian.Uint64(a[at-8:]) ^ binary.BigEndian.Uint64(b[at-8:]); x != 0 {
			return n - at + bits.TrailingZeros64(x)/8
		}
		at -= 8
	}
	for at > 0 && a[at-1] == b[at-1] {
		at--
	}
	return n - at
}
