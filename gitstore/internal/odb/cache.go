package odb

import (
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// cache holds objects up to a number of bytes. Each key has two slots in which
// its object can be, so that a hit takes no lock; when there is too much, a hand
// goes around and drops what was not used since it came by (the CLOCK of
// operating systems).
type cache[K comparable] struct {
	slots []atomic.Pointer[item[K]]
	max   int64
	bytes atomic.Int64
	sweep sync.Mutex // guards hand
	hand  int
}

type item[K comparable] struct {
	key  K
	kind object.Kind
	used atomic.Bool
	data []byte
}

const (
	cacheSlots   = 1 << 15
	itemOverhead = 96
)

func newCache[K comparable](max int64) *cache[K] {
	return &cache[K]{slots: make([]atomic.Pointer[item[K]], cacheSlots), max: max}
}

func (c *cache[K]) get(key K, hash uint64) (object.Kind, []byte, bool) {
	at := hash % cacheSlots
	for range 2 {
		if it := c.slots[at].Load(); it != nil && it.key == key {
			if !it.used.Load() {
				it.used.Store(true)
			}
			return it.kind, it.data, true
		}
		at ^= 1
	}
	return 0, nil, false
}

// put adds an object, unless it is so large that much would have to go.
func (c *cache[K]) put(key K, hash uint64, kind object.Kind, data []byte) {
	size := int64(len(data)) + itemOverhead
	if size > c.max/4 {
		return
	}
	at := hash % cacheSlots
	if old := c.slots[at].Load(); old != nil && (old.used.Load() || c.slots[at^1].Load() == nil) {
		old.used.Store(false)
		at ^= 1
	}
	old := c.slots[at].Swap(&item[K]{key: key, kind: kind, data: data})
	if old != nil {
		size -= int64(len(old.data)) + itemOverhead
	}
	if c.bytes.Add(size) > c.max {
		c.shrink()
	}
}

func (c *cache[K]) shrink() {
	c.sweep.Lock()
	defer c.sweep.Unlock()
	for c.bytes.Load() > c.max {
		slot := &c.slots[c.hand]
		c.hand = (c.hand + 1) % len(c.slots)
		if it := slot.Load(); it != nil && !it.used.Swap(false) && slot.CompareAndSwap(it, nil) {
			c.bytes.Add(-int64(len(it.data)) - itemOverhead)
		}
	}
}

// place is a key: an object's place in a pack.
type place struct {
	pack   uint64 // its serial number in this process
	offset int64
}

func (p place) hash() uint64 {
	h := (uint64(p.offset) ^ p.pack<<48) * 0x9e3779b97f4a7c15
	return h >> 32
}

func hashID(id *object.ID) uint64 { return uint64(id[3])<<16 | uint64(id[4])<<8 | uint64(id[5]) }

// windows holds parts of packs, so that neighbours need no system call each.
type windows struct {
	max  int
	mu   sync.Mutex // guards what follows
	ring []*window
	hand int
}

type window struct {
	data []byte
	slot *atomic.Pointer[window] // where its pack has it
	used atomic.Bool
}

func (ws *windows) add(w *window) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if len(ws.ring) < ws.max {
		ws.ring = append(ws.ring, w)
		w.slot.Store(w)
		return
	}
	for ws.ring[ws.hand].used.Swap(false) {
		ws.hand = (ws.hand + 1) % len(ws.ring)
	}
	old := ws.ring[ws.hand]
	old.slot.CompareAndSwap(old, nil)
	ws.ring[ws.hand] = w
	ws.hand = (ws.hand + 1) % len(ws.ring)
	w.slot.Store(w)
}
