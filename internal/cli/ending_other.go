//go:build !unix

package cli

import "context"

// readerLeft does nothing here: the next write tells.
func (a *app) readerLeft(ctx context.Context) (_ context.Context, stop func()) {
	return context.WithCancel(ctx)
}
