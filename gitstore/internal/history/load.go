package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// maxFile is how large a file is read; it has room for some six million
// versions.
const maxFile = 1 << 28

var (
	errDamaged = errors.New("the file is damaged")
	errFormat  = errors.New("the file is no history index of this format")
	errOther   = errors.New("the file is the index of another dir or ext, or was made with other grafts or replaced commits")
)

// Load reads an index that [Index.WriteFile] wrote. Whatever is wrong with the
// file (absent, damaged, of another format, scope or fingerprint) is an error,
// and means: build a new one.
func Load(file string, objects Objects, scope Scope, over Overrides) (*Index, error) {
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	ix := New(objects, scope, over)
	if err := ix.decode(data); err != nil {
		return nil, fmt.Errorf("history index %s: %w", file, err)
	}
	return ix, nil
}

func readFile(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("history index %s: %w", file, errFormat)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("history index %s: %w", file, errDamaged)
	}
	return data, nil
}

// decode fills an empty index.
func (ix *Index) decode(data []byte) error {
	if len(data) < len(magic)+4 || string(data[:len(magic)]) != magic {
		return errFormat
	}
	body, check := data[:len(data)-4], data[len(data)-4:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(check) {
		return errDamaged
	}
	r := &reader{data: body[len(magic):]}
	dir, ext, fingerprint := r.text(), r.text(), r.text()
	if r.bad {
		return errDamaged
	}
	if string(dir) != ix.scope.Dir || string(ext) != ix.scope.Ext || string(fingerprint) != ix.over.Fingerprint {
		return errOther
	}
	r.id(&ix.tip)
	ix.quiet = r.count(quietLength)
	ix.commits = make([]object.ID, r.count(len(r.data)/21))
	for i := range ix.commits {
		r.id(&ix.commits[i])
	}
	r.times(ix)
	r.files(ix)
	if r.bad || len(r.data) > 0 || ix.tip.IsZero() && len(ix.commits) > 0 {
		return errDamaged
	}
	return nil
}

// reader takes a file apart. What it reads past the end, or where something
// else stands than should, is zero, and bad says so.
type reader struct {
	data []byte
	bad  bool
}

// fail ends it: nothing more will be read.
func (r *reader) fail() { r.data, r.bad = nil, true }

func (r *reader) number() uint64 {
	if len(r.data) > 0 && r.data[0] < 0x80 {
		n := r.data[0]
		r.data = r.data[1:]
		return uint64(n)
	}
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.fail()
		return 0
	}
	r.data = r.data[size:]
	return n
}

// count reads a number that is at most limit.
func (r *reader) count(limit int) int {
	n := r.number()
	if n > uint64(limit) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) text() []byte {
	n := r.count(len(r.data))
	if n > len(r.data) {
		r.fail()
		return nil
	}
	text := r.data[:n]
	r.data = r.data[n:]
	return text
}

func (r *reader) id(id *object.ID) {
	if len(r.data) < len(id) {
		r.fail()
		return
	}
	copy(id[:], r.data)
	r.data = r.data[len(id):]
}

func (r *reader) times(ix *Index) {
	ix.times = make([]int64, len(ix.commits))
	last := int64(0)
	for i := range ix.times {
		code := r.number()
		ns := uint64(0)
		if code&1 != 0 {
			ns = r.number()
		}
		zigzag := code >> 1
		last += int64(zigzag>>1) ^ -int64(zigzag&1)
		if last > maxSeconds || last < -maxSeconds || ns >= 1e9 {
			r.fail()
			return
		}
		ix.times[i] = last*1e9 + int64(ns)
	}
}

func (r *reader) files(ix *Index) {
	count := r.count(len(r.data) / 5)
	versions := r.count(len(r.data) / 21)
	if r.bad {
		return
	}
	files := make([]file, count)
	room := make([]version, versions)
	ix.files = make(map[string]*file, count)
	ix.order = make([]*file, count)
	ix.sorted = count
	blobs := &reader{data: r.data[len(r.data)-20*versions:]}
	r.data = r.data[:len(r.data)-20*versions]
	var path []byte
	for i := range files {
		f := &files[i]
		shared := r.count(len(path))
		path = append(path[:shared], r.text()...)
		f.path = string(path)
		n := r.count(len(room))
		others := r.count(len(r.data))
		if n == 0 || i > 0 && f.path <= files[i-1].path || !ix.scope.holds(f.path) {
			r.fail()
		}
		if r.bad {
			return
		}
		f.versions, room = room[:0:n], room[n:]
		r.events(ix, f, n, others, blobs)
		ix.files[f.path] = f
		ix.order[i] = f
	}
	if len(room) > 0 {
		r.fail()
	}
}

// events plays back what happened to a file.
func (r *reader) events(ix *Index, f *file, versions, others int, blobs *reader) {
	at := uint64(0)
	for range versions + others {
		code := r.number()
		at += code >> 2
		if at == 0 || at > uint64(len(ix.commits)) {
			r.fail()
			return
		}
		now, high := uint32(at), len(f.versions)
		what := code & 3
		// A commit makes one version or takes all away, and hides older ones.
		fresh := high == 0 || f.versions[high-1].born < now
		gone := len(f.turns) > 0 && f.turns[len(f.turns)-1] == turn{now, 0}
		switch {
		case what == versionEvent && fresh && !gone:
			var blob object.ID
			blobs.id(&blob)
			f.add(blob, now, ix.times[now-1])
		case what == removeEvent && fresh && f.latest(now) > 0:
			f.remove(now)
		case what == hideEvent:
			n := r.count(high)
			if !f.isLive(n, now) || f.versions[n-1].born == now {
				r.fail()
				return
			}
			f.hide(n, now)
		default:
			r.fail()
			return
		}
	}
	if len(f.versions) != versions {
		r.fail()
	}
}
