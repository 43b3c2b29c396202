package fsstore

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// shelf is what the names of the files in one versions folder say.
type shelf struct {
	live []int        // ascending
	all  []int        // every number that has a file, ascending, each once
	at   map[int]mark // the marks of those that are not live
	open int          // the number of a step that was not finished; 0: none
	swap int          // the number on a displaced file; 0: none

	others []string // the names of what is no version, such as folders of other names
}

// high is the highest number ever used.
func (h *shelf) high() int {
	if len(h.all) == 0 {
		return 0
	}
	return h.all[len(h.all)-1]
}

func (h *shelf) newest() int {
	if len(h.live) == 0 {
		return 0
	}
	return h.live[len(h.live)-1]
}

// below is the newest live version before n.
func (h *shelf) below(n int) int {
	i, _ := slices.BinarySearch(h.live, n)
	if i == 0 {
		return 0
	}
	return h.live[i-1]
}

func (h *shelf) settled() bool { return h.open == 0 && h.swap == 0 }

// readShelf lists a versions folder. One that does not exist is empty.
func (s *Store) readShelf(name string) (*shelf, error) {
	if h := s.keptShelf(name); h != nil {
		return h, nil
	}
	h := &shelf{at: map[int]mark{}}
	began := time.Now()
	entries, err := s.disk.names(s.layout.versions(name))
	if missing(err) {
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	h.live = make([]int, 0, len(entries)+1)
	for _, e := range entries {
		n, m, ok := s.layout.parse(e)
		if !ok {
			h.others = append(h.others, e)
			continue
		}
		switch m {
		case live:
			h.live = append(h.live, n)
		case swapped:
			h.swap = n
		case stray:
		case saving, deleting, removing:
			h.open = max(h.open, n)
			h.at[n] = m
		default:
			h.at[n] = m
		}
	}
	slices.Sort(h.live)
	for _, n := range h.live {
		delete(h.at, n) // two files of one number come from someone's copying: the live one counts
	}
	h.all = append(make([]int, 0, len(h.live)+len(h.at)+1), h.live...)
	if len(h.at) > 0 {
		h.all = slices.AppendSeq(h.all, maps.Keys(h.at))
		slices.Sort(h.all)
	}
	s.listedShelf(name, began, h)
	return h, nil
}

// readVersion reads the file of a version. The error of one that is not there
// satisfies missing.
func (s *Store) readVersion(name string, n int, m mark) (*file, error) {
	p := s.layout.version(name, n, m)
	f, err := s.readOwn(p)
	if err == nil {
		err = checkData(p, f.data)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// scratch are buffers for texts that are compared with others.
var scratch = sync.Pool{New: func() any { return new([16 << 10]byte) }}

// isVersion reports whether the file of version n has exactly this content, and
// when it was saved. The error of one that is not there satisfies missing.
func (s *Store) isVersion(name string, n int, data []byte) (at time.Time, same bool, err error) {
	h, err := s.openOwn(s.layout.version(name, n, live))
	if err != nil {
		return at, false, err
	}
	defer h.Close()
	fi, err := h.Stat()
	if err != nil || !fi.Mode().IsRegular() || fi.Size() != int64(len(data)) {
		return at, false, err
	}
	buf := scratch.Get().(*[16 << 10]byte)
	defer scratch.Put(buf)
	for {
		n, err := h.Read(buf[:])
		if n > len(data) || !bytes.Equal(buf[:n], data[:n]) {
			return at, false, nil
		}
		data = data[n:]
		switch {
		case err == io.EOF:
			return fi.ModTime(), len(data) == 0, nil
		case err != nil:
			return at, false, err
		}
	}
}

// versionTime is when version n was saved: the time of its file.
func (s *Store) versionTime(name string, n int, m mark) (time.Time, error) {
	fi, err := s.disk.stat(s.layout.version(name, n, m))
	if err != nil {
		return time.Time{}, err
	}
	return fi.ModTime(), nil
}

// after returns the time for the version that follows h's highest: at, but
// later than that one's, whatever the clock says.
func (s *Store) after(name string, h *shelf, at time.Time) (time.Time, error) {
	n := h.high()
	if n == 0 {
		return at, nil
	}
	last, err := s.versionTime(name, n, h.at[n])
	if err != nil {
		return at, err
	}
	if !at.After(last) {
		return last.Add(time.Microsecond), nil
	}
	return at, nil
}

// afterEdit is after for the version that a file edited by hand is: its own
// time, but not one in the future.
func (s *Store) afterEdit(name string, h *shelf, f *file) (time.Time, error) {
	at := f.info.ModTime()
	if now := time.Now(); at.After(now) {
		at = now
	}
	return s.after(name, h, at)
}

// template makes a template of a file's bytes. What Decode cannot take apart
// is all text: the engine reports it when it parses it.
func (s *Store) template(name string, n int, data []byte, at time.Time) *prompty.StoredTemplate {
	source, fields := promptfile.DecodeText(data)
	t := &prompty.StoredTemplate{
		ID: makeID(name, n), Name: name, Source: source, Version: n, Metadata: fields.Metadata, Tags: fields.Tags,
		CreatedAt: at.UTC(), UpdatedAt: at.UTC(), CreatedBy: fields.CreatedBy, TenantID: fields.TenantID,
	}
	if len(t.Tags) == 0 {
		t.Tags = nil
	}
	if len(t.Metadata) == 0 {
		t.Metadata = nil
	}
	return t
}

// load reads one version as a template; an error that satisfies missing if it
// is not there.
func (s *Store) load(name string, n int, m mark) (*prompty.StoredTemplate, error) {
	f, err := s.readVersion(name, n, m)
	if err != nil {
		return nil, err
	}
	return s.template(name, n, f.data, f.info.ModTime()), nil
}

// isSymlink reports whether a path is a symbolic link itself.
func (s *Store) isSymlink(p string) bool {
	fi, err := s.disk.lstat(p)
	return err == nil && fi.Mode()&fs.ModeSymlink != 0
}
