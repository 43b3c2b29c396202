// Package gitindex reads git's index file and changes entries of it, leaving
// every byte that need not change as it is.
//
// It knows versions 2, 3 and 4 of the format in gitformat-index(5), with SHA-1.
// An [Index] is immutable; [Index.Patch] makes the next one, in time that is
// mostly copying and hashing. The cache tree is kept right; the fsmonitor and
// offset extensions, which git makes again when it wants them, are dropped.
// Split and sparse indexes are refused.
package gitindex

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
)

// Reasons why an index is not read.
var (
	ErrSplit  = errors.New("the index is split")
	ErrSparse = errors.New("the index is sparse")
)

// A FormatError says where an index file stops making sense.
type FormatError struct {
	Offset int
	Reason string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("damaged index at byte %d: %s", e.Offset, e.Reason)
}

const (
	headerSize  = 12
	hashSize    = sha1.Size
	maxIndex    = 1<<31 - 1 // bytes; offsets are kept in 32 bits
	minEntry    = fixedSize + 2
	signature   = "DIRC"
	extOverhead = 8
)

// An Index is the content of an index file. It is immutable, so it may be used
// from many goroutines.
type Index struct {
	version  uint32
	raw      []byte // the whole file
	entries  []ref
	names    []byte // what refs point into: raw, or the paths spelled out in version 4
	end      int    // where the entries end in raw
	exts     []extension
	tree     *node // nil: no cache tree
	skipHash bool  // the trailing hash is zero: index.skipHash
}

// ref says where an entry and its path are.
type ref struct{ off, name, nameLen uint32 }

type extension struct {
	name string
	data []byte
}

// New makes an index without entries. Version is 2 or 4; anything else means 2.
func New(version int) *Index {
	if version != 4 {
		version = 2
	}
	x := &Index{version: uint32(version), end: headerSize}
	x.raw = x.seal(make([]byte, headerSize, headerSize+hashSize), 0)
	x.names = x.raw
	return x
}

// Parse reads an index file. raw must not be changed afterwards.
func Parse(raw []byte) (*Index, error) {
	if len(raw) < headerSize+hashSize || string(raw[:4]) != signature {
		return nil, &FormatError{0, "not an index file"}
	}
	if len(raw) > maxIndex {
		return nil, &FormatError{0, "larger than 2 GiB"}
	}
	x := &Index{version: binary.BigEndian.Uint32(raw[4:]), raw: raw}
	if x.version < 2 || x.version > 4 {
		return nil, &FormatError{4, fmt.Sprintf("version %d is not known; git update-index --index-version 4 makes one that is", x.version)}
	}
	body := raw[:len(raw)-hashSize]
	if sum := raw[len(body):]; bytes.Equal(sum, make([]byte, hashSize)) {
		x.skipHash = true
	} else if want := sha1.Sum(body); !bytes.Equal(sum, want[:]) {
		return nil, &FormatError{len(body), "the checksum is wrong"}
	}
	order, err := x.parseEntries(body, binary.BigEndian.Uint32(raw[8:]))
	if err != nil {
		return nil, err
	}
	// A split index has entries without a path, in an order of their own; its
	// extension says so.
	if err := x.parseExtensions(body); err != nil {
		return nil, err
	}
	if order != nil {
		return nil, order
	}
	return x, nil
}

func (x *Index) parseExtensions(body []byte) error {
	for at := x.end; at < len(body); {
		if len(body)-at < extOverhead {
			return &FormatError{at, "an extension is cut off"}
		}
		name := string(body[at : at+4])
		size := uint64(binary.BigEndian.Uint32(body[at+4:]))
		if size > uint64(len(body)-at-extOverhead) {
			return &FormatError{at, "an extension is longer than the file"}
		}
		data := body[at+extOverhead : at+extOverhead+int(size)]
		switch {
		case name == "link":
			return ErrSplit
		case name == "sdir":
			return ErrSparse
		case name == "TREE":
			tree, err := parseTree(data)
			if err != nil {
				return &FormatError{at, err.Error()}
			}
			x.tree = tree
			x.exts = append(x.exts, extension{name: name})
		case name == "REUC", name == "UNTR":
			// Resolved conflicts stay; the untracked cache is true as long as
			// the folders' times are, which every change of files moves.
			x.exts = append(x.exts, extension{name, data})
		case name[0] < 'A' || name[0] > 'Z':
			return &FormatError{at, fmt.Sprintf("extension %q is not known but must be", name)}
		}
		at += extOverhead + int(size)
	}
	return nil
}

// seal fills in the header and appends the hash.
func (x *Index) seal(raw []byte, entries int) []byte {
	copy(raw, signature)
	binary.BigEndian.PutUint32(raw[4:], x.version)
	binary.BigEndian.PutUint32(raw[8:], uint32(entries))
	var sum [hashSize]byte
	if !x.skipHash {
		sum = sha1.Sum(raw)
	}
	return append(raw, sum[:]...)
}

// Bytes is the file. It must not be changed.
func (x *Index) Bytes() []byte { return x.raw }

// Version is the version of the format.
func (x *Index) Version() int { return int(x.version) }

// Len is the number of entries.
func (x *Index) Len() int { return len(x.entries) }
