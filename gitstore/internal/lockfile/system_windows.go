package lockfile

import (
	"io/fs"
	"os"
)

const (
	canLink  = false // a link to an open file cannot be removed
	nonBlock = 0
)

func links(fs.FileInfo) uint64 { return 1 }

func openNoFollow(path string) (*os.File, error) { return os.Open(path) }

func cannotLink(error) bool { return true }

// SyncDir does nothing: folders cannot be flushed on Windows.
func SyncDir(string) error { return nil }
