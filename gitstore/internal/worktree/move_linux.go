package worktree

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// exchange swaps a/an and b/bn in one step. Where the system cannot it gives
// errNoExchange and has done nothing.
func exchange(a *place, an string, b *place, bn string) error {
	return move(a, an, b, bn, unix.RENAME_EXCHANGE)
}

// moveNew renames a/an to b/bn, where nothing may stand: else fs.ErrExist.
func moveNew(a *place, an string, b *place, bn string) error {
	err := move(a, an, b, bn, unix.RENAME_NOREPLACE)
	if errors.Is(err, errNoExchange) && a.root == b.root {
		return linkNew(a, an, bn)
	}
	if errors.Is(err, errNoExchange) {
		return errOtherDevice
	}
	return err
}

func move(a *place, an string, b *place, bn string, flags uint) error {
	da, err := a.root.Open(".")
	if err != nil {
		return err
	}
	defer da.Close()
	db, err := b.root.Open(".")
	if err != nil {
		return err
	}
	defer db.Close()
	err = unix.Renameat2(int(da.Fd()), an, int(db.Fd()), bn, flags)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EXDEV):
		return errOtherDevice
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOTSUP):
		return errNoExchange
	}
	return &os.LinkError{Op: "rename", Old: a.path(an), New: b.path(bn), Err: err}
}

// sameDisk reports whether files can be moved from a to b, as far as that can be
// known beforehand.
func sameDisk(a, b *place) bool {
	x, err1 := a.root.Stat(".")
	y, err2 := b.root.Stat(".")
	return err1 != nil || err2 != nil || statOf(x).Dev == statOf(y).Dev
}

// mayChange is the error that renaming into the folder would give: for want of
// a right, or because nothing can be changed on that disk.
func (p *place) mayChange() error {
	d, err := p.root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	if err := unix.Faccessat(int(d.Fd()), ".", unix.W_OK|unix.X_OK, unix.AT_EACCESS); err != nil {
		return fmt.Errorf("the folder cannot be written: %w", err)
	}
	return nil
}

// allocate takes room for the file on the disk.
func allocate(f *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.ENOSYS):
			return writeZeros(f, size)
		case err != nil:
			return &os.PathError{Op: "allocate", Path: f.Name(), Err: err}
		default:
			return nil
		}
	}
}

// holdWriters reports whether no one has f open for writing, and keeps it so
// until release, with a read lease (fcntl(2), F_SETLEASE). Where the system
// cannot tell it says yes.
func holdWriters(f *os.File) (quiet bool, release func()) {
	fd := f.Fd()
	// A lease's break is announced by a signal. SIGURG is ignored by default,
	// while SIGIO would end a process that has no handler for it.
	if _, err := unix.FcntlInt(fd, unix.F_SETSIG, int(unix.SIGURG)); err != nil {
		return true, func() {}
	}
	_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK)
	if err == nil {
		return true, func() { _, _ = unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK) }
	}
	return !errors.Is(err, unix.EAGAIN), func() {}
}
