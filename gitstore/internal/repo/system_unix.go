//go:build unix

package repo

import (
	"os"
	"strconv"
	"syscall"
)

const nonBlock = syscall.O_NONBLOCK

// ownedByUs is git's rule: the path is this user's or, for root, that of the
// user who ran sudo.
func ownedByUs(path string) bool {
	fi, err := os.Lstat(path)
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	user := os.Geteuid()
	if user == 0 && st.Uid != 0 {
		id, err := strconv.ParseUint(os.Getenv("SUDO_UID"), 10, 32)
		return err == nil && uint64(st.Uid) == id
	}
	return uint64(st.Uid) == uint64(user)
}
