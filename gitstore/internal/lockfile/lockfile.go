// Package lockfile takes git's lock files: <file>.lock, made by exclusive
// creation, given back by rename or removal. Unlike git's own, a lock that
// this package left behind when its process was killed is recognised and
// taken over by the next process. The lock file of anyone else is never
// removed.
//
// Each process keeps one owner file, <common git dir>/prompty/owners/<random>,
// under flock for as long as it lives. A lock file is a hard link to it: made
// in one step, it fails like an exclusive creation where the lock file exists,
// and says without a window whose it is. If the owner file's flock can be
// taken, the process that made the lock is dead, and its lock file is replaced
// by the next one's in one step, so that nobody slips in. Where hard links
// don't work (some file systems, Windows), lock files are created as git
// creates them, and stay behind after a kill -9 as git's do.
package lockfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/go-prompty/prompty/internal/flock"
)

var errClosed = errors.New("lock owner is closed")

// An Owner takes lock files for one repository in the name of this process.
// It is safe for concurrent use.
type Owner struct {
	commonDir string
	queue     queue

	mu      sync.Mutex // guards what follows
	file    *os.File   // the owner file, under flock; nil until first needed
	info    fs.FileInfo
	noLinks bool // hard links don't work here
	closed  bool
	temps   uint64 // numbers temporary files
}

// Open prepares the taking of locks in the repository with that common git
// directory, and removes what dead processes left there, but for index.lock of
// the work trees: what they protect may be half done, and whoever takes them
// next should see to it. It writes nothing
// before the first lock is taken, so a repository that can only be read opens
// too.
func Open(commonDir string) (*Owner, error) {
	abs, err := filepath.Abs(commonDir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(abs); err != nil {
		return nil, err
	}
	o := &Owner{commonDir: abs, noLinks: !canLink}
	o.queue.sem = make(chan struct{}, 1)
	o.sweep()
	return o, nil
}

// Close gives up the owner file and waits for whoever is in the queue. Locks
// that are held should be released first: until then they are taken for a dead
// process's. Close is idempotent; an Owner that is closed takes no locks.
func (o *Owner) Close() error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return nil
	}
	o.closed = true
	f, info := o.file, o.info
	o.file, o.info = nil, nil
	o.mu.Unlock()

	o.queue.close()
	if f == nil {
		return nil
	}
	defer f.Close()
	// With locks still standing the file must stay, for the next process to know them by.
	if fi, err := f.Stat(); err == nil && links(fi) == 1 && sameFile(f.Name(), info) {
		return os.Remove(f.Name())
	}
	return nil
}

func (o *Owner) stateDir() string  { return filepath.Join(o.commonDir, "prompty") }
func (o *Owner) ownersDir() string { return filepath.Join(o.stateDir(), "owners") }

// mine returns the owner file, made now if there is none yet.
func (o *Owner) mine() (path string, info fs.FileInfo, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return "", nil, errClosed
	}
	for try := 0; o.file == nil; try++ {
		if err := o.createOwner(); err != nil && (!errors.Is(err, errSwept) || try == 9) {
			return "", nil, err
		}
	}
	return o.file.Name(), o.info, nil
}

// lost forgets an owner file that someone has removed, so that mine makes a
// new one. Locks made by way of the old one stay ours, but would not be
// recognised.
func (o *Owner) lost(info fs.FileInfo) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file != nil && os.SameFile(o.info, info) && !sameFile(o.file.Name(), info) {
		o.file.Close()
		o.file, o.info = nil, nil
	}
}

// errSwept means that another process took a new owner file for a dead one's,
// in the moment between its creation and its flock.
var errSwept = errors.New("owner file was swept")

// createOwner makes the owner file of this process. The caller holds o.mu.
func (o *Owner) createOwner() (err error) {
	o.file, o.info, err = o.newOwner()
	return err
}

// newOwner makes an owner file and takes its flock. The caller holds o.mu.
func (o *Owner) newOwner() (*os.File, fs.FileInfo, error) {
	mode, err := o.makeDirs()
	if err != nil {
		return nil, nil, err
	}
	name := filepath.Join(o.ownersDir(), strings.ToLower(rand.Text()))
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return nil, nil, err
	}
	var info fs.FileInfo
	err = o.prepareOwner(f, mode)
	if err == nil {
		info, err = f.Stat()
	}
	if err == nil && !sameFile(name, info) {
		err = errSwept
	}
	if err != nil {
		f.Close()
		if !errors.Is(err, errSwept) {
			os.Remove(name)
		}
		return nil, nil, err
	}
	return f, info, nil
}

func (o *Owner) prepareOwner(f *os.File, mode fs.FileMode) error {
	got, err := flock.TryLock(f)
	switch {
	case errors.Is(err, flock.ErrUnsupported):
		o.noLinks = true // nobody could tell that we are alive
	case err != nil:
		return err
	case !got:
		return errSwept
	}
	if err := matchMode(f, mode); err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s holds this lock.\nIf that process is dead, the next prompty in this repository finishes its work and removes the file.\n", signature())
	return err
}

// signature is how lock files of this process begin.
func signature() string {
	return "prompty (pid " + strconv.Itoa(os.Getpid()) + " on " + hostname() + ")"
}

// hostname is the machine's name, in one word.
var hostname = sync.OnceValue(func() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "unknown"
	}
	return strings.Join(strings.Fields(name), "-")
})

// MakeDir makes the folder "prompty" in the git directory where it is missing,
// for all who share the repository.
func (o *Owner) MakeDir() error {
	_, err := o.makeDirs()
	return err
}

// makeDirs makes the folders for our files. They and the files get the mode of
// the git directory, so that those who share the repository share them too.
// It returns the mode for files.
func (o *Owner) makeDirs() (fs.FileMode, error) {
	top, err := os.Stat(o.commonDir)
	if err != nil {
		return 0, err
	}
	mode := top.Mode() & (fs.ModePerm | fs.ModeSetgid)
	for _, dir := range []string{o.stateDir(), o.ownersDir()} {
		err := os.Mkdir(dir, mode.Perm())
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if fi, err := os.Stat(dir); err == nil && fi.Mode()&(fs.ModePerm|fs.ModeSetgid) != mode {
			_ = os.Chmod(dir, mode) // fails only where modes mean nothing
		}
	}
	return mode.Perm() &^ 0o111, nil
}

// matchMode gives f the mode, whatever the umask says.
func matchMode(f *os.File, mode fs.FileMode) error {
	fi, err := f.Stat()
	if err != nil || fi.Mode().Perm() == mode {
		return err
	}
	return f.Chmod(mode)
}

// sameFile reports whether path, not followed if it is a link, is that file.
func sameFile(path string, info fs.FileInfo) bool {
	fi, err := os.Lstat(path)
	return err == nil && os.SameFile(fi, info)
}
