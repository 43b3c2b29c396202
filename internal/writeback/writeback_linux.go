package writeback

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

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
	case unix.XFS_SUPER_MAGIC, unix.TMPFS_MAGIC:
		return true
	case unix.EXT4_SUPER_MAGIC: // that of ext2, too
		return journaled(dir, fs.Fsid)
	}
	return false
}

// known holds what journaled found out, by file system.
var known sync.Map

// journaled reports whether the ext4 under dir has a journal. Nothing but sysfs
// tells; where that cannot be read, the answer is no.
func journaled(dir string, id unix.Fsid) bool {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return false
	}
	key := struct {
		dev uint64
		id  unix.Fsid
	}{uint64(st.Dev), id}
	if is, ok := known.Load(key); ok {
		return is.(bool)
	}
	is := false
	device, err := os.Readlink(fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(key.dev), unix.Minor(key.dev)))
	if err == nil {
		task, err := os.ReadFile(filepath.Join("/sys/fs/ext4", filepath.Base(device), "journal_task"))
		is = err == nil && !strings.HasPrefix(string(task), "<none>")
	}
	known.Store(key, is)
	return is
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
