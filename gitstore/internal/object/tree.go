package object

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
)

// The modes that Git writes into trees.
const (
	ModeTree      = 0o040000
	ModeFile      = 0o100644
	ModeExec      = 0o100755
	ModeLink      = 0o120000
	ModeSubmodule = 0o160000
	modeType      = 0o170000
)

// Entry is one line of a tree. The zero Entry stands for none.
type Entry struct {
	Mode uint32
	Name []byte // part of the tree that the entry was read from
	ID   ID
}

// IsZero reports whether e is the zero Entry.
func (e Entry) IsZero() bool { return e.Mode == 0 && len(e.Name) == 0 && e.ID.IsZero() }

// IsTree reports whether e is a folder.
func (e Entry) IsTree() bool { return e.Mode&modeType == ModeTree }

// IsRegular reports whether e is a file, executable or not, and not a symbolic
// link.
func (e Entry) IsRegular() bool { return e.Mode&modeType == ModeFile&modeType }

var errTree = errors.New("damaged tree")

// NextEntry reads the first entry of a tree and gives what follows it. The name
// may hold any bytes but NUL; it is never empty. An empty tree is an error:
// ask len before.
func NextEntry(tree []byte) (e Entry, rest []byte, err error) {
	name, end := scanEntry(tree)
	if end < 0 {
		return Entry{}, nil, fmt.Errorf("%w: the entry that begins %.40q is cut off or has no mode or name", errTree, tree)
	}
	mode := uint32(0)
	for _, c := range tree[:name-1] {
		mode = mode<<3 | uint32(c-'0')
	}
	return Entry{Mode: mode, Name: tree[name : end-21 : end-21], ID: ID(tree[end-20 : end])}, tree[end:], nil
}

// scanEntry finds where the name of the first entry begins, and where the entry
// ends; the name ends 21 bytes before. A negative end says that there is none.
func scanEntry(tree []byte) (name, end int) {
	const shortest = 5 + 1 + 1 + 1 + 20
	if len(tree) < shortest {
		return 0, -1
	}
	// Five or six octal digits and a space, compared at once.
	head := binary.LittleEndian.Uint64(tree)
	switch {
	case head&0x00fff8f8f8f8f8f8 == 0x0020303030303030:
		name = 7
	case head&0x0000fff8f8f8f8f8 == 0x0000203030303030:
		name = 6
	default:
		return 0, -1
	}
	nul := indexNUL(tree[name:])
	end = name + nul + 21
	if nul <= 0 || end > len(tree) {
		return 0, -1
	}
	return name, end
}

// indexNUL is bytes.IndexByte(b, 0), faster for the short distances in trees.
func indexNUL(b []byte) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for i := 0; i < 32 && len(b)-i >= 8; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if hit := (w - low) &^ w & high; hit != 0 {
			return i + bits.TrailingZeros64(hit)/8
		}
	}
	return bytes.IndexByte(b, 0)
}

// Find looks for the entry of that name. The tree is looked through up to the
// entry only: damage behind it is not seen.
func Find(tree []byte, name string) (Entry, bool, error) {
	at, err := find(tree, name)
	if err != nil || at < 0 {
		return Entry{}, false, err
	}
	e, _, err := NextEntry(tree[at:])
	return e, err == nil, err
}

// find gives the offset of the entry of that name, or -1.
func find[S string | []byte](tree []byte, name S) (int, error) {
	for at := 0; at < len(tree); {
		begin, end := scanEntry(tree[at:])
		if end < 0 {
			return -1, fmt.Errorf("%w at byte %d of %d", errTree, at, len(tree))
		}
		if end-21-begin == len(name) && string(tree[at+begin:at+end-21]) == string(name) {
			return at, nil
		}
		at += end
	}
	return -1, nil
}

// ErrClash says that a tree has a folder where a file is wanted, or the other
// way round.
var ErrClash = errors.New("a file and a folder cannot have the same name")

// Set gives a new tree in which e stands, in the place of the entry of that
// name if there is one. A folder in the place of a file, or a file in the place
// of a folder, is [ErrClash]. Names that no tree may hold and unknown modes are
// errors, too. tree and e are not kept.
func Set(tree []byte, e Entry) ([]byte, error) {
	if err := checkEntry(e); err != nil {
		return nil, err
	}
	at, err := find(tree, e.Name)
	if err != nil {
		return nil, err
	}
	end := at
	if at >= 0 {
		old, rest, err := NextEntry(tree[at:])
		if err != nil {
			return nil, err
		}
		if old.IsTree() != e.IsTree() {
			return nil, fmt.Errorf("%w: %.200q", ErrClash, e.Name)
		}
		end = len(tree) - len(rest)
	} else {
		at = place(tree, e)
		end = at
	}
	edited := make([]byte, 0, len(tree)-(end-at)+len(e.Name)+28)
	edited = append(edited, tree[:at]...)
	edited = AppendEntry(edited, e)
	return append(edited, tree[end:]...), nil
}

// place gives the offset of the first entry that stands behind e. The tree is
// whole.
func place(tree []byte, e Entry) int {
	for at := 0; at < len(tree); {
		name, end := scanEntry(tree[at:])
		if end < 0 {
			break
		}
		there := tree[at+name : at+end-21]
		if orderNames(there, isTreeMode(tree[at:]), e.Name, e.IsTree()) > 0 {
			return at
		}
		at += end
	}
	return len(tree)
}

// isTreeMode tells it from the mode's text with the space behind it.
func isTreeMode(mode []byte) bool { return mode[0] == '4' || mode[0] == '0' && mode[1] == '4' }

// orderNames orders two names as a tree does, in which a folder's name ends in a
// slash.
func orderNames(a []byte, aTree bool, b []byte, bTree bool) int {
	n := min(len(a), len(b))
	if c := bytes.Compare(a[:n], b[:n]); c != 0 {
		return c
	}
	return int(after(a, n, aTree)) - int(after(b, n, bTree))
}

// after is the byte of a name at n, where a folder's name is followed by a
// slash and every name by NUL.
func after(name []byte, n int, tree bool) byte {
	switch {
	case n < len(name):
		return name[n]
	case tree:
		return '/'
	default:
		return 0
	}
}

// AppendEntry appends e as it stands in a tree. It checks nothing: see [Set].
func AppendEntry(dst []byte, e Entry) []byte {
	dst = strconv.AppendUint(dst, uint64(e.Mode), 8)
	dst = append(append(dst, ' '), e.Name...)
	dst = append(dst, 0)
	return append(dst, e.ID[:]...)
}

// checkEntry refuses what `git fsck --strict` calls an error in every tree.
func checkEntry(e Entry) error {
	switch e.Mode {
	case ModeTree, ModeFile, ModeExec, ModeLink, ModeSubmodule, 0o100664:
	default:
		return fmt.Errorf("a tree cannot hold an entry of mode %o: git knows 40000, 100644, 100755, 120000 and 160000", e.Mode)
	}
	switch {
	case len(e.Name) == 0, bytes.ContainsAny(e.Name, "/\x00"), string(e.Name) == ".", string(e.Name) == "..", bytes.EqualFold(e.Name, []byte(".git")):
		return fmt.Errorf("a tree cannot hold the name %.200q", e.Name)
	case e.ID.IsZero():
		return fmt.Errorf("a tree cannot hold %.200q without an object", e.Name)
	}
	return nil
}

// Drop gives a new tree without the entry of that name, and whether there was
// one.
func Drop(tree []byte, name string) ([]byte, bool, error) {
	at, err := find(tree, name)
	if err != nil || at < 0 {
		return bytes.Clone(tree), false, err
	}
	_, end := scanEntry(tree[at:])
	edited := make([]byte, 0, len(tree)-end)
	edited = append(edited, tree[:at]...)
	return append(edited, tree[at+end:]...), true, nil
}

// EntrySize gives the length of the first entry of a tree, whose last 20 bytes
// are its id, or -1 if it is damaged.
func EntrySize(tree []byte) int {
	_, end := scanEntry(tree)
	return end
}
