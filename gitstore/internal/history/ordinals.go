package history

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// ordinals finds commits in a list by their ids: a hash table of ordinals, with
// a quarter to a half of its slots in use. It is filled in a fraction of the
// time that a map takes, which counts when a process starts.
type ordinals struct {
	slots []uint32 // their number is a power of two; 0 is an empty slot
	shift int      // what a hash is shifted by for its slot
	seed  uint64   // odd; nobody can choose ids that fall in the same slots
}

func newOrdinals(commits []object.ID) *ordinals {
	o := &ordinals{seed: rand.Uint64() | 1}
	o.fill(commits)
	return o
}

// fill makes a table with room for twice as many commits as there are.
func (o *ordinals) fill(commits []object.ID) {
	size := 64
	o.shift = 64 - 6
	for size < 4*len(commits) {
		size, o.shift = 2*size, o.shift-1
	}
	o.slots = make([]uint32, size)
	for i := range commits {
		o.insert(commits, i)
	}
}

// add adds the last commit of the list.
func (o *ordinals) add(commits []object.ID) {
	if 2*len(commits) > len(o.slots) {
		o.fill(commits)
		return
	}
	o.insert(commits, len(commits)-1)
}

func (o *ordinals) insert(commits []object.ID, i int) {
	slot := o.slot(commits[i])
	for o.slots[slot] != 0 {
		slot = (slot + 1) % len(o.slots)
	}
	o.slots[slot] = uint32(i + 1)
}

func (o *ordinals) slot(id object.ID) int {
	return int(binary.LittleEndian.Uint64(id[:]) * o.seed >> o.shift)
}

// find gives the ordinal of a commit; 0 if it is not in the list or there is no
// table.
func (o *ordinals) find(commits []object.ID, id object.ID) uint32 {
	if o == nil {
		return 0
	}
	for slot := o.slot(id); o.slots[slot] != 0; slot = (slot + 1) % len(o.slots) {
		if at := o.slots[slot]; commits[at-1] == id {
			return at
		}
	}
	return 0
}
