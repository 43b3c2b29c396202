package lockfile

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const (
	canLink  = false // a link to an open file cannot be removed
	nonBlock = 0
)

var errNoFlock = errors.New("the file system has no locks")

func tryLock(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

func unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, new(windows.Overlapped))
}

func links(fs.FileInfo) uint64 { return 1 }

func openNoFollow(path string) (*os.File, error) { return os.Open(path) }

func cannotLink(error) bool { return true }

// SyncDir does nothing: folders cannot be flushed on Windows.
func SyncDir(string) error { return nil }
