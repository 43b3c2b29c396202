// Package refs reads and moves the references of a git repository: loose
// files, packed-refs, symbolic references, HEAD and the reflogs, beside git
// itself and whoever else does so.
package refs

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// ErrNotFound is what reading a reference that does not exist gives, wrapped.
var ErrNotFound = errors.New("reference not found")

// Options are what the repository's configuration says about references.
type Options struct {
	Bare        bool          // no work tree: reflogs are not begun unless LogAll says so
	LogAll      string        // core.logAllRefUpdates: "", "true", "false" or "always"
	Perm        fs.FileMode   // mode of new files; 0: 0666 less the umask
	LockTimeout time.Duration // 0: lockfile.DefaultTimeout
}

// A Store reads and moves the references of one repository, as seen from one
// of its work trees. It is safe for concurrent use and holds no descriptors.
type Store struct {
	gitDir, commonDir string
	headPath          string
	packedPath        string
	owner             *lockfile.Owner
	opts              Options

	head    atomic.Pointer[headFile]
	packed  atomic.Pointer[packedFile]
	loading sync.Mutex // held while packed-refs is read, so that one does it for all
}

// Open returns the references of the repository. gitDir is the work tree's own
// (HEAD stands there), commonDir the one that all work trees share. A nil
// owner gives a Store that only reads.
func Open(gitDir, commonDir string, owner *lockfile.Owner, o Options) *Store {
	return &Store{
		gitDir: gitDir, commonDir: commonDir,
		headPath: filepath.Join(gitDir, "HEAD"), packedPath: filepath.Join(commonDir, "packed-refs"),
		owner: owner, opts: o,
	}
}

// Read returns what a reference, named in full ("refs/heads/main", "HEAD"),
// points to. Symbolic references are followed. A missing one, and one that
// leads to a missing one, is ErrNotFound; a file that holds anything else than
// a reference is an error that names it.
func (s *Store) Read(name string) (object.ID, error) {
	end, id, err := s.resolve(name)
	if err == ErrNotFound {
		if end != name {
			return id, fmt.Errorf("%s, which %s leads to: %w", end, name, err)
		}
		return id, fmt.Errorf("%s: %w", name, err)
	}
	return id, err
}

// Target returns the name that symbolic references lead to from name, or name
// itself. There need not be such a reference yet.
func (s *Store) Target(name string) (string, error) {
	end, _, err := s.resolve(name)
	if err == ErrNotFound {
		err = nil
	}
	return end, err
}

// maxSymbolic is how many symbolic references git follows.
const maxSymbolic = 5

// resolve follows symbolic references and returns the last one's name and what
// it points to. If that does not exist the error is exactly ErrNotFound.
func (s *Store) resolve(name string) (string, object.ID, error) {
	start := name
	for range maxSymbolic + 1 {
		id, target, err := s.readOne(name)
		if err != nil || target == "" {
			return name, id, err
		}
		name = target
	}
	return name, object.ID{}, fmt.Errorf("%s leads over more than %d symbolic references; do they form a circle?", start, maxSymbolic)
}

// readOne reads one reference without following it. Git puts a packed-refs
// with the reference in its place before it removes the loose file, so what is
// loose no more is found there, and need not be looked for again.
func (s *Store) readOne(name string) (id object.ID, target string, err error) {
	if !readable(name) {
		return id, "", fmt.Errorf("%q is not a valid name for a reference; see git help check-ref-format", name)
	}
	id, target, err = s.readLoose(name)
	if err != ErrNotFound || perWorktree(name) {
		return id, target, err
	}
	p, err := s.packedRefs()
	if err != nil {
		return id, "", err
	}
	id, ok, err := p.find(name)
	if !ok && err == nil {
		err = ErrNotFound
	}
	return id, "", err
}

// path returns where a reference stands when it is loose.
func (s *Store) path(name string) string {
	if perWorktree(name) {
		return s.gitDir + "/" + name
	}
	return s.commonDir + "/" + name
}

// tornReads is how often a file is read again that holds no reference: some
// programs, unlike git, write in place.
const tornReads = 10

func (s *Store) readLoose(name string) (id object.ID, target string, err error) {
	path := s.path(name)
	for try := 1; ; try++ {
		id, target, err = readFile(path)
		if err != errGarbage {
			return id, target, err
		}
		if try == tornReads {
			return id, "", fmt.Errorf("%s holds neither a commit's id nor the name of a reference; see git reflog %s, then put it right with git update-ref", path, strings.TrimPrefix(name, "refs/heads/"))
		}
		time.Sleep(time.Millisecond)
	}
}

// errGarbage means that a file holds no reference, at least at this moment.
var errGarbage = errors.New("no reference")

// maxLoose bounds the file of a reference.
const maxLoose = 4096

// readFile reads the file of a loose reference. If there is none the error is
// exactly ErrNotFound.
func readFile(path string) (object.ID, string, error) {
	var buf [256]byte
	n, err := readSmall(path, buf[:])
	if err != nil {
		return object.ID{}, "", err
	}
	if n < len(buf) {
		return parseLoose(buf[:n])
	}
	long := make([]byte, maxLoose)
	if n, err = readSmall(path, long); err != nil {
		return object.ID{}, "", err
	}
	if n == maxLoose {
		return object.ID{}, "", errGarbage
	}
	return parseLoose(long[:n])
}

// parseLoose reads "<40 hex digits>" or "ref: <name>", with white space after.
func parseLoose(text []byte) (id object.ID, target string, err error) {
	if len(text) >= 40 && (len(text) == 40 || isSpace(text[40])) && parseHex(&id, text[:40]) {
		return id, "", nil
	}
	rest, ok := strings.CutPrefix(string(text), "ref:")
	if !ok {
		return object.ID{}, "", errGarbage
	}
	target = strings.Trim(rest, " \t\r\n")
	if !readable(target) {
		return object.ID{}, "", errGarbage
	}
	return object.ID{}, target, nil
}

// parseHex reads an id without allocating, which object.ParseID can't from bytes.
func parseHex(id *object.ID, hex []byte) bool {
	for i := range id {
		hi, lo := nibble(hex[2*i]), nibble(hex[2*i+1])
		if hi > 15 || lo > 15 {
			return false
		}
		id[i] = hi<<4 | lo
	}
	return true
}

func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }
