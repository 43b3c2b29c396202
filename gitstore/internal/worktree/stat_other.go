//go:build !linux && !darwin

package worktree

import (
	"io/fs"

	"github.com/go-prompty/prompty/gitstore/internal/gitindex"
)

// statOf is what the index remembers of a file.
func statOf(fi fs.FileInfo) gitindex.Stat { return plainStat(fi) }
