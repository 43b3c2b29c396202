package worktree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// State is how a file in the work tree compares with a blob.
type State uint8

// The states of a File.
const (
	Same    State = iota // the content is the blob's; or there is neither
	Changed              // it is another
	Added                // there is a file but no blob
	Gone                 // there is a blob but no file
)

// A File is a file of the work tree as it would be committed.
type File struct {
	Path  string // relative to the work tree, with slashes
	State State
	ID    object.ID   // of the content; zero if there is none
	Data  []byte      // of Changed and Added: the content in the repository's form; shared, not to be changed
	Info  fs.FileInfo // of the file; nil if there is none
}

// glimpse is what a file held when it had that stat.
type glimpse struct {
	stat gitindex.Stat
	id   object.ID
	data []byte // nil if it was never wanted
}

// Dirty compares the file at path with head, the blob that HEAD has there
// (zero: none). Where nothing has changed since the last look that costs one
// lstat. What is not a regular file counts as no file, and so does what git
// neither has in HEAD nor in the index and ignores; what a sparse checkout
// leaves out is Same.
func (t *Tree) Dirty(path string, head object.ID) (File, error) {
	return t.compare(path, head, loaded{})
}

// compare is Dirty; it loads the index if that is not given.
func (t *Tree) compare(path string, head object.ID, index loaded) (File, error) {
	f := File{Path: path}
	if !fs.ValidPath(path) {
		return f, &fs.PathError{Op: "look at", Path: path, Err: fs.ErrInvalid}
	}
	fi, err := os.Lstat(filepath.Join(t.opts.WorkTree, filepath.FromSlash(path)))
	if err == nil && fi.Mode().IsRegular() {
		if g, ok := t.glimpsed(path); ok && g.stat == statOf(fi) && (g.id == head || g.data != nil) && !head.IsZero() {
			f.ID, f.Info = g.id, fi
			return f.settle(head, g.data), nil
		}
	}
	if err != nil && !missing(err) {
		return f, err
	}
	if index.Index == nil {
		if index, err = t.load(); err != nil {
			return f, err
		}
	}
	return t.examine(f, head, fi, index)
}

// settle fills in the state.
func (f File) settle(head object.ID, data []byte) File {
	switch {
	case f.ID == head:
		return f
	case f.ID.IsZero():
		f.State = Gone
	case head.IsZero():
		f.State = Added
	default:
		f.State = Changed
	}
	f.Data = data
	return f
}

// examine looks at index and content. fi is nil where there is no file.
func (t *Tree) examine(f File, head object.ID, fi fs.FileInfo, index loaded) (File, error) {
	var e *gitindex.Entry
	if i, ok := index.Find(f.Path); ok {
		entry := index.Entry(i)
		e = &entry
	}
	if fi == nil || !fi.Mode().IsRegular() || e == nil && head.IsZero() && t.rules.ignored(f.Path) {
		if e != nil && e.SkipWorktree && fi == nil {
			f.ID = head
		}
		return f.settle(head, nil), nil
	}
	st := statOf(fi)
	if e != nil && e.ID == head && e.Stage == 0 && !e.IntentToAdd && t.set.exact(e.Stat, st) && settled(e.Stat, index.time) {
		t.remember(f.Path, st, e.ID, nil)
		f.ID, f.Info = head, fi
		return f, nil
	}
	c, err := t.readStill(f.Path)
	var block *blockedError
	if errors.As(err, &block) || missing(err) || errors.Is(err, errNoContent) {
		return f.settle(head, nil), nil
	}
	if err != nil {
		return f, err
	}
	conv, err := t.conversion(index, f.Path)
	if err != nil {
		return f, err
	}
	data := conv.ToGit(c.data, func() []byte {
		if e == nil {
			return nil
		}
		return t.blob(e.ID)
	})
	f.ID, f.Info = object.Hash(object.KindBlob, data), c.info
	if f.ID == head {
		data = nil
	}
	t.remember(f.Path, statOf(c.info), f.ID, data)
	return f.settle(head, data), nil
}

// readStill reads a regular file, again if it was changed meanwhile.
func (t *Tree) readStill(path string) (*content, error) {
	root, err := os.OpenRoot(t.opts.WorkTree)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	p, name, err := openParent(root, path, func(string) error { return fs.ErrNotExist })
	if err != nil {
		return nil, err
	}
	defer p.close()
	for again := 3; ; again-- {
		c, err := p.read(name)
		if err != nil {
			return nil, err
		}
		if c.file == nil {
			return nil, errNoContent
		}
		fi, err := c.file.Stat()
		c.close()
		if err != nil {
			return nil, err
		}
		if statOf(fi) == statOf(c.info) || again == 0 {
			return c, nil
		}
	}
}

func (t *Tree) glimpsed(path string) (glimpse, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, ok := t.seen[path]
	return g, ok
}

// maxGlimpse is the most bytes of an edit that are kept in memory.
const maxGlimpse = 1 << 20

// remember keeps what a file held, if its stat will tell of each change: a file
// changed just now can be changed again within the same tick of the clock.
func (t *Tree) remember(path string, st gitindex.Stat, id object.ID, data []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	changed := time.Unix(int64(st.CtimeSec), int64(st.CtimeNsec))
	if time.Since(changed) <= tick || len(data) > maxGlimpse {
		delete(t.seen, path)
		return
	}
	if t.seen == nil {
		t.seen = map[string]glimpse{}
	}
	t.seen[path] = glimpse{st, id, data}
}

// missing reports whether err says that a path leads nowhere. A file where a
// folder should be leads nowhere, too.
func missing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
