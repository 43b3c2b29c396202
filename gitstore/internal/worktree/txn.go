package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// A Txn changes files and index together. It holds index.lock from Begin until
// Done or Abort, and is for one goroutine.
type Txn struct {
	tree  *Tree
	lock  *lockfile.Lock
	root  *os.Root // the work tree
	state *os.Root // the folder of ours in the git directory
	index loaded
	plan  map[string]*item
	room  *os.File // for the new index; nil until it is taken

	prepared bool
	durable  bool
	from, to object.ID
}

// An item is what is to become of one path. Only Mode, ID and the flags of old
// and new count; nil is no file.
type item struct {
	path     string
	old, new *gitindex.Entry
	data     []byte // the blob of new

	ours fs.FileInfo // of the temporary file that Prepare has written; nil if none
	here bool        // it is in the folder of path
}

func (x *Txn) begin() (err error) {
	if x.root, err = os.OpenRoot(x.tree.opts.WorkTree); err != nil {
		return err
	}
	dir := filepath.Join(x.tree.opts.GitDir, stateDir)
	if x.state, err = os.OpenRoot(dir); errors.Is(err, fs.ErrNotExist) {
		if err = makeLike(dir, x.tree.opts.GitDir); err == nil {
			x.state, err = os.OpenRoot(dir)
		}
	}
	if err != nil {
		return err
	}
	if x.index, err = x.tree.load(); err != nil {
		return err
	}
	return x.heal()
}

// makeLike makes a folder that is open to the same people as another one: in a
// shared repository each of them must be able to go on after a crash.
func makeLike(dir, like string) error {
	fi, err := os.Stat(like)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, fi.Mode().Perm()); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return nil
		}
		return err
	}
	return os.Chmod(dir, fi.Mode()&(fs.ModePerm|fs.ModeSetgid))
}

// close frees all; the lock last, if it may.
func (x *Txn) close() error {
	var errs []error
	if x.root != nil {
		errs = append(errs, x.root.Close())
	}
	if x.state != nil {
		errs = append(errs, x.state.Close())
	}
	errs = append(errs, x.dropRoom())
	err := errors.Join(append(errs, x.tree.release(x.lock))...)
	x.root, x.state, x.plan = nil, nil, nil
	return err
}

var errEnded = errors.New("the transaction has ended")

// Settling is how long Unsettled takes an index for new.
const Settling = 250 * time.Millisecond

// Unsettled reports whether the index was written just now and is, as a whole,
// another tree than HEAD's. Git's checkout, merge, reset and commit write the
// index, let go of index.lock, and then move HEAD or the branch: who saved in
// between would leave the file in the index and the folder of another branch, or
// make git commit fail. Nothing else tells of them. When the index is older,
// somebody has staged something.
func (x *Txn) Unsettled() (bool, error) {
	if x.root == nil {
		return false, errEnded
	}
	return x.tree.unsettled(x.index, Settling)
}

func (t *Tree) unsettled(index loaded, young time.Duration) (bool, error) {
	staged, ok := index.Tree()
	if !ok || time.Since(index.time).Abs() >= young {
		return false, nil
	}
	head, err := t.opts.Head()
	if err != nil {
		return false, err
	}
	tree, _, err := newSnapshot(t.opts.Objects, head).dir("")
	return err == nil && tree != staged, err
}

// Check reports whether path may be changed: its index entry equals head, what
// HEAD's tree holds there (the zero Entry: nothing), and its file is unmodified
// by git's own rules. Else the error is a *DirtyError or an *UnsupportedError.
// It changes nothing. Paths are relative to the work tree, with slashes.
func (x *Txn) Check(path string, head object.Entry) error {
	if x.root == nil {
		return errEnded
	}
	if err := x.checkIndex(path, head); err != nil {
		return err
	}
	if _, err := x.tree.conversion(x.index, path); err != nil {
		return err
	}
	return x.checkFile(path, head)
}

func (x *Txn) checkIndex(path string, head object.Entry) error {
	e := x.entry(path)
	switch {
	case e != nil && e.Stage != 0:
		return &DirtyError{path, Unmerged}
	case head.IsZero() != (e == nil):
		return &DirtyError{path, Staged}
	case e != nil && (e.IntentToAdd || e.ID != head.ID || e.Mode != indexMode(head.Mode)):
		return &DirtyError{path, Staged}
	case e != nil:
		return nil
	}
	if x.index.Below(path) {
		return &DirtyError{path, Staged}
	}
	for dir, _ := splitPath(path); dir != ""; dir, _ = splitPath(dir) {
		if x.entry(dir) != nil {
			return &DirtyError{dir, Staged}
		}
	}
	if x.tree.set.ignoreCase {
		for i := range x.index.Len() {
			if p := string(x.index.Path(i)); strings.EqualFold(p, path) {
				return &DirtyError{p, Untracked}
			}
		}
	}
	return nil
}

// entry is the index entry of path, nil if there is none.
func (x *Txn) entry(path string) *gitindex.Entry {
	i, ok := x.index.Find(path)
	if !ok {
		return nil
	}
	e := x.index.Entry(i)
	return &e
}

func (x *Txn) checkFile(path string, head object.Entry) error {
	p, name, err := x.parent(path, false)
	var fi fs.FileInfo
	if err == nil {
		defer p.close()
		fi, err = p.root.Lstat(name)
	}
	var block *blockedError
	switch {
	case errors.As(err, &block) && head.IsZero():
		return &DirtyError{block.path, Untracked}
	case errors.As(err, &block), errors.Is(err, fs.ErrNotExist):
		if e := x.entry(path); e == nil || e.SkipWorktree {
			return nil
		}
		return &DirtyError{path, Removed}
	case err != nil:
		return err
	case head.IsZero() && fi.IsDir() && p.empty(name):
		return nil
	case head.IsZero():
		return &DirtyError{path, Untracked}
	}
	clean, err := x.tree.unmodified(p, name, fi, x.entry(path), x.index)
	if err != nil {
		return err
	}
	if !clean {
		return &DirtyError{path, Edited}
	}
	return nil
}

// Stage plans that path becomes a regular file with entry's mode and ID; data
// is the blob. A later Stage or Remove of the same path replaces the plan. data
// is kept until Done or Abort. A path whose attributes would turn the blob
// into another one on the way to the file and back is an *UnsupportedError.
func (x *Txn) Stage(path string, entry object.Entry, data []byte) error {
	if x.root == nil {
		return errEnded
	}
	if !entry.IsRegular() || !fs.ValidPath(path) || path == "." {
		return fmt.Errorf("%s: no regular file (mode %o) can be staged there", path, entry.Mode)
	}
	conv, err := x.tree.conversion(x.index, path)
	if err != nil {
		return err
	}
	if !conv.RoundTrips(data) {
		return &UnsupportedError{path, "its line ends would change, because .gitattributes says that it is text",
			"write them as LF only, or take the attribute away"}
	}
	it := &item{path: path, old: x.entry(path), data: data}
	it.new = &gitindex.Entry{Path: path, Mode: indexMode(entry.Mode), ID: entry.ID}
	if it.old != nil {
		it.new.AssumeValid, it.new.SkipWorktree = it.old.AssumeValid, it.old.SkipWorktree
	}
	x.plan[path] = it
	return nil
}

// Remove plans that path goes. Where it is not in the index nothing is done.
func (x *Txn) Remove(path string) error {
	if x.root == nil {
		return errEnded
	}
	delete(x.plan, path)
	if old := x.entry(path); old != nil {
		x.plan[path] = &item{path: path, old: old}
	}
	return nil
}

// items is the plan in the order in which it is carried out: what goes makes
// room for what comes.
func (x *Txn) items() []*item {
	return slices.SortedFunc(maps.Values(x.plan), func(a, b *item) int {
		if (a.new == nil) != (b.new == nil) {
			if a.new == nil {
				return -1
			}
			return 1
		}
		return strings.Compare(a.path, b.path)
	})
}

// Prepare writes the journal: the plan, and the commit that the branch will be
// moved to, from the one it was at (zero: unborn); then all that needs room on
// the disk. After an error Abort puts things back as they were. durable has the
// journal and the files, and in Apply the index, flushed to disk.
func (x *Txn) Prepare(from, to object.ID, durable bool) error {
	if x.root == nil {
		return errEnded
	}
	x.from, x.to, x.durable = from, to, durable
	if len(x.plan) == 0 {
		return nil
	}
	x.prepared = true
	if err := x.writeJournal(); err != nil {
		return err
	}
	for i, it := range x.items() {
		if err := x.ready(i, it); err != nil {
			return fmt.Errorf("%s: %w", it.path, err)
		}
	}
	return x.takeRoom()
}

// Apply carries the plan out: files, then the index. The ref is to be moved
// afterwards, as git commit reads HEAD before the index, and the index before it
// takes the lock: in the other order it could commit the new HEAD's successor
// with the index from before, and undo the save. Paths whose file was changed by
// somebody since Check keep what was saved there, as an uncommitted edit, and
// are returned. After an error Abort takes back what was done.
func (x *Txn) Apply() (kept []string, err error) {
	if x.root == nil {
		return nil, errEnded
	}
	kept, files, err := x.apply(false)
	return kept, errors.Join(files, err)
}

// Done drops the journal and the lock, after the ref has moved.
func (x *Txn) Done() error {
	if x.root == nil {
		return errEnded
	}
	var err error
	if x.prepared {
		err = x.dropJournal()
	}
	return errors.Join(err, x.close())
}

// apply is also what heals: then a file may be as it is to be already. The
// first error is of files that could not be written, the second of the index.
func (x *Txn) apply(healing bool) (kept []string, files, err error) {
	if len(x.plan) == 0 {
		return nil, nil, nil
	}
	var edits []gitindex.Edit
	var errs []error
	for i, it := range x.items() {
		st, stays, err := x.carryOut(i, it, healing)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", it.path, err))
		}
		if stays {
			kept = append(kept, it.path)
		}
		edit := gitindex.Edit{Path: it.path}
		if it.new != nil {
			e := *it.new
			e.Stat = st
			edit.Entry = &e
		}
		if !healing || !x.stands(edit) {
			edits = append(edits, edit)
		}
	}
	smudged, err := x.smudge()
	if err == nil && len(edits)+len(smudged) > 0 {
		from, to := newSnapshot(x.tree.opts.Objects, x.from), newSnapshot(x.tree.opts.Objects, x.to)
		next := x.index.Patch(append(edits, smudged...), trees(from, to))
		err = x.store(next)
	}
	if err == nil && healing {
		x.index, err = x.tree.load()
	}
	return kept, errors.Join(errs...), err
}

// stands reports whether the index has an entry as it is to be.
func (x *Txn) stands(e gitindex.Edit) bool {
	now := x.entry(e.Path)
	if now == nil || e.Entry == nil {
		return now == e.Entry
	}
	return same(now, e.Entry) && now.Stat == e.Entry.Stat && now.SkipWorktree == e.Entry.SkipWorktree && now.AssumeValid == e.Entry.AssumeValid
}

// smudge finds entries that only the old index's time shows to be doubtful, and
// whose files did change: with a size of zero they are compared by content from
// now on. Git does the same whenever it writes an index.
func (x *Txn) smudge() ([]gitindex.Edit, error) {
	var edits []gitindex.Edit
	since := uint32(x.index.time.Unix())
	for i := range x.index.Len() {
		if sec, _ := x.index.Mtime(i); sec < since || x.index.time.IsZero() {
			continue
		}
		e := x.index.Entry(i)
		if x.plan[e.Path] != nil || e.Stage != 0 || e.SkipWorktree || e.Mode == object.ModeSubmodule || e.Stat.Size == 0 {
			continue
		}
		changed, err := x.changedUnnoticed(&e)
		if err != nil {
			return nil, err
		}
		if changed {
			e.Stat.Size = 0
			edits = append(edits, gitindex.Edit{Path: e.Path, Entry: &e})
		}
	}
	return edits, nil
}

func (x *Txn) changedUnnoticed(e *gitindex.Entry) (bool, error) {
	fi, err := os.Lstat(filepath.Join(x.tree.opts.WorkTree, filepath.FromSlash(e.Path)))
	if err != nil || !x.tree.set.looksSame(e.Stat, statOf(fi)) {
		return false, nil // git sees that, too
	}
	if x.tree.set.exact(e.Stat, statOf(fi)) && settled(e.Stat, x.index.time) {
		return false, nil
	}
	p, name, err := x.parent(e.Path, false)
	if err != nil {
		return false, nil
	}
	defer p.close()
	clean, err := x.tree.unmodified(p, name, fi, e, x.index)
	var refused *UnsupportedError
	if errors.As(err, &refused) {
		return true, nil // a filter that is not ours to run: git shall compare
	}
	return !clean, err
}

// Abort takes back what Apply has done and drops the journal and the lock. If
// the ref has moved to the commit after all, the plan is carried out instead:
// what HEAD holds counts. After Done or Abort it does nothing.
func (x *Txn) Abort() error {
	if x.root == nil {
		return nil
	}
	var err error
	if x.prepared {
		err = errors.Join(x.dropRoom(), x.heal())
	}
	return errors.Join(err, x.close())
}

// splitPath gives folder and name; the folder is "" at the top.
func splitPath(p string) (dir, name string) {
	dir, name = path.Split(p)
	return strings.TrimSuffix(dir, "/"), name
}
