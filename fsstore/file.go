package fsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// How long a file may be in motion. Editors that rename the old file away, or
// cut it to nothing, before they write the new one leave a gap of a few
// milliseconds; looked at in it, a template would seem deleted or empty.
const (
	grace     = 50 * time.Millisecond // for a gap to be closed
	patience  = time.Second           // for a writer who pauses to go on, or whom a busy machine makes wait
	giveUp    = 4 * time.Second       // of constant change
	tick      = 20 * time.Millisecond // more than the clock that stamps files needs for a step
	maxFile   = prompty.MaxSourceBytes + 2*promptfile.MaxFrontMatter
	pollEvery = time.Millisecond
)

// identity tells one state of a file from another without reading it. ctime is
// what makes it trustworthy: no program can set it back, so a rewrite of the
// same size that restores mtime (touch -r) still shows.
type identity struct {
	ino          uint64
	size         int64
	mtime, ctime int64
}

func identify(fi fs.FileInfo) identity {
	return identity{ino: inode(fi), size: fi.Size(), mtime: fi.ModTime().UnixNano(), ctime: changed(fi).UnixNano()}
}

// recent reports whether t is so near to now, on either side, that a change
// made since could carry the same time stamp.
func recent(t, now time.Time, d time.Duration) bool { return now.Sub(t).Abs() < d }

// file is the content of a file as it stood at one moment.
type file struct {
	data  []byte
	info  fs.FileInfo
	id    identity
	clean bool // any later change will change id: the file was old enough when read
}

// unusable is the error for what lies at a template's place but is none: it is
// never served, recorded or replaced.
type unusable struct {
	path, why string
	err       error // may be nil
}

func (u *unusable) Error() string {
	return fmt.Sprintf("%v: %s %s", prompty.ErrInvalidTemplate, u.path, u.why)
}

func (u *unusable) Is(target error) bool { return target == prompty.ErrInvalidTemplate }
func (u *unusable) Unwrap() error        { return u.err }

func isUnusable(err error) bool {
	_, ok := errors.AsType[*unusable](err)
	return ok
}

// kinds says what a file that is none is, and what to do.
func kinds(mode fs.FileMode) string {
	what := "is not a regular file"
	switch {
	case mode.IsDir():
		what = "is a folder"
	case mode&fs.ModeNamedPipe != 0:
		what = "is a named pipe"
	case mode&fs.ModeSocket != 0:
		what = "is a socket"
	case mode&fs.ModeDevice != 0:
		what = "is a device"
	}
	return what + ", not a file; move it away or rename it"
}

// check refuses what need not be opened to know that it cannot be a template.
func check(p string, fi fs.FileInfo) error {
	if !fi.Mode().IsRegular() {
		return &unusable{path: p, why: kinds(fi.Mode())}
	}
	if fi.Size() > maxFile {
		return &unusable{path: p, why: fmt.Sprintf("has %d bytes, a template has at most %d; move it away or make it smaller", fi.Size(), prompty.MaxSourceBytes)}
	}
	return nil
}

// checkData refuses what no text is.
func checkData(p string, data []byte) error {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return &unusable{path: p, why: fmt.Sprintf("has a NUL at byte %d: it is no text file; move it away or mend it", i)}
	}
	if utf8.Valid(data) {
		return nil
	}
	i := 0
	for i < len(data) {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		i += n
	}
	return &unusable{path: p, why: fmt.Sprintf("is not valid UTF-8 at byte %d; save it as UTF-8", i)}
}

// explain turns what the system says about a path into unusable where a
// person has to mend it, and leaves other errors alone.
func (s *Store) explain(p string, err error) error {
	if err == nil || missing(err) {
		return err
	}
	why := ""
	switch {
	case errors.Is(err, fs.ErrPermission):
		why = "cannot be read: permission denied; give this process the right to read it"
	case isLoop(err):
		why = "is a symbolic link that leads nowhere but to itself; remove it"
	case strings.Contains(err.Error(), "escapes"): // os.Root has no sentinel for it
		why = "is a symbolic link out of the folder, which is not followed; put a copy in its place"
	default:
		return err
	}
	return &unusable{path: p, why: why, err: err}
}

// readSteady reads a file that others may be writing, without ever returning
// half of what one of them wrote, as far as the system lets us know: nobody
// has it open for writing, and it did not change while it was read. Where the
// system cannot tell about writers, the last change has to be a moment ago;
// where there is a writer, longer ago, so that one who keeps the file open for
// good does not hide it.
func (s *Store) readSteady(ctx context.Context, p string) (*file, error) {
	return s.readSteadyFrom(ctx, p, nil)
}

// readSteadyFrom is readSteady of a file that may be open already.
func (s *Store) readSteadyFrom(ctx context.Context, p string, h handle) (*file, error) {
	for start := time.Now(); ; {
		var f *file
		var steady steadiness
		var err error
		if h != nil {
			f, steady, err = readHandle(p, h, true)
			h = nil
		} else {
			f, steady, err = s.readOnce(p)
		}
		if err != nil {
			return nil, err
		}
		if steady == settled || steady == unmoved && !recent(changed(f.info), time.Now(), patience) {
			if err := checkData(p, f.data); err != nil {
				return nil, err
			}
			return f, nil
		}
		if time.Since(start) > giveUp {
			return nil, fmt.Errorf("%s keeps changing while it is read; try again when its writer is done", p)
		}
		if err := s.pause(ctx, pollEvery); err != nil {
			return nil, err
		}
	}
}

type steadiness int

const (
	moved   steadiness = iota // it changed under our hands
	unmoved                   // it did not, but someone may be about to
	settled
)

func (s *Store) readOnce(p string) (*file, steadiness, error) {
	h, ok, err := s.disk.openPlain(p, false)
	if !ok {
		var fi fs.FileInfo
		if fi, err = s.disk.stat(p); err == nil {
			err = check(p, fi) // before opening: opening a device can do things
		}
		if err == nil {
			h, err = s.disk.open(p)
		}
	}
	if err != nil {
		return nil, 0, s.explain(p, err)
	}
	return readHandle(p, h, true)
}

// readOwn reads a file that this package made and that is never written to
// again: what it is need not be known before it is opened.
func (s *Store) readOwn(p string) (*file, error) {
	h, err := s.openOwn(p)
	if err != nil {
		return nil, err
	}
	f, _, err := readHandle(p, h, false)
	return f, err
}

func (s *Store) openOwn(p string) (handle, error) {
	h, ok, err := s.disk.openPlain(p, true)
	if !ok {
		h, err = s.disk.open(p)
	}
	return h, s.explain(p, err)
}

// readHandle reads a file and closes it. Unless others write it, who may have it
// open does not matter, nor does it if they have not written for long.
func readHandle(p string, h handle, others bool) (*file, steadiness, error) {
	defer h.Close()
	began := time.Now()
	before, err := h.Stat()
	if err == nil {
		err = check(p, before)
	}
	if err != nil {
		return nil, 0, err
	}
	var quiet, known bool
	if others && recent(changed(before), began, 2*patience) {
		var release func()
		quiet, known, release = h.hold()
		defer release()
	}
	data, err := readAll(h, before.Size(), maxFile)
	if err != nil {
		return nil, 0, err
	}
	after, err := h.Stat()
	if err != nil {
		return nil, 0, err
	}
	f := &file{data: data, info: after, id: identify(after)}
	f.clean = !recent(changed(after), began, tick)
	switch {
	case identify(before) != f.id || int64(len(data)) != after.Size():
		return f, moved, nil
	case quiet, !known && f.clean:
		return f, settled, nil
	}
	return f, unmoved, nil
}

// readTree reads the file of a template: nil if there is none. What cannot be
// a template gives unusable.
func (s *Store) readTree(ctx context.Context, name string) (*file, error) {
	return s.readTreeOf(ctx, suspect{name: name})
}

func (s *Store) readTreeOf(ctx context.Context, who suspect) (*file, error) {
	p := s.layout.tree(who.name)
	h, plain, err := s.disk.openPlain(p, who.regular)
	switch {
	case plain && missing(err):
		return nil, nil
	case err != nil:
		return nil, s.explain(p, err)
	case !plain:
		if err := s.checkFolders(p); err != nil {
			return nil, err
		}
	}
	f, err := s.readSteadyFrom(ctx, p, h)
	if err == nil && len(f.data) > prompty.MaxSourceBytes { // front matter may make up for it
		if source, _, _ := promptfile.Decode(p, f.data); len(source) > prompty.MaxSourceBytes {
			err = &unusable{path: p, why: fmt.Sprintf("has a text of %d bytes, the limit is %d; make it smaller", len(source), prompty.MaxSourceBytes)}
		}
	}
	if err != nil && !missing(err) {
		return nil, err
	}
	if err == nil {
		return f, nil
	}
	if fi, lerr := s.disk.lstat(p); lerr == nil && fi.Mode()&fs.ModeSymlink != 0 {
		return nil, &unusable{path: p, why: "is a symbolic link that leads nowhere; mend or remove it"}
	}
	return nil, nil
}

// checkFolders refuses a path that leads through a symbolic link to a folder.
func (s *Store) checkFolders(p string) error {
	for _, dir := range ancestors(p) {
		if dir == "." {
			break
		}
		fi, err := s.disk.lstat(dir)
		switch {
		case missing(err):
			continue
		case err != nil:
			return s.explain(dir, err)
		case fi.Mode()&fs.ModeSymlink != 0:
			return &unusable{path: dir, why: "is a symbolic link to a folder, which is not followed; put the folder itself there"}
		}
	}
	return nil
}

// mayReturn reports whether a missing file may be about to be written again:
// its folder, or what is left of the way there, changed a moment ago.
func (s *Store) mayReturn(p string, now time.Time) bool {
	for _, dir := range ancestors(p) {
		fi, err := s.disk.stat(dir)
		if missing(err) {
			continue
		}
		return err == nil && recent(fi.ModTime(), now, grace)
	}
	return false
}
