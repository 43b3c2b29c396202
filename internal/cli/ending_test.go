package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

func TestEnded(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	told := &endedBy{syscall.SIGTERM}
	for _, tt := range []struct {
		cause, err, want error
	}{
		{nil, nil, nil},
		{nil, failed, failed},
		{nil, errReaderLeft, nil},
		{told, failed, told}, // what was under way when it was told to end is no failure
		{errReaderLeft, context.Canceled, nil},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if tt.cause != nil {
			cancel(tt.cause)
		}
		if got := ended(ctx, tt.err); got != tt.want {
			t.Errorf("ended by %v, with %v: %v, want %v", tt.cause, tt.err, got, tt.want)
		}
		cancel(nil)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	r.Close()
	if err := (&app{stdout: w}).send([]byte("x")); err != errReaderLeft {
		t.Errorf("to a closed pipe: %v, want %v", err, errReaderLeft)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("nothing here is always full:", err)
	}
	defer full.Close()
	if err := (&app{stdout: full}).send([]byte("x")); !errors.Is(err, syscall.ENOSPC) || errors.Is(err, errReaderLeft) {
		t.Errorf("to a full disk: %v", err)
	}
}
