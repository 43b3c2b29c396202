// Package flock takes advisory locks on open files, which end with the process:
// flock(2), on Windows LockFileEx. It never waits.
package flock

import "errors"

// ErrUnsupported says that the file system has no such locks.
var ErrUnsupported = errors.New("the file system has no advisory locks (flock)")
