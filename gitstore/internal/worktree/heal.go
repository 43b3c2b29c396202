package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// maxJournal is the most bytes of a journal that is read.
const maxJournal = 1 << 30

// heal finishes what a journal says, or takes it back, as HEAD has it: the branch
// may have moved to the commit, or not, or on. It leaves the transaction without a
// plan. After an error the journal stands.
func (x *Txn) heal() error {
	f, err := x.state.Open(journalName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	data, err := readLimited(f, maxJournal)
	f.Close()
	if err != nil {
		return err
	}
	defer func() { x.plan, x.prepared = map[string]*item{}, false }()
	x.plan = map[string]*item{}
	if !x.decodeJournal(data) {
		return x.dropJournal()
	}
	if x.index, err = x.tree.load(); err != nil {
		return err
	}
	if err := x.rescueAll(); err != nil {
		return x.healError(err)
	}
	if err := x.keepReached(); err != nil {
		return x.healError(err)
	}
	_, files, err := x.apply(true)
	if err = errors.Join(files, err); err != nil {
		return x.healError(err)
	}
	return x.dropJournal()
}

func (x *Txn) healError(err error) error {
	return fmt.Errorf("%s, left by a save that was cut off, cannot be carried out: %w; repair that and try again, or remove the file and index.lock, and look at git status",
		filepath.Join(x.tree.opts.GitDir, stateDir, journalName), err)
}

// keepReached turns the plan round for paths that HEAD has as they were before,
// and drops those that HEAD or the index has in a third way: somebody has gone on
// from there.
func (x *Txn) keepReached() error {
	head, err := x.tree.opts.Head()
	if err != nil {
		return err
	}
	now := newSnapshot(x.tree.opts.Objects, head)
	for path, it := range x.plan {
		e, err := now.entry(path)
		if err != nil {
			return err
		}
		if !reached(e, it.new) {
			if !reached(e, it.old) {
				delete(x.plan, path)
				continue
			}
			it = &item{path: path, old: it.new, new: it.old}
			x.plan[path] = it
		}
		staged := x.entry(path)
		switch {
		case same(staged, it.new):
			if staged != nil {
				it.new.AssumeValid, it.new.SkipWorktree = staged.AssumeValid, staged.SkipWorktree
			}
		case same(staged, it.old):
			if staged != nil && it.new != nil {
				it.new.AssumeValid, it.new.SkipWorktree = staged.AssumeValid, staged.SkipWorktree
			}
			it.old = staged
		default:
			delete(x.plan, path)
			continue
		}
		if it.new != nil {
			if it.data, err = now.read(it.new.ID, object.KindBlob); err != nil {
				return err
			}
		}
	}
	if head != x.to {
		x.to = object.ID{} // the cache tree can't be known
	}
	return nil
}

func reached(head object.Entry, e *gitindex.Entry) bool {
	if e == nil {
		return head.IsZero()
	}
	return head.ID == e.ID && indexMode(head.Mode) == e.Mode
}

func same(a, b *gitindex.Entry) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.ID == b.ID && a.Mode == b.Mode && a.Stage == b.Stage && !a.IntentToAdd
}

// rescueAll clears the temporary files of a crashed Apply. One that was swapped
// out of the work tree, and holds what somebody saved, is given back.
func (x *Txn) rescueAll() error {
	for i, it := range x.items() {
		p, name, err := x.parent(it.path, false)
		if err != nil {
			p = nil
		}
		err = x.rescue(it, p, name, &place{root: x.state}, tempName(i))
		if p != nil {
			if err == nil {
				err = x.rescue(it, p, name, p, hereName(i))
			}
			p.close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *Txn) rescue(it *item, p *place, name string, q *place, temp string) error {
	if _, err := q.root.Lstat(temp + partly); err == nil { // in a folder that cannot be written there is none
		if err := q.root.Remove(temp + partly); err != nil {
			return err
		}
	}
	if _, err := q.root.Lstat(temp); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if x.is(it, q, temp, it.new) || x.is(it, q, temp, it.old) {
		return q.root.Remove(temp)
	}
	if p == nil {
		return x.setAside(q, temp, filepath.Base(it.path))
	}
	_, err := p.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if it.new != nil && it.old == nil {
			return q.root.Remove(temp) // a new file, half written
		}
		return moveNew(q, temp, p, name)
	case x.is(it, p, name, it.old):
		return q.root.Remove(temp) // half written, and never swapped
	case x.is(it, p, name, it.new):
		if err := exchange(q, temp, p, name); err != nil {
			return err
		}
		return q.root.Remove(temp)
	}
	return x.setAside(q, temp, name)
}

// is reports whether the file at p/name holds what e says. What cannot be told
// is not so.
func (x *Txn) is(it *item, p *place, name string, e *gitindex.Entry) bool {
	if e == nil {
		return false
	}
	c, err := p.read(name)
	if err != nil {
		return false
	}
	defer c.close()
	ok, err := x.tree.holds(x.index, it.path, c, e)
	return err == nil && ok
}

// setAside keeps a file that has lost its place: while it was swapped out
// something newer was saved there.
func (x *Txn) setAside(q *place, temp, name string) error {
	if err := x.state.Mkdir(lostDir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	to, err := x.state.OpenRoot(lostDir)
	if err != nil {
		return err
	}
	defer to.Close()
	unique := fmt.Sprintf("%d-%s", time.Now().UnixNano(), name)
	err = moveNew(q, temp, &place{root: to}, unique)
	if errors.Is(err, errOtherDevice) {
		return moveNew(q, temp, q, "lost-"+unique)
	}
	return err
}
