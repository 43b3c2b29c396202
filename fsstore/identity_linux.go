package fsstore

import (
	"io/fs"
	"syscall"
	"time"
)

// changed returns the time of the last change of a file's content or
// attributes. Unlike mtime no program can set it.
func changed(fi fs.FileInfo) time.Time {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return time.Unix(st.Ctim.Unix())
	}
	return fi.ModTime()
}
