package gitstore

import (
	"context"
	"maps"
	"os"
	"time"
)

// picture looks at what the store shows now; with a hint that names files and no
// more, at those alone. While git changes the work tree it waits, so that a
// checkout or a merge is one batch: git takes index.lock, writes files and index,
// gives the lock back, and moves HEAD or the branch.
func (f *follower) picture(ctx context.Context, h hint) (picture, error) {
	if f.source.edits == nil {
		st, err := f.source.where(ctx)
		return picture{st: st}, err
	}
	for start := time.Now(); ; {
		busy, err := f.busy()
		if err != nil {
			return picture{}, err
		}
		late := time.Since(start) > calmMost
		if !busy || late {
			p, err := f.glimpse(ctx, h)
			if err != nil || late || maps.Equal(p.marks, f.shown.marks) {
				return p, err
			}
			if busy, err = f.busy(); err != nil || !busy { // nor has it begun meanwhile
				return p, err
			}
		}
		if err := f.s.pause(ctx, calmPoll); err != nil {
			return picture{}, err
		}
	}
}

const (
	calmPoll = 2 * time.Millisecond
	calmMost = time.Second
)

// busy reports whether git is changing the work tree. A lock that is old does not
// count: git commit holds it while a person writes the message, and a git that
// was killed for ever.
func (f *follower) busy() (bool, error) {
	tree := f.source.edits.tree
	if lock := tree.Locked(); lock != nil {
		return time.Since(lock.ModTime()) <= calmMost, nil
	}
	return tree.Unsettled(calmMost)
}

// glimpse is picture without waiting.
func (f *follower) glimpse(ctx context.Context, h hint) (picture, error) {
	if !h.all && len(h.paths) <= mostGlances {
		if p, err := f.glance(ctx, h.paths); p.st != nil || err != nil {
			return p, err
		}
	}
	st, edits, err := f.source.survey(ctx)
	if err == nil {
		_, err = os.Stat(f.s.WorkTree) // without it everything seems deleted
	}
	if err != nil {
		return picture{}, err
	}
	p := picture{st: st, marks: make(map[string]mark, len(edits))}
	for path, e := range edits {
		p.marks[path] = e.mark()
	}
	return p, nil
}

// believed leaves out edits that nobody has told of: somebody may be just about
// to write the file. They count when they are seen again.
func (f *follower) believed(now picture, told map[string]bool) picture {
	doubts := map[string]mark{}
	if now.st == f.shown.st {
		for path, m := range now.marks {
			if m != f.shown.marks[path] && !told[path] && m != f.doubts[path] {
				doubts[path] = m
			}
		}
	}
	f.doubts = doubts
	if len(doubts) == 0 {
		return now
	}
	now.marks = maps.Clone(now.marks)
	for path := range doubts {
		if m, was := f.shown.marks[path]; was {
			now.marks[path] = m
		} else {
			delete(now.marks, path)
		}
	}
	leave(f.doubt)
	return now
}

// mostGlances is for how many files it is quicker to look at each.
const mostGlances = 64

// glance is picture for a few files, while the branch stands where it stood. The
// zero picture says that it does not.
func (f *follower) glance(ctx context.Context, paths map[string]bool) (picture, error) {
	p := picture{st: f.shown.st, marks: maps.Clone(f.shown.marks)}
	for path := range paths {
		st, e, err := f.source.look(ctx, path)
		if err != nil || st != p.st {
			return picture{}, err
		}
		if e.changed || e.gone {
			p.marks[path] = e.mark()
		} else {
			delete(p.marks, path)
		}
	}
	if _, err := os.Stat(f.s.WorkTree); err != nil {
		return picture{}, err
	}
	st, err := f.source.where(ctx)
	if err != nil || st != p.st {
		return picture{}, err
	}
	return p, nil
}

// regrow watches the work tree anew when a folder counts that was not gone into.
func (f *follower) regrow(ctx context.Context) {
	for i, p := range f.places {
		if !p.tree || !p.outgrown(f.s.edits.tree.Enters) {
			continue
		}
		next := f.s.treePlace()
		if err := next.open(ctx); err != nil {
			continue // the next look tries again
		}
		f.places[i] = next
		f.listen(next)
		p.close()
		f.nudge(hint{all: true}) // what was done there until now
	}
}
