package fsstore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/internal/flock"
	"github.com/go-prompty/prompty/internal/lease"
)

// disk is every file operation that the store makes, and the one place where
// tests make them fail. All paths are slash-separated and relative to the root;
// os.Root keeps them inside it whatever symbolic links say.
type disk struct {
	root    *os.Root
	quick   quick // the same folder, where the system has a shorter way into it
	sync    bool  // false: nothing is flushed
	ordered bool  // the disk keeps the order of what is done; see package writeback

	// fault, if set, is asked before each operation; what it returns, the
	// operation fails with. A failing "write" has written half. Where there
	// are two paths, they stand beside each other.
	fault func(op, path string) error
}

func (d *disk) ask(op, p string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(op, p)
}

func (d *disk) stat(p string) (fs.FileInfo, error) {
	if err := d.ask("stat", p); err != nil {
		return nil, err
	}
	return d.root.Stat(p)
}

// identity is stat for who only wants to know whether a file is still the same.
func (d *disk) identity(p string) (identity, error) {
	if err := d.ask("stat", p); err != nil {
		return identity{}, err
	}
	if id, ok := d.quick.identity(p); ok {
		return id, nil
	}
	fi, err := d.root.Stat(p)
	if err != nil {
		return identity{}, err
	}
	return identify(fi), nil
}

func (d *disk) lstat(p string) (fs.FileInfo, error) {
	if err := d.ask("lstat", p); err != nil {
		return nil, err
	}
	return d.root.Lstat(p)
}

// handle is a file that is open for reading.
type handle interface {
	io.ReadCloser
	Stat() (fs.FileInfo, error)
	hold() (quiet, known bool, release func()) // see package lease
}

type osHandle struct{ *os.File }

func (h osHandle) hold() (quiet, known bool, release func()) { return lease.Hold(h.File) }

// open opens for reading. It never waits, not even for the other end of a
// named pipe.
func (d *disk) open(p string) (handle, error) {
	if err := d.ask("open", p); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(p, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return osHandle{f}, nil
}

// openPlain opens a regular file to which no symbolic link leads, with fewer
// calls than os.Root makes of it. ok is false if that is not what is there, or if
// it cannot be told: then the way is open. An error satisfies missing, unless it
// is a test's. regular says that the file is known to be none but that.
func (d *disk) openPlain(p string, regular bool) (h handle, ok bool, err error) {
	if !d.quick.works() {
		return nil, false, nil
	}
	if !regular {
		if err := d.ask("stat", p); err != nil {
			return nil, true, err
		}
	}
	if err := d.ask("open", p); err != nil {
		return nil, true, err
	}
	return d.quick.open(p, regular)
}

// dirent is what a folder says of a file.
type dirent struct {
	name string
	mode fs.FileMode // its type alone
}

// list returns a folder's entries, in no order.
func (d *disk) list(dir string) (list []dirent, err error) {
	err = d.visit(dir, func(e dirent, _ func() (identity, bool)) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

// names is list without the types.
func (d *disk) names(dir string) (list []string, err error) {
	err = d.visit(dir, func(e dirent, _ func() (identity, bool)) error {
		list = append(list, e.name)
		return nil
	})
	return list, err
}

// visit calls fn for each of a folder's entries, in no order. state is a stat of
// the entry, which is false if it is no regular file or has gone.
func (d *disk) visit(dir string, fn func(e dirent, state func() (identity, bool)) error) error {
	if err := d.ask("list", dir); err != nil {
		return err
	}
	if done, err := d.quick.visit(d, dir, fn); done {
		return err
	}
	f, err := d.root.OpenFile(dir, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	for _, e := range entries {
		state := func() (identity, bool) {
			fi, err := d.lstat(path.Join(dir, e.Name()))
			if err != nil || !fi.Mode().IsRegular() {
				return identity{}, false
			}
			return identify(fi), true
		}
		if err := fn(dirent{e.Name(), e.Type()}, state); err != nil {
			return err
		}
	}
	return err
}

// create makes a new file that holds data. A zero mtime leaves the time alone.
// The file is open: written makes it durable and closes it.
func (d *disk) create(p string, data []byte, perm fs.FileMode, mtime time.Time) (*os.File, error) {
	if err := d.ask("create", p); err != nil {
		return nil, err
	}
	f, done, err := d.quick.create(p, perm)
	if !done {
		f, err = d.root.OpenFile(p, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	}
	if err != nil {
		return nil, err
	}
	err = d.ask("write", p)
	if err != nil {
		data = data[:len(data)/2]
	}
	if _, werr := f.Write(data); werr != nil {
		err = werr
	}
	if err == nil && !mtime.IsZero() {
		if err = d.ask("chtimes", p); err == nil {
			err = d.chtimes(p, mtime)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (d *disk) rename(from, to string) error {
	if err := d.ask("rename", from+" "+to); err != nil {
		return err
	}
	if done, err := d.quick.rename(from, to); done {
		return err
	}
	return d.root.Rename(from, to)
}

func (d *disk) link(from, to string) error {
	if err := d.ask("link", from+" "+to); err != nil {
		return err
	}
	if done, err := d.quick.link(from, to); done {
		return err
	}
	return d.root.Link(from, to)
}

func (d *disk) remove(p string) error {
	if err := d.ask("remove", p); err != nil {
		return err
	}
	if done, err := d.quick.remove(p); done {
		return err
	}
	return d.root.Remove(p)
}

// chtimes sets when a file or folder was modified.
func (d *disk) chtimes(p string, mtime time.Time) error {
	if done, err := d.quick.chtimes(p, mtime); done {
		return err
	}
	return d.root.Chtimes(p, time.Time{}, mtime)
}

func (d *disk) mkdir(p string) error {
	if done, err := d.quick.mkdir(p); done {
		return err
	}
	return d.root.Mkdir(p, 0o777)
}

// mkdirs makes a folder with its parents and returns the folders that got a
// new entry.
func (d *disk) mkdirs(dir string) (touched []string, err error) {
	if dir == "." {
		return nil, nil
	}
	if err := d.ask("mkdir", dir); err != nil {
		return nil, err
	}
	err = d.mkdir(dir)
	if missing(err) {
		if touched, err = d.mkdirs(path.Dir(dir)); err == nil {
			err = d.mkdir(dir)
		}
	}
	if err == nil {
		return append(touched, path.Dir(dir)), nil
	}
	if errors.Is(err, fs.ErrExist) {
		fi, serr := d.root.Stat(dir)
		switch {
		case serr != nil:
			return nil, fmt.Errorf("%s cannot be used as a folder: %w", dir, serr)
		case !fi.IsDir():
			return nil, fmt.Errorf("%s is a file where a folder should be; move it away", dir)
		}
		return touched, nil
	}
	return touched, err
}

// exchange swaps two files in one atomic step. Where the system cannot it
// gives errNoExchange and has done nothing.
func (d *disk) exchange(a, b string) error {
	if err := d.ask("exchange", a+" "+b); err != nil {
		return err
	}
	if done, err := d.quick.exchange(a, b); done {
		return err
	}
	dirA, err := d.root.Open(path.Dir(a))
	if err != nil {
		return err
	}
	defer dirA.Close()
	dirB, err := d.root.Open(path.Dir(b))
	if err != nil {
		return err
	}
	defer dirB.Close()
	return exchangeAt(dirA, path.Base(a), dirB, path.Base(b))
}

var errNoExchange = errors.New("files cannot be swapped here")

// readAll reads at most limit bytes and one more.
func readAll(f io.Reader, size, limit int64) ([]byte, error) {
	data := make([]byte, 0, min(size, limit)+1)
	for {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		case int64(len(data)) > limit:
			return data, nil
		case len(data) == cap(data):
			data = append(data, 0)[:len(data)]
		}
	}
}

// missing reports whether err says that a path leads nowhere. A file where a
// folder should be leads nowhere, too.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// forbids reports whether err says that the place cannot be written.
func forbids(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, flock.ErrUnsupported)
}
