//go:build !linux

package gitstore_test

import "testing"

func smallDisk(t *testing.T, size string) string {
	t.Skip("only Linux has small disks for tests")
	return ""
}

func remount(t *testing.T, dir string, readOnly bool) {}
