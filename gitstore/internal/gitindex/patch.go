package gitindex

import (
	"encoding/binary"
	"slices"
	"strings"
)

// An Edit is what a patch does to one path.
type Edit struct {
	Path  string
	Entry *Entry // nil: the path goes
}

// Patch returns the index with edits made, one for each path. An edit replaces
// all entries of its path, so it ends a conflict. trees keeps the cache tree
// valid; it may be nil. The version stays.
func (x *Index) Patch(edits []Edit, trees Trees) *Index {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b Edit) int { return strings.Compare(a.Path, b.Path) })

	next := &Index{version: x.version, skipHash: x.skipHash, tree: x.tree, exts: x.exts}
	p := patcher{old: x, new: next}
	p.raw = make([]byte, headerSize, len(x.raw)+len(edits)*128)
	p.entries = make([]ref, 0, len(x.entries)+len(edits))
	if x.version == 4 {
		next.names = make([]byte, 0, len(x.names)+len(edits)*64)
	}
	var touches []touch
	for _, e := range edits {
		at, found := x.Find(e.Path)
		until := at
		for until < len(x.entries) && string(x.Path(until)) == e.Path {
			until++
		}
		p.keep(at)
		p.done = until
		if e.Entry != nil {
			p.put(e.Entry)
		}
		if t, changed := touched(x, e, at, found); changed {
			touches = append(touches, t)
		}
	}
	p.keep(len(x.entries))
	next.entries, next.end = p.entries, len(p.raw)

	next.tree = patchTree(x.tree, touches, trees, x.Below)
	for _, ext := range x.exts {
		data := ext.data
		if ext.name == "TREE" {
			if next.tree == nil {
				continue
			}
			data = next.tree.append(nil)
		}
		p.raw = append(p.raw, ext.name...)
		p.raw = binary.BigEndian.AppendUint32(p.raw, uint32(len(data)))
		p.raw = append(p.raw, data...)
	}
	next.raw = next.seal(p.raw, len(next.entries))
	if x.version != 4 {
		next.names = next.raw
	}
	return next
}

// touched tells the cache tree what e does to the entry at, if it does.
func touched(x *Index, e Edit, at int, found bool) (touch, bool) {
	t := touch{path: e.Path}
	switch {
	case !found && e.Entry == nil:
		return t, false
	case !found:
		t.entries = 1
	case e.Entry == nil:
		t.entries = -1
	default:
		was := x.Entry(at)
		same := was.ID == e.Entry.ID && was.Mode == e.Entry.Mode && was.Stage == 0 && was.IntentToAdd == e.Entry.IntentToAdd
		return t, !same
	}
	return t, true
}

// A patcher copies entries from one index into the next.
type patcher struct {
	old, new *Index
	raw      []byte
	entries  []ref
	done     int // how many of old's entries were copied or dropped
}

// keep copies old's entries up to until.
func (p *patcher) keep(until int) {
	if p.done >= until {
		return
	}
	if p.new.version == 4 {
		p.keepSpelled(until)
		return
	}
	x := p.old
	from, end := x.entries[p.done].off, x.endOf(until-1)
	shift := uint32(len(p.raw)) - from // modulo 2^32
	p.raw = append(p.raw, x.raw[from:end]...)
	if shift == 0 {
		p.entries = append(p.entries, x.entries[p.done:until]...)
	} else {
		for _, r := range x.entries[p.done:until] {
			p.entries = append(p.entries, ref{r.off + shift, r.name + shift, r.nameLen})
		}
	}
	p.done = until
}

// keepSpelled is keep for version 4: only the first entry may have another path
// before it than it had.
func (p *patcher) keepSpelled(until int) {
	x := p.old
	first := x.Entry(p.done)
	p.put(&first)
	p.done++
	if p.done == until {
		return
	}
	from, end := x.entries[p.done].off, x.endOf(until-1)
	shift := uint32(len(p.raw)) - from
	lo, hi := x.entries[p.done].name, x.entries[until-1].name+x.entries[until-1].nameLen
	shiftName := uint32(len(p.new.names)) - lo
	p.raw = append(p.raw, x.raw[from:end]...)
	p.new.names = append(p.new.names, x.names[lo:hi]...)
	for _, r := range x.entries[p.done:until] {
		p.entries = append(p.entries, ref{r.off + shift, r.name + shiftName, r.nameLen})
	}
	p.done = until
}

// put appends an entry.
func (p *patcher) put(e *Entry) {
	r := ref{off: uint32(len(p.raw)), nameLen: uint32(len(e.Path))}
	var last []byte
	if p.new.version == 4 {
		if n := len(p.entries); n > 0 {
			last = p.new.name(p.entries[n-1])
		}
		r.name = uint32(len(p.new.names))
		p.new.names = append(p.new.names, e.Path...)
	} else {
		r.name = r.off + fixedSize
		if e.SkipWorktree || e.IntentToAdd {
			r.name += 2
			p.new.version = 3
		}
	}
	p.raw = p.new.appendEntry(p.raw, e, last)
	p.entries = append(p.entries, r)
}

// endOf is where entry i ends.
func (x *Index) endOf(i int) uint32 {
	if i+1 < len(x.entries) {
		return x.entries[i+1].off
	}
	return uint32(x.end)
}
