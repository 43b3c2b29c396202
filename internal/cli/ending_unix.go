//go:build unix

package cli

import (
	"context"
	"os"

	"golang.org/x/sys/unix"
)

// readerLeft ends the context that it returns when standard output is a pipe
// whose reader goes away (prompty watch | head -n 1), rather than at the next
// change, which may be hours later.
func (a *app) readerLeft(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	end := func() { cancel(context.Canceled) }
	out, ok := a.stdout.(*os.File)
	if !ok {
		return ctx, end
	}
	if fi, err := out.Stat(); err != nil || fi.Mode()&os.ModeNamedPipe == 0 {
		return ctx, end
	}
	r, w, err := os.Pipe() // closing w ends the wait
	if err != nil {
		return ctx, end
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		fds := []unix.PollFd{{Fd: int32(out.Fd())}, {Fd: int32(r.Fd())}}
		for {
			_, err := unix.Poll(fds, -1)
			if err == unix.EINTR {
				continue
			}
			if err == nil && fds[1].Revents == 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0 {
				cancel(errReaderLeft)
			}
			return
		}
	}()
	return ctx, func() {
		end()
		w.Close()
		<-done
		r.Close()
	}
}
