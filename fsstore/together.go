package fsstore

import (
	"context"
	"time"
)

// suspect is a name that may have changed.
type suspect struct {
	name    string
	missing time.Time // when its file was found to be missing; zero: it was not
	regular bool      // its folder says that it is a regular file
}

// start is since when the file may be missing, should it be missing now.
func (p suspect) start() time.Time {
	if p.missing.IsZero() {
		return time.Now()
	}
	return p.missing
}

// lookTogether is look for many names, under one lock and with one flush. got
// is what acquire returned; the lock is given back. What could not be found
// out of one name keeps none of the others from being recorded.
func (s *Store) lookTogether(ctx context.Context, got error, names []suspect, take func(string, *state, error) error) error {
	if got != nil && !forbids(got) {
		return got
	}
	states := make([]*state, len(names))
	errs := make([]error, len(names))
	if got == nil {
		got = s.repairTogether(ctx, names, states, errs)
		s.release()
		if got != nil && !forbids(got) {
			return got
		}
	}
	for i, p := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		if got != nil {
			states[i], errs[i] = s.peek(ctx, p.name)
		} else {
			states[i], errs[i] = s.looked(ctx, p.name, states[i], errs[i])
		}
		if err := take(p.name, states[i], errs[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) repairTogether(ctx context.Context, names []suspect, states []*state, errs []error) error {
	b := &batch{}
	for i, p := range names {
		err := ctx.Err()
		if err == nil {
			states[i], errs[i] = s.repairSince(ctx, p.name, p.start(), b)
			if forbids(errs[i]) && !isUnusable(errs[i]) { // it is so for all
				err = errs[i]
			}
		}
		if err != nil {
			s.abandon(b)
			return err
		}
	}
	if err := s.commit(ctx, b); err != nil {
		return err
	}
	for i, p := range names {
		if errs[i] == nil && states[i].edited {
			s.wroteShelf(p.name, states[i].shelf)
		}
	}
	return nil
}
