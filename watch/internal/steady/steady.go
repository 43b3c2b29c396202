// Package steady reads files that others may be writing, and says whether what
// it read is whole.
package steady

import (
	"errors"
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
	// Moved: it changed while it was read. Hash means nothing.
	Moved
)

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
func Read(path string, limit int64, buf []byte) (File, error) { return File{}, errors.ErrUnsupported }

// Stat gives the identity and the type and permissions of what path leads to.
func Stat(path string) (Identity, fs.FileMode, error) { return Identity{}, 0, errors.ErrUnsupported }

// Lstat is Stat, but does not follow a symbolic link at the end of path.
func Lstat(path string) (Identity, fs.FileMode, error) { return Identity{}, 0, errors.ErrUnsupported }
