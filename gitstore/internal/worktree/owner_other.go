//go:build !unix

package worktree

import (
	"io/fs"
	"os"
)

// keepOwner does nothing: the folder's rules hold for its files.
func keepOwner(*os.File, fs.FileInfo, bool) {}
