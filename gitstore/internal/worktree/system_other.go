//go:build !unix

package worktree

import (
	"io/fs"
	"os"
)

// rmdir removes an empty folder.
func (p *place) rmdir(name string) error {
	if fi, err := p.root.Lstat(name); err != nil || !fi.IsDir() {
		return fs.ErrInvalid
	}
	return p.root.Remove(name)
}

// keepOwner does nothing: the folder's rules hold for its files.
func keepOwner(*os.File, fs.FileInfo, bool) {}
