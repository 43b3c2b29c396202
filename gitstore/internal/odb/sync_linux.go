package odb

import (
	"os"

	"golang.org/x/sys/unix"
)

// canAwait reports whether the file system under dir keeps the order that
// SyncBatch needs: once data was written back, flushing any one file of the
// file system commits the journal with all that came before. That holds for
// ext4 and XFS; in tmpfs nothing is durable.
func canAwait(dir string) bool {
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

// startWriting makes the system begin to write the file's data to the disk.
// Whether that worked shows when it is awaited.
func startWriting(f *os.File) {
	_ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE)
}

// awaitWriting returns when the file's data was given to the disk.
func awaitWriting(f *os.File) error {
	const all = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	if err := unix.SyncFileRange(int(f.Fd()), 0, 0, all); err != nil {
		return f.Sync()
	}
	return nil
}
