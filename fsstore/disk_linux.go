package fsstore

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func exchangeAt(dirA *os.File, a string, dirB *os.File, b string) error {
	if err := exchange(int(dirA.Fd()), a, int(dirB.Fd()), b); err != nil {
		return &os.LinkError{Op: "exchange", Old: a, New: b, Err: err}
	}
	return nil
}

func exchange(dirA int, a string, dirB int, b string) error {
	err := unix.Renameat2(dirA, a, dirB, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.ENOTSUP) {
		return errNoExchange
	}
	return err
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
