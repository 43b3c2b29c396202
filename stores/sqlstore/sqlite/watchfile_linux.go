package sqlite

import (
	"os"
	"sync"
	"syscall"
)

// watchFile sends on hints whenever someone has written to a file, once for what
// comes together. Without a way to know, hints is nil.
func watchFile(path string) (hints <-chan struct{}, stop func()) {
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		return nil, func() {}
	}
	events := os.NewFile(uintptr(fd), "inotify")
	if _, err := syscall.InotifyAddWatch(fd, path, syscall.IN_MODIFY); err != nil {
		events.Close()
		return nil, func() {}
	}
	ch := make(chan struct{}, 1)
	var work sync.WaitGroup
	work.Go(func() {
		buf := make([]byte, 4096)
		for {
			if _, err := events.Read(buf); err != nil {
				return
			}
			select {
			case ch <- struct{}{}:
			default:
			}
		}
	})
	return ch, func() {
		events.Close()
		work.Wait()
	}
}
