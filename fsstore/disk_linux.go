package fsstore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func exchangeAt(dirA *os.File, a string, dirB *os.File, b string) error {
	err := unix.Renameat2(int(dirA.Fd()), a, int(dirB.Fd()), b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) {
		return errNoExchange
	}
	if err != nil {
		return &os.LinkError{Op: "exchange", Old: a, New: b, Err: err}
	}
	return nil
}

// flushAll makes everything on the root's file system durable in one step.
func (d *disk) flushAll(paths []string) error {
	if !d.sync {
		return nil
	}
	if err := d.ask("fsync", "."); err != nil {
		return err
	}
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(f.Fd())))
}

// holdWriters keeps programs from opening f for writing until release is
// called, with a read lease (fcntl(2), F_SETLEASE). quiet says that no one has
// it open for writing now, and no one will have had until release; known, that
// the system could tell. Who opens it meanwhile waits for release, which comes
// within microseconds.
func holdWriters(f *os.File) (quiet, known bool, release func()) {
	fd := f.Fd()
	// A lease's break is announced by a signal. SIGURG is ignored by default,
	// while SIGIO would end a process that has no handler for it.
	if _, err := unix.FcntlInt(fd, unix.F_SETSIG, int(unix.SIGURG)); err != nil {
		return false, false, func() {}
	}
	_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK)
	if err == nil {
		return true, true, func() { _, _ = unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK) }
	}
	return false, errors.Is(err, unix.EAGAIN), func() {}
}
