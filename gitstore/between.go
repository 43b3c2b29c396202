package gitstore

import (
	"errors"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/worktree"
)

// begin takes index.lock when no git command is between index and HEAD, as far
// as that can be seen.
func (a *attemptAt) begin(t *worktree.Tree) (*worktree.Txn, error) {
	for start := time.Now(); ; {
		x, err := t.Begin(a.ctx)
		if err != nil {
			return nil, err
		}
		wait, err := x.Unsettled()
		if err == nil && (!wait || time.Since(start) > worktree.Settling) {
			return x, nil
		}
		if err = errors.Join(err, x.Abort()); err == nil {
			err = a.s.pause(a.ctx, settlePoll)
		}
		if err != nil {
			return nil, err
		}
	}
}

// settlePoll is how long git gets to go on, without index.lock in its way.
const settlePoll = 5 * time.Millisecond
