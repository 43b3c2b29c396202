package worktree

import (
	"errors"
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
