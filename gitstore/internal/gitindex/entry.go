package gitindex

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sort"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Stat is what the index remembers of a file, each number cut to 32 bits.
type Stat struct {
	CtimeSec, CtimeNsec uint32
	MtimeSec, MtimeNsec uint32
	Dev, Ino, UID, GID  uint32
	Size                uint32
}

// An Entry is one path in the index.
type Entry struct {
	Path         string
	Mode         uint32 // 0100644, 0100755, 0120000 or 0160000
	ID           object.ID
	Stat         Stat
	Stage        int // 0, or 1 to 3 of an unresolved conflict
	AssumeValid  bool
	SkipWorktree bool
	IntentToAdd  bool
}

const (
	fixedSize = 62 // of an entry up to its flags

	flagAssumeValid = 0x8000
	flagExtended    = 0x4000
	flagStage       = 0x3000
	flagName        = 0x0fff

	extSkipWorktree = 0x4000
	extIntentToAdd  = 0x2000
)

// parseEntries finds the entries. order says what is wrong with their paths.
func (x *Index) parseEntries(body []byte, count uint32) (order, err error) {
	if uint64(count)*minEntry > uint64(len(body)) {
		return nil, &FormatError{8, fmt.Sprintf("%d entries do not fit", count)}
	}
	x.entries = make([]ref, 0, count)
	x.names = x.raw
	if x.version == 4 {
		x.names = make([]byte, 0, len(body))
	}
	at := headerSize
	var last ref
	for i := range count {
		r, next, err := x.parseEntry(body, at, last)
		if err != nil {
			return nil, err
		}
		switch {
		case order != nil:
		case r.nameLen == 0:
			order = &FormatError{at, "a path is empty"}
		case i > 0 && !x.before(last, r):
			order = &FormatError{at, fmt.Sprintf("%q stands after %q", x.name(r), x.name(last))}
		}
		x.entries = append(x.entries, r)
		last, at = r, next
	}
	x.end = at
	return order, nil
}

func (x *Index) parseEntry(body []byte, at int, last ref) (r ref, next int, err error) {
	cut := &FormatError{at, "an entry is cut off"}
	if len(body)-at < minEntry {
		return r, 0, cut
	}
	r.off = uint32(at)
	p := at + x.nameOffset(at)
	if x.version == 4 {
		strip, n := uvarint(body[min(p, len(body)):])
		if n == 0 || strip > uint64(last.nameLen) {
			return r, 0, &FormatError{at, "a path takes more from the one before than that has"}
		}
		p += n
		end := bytes.IndexByte(body[p:], 0)
		if end < 0 {
			return r, 0, cut
		}
		keep := last.nameLen - uint32(strip)
		// What paths share is spelled out, which can grow without limit.
		if uint64(len(x.names))+uint64(keep)+uint64(end) > maxIndex {
			return r, 0, &FormatError{at, "the paths are too long"}
		}
		r.name, r.nameLen = uint32(len(x.names)), keep+uint32(end)
		x.names = append(x.names, x.names[last.name:last.name+keep]...)
		x.names = append(x.names, body[p:p+end]...)
		next = p + end + 1
	} else {
		end := -1
		if p < len(body) {
			end = bytes.IndexByte(body[p:], 0)
		}
		if end < 0 {
			return r, 0, cut
		}
		r.name, r.nameLen = uint32(p), uint32(end)
		next = at + padded(p-at+end)
		if next > len(body) {
			return r, 0, cut
		}
	}
	return r, next, nil
}

// nameOffset is where the path begins in the entry at off.
func (x *Index) nameOffset(off int) int {
	if x.flags(off)&flagExtended != 0 {
		return fixedSize + 2
	}
	return fixedSize
}

func (x *Index) flags(off int) uint16 { return binary.BigEndian.Uint16(x.raw[off+60:]) }

func (x *Index) stage(r ref) int { return int(x.flags(int(r.off))&flagStage) >> 12 }

func (x *Index) name(r ref) []byte { return x.names[r.name : r.name+r.nameLen] }

func (x *Index) before(a, b ref) bool {
	if c := bytes.Compare(x.name(a), x.name(b)); c != 0 {
		return c < 0
	}
	return x.stage(a) < x.stage(b)
}

// padded rounds an entry's size up: at least one NUL, a multiple of 8.
func padded(size int) int { return size&^7 + 8 }

// uvarint decodes the number at the start of b, with n the bytes it took, 0 if
// there is none. It is the encoding of offsets in packs, not Go's.
func uvarint(b []byte) (v uint64, n int) {
	for i, c := range b {
		if i == 5 {
			break
		}
		if i > 0 {
			v++
		}
		v = v<<7 | uint64(c&0x7f)
		if c&0x80 == 0 {
			return v, i + 1
		}
	}
	return 0, 0
}

func appendUvarint(b []byte, v uint64) []byte {
	var buf [10]byte
	i := len(buf) - 1
	buf[i] = byte(v & 0x7f)
	for v >>= 7; v != 0; v >>= 7 {
		v--
		i--
		buf[i] = 0x80 | byte(v&0x7f)
	}
	return append(b, buf[i:]...)
}

// Path is the path of entry i. It must not be changed.
func (x *Index) Path(i int) []byte { return x.name(x.entries[i]) }

// Mtime is the time of change of the file of entry i, as it was then.
func (x *Index) Mtime(i int) (sec, nsec uint32) {
	at := x.raw[x.entries[i].off:]
	return binary.BigEndian.Uint32(at[8:]), binary.BigEndian.Uint32(at[12:])
}

// Entry is entry i.
func (x *Index) Entry(i int) Entry {
	r := x.entries[i]
	b := x.raw[r.off:]
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }
	e := Entry{
		Path: string(x.name(r)),
		Mode: u32(24),
		Stat: Stat{
			CtimeSec: u32(0), CtimeNsec: u32(4), MtimeSec: u32(8), MtimeNsec: u32(12),
			Dev: u32(16), Ino: u32(20), UID: u32(28), GID: u32(32), Size: u32(36),
		},
		Stage:       x.stage(r),
		AssumeValid: x.flags(int(r.off))&flagAssumeValid != 0,
	}
	copy(e.ID[:], b[40:])
	if x.flags(int(r.off))&flagExtended != 0 {
		ext := binary.BigEndian.Uint16(b[62:])
		e.SkipWorktree = ext&extSkipWorktree != 0
		e.IntentToAdd = ext&extIntentToAdd != 0
	}
	return e
}

// Find returns the place of the first entry with that path, whatever its stage,
// or the place where it would be.
func (x *Index) Find(path string) (i int, found bool) {
	i = sort.Search(len(x.entries), func(i int) bool { return string(x.name(x.entries[i])) >= path })
	return i, i < len(x.entries) && string(x.name(x.entries[i])) == path
}

// Below reports whether there are entries in the folder dir; "" is the root.
func (x *Index) Below(dir string) bool {
	if dir == "" {
		return len(x.entries) > 0
	}
	i, _ := x.Find(dir + "/")
	return i < len(x.entries) && bytes.HasPrefix(x.Path(i), []byte(dir+"/"))
}

// appendEntry encodes e; last is the path before it, which version 4 shares.
func (x *Index) appendEntry(dst []byte, e *Entry, last []byte) []byte {
	start := len(dst)
	for _, v := range [...]uint32{
		e.Stat.CtimeSec, e.Stat.CtimeNsec, e.Stat.MtimeSec, e.Stat.MtimeNsec,
		e.Stat.Dev, e.Stat.Ino, e.Mode, e.Stat.UID, e.Stat.GID, e.Stat.Size,
	} {
		dst = binary.BigEndian.AppendUint32(dst, v)
	}
	dst = append(dst, e.ID[:]...)
	flags := uint16(min(len(e.Path), flagName)) | uint16(e.Stage)<<12&flagStage
	if e.AssumeValid {
		flags |= flagAssumeValid
	}
	var ext uint16
	if e.SkipWorktree {
		ext |= extSkipWorktree
	}
	if e.IntentToAdd {
		ext |= extIntentToAdd
	}
	if ext != 0 {
		flags |= flagExtended
	}
	dst = binary.BigEndian.AppendUint16(dst, flags)
	if ext != 0 {
		dst = binary.BigEndian.AppendUint16(dst, ext)
	}
	if x.version == 4 {
		same := 0
		for same < len(last) && same < len(e.Path) && last[same] == e.Path[same] {
			same++
		}
		dst = appendUvarint(dst, uint64(len(last)-same))
		dst = append(dst, e.Path[same:]...)
		return append(dst, 0)
	}
	dst = append(dst, e.Path...)
	size := padded(len(dst) - start)
	return append(dst, make([]byte, start+size-len(dst))...)
}
