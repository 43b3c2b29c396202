package worktree

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// maxFile is the most bytes of a file that is read.
const maxFile = 1 << 30

// A place is an open folder. Names in it have no slashes.
type place struct {
	root *os.Root
	dir  string // its path in the work tree; "" is the top
	own  bool   // root is closed with it
}

func (p *place) close() {
	if p.own {
		p.root.Close()
	}
}

func (p *place) path(name string) string {
	if p.dir == "" {
		return name
	}
	return p.dir + "/" + name
}

// A blockedError says that a path leads through something that is no folder.
// A symbolic link is none, wherever it points: git tracks nothing behind it.
type blockedError struct{ path string }

func (e *blockedError) Error() string { return e.path + " is not a folder" }

// parent opens the folder of path; with create it makes what is missing. The
// error is a *blockedError or fs.ErrNotExist where there is no such folder.
func (x *Txn) parent(path string, create bool) (*place, string, error) {
	return openParent(x.root, path, func(dir string) error {
		if !create {
			return fs.ErrNotExist
		}
		if err := x.tree.ask("mkdir"); err != nil {
			return err
		}
		if err := x.root.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

func openParent(root *os.Root, path string, missing func(dir string) error) (*place, string, error) {
	if !fs.ValidPath(path) || path == "." {
		return nil, "", fmt.Errorf("%q is not a path in a work tree", path)
	}
	dir, name := splitPath(path)
	if dir == "" {
		return &place{root: root}, name, nil
	}
	for i := 0; i <= len(dir); i++ {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		fi, err := root.Lstat(dir[:i])
		if errors.Is(err, fs.ErrNotExist) {
			if err = missing(dir[:i]); err == nil {
				fi, err = root.Lstat(dir[:i])
			}
		}
		if err != nil {
			return nil, "", err
		}
		if !fi.IsDir() {
			return nil, "", &blockedError{dir[:i]}
		}
	}
	sub, err := root.OpenRoot(dir)
	if err != nil {
		return nil, "", err
	}
	return &place{sub, dir, true}, name, nil
}

// empty reports whether name is a folder without anything in it.
func (p *place) empty(name string) bool {
	f, err := p.root.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	_, err = f.ReadDir(1)
	return err == io.EOF
}

// content is what git would store of a file: its text, or a link's target.
type content struct {
	info fs.FileInfo
	data []byte
	file *os.File // open, unless it is a link
}

func (c *content) close() {
	if c.file != nil {
		c.file.Close()
	}
}

var errNoContent = errors.New("neither a file nor a symbolic link")

// read reads a file or a link, and nothing else. It never waits.
func (p *place) read(name string) (c *content, err error) {
	for range 100 { // Saves beside us replace files, but not all the time
		if c, err = p.readOnce(name); !errors.Is(err, errReplaced) {
			break
		}
	}
	return c, err
}

var errReplaced = errors.New("replaced while it was opened")

func (p *place) readOnce(name string) (*content, error) {
	fi, err := p.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	switch {
	case fi.Mode().Type() == fs.ModeSymlink:
		target, err := p.root.Readlink(name)
		return &content{info: fi, data: []byte(target)}, err
	case !fi.Mode().IsRegular():
		return nil, errNoContent
	}
	f, err := p.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	c := &content{file: f}
	if c.info, err = f.Stat(); err == nil {
		switch {
		case !os.SameFile(fi, c.info):
			err = fmt.Errorf("%s: %w", p.path(name), errReplaced)
		case c.info.Size() > maxFile:
			err = fmt.Errorf("%s: larger than %d MiB", p.path(name), maxFile>>20)
		default:
			c.data, err = readLimited(f, maxFile)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return c, nil
}

// holds reports whether c is what e says, after conversion to the repository's
// form.
func (t *Tree) holds(index loaded, path string, c *content, e *gitindex.Entry) (bool, error) {
	if !t.set.fits(e.Mode, c.info) || !t.set.sameExec(e.Mode, c.info) {
		return false, nil
	}
	data := c.data
	if c.info.Mode().IsRegular() && e.Mode != object.ModeLink {
		conv, err := t.conversion(index, path)
		if err != nil {
			return false, err
		}
		data = conv.ToGit(data, func() []byte { return t.blob(e.ID) })
	}
	return object.Hash(object.KindBlob, data) == e.ID, nil
}

// blob reads a blob; nil if there is none.
func (t *Tree) blob(id object.ID) []byte {
	kind, data, err := t.opts.Objects.Read(id)
	if err != nil || kind != object.KindBlob {
		return nil
	}
	return data
}

// unmodified reports whether the file, with that lstat, is what the entry in
// the index says: by git's rules in ie_modified and ie_match_stat
// (read-cache.c), but assume-unchanged is not believed, as git itself does not
// before it overwrites a file.
func (t *Tree) unmodified(p *place, name string, fi fs.FileInfo, e *gitindex.Entry, index loaded) (bool, error) {
	if !t.set.fits(e.Mode, fi) || !t.set.sameExec(e.Mode, fi) {
		return false, nil
	}
	st := statOf(fi)
	if t.set.exact(e.Stat, st) && settled(e.Stat, index.time) && e.Stat.Size != 0 {
		return true, nil
	}
	if e.Stat.Size != 0 && e.Stat.Size != st.Size {
		return false, nil
	}
	c, err := p.read(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoContent) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer c.close()
	return t.holds(index, p.path(name), c, e)
}

// readLimited reads at most limit bytes.
func readLimited(f *os.File, limit int64) ([]byte, error) {
	size := int64(512)
	if fi, err := f.Stat(); err == nil {
		size = min(fi.Size()+1, limit)
	}
	data := make([]byte, 0, size)
	for int64(len(data)) < limit {
		n, err := f.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
	}
	return data, nil
}

// linkNew renames within one folder, where nothing may stand at the new name,
// on systems that have no call for that.
func linkNew(p *place, from, to string) error {
	err := p.root.Link(from, to)
	if err == nil {
		return p.root.Remove(from)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// No hard links here, or from is a folder: look first.
	if _, err := p.root.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: p.path(to), Err: fs.ErrExist}
	}
	return p.root.Rename(from, to)
}
