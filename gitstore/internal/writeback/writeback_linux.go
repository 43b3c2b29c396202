package writeback

import (
	"os"

	"golang.org/x/sys/unix"
)

// Ordered reports whether the file system under dir keeps that order. It does
// for tmpfs too, where nothing lasts anyway.
func Ordered(dir string) bool {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return false
	}
	switch int64(fs.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return true
	}
	return false
}

// Start makes the system begin to write the file's data to the disk. Whether
// that worked shows in Await.
func Start(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}

// Await returns when the file's data was given to the disk. Where the system
// cannot do that alone, it flushes the file.
func Await(f *os.File) error {
	const all = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	if err := unix.SyncFileRange(int(f.Fd()), 0, 0, all); err != nil {
		return f.Sync()
	}
	return nil
}
