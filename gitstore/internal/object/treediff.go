package object

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Diff calls visit for each entry in which two trees differ, in the trees'
// order and on this level only. What one of them does not have is the zero
// Entry. A file that became a folder, or a folder that became a file, is two
// calls, for these stand in different places. Entries share memory with the
// trees. An error of visit ends Diff and is returned.
func Diff(a, b []byte, visit func(name []byte, before, after Entry) error) error {
	// What is the same at both ends is not decoded: a tree of 10,000 entries
	// in which one differs costs little more than its comparison.
	same := commonPrefix(a, b)
	tail := commonSuffix(a[same:], b[same:])
	for at := 0; ; {
		_, end := scanEntry(a[at:])
		if end < 0 || at+end > same {
			a, b = a[at:], b[at:]
			break
		}
		at += end
	}
	for len(a) > 0 || len(b) > 0 {
		if len(a) == len(b) && len(a) <= tail {
			return nil
		}
		var before, after Entry
		var restA, restB []byte
		var err error
		if len(a) > 0 {
			if before, restA, err = NextEntry(a); err != nil {
				return err
			}
		}
		if len(b) > 0 {
			if after, restB, err = NextEntry(b); err != nil {
				return err
			}
		}
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = orderNames(before.Name, before.IsTree(), after.Name, after.IsTree())
		}
		switch {
		case order < 0:
			a, err = restA, visit(before.Name, before, Entry{})
		case order > 0:
			b, err = restB, visit(after.Name, Entry{}, after)
		default:
			a, b = restA, restB
			if before.Mode != after.Mode || before.ID != after.ID {
				err = visit(before.Name, before, after)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// commonPrefix counts the bytes that a and b begin with both.
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

// commonSuffix counts the bytes that a and b end with both.
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
