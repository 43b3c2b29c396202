//go:build !linux

package notify

import (
	"errors"
	"fmt"
)

// Inotify is the source of Linux, without anything between. Elsewhere it gives
// an error that is errors.ErrUnsupported. ErrLimit says that the user has too
// many such sources.
func Inotify() (Source, error) {
	return nil, fmt.Errorf("inotify: %w: only Linux has it", errors.ErrUnsupported)
}
