//go:build !linux

package lease

import "os"

// Hold cannot tell here whether someone has f open for writing: known is false.
func Hold(*os.File) (quiet, known bool, release func()) { return false, false, func() {} }

// HoldFD is Hold for a bare descriptor.
func HoldFD(int) (quiet, known bool, release func()) { return false, false, func() {} }
