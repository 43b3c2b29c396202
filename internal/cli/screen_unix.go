//go:build unix

package cli

import (
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"
)

func openControlTerminal() (*os.File, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) }

// watchSize presses keyResize when the terminal has another size.
func (s *screen) watchSize() {
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, unix.SIGWINCH)
	s.start(func() {
		defer signal.Stop(resized)
		for {
			select {
			case <-resized:
				s.press(keyResize)
			case <-s.done:
				return
			}
		}
	})
}

// suspend stops the program, and all that it was started together with, as
// Ctrl-Z does where nobody reads keys. It returns when somebody lets it go on.
func (s *screen) suspend() error {
	const unheard = 100 * time.Millisecond // the system ignores the signal where no shell could wake us
	goOn := make(chan os.Signal, 1)
	signal.Notify(goOn, unix.SIGCONT)
	defer signal.Stop(goOn)
	s.give()
	if err := unix.Kill(0, unix.SIGTSTP); err == nil {
		select {
		case <-goOn:
		case <-time.After(unheard):
		}
	}
	return s.take()
}

// readKeys presses what comes in.
func (s *screen) readKeys() {
	r, w, err := os.Pipe()
	if err != nil {
		return // Ctrl-C is not a signal now, but all others are
	}
	s.wake = w
	s.start(func() {
		defer r.Close()
		buf := make([]byte, 256)
		fds := []unix.PollFd{{Fd: int32(s.in.Fd()), Events: unix.POLLIN}, {Fd: int32(r.Fd())}}
		for {
			if _, err := unix.Poll(fds, -1); err == unix.EINTR {
				continue
			} else if err != nil || fds[1].Revents != 0 {
				return
			}
			n, err := s.in.Read(buf)
			for _, k := range parseKeys(buf[:n]) {
				if !s.press(k) {
					return
				}
			}
			if err != nil { // the terminal is gone
				s.press(keyQuit)
				return
			}
		}
	})
}
