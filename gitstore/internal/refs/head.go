package refs

import (
	"fmt"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Head is the state of HEAD.
type Head struct {
	Branch   string    // in full, "refs/heads/main"; "" when detached
	ID       object.ID // zero when unborn
	Unborn   bool      // Branch does not exist yet
	Detached bool      // HEAD holds a commit, not a branch
}

// racy is how old a file's last change must be for its stamp to be trusted:
// two changes within a tick of the kernel's clock may leave the same stamp.
const racy = 20 * time.Millisecond

// headFile is what HEAD held when it was last read.
type headFile struct {
	stamp
	settled bool
	id      object.ID
	target  string
}

// Head returns the state of HEAD. Where HEAD's file has not changed since the
// last call, it costs one stat and the read of the branch.
func (s *Store) Head() (Head, error) {
	h, err := s.readHead()
	if err != nil {
		return Head{}, err
	}
	if h.target == "" {
		return Head{ID: h.id, Detached: true}, nil
	}
	end, id, err := s.resolve(h.target)
	switch {
	case err == ErrNotFound:
		return Head{Branch: end, Unborn: true}, nil
	case err != nil:
		return Head{}, err
	}
	return Head{Branch: end, ID: id}, nil
}

func (s *Store) readHead() (*headFile, error) {
	now, err := stampOf(s.headPath)
	if err == nil {
		if h := s.head.Load(); h != nil && h.settled && h.stamp == now {
			return h, nil
		}
		h := &headFile{stamp: now, settled: now.settled(time.Now())}
		if h.id, h.target, err = s.readLoose("HEAD"); err == nil {
			// The stamp is older than what was read: a change in between is seen next time.
			s.head.Store(h)
			return h, nil
		}
	}
	if err == ErrNotFound {
		err = fmt.Errorf("%s is missing; was the repository, or this work tree of it, removed?", s.headPath)
	}
	return nil, err
}
