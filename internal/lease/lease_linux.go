package lease

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Hold keeps programs from opening f for writing until release is called, with
// a read lease (fcntl(2), F_SETLEASE). f must be open for reading only.
//
// quiet says that no one has it open for writing now, through whatever name,
// descriptor or memory mapping, and that no one will have had until release.
// known says that the system could tell: it cannot for a file of another user,
// without CAP_LEASE, and not on every file system. Who opens the file
// meanwhile waits for release, so it has to come within microseconds.
func Hold(f *os.File) (quiet, known bool, release func()) { return HoldFD(int(f.Fd())) }

// HoldFD is Hold for a bare descriptor.
func HoldFD(fd int) (quiet, known bool, release func()) {
	// A lease's break is announced by a signal. SIGURG is ignored by default,
	// while SIGIO would end a process that has no handler for it.
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETSIG, int(unix.SIGURG)); err != nil {
		return false, false, func() {}
	}
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK)
	if err == nil {
		return true, true, func() { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_UNLCK) }
	}
	return false, errors.Is(err, unix.EAGAIN), func() {}
}
