package fsstore

import (
	"io/fs"
	"os"
)

func inode(fs.FileInfo) uint64 { return 0 }

func keepOwner(*os.File, fs.FileInfo) {}

// ignoreUnsupportedSync: folders cannot be flushed on Windows.
func ignoreUnsupportedSync(error) error { return nil }

func isLoop(error) bool { return false }
