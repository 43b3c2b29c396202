package odb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"

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
}

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
	from, to := x.bucket(id[0])
	want := uint64(binary.BigEndian.Uint32(id[1:]))
	low, high := uint64(0), uint64(1)<<32 // all in the range are between
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
			return x.offset(at), true
		}
	}
	return 0, false
}

// expand calls add for each id that lies between low and high, both included.
func (x *index) expand(low, high object.ID, add func(object.ID)) {
	from := sort.Search(x.count, func(i int) bool { return bytes.Compare(x.id(i), low[:]) >= 0 })
	for ; from < x.count && bytes.Compare(x.id(from), high[:]) <= 0; from++ {
		add(object.ID(x.id(from)))
	}
}
