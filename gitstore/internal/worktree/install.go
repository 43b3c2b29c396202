package worktree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

var (
	errNoExchange  = errors.New("files cannot be swapped here")
	errOtherDevice = errors.New("on another file system")
)

// carryOut brings one file to what the plan says and returns the stat for its
// index entry: zero where the file is not, or may not be, what the entry says.
// stays says that the file was left to somebody who changed it.
//
// Nothing is overwritten unseen. A new file is swapped with the old one in one
// step; the old one is looked at where no one can open it any more, and swapped
// back if it is not what the index had.
func (x *Txn) carryOut(i int, it *item, healing bool) (st gitindex.Stat, stays bool, err error) {
	p, name, err := x.parent(it.path, it.new != nil && !it.leftOut())
	var block *blockedError
	switch {
	case errors.As(err, &block):
		return st, it.new != nil, x.dropTemp(i, it)
	case errors.Is(err, fs.ErrNotExist):
		return st, it.new != nil && !it.leftOut(), x.dropTemp(i, it)
	case err != nil:
		return st, it.new != nil, err
	}
	defer p.close()
	if it.leftOut() || healing && it.new != nil && it.new.SkipWorktree {
		if _, err := p.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return st, false, x.dropTemp(i, it)
		}
	}
	s := x.newSwap(i, it, p, name)
	if it.new == nil {
		stays, err = s.takeOut()
		if err == nil && !stays {
			x.removeEmpty(p.dir)
		}
		return st, stays, err
	}
	if healing {
		if c, err := p.read(name); err == nil {
			defer c.close()
			if same, err := x.tree.holds(x.index, it.path, c, it.new); err != nil || same {
				return statOf(c.info), false, err
			}
		}
	}
	return s.putIn()
}

// leftOut reports whether the path is outside of a sparse checkout: then there
// may be no file, and none is made.
func (it *item) leftOut() bool { return it.old != nil && it.old.SkipWorktree }

// ready writes the new file, and looks whether it can be moved into place. What
// stands in the way of its folder goes first, or is found again by carryOut.
func (x *Txn) ready(i int, it *item) error {
	p, name, err := x.parent(it.path, it.new != nil && !it.leftOut())
	var block *blockedError
	if errors.As(err, &block) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer p.close()
	_, err = p.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) && (it.new == nil || it.leftOut()) {
		return nil
	}
	if err := p.mayChange(); err != nil {
		return err
	}
	if it.new == nil {
		return nil
	}
	s := x.newSwap(i, it, p, name)
	if !sameDisk(s.q, s.p) {
		s.q, s.temp = s.p, s.here
	}
	if err := s.write(); err != nil {
		return err
	}
	it.ours, it.here = s.ours, s.q == s.p
	return nil
}

// dropTemp removes the file that ready has written and that is not needed.
func (x *Txn) dropTemp(i int, it *item) error {
	if it.ours == nil || it.here {
		return nil // with its folder, it is gone
	}
	if err := x.state.Remove(tempName(i)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func tempName(i int) string { return fmt.Sprintf("file-%d", i) }

// hereName is the name of a temporary file in the work tree's own folder, for
// where the git directory is on another file system.
func hereName(i int) string { return fmt.Sprintf(".prompty-%d.tmp", i) }

// removeEmpty removes folders that a removed file leaves empty, as git does.
func (x *Txn) removeEmpty(dir string) {
	for dir != "" {
		p, name, err := x.parent(dir, false)
		if err != nil {
			return
		}
		if err = x.tree.ask("rmdir"); err == nil {
			err = p.rmdir(name)
		}
		p.close()
		if err != nil {
			return
		}
		dir = p.dir
	}
}

// A swap exchanges the file at p/name with the one at q/temp.
type swap struct {
	x    *Txn
	it   *item
	p    *place
	name string
	q    *place
	temp string
	here string      // temp's name if it has to be in the folder p
	ours fs.FileInfo // the file that was written
}

// newSwap uses the file that ready has written, if it is still there.
func (x *Txn) newSwap(i int, it *item, p *place, name string) *swap {
	s := &swap{x: x, it: it, p: p, name: name, q: &place{root: x.state}, temp: tempName(i), here: hereName(i)}
	if it.here {
		s.q, s.temp = s.p, s.here
	}
	if it.ours != nil {
		if fi, err := s.q.root.Lstat(s.temp); err == nil && os.SameFile(fi, it.ours) {
			s.ours = it.ours
		}
	}
	return s
}

// putIn installs the new file.
func (s *swap) putIn() (st gitindex.Stat, stays bool, err error) {
	if s.ours == nil {
		if err := s.write(); err != nil {
			return st, true, err
		}
	}
	stays, err = s.place()
	if errors.Is(err, errOtherDevice) {
		s.discardOurs()
		s.q, s.temp = s.p, s.here
		if err := s.write(); err != nil {
			return st, true, err
		}
		stays, err = s.place()
	}
	if stays || err != nil {
		s.discardOurs()
		return st, true, err
	}
	fi, err := s.p.root.Lstat(s.name)
	if err != nil || !os.SameFile(fi, s.ours) {
		return st, true, nil // somebody has replaced it already
	}
	if fi.Size() != s.ours.Size() || !fi.ModTime().Equal(s.ours.ModTime()) {
		return st, true, nil // somebody has written into it already
	}
	return statOf(fi), false, nil
}

// write makes the new file at q/temp.
func (s *swap) write() error {
	conv, err := s.x.tree.conversion(s.x.index, s.it.path)
	if err != nil {
		return err
	}
	perm := fs.FileMode(0o666)
	if s.it.new.Mode == object.ModeExec {
		perm = 0o777
	}
	t := s.x.tree
	if err := t.ask("create file"); err != nil {
		return err
	}
	// What has the name temp is whole: after a crash half a file would pass for
	// what somebody had saved, and was swapped out.
	part := s.temp + partly
	for _, name := range []string{s.temp, part} {
		if err := s.q.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := s.q.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	if err = t.ask("write file"); err == nil {
		_, err = f.Write(conv.ToFile(s.it.data))
	}
	if was, lerr := s.p.root.Lstat(s.name); err == nil && lerr == nil && was.Mode().IsRegular() {
		keepOwner(f, was, s.it.new.Mode == object.ModeExec)
	}
	if err == nil && s.x.durable {
		err = f.Sync()
	}
	if err == nil {
		s.ours, err = f.Stat()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = s.q.root.Rename(part, s.temp)
	}
	if err != nil {
		s.ours = nil
		s.q.root.Remove(part)
	}
	return err
}

const partly = ".part" // ends the name of a temporary file that is being written

// place moves the written file to its path. stays says that something else
// stands there; the written file may be left at q/temp then.
func (s *swap) place() (stays bool, err error) {
	if s.it.old == nil {
		return s.placeNew()
	}
	if err = s.x.tree.ask("exchange"); err == nil {
		err = exchange(s.q, s.temp, s.p, s.name)
	}
	switch {
	case errors.Is(err, errNoExchange):
		return s.replaceSeen()
	case errors.Is(err, fs.ErrNotExist):
		return true, nil // the file was deleted: that stays
	case err != nil:
		return true, err
	}
	if err := s.x.tree.ask("look at old"); err != nil {
		return true, errors.Join(err, s.swapBack())
	}
	if old, _ := s.isOld(); !old {
		return true, s.swapBack()
	}
	if err := s.x.tree.ask("remove old"); err != nil {
		return false, err
	}
	return false, s.q.root.Remove(s.temp)
}

func (s *swap) placeNew() (stays bool, err error) {
	if err := s.x.tree.ask("place new"); err != nil {
		return true, err
	}
	err = moveNew(s.q, s.temp, s.p, s.name)
	if errors.Is(err, fs.ErrExist) && s.p.rmdir(s.name) == nil {
		err = moveNew(s.q, s.temp, s.p, s.name) // an empty folder is no one's
	}
	if errors.Is(err, fs.ErrExist) {
		return true, nil
	}
	return err != nil, err
}

// writerPatience is, roughly, how long a file that somebody has open for writing
// is waited for. A process that is just being started may hold for a moment
// what its parent had open, though it never writes into it.
const writerPatience = 100 * time.Millisecond

// isOld reports whether q/temp is the file that the index had, and no one has
// it open to write into it.
func (s *swap) isOld() (bool, error) {
	c, err := s.q.read(s.temp)
	if err != nil {
		return false, err
	}
	defer c.close()
	if c.file == nil {
		return s.x.tree.holds(s.x.index, s.it.path, c, s.it.old)
	}
	quiet, release := holdWriters(c.file)
	for wait := 200 * time.Microsecond; !quiet && wait < writerPatience; wait *= 2 {
		time.Sleep(wait)
		quiet, release = holdWriters(c.file)
	}
	defer release()
	if !quiet {
		return false, nil
	}
	fi, err := c.file.Stat()
	if err != nil || fi.Size() != c.info.Size() || !fi.ModTime().Equal(c.info.ModTime()) {
		return false, err
	}
	return s.x.tree.holds(s.x.index, s.it.path, c, s.it.old)
}

// swapBack gives somebody's file, now at q/temp, its place back.
func (s *swap) swapBack() error {
	err := exchange(s.q, s.temp, s.p, s.name)
	if errors.Is(err, fs.ErrNotExist) {
		// Ours was deleted there; what was saved before is what is left.
		return s.giveBack()
	}
	if err != nil {
		return err
	}
	fi, err := s.q.root.Lstat(s.temp)
	if err != nil || os.SameFile(fi, s.ours) {
		return err
	}
	// Somebody saved once more in between: the later file was swapped out. Swap
	// again, and the one that it replaced comes out.
	if err := exchange(s.q, s.temp, s.p, s.name); err != nil {
		return err
	}
	return s.x.setAside(s.q, s.temp, s.name)
}

// replaceSeen is for systems without an exchange: between the look and the
// rename there is a moment in which a save could be overwritten.
func (s *swap) replaceSeen() (stays bool, err error) {
	if s.q != s.p {
		return true, errOtherDevice
	}
	c, err := s.p.read(s.name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNoContent) {
		return true, nil
	}
	if err != nil {
		return true, err
	}
	old, err := s.x.tree.holds(s.x.index, s.it.path, c, s.it.old)
	c.close()
	if err != nil || !old {
		return true, err
	}
	return false, s.p.root.Rename(s.temp, s.name)
}

// discardOurs removes what is left at q/temp.
func (s *swap) discardOurs() {
	if fi, err := s.q.root.Lstat(s.temp); err == nil && s.ours != nil && os.SameFile(fi, s.ours) {
		s.q.root.Remove(s.temp)
	}
}

// takeOut removes the old file.
func (s *swap) takeOut() (stays bool, err error) {
	if err := s.x.tree.ask("take out"); err != nil {
		return true, err
	}
	err = moveNew(s.p, s.name, s.q, s.temp)
	if errors.Is(err, errOtherDevice) {
		s.q, s.temp = s.p, s.here
		err = moveNew(s.p, s.name, s.q, s.temp)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return true, err
	}
	err = s.x.tree.ask("look at old")
	if err == nil {
		var old bool
		if old, _ = s.isOld(); old {
			if err = s.x.tree.ask("remove old"); err == nil {
				return false, s.q.root.Remove(s.temp)
			}
		}
	}
	return true, errors.Join(err, s.giveBack())
}

// giveBack returns what was taken out to its path, unless something newer
// stands there.
func (s *swap) giveBack() error {
	err := moveNew(s.q, s.temp, s.p, s.name)
	if errors.Is(err, fs.ErrExist) {
		return s.x.setAside(s.q, s.temp, s.name)
	}
	return err
}
