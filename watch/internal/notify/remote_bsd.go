//go:build darwin || freebsd

package notify

import (
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"
)

// Remote reports the type of the file system at path, and whether changes can
// happen in it that this system hears nothing of: over the network, from a
// virtual machine's host, or in a program or the kernel that makes its content.
func Remote(path string) (fsType string, yes bool, err error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "", false, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	fsType = unix.ByteSliceToString(st.Fstypename[:])
	return fsType, st.Flags&unix.MNT_LOCAL == 0 || strings.Contains(fsType, "fuse"), nil
}
