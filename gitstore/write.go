package gitstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/odb"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
	"github.com/go-prompty/prompty/gitstore/internal/worktree"
)

// How a branch is moved. Who writes
//
//	queues with the other stores, so that git's locks are contended by git alone;
//	makes the commits on top of the tip, which nobody can see yet;
//	takes index.lock where the branch is checked out, and looks whether the
//	files are as they were committed;
//	takes the ref's lock, and begins again if the tip is another one now;
//	writes a journal, brings files and index to where the branch will be, and
//	moves the ref.
//
// The commits are made before git's locks are taken, as git does not wait for
// index.lock. When the branch moves on too often they are made under them. The
// index comes before the ref, as git commit reads HEAD, then the index, and only
// then takes its lock: the other way round it could undo what was saved. What a
// killed process leaves is finished or taken back by the journal, by the next
// Save or Open.

// patience is how often commits are made in vain before that.
const patience = 3

// write moves the branch to what plan drafts.
func (s *Store) write(outer context.Context, plan func(*draft) error) error {
	s.writes.RLock()
	defer s.writes.RUnlock()
	if err := s.begin(outer); err != nil {
		return err
	}
	if s.readOnly != "" {
		return fmt.Errorf("%w: %s", prompty.ErrReadOnly, s.readOnly)
	}
	want, err := wanted(outer)
	if err != nil {
		return err
	}
	ctx, cancel := s.within(outer)
	defer cancel()
	release, err := s.owner.Queue(ctx)
	if err != nil {
		return err
	}
	defer release()
	// What one attempt has flushed the next one need not write again, so it is
	// held until the branch leads to it, or never will.
	batch := s.db.Begin()
	batch.Hold()
	defer batch.Discard()
	for attempt := 1; ; attempt++ {
		branch, err := s.target()
		if err != nil {
			return err
		}
		st, err := s.follow(branch)(ctx)
		if err != nil {
			return err
		}
		a := &attemptAt{s: s, ctx: ctx, branch: branch, want: want, plan: plan, batch: batch}
		if attempt <= patience {
			err = a.draft(st)
		}
		if err == nil {
			err = a.land()
		}
		a.end()
		if dirty, ok := errors.AsType[*worktree.DirtyError](err); ok {
			return fmt.Errorf("%w: %w; %s", prompty.ErrConflict, dirty, remedies[dirty.What])
		}
		if !errors.Is(err, errMovedOn) {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// remedies are what a person does about a change that a Save would write over.
var remedies = map[worktree.Reason]string{
	worktree.Staged:    "commit it, or take it back (git restore --staged --worktree)",
	worktree.Edited:    "commit the edit or undo it (git restore)",
	worktree.Untracked: "commit the file, or move it away",
	worktree.Unmerged:  "resolve the conflict (git status tells how)",
	worktree.Removed:   "commit the removal or undo it (git restore)",
}

// errMovedOn says that the branch, or HEAD, is not where it was.
var errMovedOn = errors.New("the branch moved on")

// target is the branch to write, in full. One that is a symbolic reference to
// another, as some keep under the old name of a branch, stands for that.
func (s *Store) target() (string, error) {
	if s.branch != "" {
		return s.refs.Target(s.branch)
	}
	h, err := s.refs.Head()
	switch {
	case err != nil:
		return "", err
	case !h.Detached:
		return h.Branch, nil
	}
	if branch := s.rebased(); branch != "" {
		return branch, nil // and refused for that
	}
	return "", fmt.Errorf("%w: HEAD is detached at %s; check out a branch (git switch main), or open with branch=main", prompty.ErrReadOnly, short(h.ID))
}

// attemptAt is one try to move a branch.
type attemptAt struct {
	s      *Store
	ctx    context.Context
	branch string
	want   Commit
	plan   func(*draft) error
	batch  *odb.Batch
	d      *draft

	checkouts []checkout
	txns      []*worktree.Txn
	ref       *refs.Update
}

// draft makes the commits on top of a state and puts them on disk.
func (a *attemptAt) draft(st *state) error {
	d, err := a.s.newDraft(a.ctx, a.want, st, a.batch)
	if err != nil {
		return err
	}
	if err = a.plan(d); err == nil && len(d.commits) > 0 {
		err = d.flush()
	}
	a.d = d
	return err
}

// flushes is how the branch is made to last, by how its objects are.
var flushes = map[odb.Sync]lockfile.Flush{
	odb.SyncNone: lockfile.NoFlush, odb.SyncBatch: lockfile.FlushOnce, odb.SyncFull: lockfile.FlushEach,
}

// land moves the branch to the draft.
func (a *attemptAt) land() error {
	if err := a.lock(); err != nil {
		return err
	}
	tip := a.ref.Old()
	if a.d == nil {
		st, err := a.s.line(a.branch).to(a.ctx, tip)
		if err != nil {
			return err
		}
		if err := a.draft(st); err != nil {
			return err
		}
	}
	d := a.d
	if tip != d.base.tip {
		return errMovedOn
	}
	if len(d.commits) == 0 {
		return nil
	}
	staged, err := a.stage()
	if err != nil {
		return err
	}
	if err := a.ctx.Err(); err != nil { // the last moment
		return err
	}
	if staged {
		if err := a.apply(tip); err != nil {
			return err
		}
	}
	log := refs.Log{Ident: stamp(a.s.committer, d.moment()), Message: "prompty: " + d.subject}
	err = a.ref.Commit(d.tip, log, flushes[a.s.sync])
	if err != nil && !errors.Is(err, lockfile.ErrInPlace) {
		return err
	}
	a.ref = nil
	for _, x := range a.txns { // before anything that may wait, as git waits for index.lock not at all
		err = errors.Join(err, x.Done())
	}
	a.txns = nil
	line := a.s.line(a.branch)
	line.append(d.base, d.commits)
	a.s.follower.moved()
	view := d.base.view
	if st := line.state.Load(); st != nil {
		view = st.view
	}
	d.results(view)
	if err != nil {
		return fmt.Errorf("commit %s is made, but not all is tidied up behind it: %w", short(d.tip), err)
	}
	return nil
}

// lock takes index.lock where the branch is checked out, and the ref's.
func (a *attemptAt) lock() error {
	var err error
	if a.checkouts, err = a.s.checkouts(a.branch); err != nil {
		return err
	}
	for _, c := range a.checkouts {
		x, err := a.begin(c.tree)
		if err != nil {
			return err
		}
		a.txns = append(a.txns, x)
	}
	if a.ref, err = a.s.refs.Lock(a.ctx, a.branch); err != nil {
		return err
	}
	// Someone may have checked out this branch, or another one where it was,
	// before there were locks.
	now, err := a.s.checkouts(a.branch)
	if err != nil {
		return err
	}
	if !slices.Equal(a.checkouts, now) {
		return errMovedOn
	}
	if branch, err := a.s.target(); err != nil || branch != a.branch {
		return errors.Join(err, errMovedOn)
	}
	return nil
}

// stage looks whether the files in the work trees are as they were committed,
// and plans what becomes of them.
func (a *attemptAt) stage() (staged bool, err error) {
	for _, x := range a.txns {
		for _, path := range slices.Sorted(maps.Keys(a.d.files)) {
			c := a.d.files[path]
			if err := x.Check(path, c.before); err != nil {
				return false, err
			}
			switch {
			case c.before.Mode == c.after.Mode && c.before.ID == c.after.ID:
				continue
			case c.after.IsZero():
				err = x.Remove(path)
			default:
				err = x.Stage(path, c.after, c.data)
			}
			if err != nil {
				return false, err
			}
			staged = true
		}
	}
	return staged, nil
}

// apply brings files and index to where the branch will be. end takes it back if
// the branch does not get there.
func (a *attemptAt) apply(tip object.ID) error {
	for _, x := range a.txns {
		if err := x.Prepare(tip, a.d.tip, a.s.sync != odb.SyncNone); err != nil {
			return err
		}
	}
	for _, x := range a.txns {
		if _, err := x.Apply(); err != nil {
			return err
		}
	}
	return nil
}

// end gives back what is held still: the ref last, so that what was done to files
// and index is taken back while HEAD stands still.
func (a *attemptAt) end() {
	for _, x := range slices.Backward(a.txns) {
		_ = x.Abort() // it says what could not be removed; the next one does it
	}
	if a.ref != nil {
		a.ref.Abort()
	}
}

// checkout is a work tree in which a branch is checked out.
type checkout struct {
	tree *worktree.Tree
	dir  string
}

// checkouts are the work trees that show the branch. While one of them is in
// the middle of a rebase of it, the branch cannot be written: the rebase would
// take the commit away again.
func (s *Store) checkouts(branch string) ([]checkout, error) {
	list, err := s.Worktrees()
	if err != nil {
		return nil, err
	}
	var found []checkout
	for _, w := range list {
		if w.RebaseOf == branch || slices.Contains(w.UpdateRefs, branch) {
			return nil, fmt.Errorf("%w: %s is being rebased in %s; finish that (git rebase --continue) or end it (git rebase --abort)",
				prompty.ErrReadOnly, strings.TrimPrefix(branch, "refs/heads/"), w.Path)
		}
		if w.Branch != branch || w.Path == "" {
			continue
		}
		if w.Gone {
			if _, err := os.Lstat(filepath.Join(w.GitDir, "locked")); err == nil {
				return nil, fmt.Errorf("%w: %s is checked out in %s, which is locked and not there now; bring it back, or give it up (git worktree unlock, git worktree prune)",
					prompty.ErrReadOnly, strings.TrimPrefix(branch, "refs/heads/"), w.Path)
			}
			continue
		}
		t, err := s.tree(w.Path, w.GitDir)
		if err != nil {
			return nil, err
		}
		found = append(found, checkout{t, w.Path})
	}
	return found, nil
}

// tree is a work tree, opened once.
func (s *Store) tree(dir, gitDir string) (*worktree.Tree, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.trees[gitDir]; t != nil {
		return t, nil
	}
	t, err := s.openTree(dir, gitDir)
	if err == nil {
		s.trees[gitDir] = t
	}
	return t, err
}

// heal finishes what a process that was killed has left half done in a work
// tree, and frees the index that it has left locked. Where that cannot be done
// now, the next Save does it.
func (s *Store) heal() {
	list, err := s.Worktrees()
	if err != nil {
		return
	}
	for _, w := range list {
		if w.Gone || w.Path == "" {
			continue
		}
		if t, err := s.tree(w.Path, w.GitDir); err == nil {
			_ = t.Heal(context.Background())
		}
	}
}

func (r *repository) openTree(dir, gitDir string) (*worktree.Tree, error) {
	head := refs.Open(gitDir, r.CommonDir, nil, r.RefOptions())
	return worktree.Open(worktree.Options{
		WorkTree: dir, GitDir: gitDir, CommonDir: r.CommonDir,
		Config: r.Config, Owner: r.owner, Objects: r.objects(), Perm: r.FilePerm(), LockTimeout: r.opts.Timeout,
		Head: func() (object.ID, error) {
			h, err := head.Head()
			return h.ID, err
		},
	})
}
