//go:build !linux

package repo

import "io/fs"

// umask is what most systems have: to read it one would have to set it.
func umask() fs.FileMode { return 0o022 }
