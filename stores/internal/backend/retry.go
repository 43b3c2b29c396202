package backend

import (
	"context"
	"math/rand/v2"
	"time"
)

// Retries wait a random while up to the first of these, then up to twice as long,
// up to the second; a call without a deadline gives up after the third.
const (
	firstWait   = 2 * time.Millisecond
	longestWait = 100 * time.Millisecond
	patience    = 30 * time.Second
)

// Retry calls try until it succeeds, gives an error that is not transient, ctx
// ends, or half a minute has passed; the error is the last one of try. What
// transient accepts must surely have changed nothing. The waits are random, so
// that those who met do not meet again.
func Retry(ctx context.Context, transient func(error) bool, try func() error) error {
	start, wait := time.Now(), firstWait
	for {
		err := try()
		if err == nil || ctx.Err() != nil || !transient(err) || time.Since(start) > patience {
			return err
		}
		select {
		case <-time.After(rand.N(wait)):
		case <-ctx.Done():
			return err
		}
		wait = min(2*wait, longestWait)
	}
}
