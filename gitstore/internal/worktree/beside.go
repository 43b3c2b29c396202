package worktree

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/lockfile"
)

// Locked gives index.lock as it is at this moment; nil if git is not in the
// middle of a step. Transactions don't count: see [Tree.Pending].
func (t *Tree) Locked() fs.FileInfo {
	path := filepath.Join(t.opts.GitDir, "index.lock")
	fi, err := os.Lstat(path)
	if err != nil || lockfile.Ours(path) {
		return nil
	}
	return fi
}

// Unsettled is [Txn.Unsettled] for who only looks, and takes no lock for that. An
// index that was written less than young ago counts as new.
func (t *Tree) Unsettled(young time.Duration) (bool, error) {
	index, err := t.load()
	if err != nil {
		return false, err
	}
	return t.unsettled(index, young)
}

// Enters reports whether [Tree.Scan] looks into a folder that it comes to: not if
// git ignores it and has nothing of it in the index, nor if it is another
// repository.
func (t *Tree) Enters(dir string) (bool, error) {
	if _, err := os.Lstat(filepath.Join(t.opts.WorkTree, filepath.FromSlash(dir), ".git")); err == nil {
		return false, nil
	}
	index, err := t.load()
	if err != nil {
		return false, err
	}
	return index.Below(dir) || !t.rules.matchFolder(dir), nil
}
