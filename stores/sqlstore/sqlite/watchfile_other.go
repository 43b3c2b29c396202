//go:build !linux

package sqlite

// watchFile is known on Linux only.
func watchFile(string) (hints <-chan struct{}, stop func()) { return nil, func() {} }
