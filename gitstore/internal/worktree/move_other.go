//go:build !linux

package worktree

import "os"

// exchange is Linux's; elsewhere files are compared just before a rename.
func exchange(_ *place, _ string, _ *place, _ string) error { return errNoExchange }

// moveNew renames a/an to b/bn, where nothing may stand: else fs.ErrExist.
func moveNew(a *place, an string, b *place, bn string) error {
	if a.root != b.root {
		return errOtherDevice
	}
	return linkNew(a, an, bn)
}

// sameDisk reports whether files can be moved from a to b: moveNew and
// replaceSeen stay in one folder here.
func sameDisk(a, b *place) bool { return a.root == b.root }

// mayChange cannot tell beforehand.
func (p *place) mayChange() error { return nil }

// allocate takes room for the file on the disk.
func allocate(f *os.File, size int64) error { return writeZeros(f, size) }

// holdWriters cannot tell who has f open.
func holdWriters(*os.File) (quiet bool, release func()) { return true, func() {} }
