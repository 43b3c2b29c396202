package odb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// pack is a .pack file with its index. Both are opened when they are needed
// first. A file that is open stays readable when Git removes it.
type pack struct {
	path    string      // ends in .pack
	info    fs.FileInfo // of the index
	serial  uint64
	cruft   bool // it has the dates of unreachable objects beside it
	windows *windows

	idx  atomic.Pointer[index]
	file atomic.Pointer[packFile]
	mu   sync.Mutex // guards opening and closing
	shut bool
}

type packFile struct {
	*os.File
	end   int64 // where the objects end and the checksum begins
	parts []atomic.Pointer[window]
}

var (
	serials atomic.Uint64

	// errVanished says that a pack is not there any more. What it held is in
	// another one, or garbage.
	errVanished = errors.New("the pack was removed")
	errEntry    = errors.New("no object begins there")
)

// Packs are read in windows of this size.
const windowSize = 1 << 13

// maxObject bounds what is read into memory.
const maxObject = 512 << 20

// maxDepth bounds a chain of deltas; Git writes none above 4095.
const maxDepth = 4096

func newPack(idxPath string, info fs.FileInfo, ws *windows) *pack {
	return &pack{path: strings.TrimSuffix(idxPath, ".idx") + ".pack", info: info, serial: serials.Add(1), windows: ws}
}

func (p *pack) idxPath() string { return strings.TrimSuffix(p.path, ".pack") + ".idx" }

// index gives the pack's index, which is read once and then stays in memory.
func (p *pack) index() (*index, error) {
	if x := p.idx.Load(); x != nil {
		return x, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if x := p.idx.Load(); x != nil {
		return x, nil
	}
	data, err := os.ReadFile(p.idxPath())
	if err != nil {
		return nil, vanished(err)
	}
	x, err := parseIndex(data)
	if err != nil {
		return nil, &CorruptError{File: p.idxPath(), Err: err}
	}
	p.idx.Store(x)
	return x, nil
}

func vanished(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrClosed) {
		return errVanished
	}
	return err
}

// open gives the pack's file.
func (p *pack) open() (*packFile, error) {
	if f := p.file.Load(); f != nil {
		return f, nil
	}
	x, err := p.index()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.file.Load(); f != nil {
		return f, nil
	}
	if p.shut {
		return nil, errVanished
	}
	f, err := os.Open(p.path)
	if err != nil {
		return nil, vanished(err)
	}
	end, err := checkPack(f, x)
	if err != nil {
		f.Close()
		return nil, &CorruptError{File: p.path, Err: err}
	}
	file := &packFile{File: f, end: end, parts: make([]atomic.Pointer[window], (end+windowSize-1)/windowSize)}
	p.file.Store(file)
	return file, nil
}

// checkPack reads both ends of a pack.
func checkPack(f *os.File, x *index) (end int64, err error) {
	fi, err := f.Stat()
	if err != nil {
		return 0, err
	}
	var head [12]byte
	var sum object.ID
	end = fi.Size() - 20
	if end < 12 {
		return 0, errors.New("it is cut off")
	}
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return 0, err
	}
	if _, err := f.ReadAt(sum[:], end); err != nil {
		return 0, err
	}
	version, count := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	switch {
	case string(head[:4]) != "PACK" || version != 2 && version != 3:
		return 0, errors.New("it does not begin as a pack of version 2 or 3")
	case int64(count) != int64(x.count):
		return 0, fmt.Errorf("it has %d objects, and its index %d", count, x.count)
	case sum != x.packSum:
		return 0, errors.New("it does not end with the checksum that its index names: one of them is cut off or of another pack")
	}
	return end, nil
}

// close closes the file once its readers are done. Later reads give
// errVanished.
func (p *pack) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = true
	if f := p.file.Load(); f != nil {
		return f.Close()
	}
	return nil
}

// part gives the bytes of the pack from off to the end of their window.
func (p *pack) part(f *packFile, off int64) ([]byte, error) {
	slot := &f.parts[off/windowSize]
	w := slot.Load()
	if w == nil {
		begin := off &^ (windowSize - 1)
		w = &window{data: make([]byte, min(windowSize, f.end-begin)), slot: slot}
		if err := readAt(f, w.data, begin); err != nil {
			return nil, err
		}
		p.windows.add(w)
	}
	if !w.used.Load() {
		w.used.Store(true)
	}
	return w.data[off&(windowSize-1):], nil
}

func readAt(f *packFile, dst []byte, off int64) error {
	n, err := f.ReadAt(dst, off)
	if n == len(dst) {
		return nil
	}
	if err == io.EOF {
		err = errors.New("it has become shorter while it was open")
	}
	return vanished(err)
}

// buffers are for compressed data that does not lie in one window.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// inflate fills dst from the stream at off.
func (p *pack) inflate(f *packFile, dst []byte, off int64) error {
	if off >= f.end {
		return errShort
	}
	if len(dst) <= windowSize {
		src, err := p.part(f, off)
		if err != nil {
			return err
		}
		if _, err = inflate(dst, src); err != errShort {
			return err
		}
	}
	// Deflate makes nothing longer by more than 5 bytes in 16 KiB, but for
	// writers that put in needless blocks.
	for bound := int64(len(dst)) + int64(len(dst))>>11 + 128; ; bound *= 4 {
		n := min(bound, f.end-off)
		buf := buffers.Get().(*[]byte)
		if int64(cap(*buf)) < n {
			*buf = make([]byte, n)
		}
		src := (*buf)[:n]
		err := readAt(f, src, off)
		if err == nil {
			_, err = inflate(dst, src)
		}
		if cap(*buf) <= 4<<20 {
			buffers.Put(buf)
		}
		if err != errShort || n == f.end-off {
			return err
		}
	}
}

// Types of entries besides the kinds of objects.
const (
	offsetDelta = 6
	refDelta    = 7
)

// entry is how an object stands in a pack.
type entry struct {
	offset int64 // where it begins
	body   int64 // where its compressed data begins
	size   int64 // of the data
	kind   uint8 // a kind of object, or that of a delta
	base   int64 // where the base of a delta begins
}

func (p *pack) entry(f *packFile, off int64) (entry, error) {
	e := entry{offset: off}
	if off < 12 || off >= f.end {
		return e, errEntry
	}
	head, err := p.part(f, off)
	if err != nil {
		return e, err
	}
	var both [48]byte
	if len(head) < len(both) && off+int64(len(head)) < f.end {
		n := min(int64(len(both)), f.end-off)
		if err := readAt(f, both[:n], off); err != nil {
			return e, err
		}
		head = both[:n]
	}
	n, ok := e.parse(head)
	if !ok {
		return e, errEntry
	}
	switch e.kind {
	case offsetDelta:
		if e.base <= 0 || e.base >= off {
			return e, errDelta
		}
		e.base = off - e.base
	case refDelta:
		x, err := p.index()
		if err != nil {
			return e, err
		}
		id := object.ID(head[n : n+20])
		n += 20
		if e.base, ok = x.find(&id); !ok {
			return e, fmt.Errorf("its delta is based on %s, which is not in the same pack", id)
		}
	}
	e.body = off + int64(n)
	return e, nil
}

// parse reads the head of an entry. The base of an offset delta is the
// distance to it; that of a reference delta follows.
func (e *entry) parse(head []byte) (n int, ok bool) {
	if len(head) == 0 {
		return 0, false
	}
	c := head[0]
	e.kind, e.size = c>>4&7, int64(c&15)
	n = 1
	for shift := 4; c&0x80 != 0; shift += 7 {
		if n == len(head) || shift > 56 {
			return 0, false
		}
		c = head[n]
		e.size |= int64(c&0x7f) << shift
		n++
	}
	switch e.kind {
	case uint8(object.KindCommit), uint8(object.KindTree), uint8(object.KindBlob), uint8(object.KindTag):
	case offsetDelta:
		for i := 0; ; i++ {
			if n == len(head) || i > 8 {
				return 0, false
			}
			c := head[n]
			n++
			e.base = e.base<<7 | int64(c&0x7f)
			if c&0x80 == 0 {
				break
			}
			e.base++
		}
	case refDelta:
		if len(head)-n < 20 {
			return 0, false
		}
	default:
		return 0, false
	}
	return n, true
}

// data inflates what belongs to an entry, the object or the delta, into room if
// that suffices.
func (p *pack) data(f *packFile, e entry, room []byte) ([]byte, error) {
	if err := checkSize(e.size, maxObject); err != nil {
		return nil, err
	}
	// Deflate makes nothing shorter than by 1032 to 1, so that a few bytes
	// cannot claim all memory.
	if e.size > (f.end-e.body)*1032+64 {
		return nil, errShort
	}
	if int64(cap(room)) < e.size {
		room = make([]byte, e.size)
	}
	room = room[:e.size]
	return room, p.inflate(f, room, e.body)
}

// read gives the object at off if it has no more than limit bytes.
func (p *pack) read(off int64, bases *cache[place], limit int64) (object.Kind, []byte, error) {
	f, err := p.open()
	if err != nil {
		return 0, nil, err
	}
	var room [64]entry
	chain := room[:0] // the deltas from the object to its base
	var small, smallFirst [256]byte
	var first []byte // what the first of them says, which is how large the object is
	var kind object.Kind
	var data []byte
	for at := off; kind == 0; {
		key := place{p.serial, at}
		if k, cached, ok := bases.get(key, key.hash()); ok {
			kind, data = k, cached
			if at == off {
				return kind, data, checkSize(int64(len(data)), limit)
			}
			break
		}
		e, err := p.entry(f, at)
		if err != nil {
			return 0, nil, p.corrupt(at, err)
		}
		if e.kind >= offsetDelta {
			if len(chain) == maxDepth {
				return 0, nil, p.corrupt(off, errors.New("its chain of deltas has no end"))
			}
			if at == off {
				if first, err = p.firstDelta(f, e, smallFirst[:0], limit); err != nil {
					return 0, nil, p.corrupt(off, err)
				}
			}
			chain = append(chain, e)
			at = e.base
			continue
		}
		if at == off {
			if err := checkSize(e.size, limit); err != nil {
				return 0, nil, err
			}
		}
		kind = object.Kind(e.kind)
		if data, err = p.data(f, e, []byte{}); err != nil {
			return 0, nil, p.corrupt(at, err)
		}
		if len(chain) > 0 || kind == object.KindTree {
			bases.put(key, key.hash(), kind, data)
		}
	}
	for i := len(chain) - 1; i >= 0; i-- {
		delta, err := first, error(nil)
		if i > 0 {
			delta, err = p.data(f, chain[i], small[:0])
		}
		if err == nil {
			data, err = patch(data, delta)
		}
		if err != nil {
			return 0, nil, p.corrupt(chain[i].offset, err)
		}
		if i > 0 || kind == object.KindTree || kind == object.KindCommit {
			key := place{p.serial, chain[i].offset}
			bases.put(key, key.hash(), kind, data)
		}
	}
	return kind, data, nil
}

// firstDelta is data for a delta that makes an object of no more than limit
// bytes.
func (p *pack) firstDelta(f *packFile, e entry, room []byte, limit int64) ([]byte, error) {
	delta, err := p.data(f, e, room)
	if err != nil {
		return nil, err
	}
	size, err := patchedSize(delta)
	if err != nil {
		return nil, err
	}
	return delta, checkSize(size, limit)
}

// stat gives the kind and size of the object at off.
func (p *pack) stat(off int64) (object.Kind, int64, error) {
	f, err := p.open()
	if err != nil {
		return 0, 0, err
	}
	size := int64(-1)
	for at, depth := off, 0; ; depth++ {
		e, err := p.entry(f, at)
		if err != nil {
			return 0, 0, p.corrupt(at, err)
		}
		if size < 0 {
			if size = e.size; e.kind >= offsetDelta {
				if size, err = p.deltaResult(f, e); err != nil {
					return 0, 0, p.corrupt(at, err)
				}
			}
		}
		if e.kind < offsetDelta {
			return object.Kind(e.kind), size, nil
		}
		if depth == maxDepth {
			return 0, 0, p.corrupt(off, errors.New("its chain of deltas has no end"))
		}
		at = e.base
	}
}

// deltaResult reads from a delta how long the object will be.
func (p *pack) deltaResult(f *packFile, e entry) (int64, error) {
	var head [20]byte
	src := make([]byte, max(min(4096, f.end-e.body), 0))
	if err := readAt(f, src, e.body); err != nil {
		return 0, err
	}
	n, err := inflatePrefix(head[:], src)
	if err != nil {
		return 0, err
	}
	return patchedSize(head[:n])
}

func (p *pack) corrupt(off int64, err error) error {
	var known *CorruptError
	var large *TooLargeError
	if errors.Is(err, errVanished) || errors.As(err, &large) || errors.As(err, &known) {
		return err
	}
	return &CorruptError{File: p.path, Offset: off, Err: err}
}
