package fsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/go-prompty/prompty"
)

// Every step that changes what readers see is made of operations that each
// leave a state from which the step can be finished or undone by looking at
// the files alone. Whoever takes the lock and finds such a state does that
// first (repair), so nobody acts on it; readers that find one take the lock.
// In what follows T is the file in the tree, n the newest live version.
//
// Save of n+1:
//
//	1 both files are written under tmp/ and flushed     crash: before. tmp/ is nobody's
//	2 rename tmp → <n+1>.saving                         crash: before. T = n, so .saving is dropped
//	3 rename tmp → <n+1>.swap                           crash: before. .swap = .saving, so it never was T
//	4 exchange .swap and T (if T is new: link tmp to T) crash: after. T = .saving
//	5 flush both folders
//	6 rename .saving → live
//	7 .swap now holds what T was. If that is n's text it is removed. Else
//	  somebody edited T after we looked and before step 4: the edit goes back
//	  into T, and as it differs from n+1 it becomes n+2. So it is never lost,
//	  and its author, who may still have the file open, has it in T.
//
// Where the disk keeps the order of what is done (package writeback), "flushed"
// in 1 means that the texts are written back, and 5 is the only flush there is:
// power loss leaves the first of these steps and none of those after, and once 5
// has returned, all up to 4. Elsewhere 1 and 5 wait for the disk each.
//
// Saving the text that T has already takes the same way; T gets a new inode
// and with it a new identity, which tells the caches of other processes.
//
// Where .saving is there and none of these says whether step 4 was done (T is
// neither text: it was edited after the crash), the version is kept: it could
// have been seen. Steps 2 to 4 may reach the disk in any order when the power
// fails before 5: every subset of them is one of the states above, or T = n+1
// without .saving, which is an edit by hand that gets the same number.
// Step 6 need not be flushed: .saving beside the same T is finished later.
//
// DeleteVersion of n while p is the newest before it:
//
//	1 rename n → <n>.deleting, flush                    crash: after. T = n, so 2 is done
//	2 p's text is exchanged into T as above, flush      crash: after. T is no longer n
//	3 rename <n>.deleting → .deleted
//
// Where the disk keeps the order, the flushes in 1 and 2, and those of Delete
// below, are one after the last step.
//
// An edit of T at any moment makes T differ from n: it stays and becomes the
// next version. What has been deleted cannot come back as a new version,
// since T = n while .deleting stands is known for what it is, and .deleting
// goes only when T is flushed. Other versions are hidden by one rename.
//
// Delete, with n the newest:
//
//	1 rename n → <n>.removing, flush                    crash: after. T = n, so 2 is done
//	2 rename T → <n>.swap                               T cannot change between looking and going
//	3 .swap = n's text: remove it. Else it is an edit: it goes back, Delete came first
//	4 flush T's folder; rename the others → .deleted; then <n>.removing → .deleted
//
// A T that was deleted by hand takes the same way from step 1.
//
// An edit by hand (T differs from n) is recorded by writing tmp, flushing it,
// and renaming it to n+1: one step. Deleted and displaced numbers count for
// the highest number ever used, so that it is not used again.

// state is what is true of a name once nothing is left half done.
type state struct {
	shelf  *shelf
	tree   *file                   // nil if the template does not exist
	latest *prompty.StoredTemplate // nil likewise; not to be changed
	doubt  bool                    // latest is an edit that could not be recorded here
	edited bool                    // latest is an edit that a batch records
}

var errUnsettled = errors.New("the template's files do not come to rest; try again when nobody else writes them")

// repair finishes what is half done and records what was edited by hand. The
// lock is held. If T is no template the error is unusable, and the state has
// the shelf alone. With a batch, recording is completed by its commit.
func (s *Store) repair(ctx context.Context, name string, b *batch) (*state, error) {
	return s.repairSince(ctx, name, time.Now(), b)
}

// repairSince is repair where T, if it is missing or empty now, may have been
// so since start.
func (s *Store) repairSince(ctx context.Context, name string, start time.Time, b *batch) (*state, error) {
	for range 100 {
		h, err := s.readShelf(name)
		if err != nil {
			return nil, err
		}
		if !h.settled() {
			if err := s.finish(ctx, name, h); err != nil {
				return nil, err
			}
			continue
		}
		st, again, err := s.settle(ctx, name, h, start, b)
		if !again {
			return st, err
		}
	}
	return nil, errUnsettled
}

// settle compares T with a shelf on which nothing is half done.
func (s *Store) settle(ctx context.Context, name string, h *shelf, start time.Time, b *batch) (st *state, again bool, err error) {
	f, err := s.readTree(ctx, name)
	if err != nil {
		return &state{shelf: h}, false, err
	}
	n := h.newest()
	if f == nil && n == 0 {
		return &state{shelf: h}, false, nil
	}
	if f != nil && n != 0 {
		at, same, err := s.isVersion(name, n, f.data)
		if same {
			return &state{shelf: h, tree: f, latest: s.template(name, n, f.data, at)}, false, nil
		}
		if err != nil && !isUnusable(err) { // a damaged version file is no text that T could equal
			return nil, missing(err), err
		}
	}
	if s.inGap(name, f, h, start) {
		return nil, true, s.pause(ctx, pollEvery)
	}
	if f == nil {
		err := s.disk.rename(s.layout.version(name, n, live), s.layout.version(name, n, removing))
		return nil, err == nil || missing(err), err
	}
	at, err := s.afterEdit(name, h, f)
	if err != nil {
		return nil, missing(err), err
	}
	t, err := s.record(name, h.high()+1, f.data, at, b)
	if err != nil {
		return nil, false, fmt.Errorf("%s was edited by hand and cannot be recorded as a version: %w", s.layout.tree(name), err)
	}
	h.live, h.all = append(h.live, t.Version), append(h.all, t.Version)
	if b == nil {
		s.wroteShelf(name, h)
	}
	return &state{shelf: h, tree: f, latest: t, edited: b != nil}, false, nil
}

// inGap reports whether T looks deleted or emptied only because someone is
// between two steps of saving it. It does so no longer than grace.
func (s *Store) inGap(name string, f *file, h *shelf, start time.Time) bool {
	now := time.Now()
	n := h.newest()
	if n == 0 || now.Sub(start) > grace {
		return false
	}
	if f == nil {
		return s.mayReturn(s.layout.tree(name), now)
	}
	if len(f.data) > 0 || !recent(f.info.ModTime(), now, grace) {
		return false
	}
	fi, err := s.disk.stat(s.layout.version(name, n, live))
	return err == nil && fi.Size() > 0
}

// record writes a text as version n, which is live at once, or when the batch
// is committed.
func (s *Store) record(name string, n int, data []byte, at time.Time, b *batch) (*prompty.StoredTemplate, error) {
	t := s.template(name, n, data, at)
	dir := s.layout.versions(name)
	touched, err := s.disk.mkdirs(dir)
	if err != nil {
		return nil, err
	}
	base := "version"
	if b != nil {
		base = b.next()
	}
	tmp, h, err := s.stage(base, data, 0o444, at)
	if err != nil {
		return nil, err
	}
	if fi, serr := h.Stat(); serr == nil { // as precise as the file system keeps it
		t.CreatedAt, t.UpdatedAt = fi.ModTime().UTC(), fi.ModTime().UTC()
	}
	to := s.layout.version(name, n, live)
	if b != nil {
		return t, b.add(tmp, to, h)
	}
	if err = s.disk.written(h); err == nil {
		err = s.disk.rename(tmp, to)
	}
	if err != nil {
		s.discard(tmp)
		return nil, err
	}
	return t, s.disk.confirm(append([]string{dir}, touched...)...)
}

// finish does or undoes one half-done step of those described above.
func (s *Store) finish(ctx context.Context, name string, h *shelf) error {
	var err error
	switch m := h.at[h.open]; {
	case m == saving:
		err = s.finishSave(ctx, name, h)
	case h.swap != 0:
		_, err = s.finishSwap(ctx, name, h)
	case m == deleting:
		err = s.finishDeleteVersion(ctx, name, h)
	case m == removing:
		err = s.finishDelete(ctx, name, h)
	}
	if missing(err) {
		return nil // somebody's cleaning up: look again
	}
	return err
}

// treeText reads T: nil if there is none, without info if it is no text.
func (s *Store) treeText(ctx context.Context, name string) (*file, error) {
	f, err := s.readTree(ctx, name)
	if isUnusable(err) {
		return &file{}, nil
	}
	return f, err
}

func (s *Store) finishSave(ctx context.Context, name string, h *shelf) error {
	k, n := h.open, h.newest()
	from := s.layout.version(name, k, saving)
	v, err := s.readVersion(name, k, saving)
	if isUnusable(err) { // damaged
		return s.disk.rename(from, s.layout.version(name, k, deleted))
	}
	if err != nil {
		return err
	}
	f, err := s.treeText(ctx, name)
	if err != nil {
		return err
	}
	undo := false
	switch {
	case f != nil && f.info != nil && bytes.Equal(f.data, v.data): // T has it
	case h.swap != 0:
		if undo, err = s.holds(name, h.swap, swapped, v.data); err == nil && undo {
			undo, err = s.holds(name, n, live, v.data)
			undo = !undo
		}
	case f == nil:
		undo = n == 0
	case f.info != nil:
		undo, err = s.holds(name, n, live, f.data)
	}
	if err != nil {
		return err
	}
	if !undo {
		if err := s.disk.flushDirs(path.Dir(s.layout.tree(name)), s.layout.versions(name)); err != nil {
			return err // who saved it died before, and who asks now is about to see it
		}
		return s.disk.rename(from, s.layout.version(name, k, live))
	}
	if h.swap != 0 { // first: .swap alone would pass for an edit
		if err := s.disk.remove(s.layout.version(name, h.swap, swapped)); err != nil {
			return err
		}
	}
	return s.disk.remove(from)
}

// finishSwap looks at the file that was exchanged with T or taken away. It is
// plain if that was a text which T had to have, and is gone now.
func (s *Store) finishSwap(ctx context.Context, name string, h *shelf) (plain bool, err error) {
	p := s.layout.version(name, h.swap, swapped)
	swap, err := s.readSteady(ctx, p)
	text := err == nil
	if err != nil && !isUnusable(err) && !s.isSymlink(p) {
		return false, err
	}
	if text {
		known, err := s.known(name, h, swap.data)
		if err != nil {
			return false, err
		}
		if known {
			err := s.disk.remove(p)
			return err == nil, err
		}
	}
	return false, s.finishEdit(ctx, name, h, swap, text)
}

// finishEdit puts an edit that was taken away back, or makes it a version.
func (s *Store) finishEdit(ctx context.Context, name string, h *shelf, swap *file, text bool) error {
	p := s.layout.version(name, h.swap, swapped)
	tree := s.layout.tree(name)
	f, err := s.treeText(ctx, name)
	if err != nil {
		return err
	}
	if f == nil {
		return s.putBack(p, tree)
	}
	if f.info != nil && h.newest() != 0 {
		recorded, err := s.holds(name, h.newest(), live, f.data)
		if err != nil {
			return err
		}
		if recorded {
			err := s.disk.exchange(p, tree)
			if !errors.Is(err, errNoExchange) {
				return err
			}
		}
	}
	// T is newer than the displaced edit, so that can only be a version before it.
	if !text {
		return s.disk.rename(p, s.layout.version(name, h.swap, stray))
	}
	at, err := s.afterEdit(name, h, swap)
	if err == nil {
		_, err = s.record(name, h.high()+1, swap.data, at, nil)
	}
	if err != nil {
		return err
	}
	return s.disk.remove(p)
}

// holds reports whether the file of version n, 0 for none, has exactly this
// content. One that cannot be read now is an error, not a different text; one
// that is damaged is a different text.
func (s *Store) holds(name string, n int, m mark, data []byte) (bool, error) {
	if n == 0 {
		return false, nil
	}
	v, err := s.readVersion(name, n, m)
	if isUnusable(err) {
		return false, nil
	}
	return err == nil && bytes.Equal(v.data, data), err
}

// known reports whether a displaced text is one that T had to have: that of
// the version whose number it carries, or of the newest live one beside that.
func (s *Store) known(name string, h *shelf, data []byte) (bool, error) {
	ns := []int{h.newest(), h.below(h.newest())}
	if slices.Contains(h.all, h.swap) {
		ns = append(ns, h.swap)
	}
	for _, n := range ns {
		if same, err := s.holds(name, n, h.at[n], data); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// putBack lays a file into the tree where there is none.
func (s *Store) putBack(from, tree string) error {
	err := s.disk.link(from, tree)
	switch {
	case err == nil:
		return s.disk.remove(from)
	case errors.Is(err, fs.ErrExist):
		return nil // somebody was faster: look again
	case missing(err): // the folder went, too
		if _, err = s.disk.mkdirs(path.Dir(tree)); err != nil {
			return err
		}
		return nil
	}
	return s.moveNew(from, tree)
}

// moveNew moves a file to where there is none, on file systems without links.
func (s *Store) moveNew(from, to string) error {
	if _, err := s.disk.lstat(to); err == nil {
		return fs.ErrExist
	}
	return s.disk.rename(from, to)
}

func (s *Store) finishDeleteVersion(ctx context.Context, name string, h *shelf) error {
	k, n := h.open, h.newest()
	from := s.layout.version(name, k, deleting)
	if n == 0 {
		return s.disk.rename(from, s.layout.version(name, k, removing))
	}
	v, err := s.readVersion(name, k, deleting)
	if err != nil && !isUnusable(err) {
		return err
	}
	f, terr := s.treeText(ctx, name)
	if terr != nil {
		return terr
	}
	if err == nil && n < k && f != nil && f.info != nil && bytes.Equal(f.data, v.data) {
		if err := s.restore(name, k, n, f); err != nil {
			return err
		}
	}
	return s.disk.rename(from, s.layout.version(name, k, deleted))
}

// restore lays version n into the tree in place of f, which holds version k.
func (s *Store) restore(name string, k, n int, f *file) error {
	v, err := s.readVersion(name, n, live)
	if err != nil {
		return err
	}
	tmp, h, err := s.stage("tree", v.data, 0o666, time.Time{})
	if err != nil {
		return err
	}
	keepOwner(h, f.info)
	swap, tree := s.layout.version(name, k, swapped), s.layout.tree(name)
	if err := s.disk.written(h); err != nil {
		s.discard(tmp)
		return err
	}
	if err := s.disk.rename(tmp, swap); err != nil {
		s.discard(tmp)
		return err
	}
	err = s.replace(swap, tree)
	if missing(err) { // deleted by hand just now: that stands
		return s.disk.remove(swap)
	}
	if err != nil {
		s.discard(swap)
		return err
	}
	return s.disk.barrier(path.Dir(tree), s.layout.versions(name))
}

// replace puts the file at swap in T's place and T into swap's. Where the
// system cannot exchange files T is overwritten, and an edit between our look
// and now is lost; the moment is a few microseconds.
func (s *Store) replace(swap, tree string) error {
	err := s.disk.exchange(swap, tree)
	if !errors.Is(err, errNoExchange) {
		return err
	}
	if _, err := s.disk.lstat(tree); err != nil {
		return err
	}
	return s.disk.rename(swap, tree)
}

func (s *Store) finishDelete(ctx context.Context, name string, h *shelf) error {
	k := h.open
	from := s.layout.version(name, k, removing)
	v, err := s.readVersion(name, k, removing)
	if err != nil && !isUnusable(err) {
		return err
	}
	f, terr := s.treeText(ctx, name)
	if terr != nil {
		return terr
	}
	tree := s.layout.tree(name)
	if err == nil && f != nil && f.info != nil && bytes.Equal(f.data, v.data) {
		if s.isSymlink(tree) { // relative links lead elsewhere when moved
			return s.disk.remove(tree)
		}
		return s.disk.rename(tree, s.layout.version(name, k, swapped))
	}
	if err := s.disk.barrier(path.Dir(tree)); err != nil {
		return err
	}
	for _, n := range h.live {
		if n < k {
			if err := s.disk.rename(s.layout.version(name, n, live), s.layout.version(name, n, deleted)); err != nil {
				return err
			}
		}
	}
	return s.disk.rename(from, s.layout.version(name, k, deleted))
}
