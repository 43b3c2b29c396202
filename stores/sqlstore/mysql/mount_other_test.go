//go:build !linux

package mysql

import "errors"

func mount(dir, options string) error { return errors.ErrUnsupported }

func unmount(dir string) {}
