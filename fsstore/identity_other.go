//go:build !linux && !darwin

package fsstore

import (
	"io/fs"
	"time"
)

// changed returns the best there is: the time of the last change of content,
// which programs can set.
func changed(fi fs.FileInfo) time.Time { return fi.ModTime() }
