//go:build !linux

package odb

import "os"

func canAwait(string) bool { return false }

func startWriting(*os.File) {}

func awaitWriting(f *os.File) error { return f.Sync() }
