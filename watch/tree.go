package watch

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/go-prompty/prompty/watch/internal/notify"
	"github.com/go-prompty/prompty/watch/internal/steady"
)

// A node is a folder of the tree. A folder that moves is a new node, so name and
// parent never change.
type node struct {
	name   string // relative to the root; "" for it
	parent *node
	dirs   map[string]*node    // by base name
	files  map[string]struct{} // base names of those that are known or dirty
	dev    uint64
	remote bool // the system does not tell of all changes
	spot   spot // where it is watched; zero if it is not
}

// A spot is a handle of one of the two sources.
type spot struct {
	handle notify.Handle
	polled bool
}

func (r *reconciler) abs(name string) string {
	if name == "" {
		return r.real
	}
	return r.real + string(filepath.Separator) + filepath.FromSlash(name)
}

// find returns the node of a folder, nil if there is none.
func (r *reconciler) find(name string) *node {
	if name == "" {
		return r.root
	}
	dir, base := split(name)
	if n := r.find(dir); n != nil {
		return n.dirs[base]
	}
	return nil
}

// hasFolder reports whether the folder that a file is in is part of the tree.
func (r *reconciler) hasFolder(name string) bool {
	dir, _ := split(name)
	return r.find(dir) != nil
}

func (n *node) addFile(base string) {
	if n.files == nil {
		n.files = make(map[string]struct{})
	}
	n.files[base] = struct{}{}
}

// enter makes a folder part of the tree, with all that is in it, or looks
// whether it still is the one that is part of it.
func (r *reconciler) enter(parent *node, base string) {
	name := join(parent.name, base)
	if r.find(parent.name) != parent || !r.opts.Enter(name) {
		return
	}
	if !utf8.ValidString(base) {
		r.fail(name, errNotUTF8)
		return
	}
	id, mode, err := steady.Lstat(r.abs(name))
	n := parent.dirs[base]
	switch {
	case gone(err), err == nil && !mode.IsDir():
		if n != nil {
			r.leave(n)
		}
		r.heal(name)
		return
	case err != nil:
		r.park(name, err)
		return
	case n == nil:
		n = &node{name: name, parent: parent, dev: id.Dev}
		if parent.dirs == nil {
			parent.dirs = make(map[string]*node)
		}
		parent.dirs[base] = n
	case n.dev != id.Dev:
		n.dev = id.Dev
	}
	_ = r.list(n) // parked, if it could not be
}

// leave takes a folder out of the tree. Its files are dirty: they may be
// elsewhere, or in another folder in its place.
func (r *reconciler) leave(n *node) {
	for _, child := range n.dirs {
		r.leave(child)
	}
	for base := range n.files {
		r.suspectGone(join(n.name, base))
	}
	_, base := split(n.name)
	delete(n.parent.dirs, base)
	r.unwatch(n)
	r.heal(n.name)
}

// list watches a folder and compares what is in it with what is known. It is
// watched before it is read: the other way round, what comes between is missed.
func (r *reconciler) list(n *node) error {
	before := n.spot
	err := r.watch(n)
	if before != (spot{}) && before != n.spot && before.polled == n.spot.polled { // another folder took its place
		for _, child := range n.dirs {
			r.leave(child)
		}
	}
	var entries []fs.DirEntry
	if err == nil {
		entries, err = readDir(r.abs(n.name))
	}
	if err != nil {
		switch {
		case n.parent == nil:
			r.suspectRoot()
			r.park(n.name, err)
		case gone(err):
			r.leave(n)
		default:
			r.park(n.name, err)
		}
		return err
	}
	if d := r.dirty[n.name]; d != nil && d.parked && r.latest(n.name) == nil {
		r.clean(n.name)
	}
	dirs, files := make(map[string]bool), make(map[string]bool)
	for _, e := range entries {
		base := e.Name()
		switch {
		case e.IsDir():
			dirs[base] = true
			if n.dirs[base] == nil {
				r.enter(n, base)
			}
		case e.Type()&(fs.ModeType&^fs.ModeSymlink) == 0:
			files[base] = true
			r.compare(n, base, e.Type()&fs.ModeSymlink != 0)
		}
	}
	for base, child := range n.dirs {
		if !dirs[base] {
			r.leave(child)
		}
	}
	for base := range n.files {
		if !files[base] {
			r.suspectGone(join(n.name, base))
		}
	}
	return nil
}

// readDir reads a folder, unsorted.
func readDir(path string) ([]fs.DirEntry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

// compare makes a file dirty if it is not the one that is known.
func (r *reconciler) compare(n *node, base string, link bool) {
	name := join(n.name, base)
	if !utf8.ValidString(base) {
		if r.opts.Match(name) {
			r.fail(name, errNotUTF8)
		}
		return
	}
	if _, ok := n.files[base]; !ok && !r.opts.Match(name) {
		return
	}
	n.addFile(base)
	k := r.latest(name)
	if d := r.dirty[name]; k != nil && k.sure && (d == nil || !d.parked) {
		stat := steady.Lstat
		if link {
			stat = steady.Stat
		}
		if id, _, err := stat(r.abs(name)); err == nil && id == k.Identity {
			return
		}
	}
	r.suspect(name)
}

func sameFolder(a, b string) bool {
	idA, _, errA := steady.Lstat(a)
	idB, _, errB := steady.Lstat(b)
	return errA == nil && errB == nil && idA.Dev == idB.Dev && idA.Ino == idB.Ino
}

var errNotUTF8 = errors.New("the name is not UTF-8; rename it")
