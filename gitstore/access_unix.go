//go:build unix

package gitstore

import "golang.org/x/sys/unix"

// mayWrite asks the system whether this process may write in a folder.
func mayWrite(dir string) error { return unix.Access(dir, unix.W_OK) }
