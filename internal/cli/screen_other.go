//go:build !unix

package cli

import "os"

func openControlTerminal() (*os.File, error) { return os.OpenFile("CONIN$", os.O_RDWR, 0) }

// watchSize does nothing: the next draw takes the size that there is.
func (s *screen) watchSize() {}

// suspend does nothing: there is no such thing here.
func (s *screen) suspend() error { return nil }

// readKeys presses what comes in. A read cannot be ended here, so the reader is
// not waited for: it ends with the process.
func (s *screen) readKeys() {
	go func() {
		buf := make([]byte, 256)
		for {
			n, err := s.in.Read(buf)
			for _, k := range parseKeys(buf[:n]) {
				if !s.press(k) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
}
