package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Verbs that run until somebody ends them.

// endedBy is what ends a verb that a signal, or Ctrl-C, told to end. It is no
// failure: there is nothing to say, and the exit code is the shell's for that
// signal.
type endedBy struct{ signal syscall.Signal }

func (e *endedBy) Error() string { return fmt.Sprintf("ended by signal %d", int(e.signal)) }

// exitCode is 130 for Ctrl-C, 143 for SIGTERM.
func (e *endedBy) exitCode() int { return 128 + int(e.signal) }

// untilEnded returns a context that ends with the signals that end programs;
// context.Cause tells which it was. A reader of standard output that goes away
// is found out by the next write, or by readerLeft, and not by a signal.
func untilEnded(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE) // not ignored: what we start would inherit that
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-told:
			sig, _ := s.(syscall.Signal)
			cancel(&endedBy{sig})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
		signal.Stop(told)
		signal.Stop(pipe)
	}
}

// errReaderLeft ends a verb quietly: nobody reads its output any more.
var errReaderLeft = errors.New("nobody reads the output any more")

// ended is what a long verb reports: when its context has ended the cause of
// that, whatever it was in the middle of.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if errors.Is(err, errReaderLeft) {
		return nil
	}
	return err
}

// send writes to standard output at once.
func (a *app) send(text []byte) error {
	_, err := a.stdout.Write(text)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE), errors.Is(err, io.ErrClosedPipe), errors.Is(err, syscall.EIO) && isTerminal(a.stdout):
		return errReaderLeft
	}
	return fmt.Errorf("write to standard output: %w", err)
}
