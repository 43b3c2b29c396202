//go:build unix

package odb

import (
	"errors"
	"os"

	"github.com/go-prompty/prompty/internal/flock"
)

// tryLock locks a file for this process, or reports that it is locked or that
// the file system has no locks.
func tryLock(f *os.File) (bool, error) {
	locked, err := flock.TryLock(f)
	if errors.Is(err, flock.ErrUnsupported) {
		return false, nil
	}
	return locked, err
}
