// Package steady reads files that others may be writing, and says whether what
// it read is whole.
package steady

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"
	"io/fs"
	"time"
)

// A Verdict says what a look at a file is worth.
type Verdict int

const (
	// Settled: nobody had the file open for writing while it was read, and it
	// did not change. Where the system cannot tell about writers, it did not
	// change for MinAge.
	Settled Verdict = iota
	// Young: it did not change while it was read, but the system cannot tell
	// whether someone is writing it, and its last change is less than MinAge
	// ago. Look again when that time is over.
	Young
	// Busy: it did not change while it was read, but someone has it open for
	// writing.
	Busy
	// Moved: it changed while it was read, or is kept from being read by who
	// changes it. Hash means nothing.
	Moved
)

// tick is more than the clock that stamps files needs for a step.
const tick = 20 * time.Millisecond

// MinAge is how old the last change has to be for a file to be taken as whole
// where the system does not tell who has it open.
const MinAge = 100 * time.Millisecond

// Identity tells one state of a file from another without reading it. Ctime is
// what makes it trustworthy: no program can set it back, so a rewrite of the
// same size that restores the modification time still shows. Times are in
// nanoseconds since 1970.
type Identity struct {
	Dev, Ino     uint64
	Size         int64
	Mtime, Ctime int64
	Links        uint64 // hard links; 0 where the system does not tell
}

// File is what one look at a file found.
type File struct {
	Identity
	// Hash is the first half of the SHA-256 of the content; of a file bigger
	// than the limit, of its Identity instead.
	Hash    [16]byte
	Verdict Verdict
	// Sure says that any change made after the look changes Identity. It is
	// false for a file that changed so short a time ago that the next change
	// could carry the same time stamp.
	Sure bool
}

// ErrIrregular is the error for what is no regular file.
var ErrIrregular = errors.New("is not a regular file")

// Read looks at the file at path, following symbolic links. It never waits:
// not for a writer, not for the other end of a named pipe. Files bigger than
// limit bytes are not read. buf, of at least one byte, is scratch space; a file
// that is smaller than buf is hashed without allocation. What is no regular
// file is not opened and gives ErrIrregular. Errors are of type *fs.PathError.
func Read(path string, limit int64, buf []byte) (File, error) {
	id, mode, err := Stat(path) // before opening: opening a device can do things
	if err != nil {
		return File{}, err
	}
	if !mode.IsRegular() {
		return File{}, &fs.PathError{Op: "read", Path: path, Err: ErrIrregular}
	}
	h, err := open(path)
	if isHeld(err) { // another program has a write lease, and has now been asked to end it
		return File{Identity: id, Verdict: Moved}, nil
	}
	if err != nil {
		return File{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer h.Close()
	f, err := look(h, limit, buf)
	if err != nil {
		return File{}, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return f, nil
}

// look reads between two looks at the identity, and while writers are held off
// where the system can do that.
func look(h handle, limit int64, buf []byte) (File, error) {
	quiet, known, release := h.hold()
	defer release()
	began := time.Now()
	before, mode, err := h.stat()
	if err == nil && !mode.IsRegular() { // another than the one that was looked at before
		err = ErrIrregular
	}
	if err != nil {
		return File{}, err
	}
	f := File{Identity: before}
	whole := true
	if before.Size > limit {
		f.Hash = before.hash()
	} else {
		var n int64
		if f.Hash, n, err = hashAll(h, before.Size, limit, buf); err != nil {
			return File{}, err
		}
		whole = n == before.Size || quiet // the files of some virtual file systems have no true size
	}
	after, _, err := h.stat()
	if err != nil {
		return File{}, err
	}
	age := after.age(began)
	f.Sure = age >= tick
	switch {
	case before != after || !whole:
		f.Verdict = Moved
	case known && !quiet:
		f.Verdict = Busy
	case !known && age < MinAge:
		f.Verdict = Young
	}
	return f, nil
}

// hashAll hashes what is left of r and counts it, but gives up past limit. It
// does not look for an end behind the expected size: what has grown since has
// changed, too.
func hashAll(r io.Reader, expected, limit int64, buf []byte) (sum [16]byte, size int64, err error) {
	var long hash.Hash // of a content that did not fit into buf
	for filled := 0; ; {
		n, err := r.Read(buf[filled:])
		filled += n
		size += int64(n)
		if err != nil && err != io.EOF {
			return sum, size, err
		}
		end := err == io.EOF || size > limit || size == expected && size > 0
		if end && long == nil {
			full := sha256.Sum256(buf[:filled])
			return [16]byte(full[:16]), size, nil
		}
		if end || filled == len(buf) {
			if long == nil {
				long = sha256.New()
			}
			long.Write(buf[:filled])
			filled = 0
		}
		if end {
			return [16]byte(long.Sum(nil)[:16]), size, nil
		}
	}
}

// age is how long ago the last change was. A clock that was set back leaves
// files in the future; they are old.
func (id Identity) age(now time.Time) time.Duration {
	return now.Sub(time.Unix(0, id.Ctime)).Abs()
}

func (id Identity) hash() [16]byte {
	var buf [40]byte
	for i, v := range [...]uint64{id.Dev, id.Ino, uint64(id.Size), uint64(id.Mtime), uint64(id.Ctime)} {
		binary.BigEndian.PutUint64(buf[8*i:], v)
	}
	sum := sha256.Sum256(buf[:])
	return [16]byte(sum[:16])
}
