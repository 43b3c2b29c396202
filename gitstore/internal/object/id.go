// Package object knows the bytes of Git's objects: their ids, raw trees,
// commits and tags. It does no I/O, keeps nothing and is safe for concurrent
// use. Everything that parses takes bytes from anywhere: what is damaged gives
// an error and never a panic. Only SHA-1 repositories are known.
package object

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"sync"

	"github.com/pjbgf/sha1cd"
)

// ID is the SHA-1 name of an object.
type ID [20]byte

// ParseID reads an ID from its 40 hexadecimal digits.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) || !parseHex(&id, []byte(s)) {
		return ID{}, fmt.Errorf("%.60q is not an object id: 40 hexadecimal digits are needed", s)
	}
	return id, nil
}

// parseHex reads the id in the first 40 bytes of src.
func parseHex(id *ID, src []byte) bool {
	if len(src) < 2*len(id) {
		return false
	}
	for i := range id {
		hi, lo := nibble[src[2*i]], nibble[src[2*i+1]]
		if (hi|lo)&0xf0 != 0 {
			return false
		}
		id[i] = hi<<4 | lo
	}
	return true
}

// nibble has the value of each hexadecimal digit and 0xff for other bytes.
var nibble = func() (table [256]byte) {
	for i := range table {
		table[i] = 0xff
	}
	for i, c := range "0123456789abcdef" {
		table[c] = byte(i)
		table[bytes.ToUpper([]byte{byte(c)})[0]] = byte(i)
	}
	return table
}()

// String gives the 40 hexadecimal digits, in lower case.
func (id ID) String() string {
	var text [40]byte
	return string(id.Append(text[:0]))
}

// Append appends what String gives to dst.
func (id ID) Append(dst []byte) []byte { return hex.AppendEncode(dst, id[:]) }

// IsZero reports whether id is all zeros, which names no object.
func (id ID) IsZero() bool { return id == ID{} }

// Compare orders ids as Git's pack indexes do.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// Kind is what an object is. The numbers are those of Git's packs.
type Kind uint8

// The kinds of objects.
const (
	KindCommit Kind = 1
	KindTree   Kind = 2
	KindBlob   Kind = 3
	KindTag    Kind = 4
)

var kindNames = [...]string{KindCommit: "commit", KindTree: "tree", KindBlob: "blob", KindTag: "tag"}

// String gives Git's word for the kind, "blob" for instance.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k != 0 {
		return kindNames[k]
	}
	return "kind " + strconv.Itoa(int(k))
}

// ParseKind is the inverse of [Kind.String].
func ParseKind(word string) (Kind, error) {
	for k, name := range kindNames {
		if k != 0 && name == word {
			return Kind(k), nil
		}
	}
	return 0, fmt.Errorf("%.20q is no kind of object: commit, tree, blob and tag are known", word)
}

// AppendHeader appends what stands before an object's data where it is hashed
// and in a loose file: "blob 12\x00".
func AppendHeader(dst []byte, k Kind, size int64) []byte {
	dst = append(append(dst, k.String()...), ' ')
	return append(strconv.AppendInt(dst, size, 10), 0)
}

// hasher is a hash with room for what goes in and out, which would be
// allocated each time otherwise.
type hasher struct {
	hash.Hash
	header [32]byte
	id     ID
}

var hashers = sync.Pool{New: func() any { return &hasher{Hash: sha1.New()} }}

// Hash gives the ID of an object. It does not look for collision attacks: see
// [HashBlob].
func Hash(k Kind, data []byte) ID {
	h := hashers.Get().(*hasher)
	defer hashers.Put(h)
	h.Reset()
	h.Write(AppendHeader(h.header[:0], k, int64(len(data))))
	h.Write(data)
	h.Sum(h.id[:0])
	return h.id
}

// ErrCollision says that data was made to have the same ID as other data.
var ErrCollision = errors.New("the text carries a SHA-1 collision attack, which Git refuses too; change it")

var detectors = sync.Pool{New: func() any { return sha1cd.New() }}

// HashBlob gives the ID of a blob whose text comes from somebody else. Like Git
// it detects attempts at a SHA-1 collision: they give [ErrCollision].
func HashBlob(data []byte) (ID, error) {
	var header [32]byte
	return checkedSum(AppendHeader(header[:0], KindBlob, int64(len(data))), data)
}

func checkedSum(header, data []byte) (id ID, err error) {
	h := detectors.Get().(sha1cd.CollisionResistantHash)
	defer detectors.Put(h)
	h.Reset()
	h.Write(header)
	h.Write(data)
	if _, attack := h.CollisionResistantSum(id[:0]); attack {
		return ID{}, ErrCollision
	}
	return id, nil
}
