// Package lease tells whether a file is open for writing anywhere, and keeps
// it from being opened so while it is read. Linux can; elsewhere the answer is
// that it is not known.
package lease
