package refs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// maxPacked bounds packed-refs: ten million references.
const maxPacked = 1 << 30

// packedFile is packed-refs as it was when it was last read: lines of an id, a
// space and a name, sorted by name; a line that begins with ^ belongs to the
// one before.
type packedFile struct {
	stamp
	settled bool
	path    string
	text    []byte
}

var noPacked = &packedFile{}

// packedRefs returns the content of packed-refs. Git puts a new file in its
// place for each change.
func (s *Store) packedRefs() (*packedFile, error) {
	p, err := s.cachedPacked()
	if p != nil || err != nil {
		return p, err
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	if p, err = s.cachedPacked(); p != nil || err != nil {
		return p, err
	}
	if p, err = loadPacked(s.packedPath); err == nil {
		s.packed.Store(p)
	}
	return p, err
}

// cachedPacked returns nil if packed-refs must be read.
func (s *Store) cachedPacked() (*packedFile, error) {
	now, err := stampOf(s.packedPath)
	if err == ErrNotFound {
		return noPacked, nil
	}
	if err != nil {
		return nil, err
	}
	if p := s.packed.Load(); p != nil && p.settled && p.stamp == now {
		return p, nil
	}
	return nil, nil
}

func loadPacked(path string) (*packedFile, error) {
	before, err := stampOf(path)
	if err == ErrNotFound {
		return noPacked, nil
	}
	if err != nil {
		return nil, err
	}
	p := &packedFile{stamp: before, settled: before.settled(time.Now()), path: path}
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return noPacked, nil
	}
	if err != nil {
		return nil, err
	}
	p.text, err = io.ReadAll(io.LimitReader(f, maxPacked+1))
	f.Close()
	if err != nil {
		return nil, err
	}
	if len(p.text) > maxPacked {
		return nil, fmt.Errorf("%s is larger than %d bytes; delete references that nobody needs, then run git pack-refs", path, maxPacked)
	}
	// A file put in place since the stamp was taken is newer, and right; the
	// stamp then tells the next call to look again.
	return p, p.prepare()
}

// prepare strips the header, and sorts the lines if it doesn't promise that.
func (p *packedFile) prepare() error {
	sorted := false
	for len(p.text) > 0 && p.text[0] == '#' {
		line, rest, _ := bytes.Cut(p.text, []byte("\n"))
		if traits, ok := bytes.CutPrefix(line, []byte("# pack-refs with:")); ok {
			sorted = slices.Contains(strings.Fields(string(traits)), "sorted")
		}
		p.text = rest
	}
	if n := len(p.text); n > 0 && p.text[n-1] != '\n' {
		return p.broken(p.text[bytes.LastIndexByte(p.text, '\n')+1:])
	}
	if sorted {
		return nil
	}
	type record struct{ name, text []byte }
	var records []record
	for rest := p.text; len(rest) > 0; {
		name, _, next, err := p.record(rest)
		if err != nil {
			return err
		}
		records = append(records, record{name, rest[:len(rest)-len(next)]})
		rest = next
	}
	slices.SortStableFunc(records, func(a, b record) int { return bytes.Compare(a.name, b.name) })
	text := make([]byte, 0, len(p.text))
	for _, r := range records {
		text = append(text, r.text...)
	}
	p.text = text
	return nil
}

// record reads the reference at the beginning of text, and returns what
// follows it.
func (p *packedFile) record(text []byte) (name []byte, id object.ID, rest []byte, err error) {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	if len(line) < 42 || line[40] != ' ' || !parseHex(&id, line[:40]) {
		return nil, id, nil, p.broken(line)
	}
	for len(rest) > 0 && rest[0] == '^' {
		_, rest, _ = bytes.Cut(rest, []byte("\n"))
	}
	return line[41:], id, rest, nil
}

func (p *packedFile) broken(line []byte) error {
	return fmt.Errorf("%s is damaged at %.60q; remove that line, or fetch again and run git pack-refs", p.path, line)
}

// seek returns the part of the text that begins with the first reference whose
// name is not below name.
func (p *packedFile) seek(name string) ([]byte, error) {
	lo, hi := 0, len(p.text) // both at the beginning of a record
	for lo < hi {
		mid := p.recordStart(lo, lo+(hi-lo)/2)
		here, _, rest, err := p.record(p.text[mid:])
		if err != nil {
			return nil, err
		}
		if string(here) < name {
			lo = len(p.text) - len(rest)
		} else {
			hi = mid
		}
	}
	return p.text[lo:], nil
}

// recordStart goes back from at to the beginning of its record, which is not
// before lo.
func (p *packedFile) recordStart(lo, at int) int {
	for {
		at = lo + bytes.LastIndexByte(p.text[lo:at], '\n') + 1
		if at == lo || p.text[at] != '^' {
			return at
		}
		at--
	}
}

func (p *packedFile) find(name string) (object.ID, bool, error) {
	text, err := p.seek(name)
	if err != nil || len(text) == 0 {
		return object.ID{}, false, err
	}
	here, id, _, err := p.record(text)
	if err != nil || string(here) != name {
		return object.ID{}, false, err
	}
	return id, true, nil
}

// below calls visit for each reference whose name begins with prefix, in
// order, until it returns false.
func (p *packedFile) below(prefix string, visit func(name string, id object.ID) bool) error {
	text, err := p.seek(prefix)
	for err == nil && len(text) > 0 {
		var name []byte
		var id object.ID
		name, id, text, err = p.record(text)
		if err != nil || !bytes.HasPrefix(name, []byte(prefix)) || !visit(string(name), id) {
			break
		}
	}
	return err
}
