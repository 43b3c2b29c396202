//go:build !linux

package sqlite

// remote is known on Linux only.
func remote(string) string { return "" }
