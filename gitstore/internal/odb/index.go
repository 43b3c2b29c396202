package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"sync/atomic"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// index is a pack's .idx file, version 1 or 2, as gitformat-pack(5) describes
// it. The file's own checksum is not verified when it is opened, for that
// would take longer than most of what is done then; every offset is checked
// where it is used.
type index struct {
	count   int
	fanout  []byte // 256 counts
	ids     []byte // of entries of this stride, an id at the end of each
	stride  int
	offsets []byte // version 2
	large   []byte // version 2: offsets above 2 GiB
	packSum object.ID

	// found remembers places in ids: a part of an id in the upper bits, and its
	// number, plus 1. History asks for most trees twice.
	found [1 << foundBits]atomic.Uint64

	// A large index that is used much gets a finer fanout, by 16 bits: each
	// step of a search in megabytes waits for memory.
	finds atomic.Int32
	fine  atomic.Pointer[[1<<16 + 1]uint32]
}

const (
	foundBits  = 13
	numberBits = 28

	fineFrom, fineAfter = 1 << 16, 5000 // ids, searches
)

var errIndex = errors.New("the pack's index is damaged")

func parseIndex(data []byte) (*index, error) {
	x := &index{}
	version := 1
	if bytes.HasPrefix(data, []byte("\xfftOc")) {
		if len(data) < 8 {
			return nil, fmt.Errorf("%w: it is cut off", errIndex)
		}
		if version = int(binary.BigEndian.Uint32(data[4:])); version != 2 {
			return nil, fmt.Errorf("the pack's index has version %d; 1 and 2 are known: run `git repack -ad`", version)
		}
		data = data[8:]
	}
	if len(data) < 1024+40 {
		return nil, fmt.Errorf("%w: it is cut off", errIndex)
	}
	x.fanout = data[:1024]
	body, sums := data[1024:len(data)-40], data[len(data)-40:]
	x.packSum = object.ID(sums[:20])
	last := uint32(0)
	for i := range 256 {
		n := binary.BigEndian.Uint32(x.fanout[4*i:])
		if n < last {
			return nil, fmt.Errorf("%w: its counts are not in order", errIndex)
		}
		last = n
	}
	n := int64(last)
	x.count = int(last)
	if version == 1 {
		if int64(len(body)) != 24*n {
			return nil, fmt.Errorf("%w: it has not the length for its %d objects", errIndex, n)
		}
		x.stride, x.ids = 24, body
		return x, nil
	}
	if rest := int64(len(body)) - 28*n; rest < 0 || rest%8 != 0 || rest > 8*n {
		return nil, fmt.Errorf("%w: it has not the length for its %d objects", errIndex, n)
	}
	x.stride, x.ids = 20, body[:20*n]
	x.offsets, x.large = body[24*n:28*n], body[28*n:]
	return x, nil
}

// id gives the i-th id in order.
func (x *index) id(i int) []byte {
	end := (i + 1) * x.stride
	return x.ids[end-20 : end]
}

// offset gives the place of the i-th object in the pack. It may lie anywhere.
func (x *index) offset(i int) int64 {
	if x.offsets == nil {
		return int64(binary.BigEndian.Uint32(x.ids[i*x.stride:]))
	}
	at := binary.BigEndian.Uint32(x.offsets[4*i:])
	if at&(1<<31) == 0 {
		return int64(at)
	}
	far := int64(at&^(1<<31)) * 8
	if far+8 > int64(len(x.large)) {
		return -1
	}
	return int64(binary.BigEndian.Uint64(x.large[far:])) // above 2^63: negative
}

// bucket gives the range of the ids with this first byte.
func (x *index) bucket(first byte) (from, to int) {
	if first > 0 {
		from = int(binary.BigEndian.Uint32(x.fanout[4*int(first)-4:]))
	}
	return from, int(binary.BigEndian.Uint32(x.fanout[4*int(first):]))
}

// find gives the place of an object in the pack. Ids are spread evenly, so that
// the first guesses are near; each look into a large index waits for memory.
func (x *index) find(id *object.ID) (offset int64, ok bool) {
	memo := &x.found[binary.BigEndian.Uint64(id[8:])>>(64-foundBits)]
	part := binary.BigEndian.Uint64(id[:]) &^ (1<<numberBits - 1)
	if was := memo.Load(); was != 0 && was&^(1<<numberBits-1) == part {
		if at := int(was&(1<<numberBits-1)) - 1; at >= 0 && bytes.Equal(x.id(at), id[:]) {
			return x.offset(at), true
		}
	}
	from, to := x.bucket(id[0])
	want := uint64(binary.BigEndian.Uint32(id[1:]))
	low, high := uint64(0), uint64(1)<<32 // all in the range are between
	if fine := x.fine.Load(); fine != nil {
		first := int(binary.BigEndian.Uint16(id[:]))
		from, to = int(fine[first]), int(fine[first+1])
		low, high = want&^(1<<24-1), want|(1<<24-1)+1
	} else if x.count >= fineFrom && x.finds.Add(1) == fineAfter {
		x.fine.Store(x.makeFine())
	}
	for step := 0; from < to; step++ {
		at := int(uint(from+to) / 2)
		if step < 4 && want >= low && want < high {
			at = from + int(uint64(to-from)*(want-low)/(high-low))
		}
		there := x.id(at)
		switch c := bytes.Compare(there, id[:]); {
		case c < 0:
			from = at + 1
			low = uint64(binary.BigEndian.Uint32(there[1:]))
		case c > 0:
			to = at
			high = uint64(binary.BigEndian.Uint32(there[1:])) + 1
		default:
			if at < 1<<numberBits-1 {
				memo.Store(part | uint64(at+1))
			}
			return x.offset(at), true
		}
	}
	return 0, false
}

func (x *index) makeFine() *[1<<16 + 1]uint32 {
	fine := new([1<<16 + 1]uint32)
	for i := range x.count {
		fine[int(binary.BigEndian.Uint16(x.id(i)))+1] = uint32(i + 1)
	}
	for i := 1; i < len(fine); i++ {
		fine[i] = max(fine[i], fine[i-1]) // also if a damaged index is not in order
	}
	return fine
}

// expand calls add for each id that lies between low and high, both included.
func (x *index) expand(low, high object.ID, add func(object.ID)) {
	from := sort.Search(x.count, func(i int) bool { return bytes.Compare(x.id(i), low[:]) >= 0 })
	for ; from < x.count && bytes.Compare(x.id(from), high[:]) <= 0; from++ {
		add(object.ID(x.id(from)))
	}
}
