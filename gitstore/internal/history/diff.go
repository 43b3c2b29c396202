package history

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

const (
	// maxDepth is how deep folders lie in each other at most; git's own limit
	// (core.maxTreeDepth) is 2048.
	maxDepth = 2048
	// maxEntries is how many files and folders may differ between two commits:
	// a few small trees can name each other so that they hold more files than
	// any machine can list.
	maxEntries = 4_000_000
	// maxKept is how many bytes of trees a differ keeps.
	maxKept = 48 << 20
)

var (
	errDeep = fmt.Errorf("folders lie more than %d deep in each other", maxDepth)
	errWide = errors.New("too many files differ; set dir to the folder with the prompts")
)

// differ finds the files in scope that differ between commits of the chain
// that follow each other, the newest first. So the older side of one
// comparison is the newer side of another one soon after, and each tree is
// read once.
type differ struct {
	ix   *Index
	dir  []string // the parts of Scope.Dir
	kept map[string]*kept
	size int // of what is kept

	path    []byte // of the folder at hand, with a slash at its end, or empty
	names   map[string]string
	edits   []Edit
	entries int
}

// kept is the tree last seen at a path as the older side.
type kept struct {
	id   object.ID
	data []byte
}

func newDiffer(ix *Index) *differ {
	d := &differ{ix: ix, kept: map[string]*kept{}, names: map[string]string{}}
	if ix.scope.Dir != "" {
		d.dir = strings.Split(ix.scope.Dir, "/")
	}
	return d
}

// run finds the edits of each commit of a run.
func (d *differ) run(ctx context.Context, r *run) error {
	for i := range r.links {
		if err := ctx.Err(); err != nil {
			return err
		}
		l := &r.links[i]
		below := r.below
		if i+1 < len(r.links) {
			below = r.links[i+1].tree
		}
		if err := d.compare(below, l.tree); err != nil {
			return fmt.Errorf("history at commit %s: %w", l.id, err)
		}
		if len(d.edits) > 0 {
			l.edits = append([]Edit(nil), d.edits...)
		}
	}
	return nil
}

// compare puts the differences between two commits' trees into d.edits.
func (d *differ) compare(old, now object.ID) error {
	d.edits, d.path, d.entries = d.edits[:0], d.path[:0], 0
	for _, part := range d.dir {
		if old == now {
			return nil
		}
		is, err := d.find(now, part, false)
		if err != nil {
			return err
		}
		was, err := d.find(old, part, true)
		if err != nil {
			return err
		}
		old, now = was, is
		d.path = append(append(d.path, part...), '/')
	}
	return d.folder(old, now, len(d.dir))
}

// find gives the folder of that name in a tree; zero if there is none.
func (d *differ) find(tree object.ID, name string, older bool) (object.ID, error) {
	data, err := d.tree(tree, older)
	if err != nil {
		return object.ID{}, err
	}
	e, ok, err := object.Find(data, name)
	if err != nil {
		return object.ID{}, fmt.Errorf("tree %s (%s): %w", tree, d.place(), err)
	}
	if !ok || !e.IsTree() {
		return object.ID{}, nil
	}
	return e.ID, nil
}

// folder compares the folder at d.path.
func (d *differ) folder(old, now object.ID, depth int) error {
	if old == now {
		return nil
	}
	if depth > maxDepth {
		return fmt.Errorf("%s: %w", d.place(), errDeep)
	}
	is, err := d.tree(now, false)
	if err != nil {
		return err
	}
	was, err := d.tree(old, true)
	if err != nil {
		return err
	}
	var inside error
	err = object.Diff(was, is, func(name []byte, before, after object.Entry) error {
		inside = d.entry(name, before, after, depth)
		return inside
	})
	if err != nil && inside == nil {
		return fmt.Errorf("tree %s or %s (%s): %w", now, old, d.place(), err)
	}
	return err
}

// entry looks at an entry in which two folders differ.
func (d *differ) entry(name []byte, before, after object.Entry, depth int) error {
	if d.entries++; d.entries > d.ix.limit {
		return fmt.Errorf("%s: after %d, %w", d.place(), d.ix.limit, errWide)
	}
	if before.IsRegular() || after.IsRegular() {
		d.file(name, fileID(before), fileID(after))
	}
	if !before.IsTree() && !after.IsTree() {
		return nil
	}
	here := len(d.path)
	d.path = append(append(d.path, name...), '/')
	err := d.folder(treeID(before), treeID(after), depth+1)
	d.path = d.path[:here]
	return err
}

// file notes that a file changed, if it is in scope; zero is no file.
func (d *differ) file(name []byte, was, is object.ID) {
	ext := d.ix.scope.Ext
	if was == is || len(name) <= len(ext) || string(name[len(name)-len(ext):]) != ext {
		return
	}
	here := len(d.path)
	d.path = append(d.path, name...)
	path, ok := d.names[string(d.path)]
	if !ok {
		path = string(d.path)
		d.names[path] = path
	}
	d.path = d.path[:here]
	d.edits = append(d.edits, Edit{Path: path, Blob: is})
}

func treeID(e object.Entry) object.ID {
	if e.IsTree() {
		return e.ID
	}
	return object.ID{}
}

func fileID(e object.Entry) object.ID {
	if e.IsRegular() {
		return e.ID
	}
	return object.ID{}
}

// tree reads the tree at d.path; a zero id is none, which is as an empty one.
func (d *differ) tree(id object.ID, older bool) ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	k := d.kept[string(d.path)]
	if k != nil && k.id == id {
		return k.data, nil
	}
	read, err := d.ix.over.replace(id)
	if err != nil {
		return nil, err
	}
	data, err := d.ix.objects.Tree(read)
	if err != nil {
		return nil, fmt.Errorf("tree %s (%s): %w", id, d.place(), err)
	}
	if !older {
		return data, nil
	}
	if k == nil {
		if d.size > maxKept {
			clear(d.kept)
			d.size = 0
		}
		k = &kept{}
		d.kept[string(d.path)] = k
	}
	d.size += len(data) - len(k.data)
	k.id, k.data = id, data
	return data, nil
}

// place names the folder at d.path for an error.
func (d *differ) place() string {
	if len(d.path) == 0 {
		return "the repository's root"
	}
	return fmt.Sprintf("folder %q", d.path[:len(d.path)-1])
}
