package history

import (
	"context"
	"errors"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Advance makes the index that of tip, a commit, or zero for a branch without
// any. If every version that is known stays one, that is ix itself, which
// grows. Else the branch was rewritten: the result is another index, that goes
// on from the last common commit, and ix stays as it was. Old views stay right
// either way. An error names the object that is missing or damaged, and comes
// with ix as it was; a cancelled call returns ctx.Err().
func (ix *Index) Advance(ctx context.Context, tip object.ID) (*Index, Update, error) {
	select {
	case ix.growing <- struct{}{}:
	case <-ctx.Done():
		return ix, Update{}, ctx.Err()
	}
	defer func() { <-ix.growing }()
	from := ix.View()
	if tip == from.tip {
		return ix, Update{From: tip, To: tip}, ctx.Err()
	}
	runs, stop, at, err := from.reach(ctx, tip)
	if err != nil {
		return ix, Update{}, err
	}
	rewritten := stop != from.tip
	if at == from.at {
		up := ix.grow(tip, runs)
		up.Rewritten = rewritten
		return ix, up, nil
	}
	next := ix.upTo(at, stop)
	next.grow(tip, runs)
	return next, from.rewritten(next.View(), at), nil
}

// reach walks from a commit to the first one that is known, and gives that and
// its ordinal.
func (v View) reach(ctx context.Context, tip object.ID) (runs []*run, stop object.ID, at uint32, err error) {
	runs, stop, err = v.ix.walk(ctx, tip, func(id object.ID) bool {
		if id == v.tip {
			return true
		}
		_, kept := v.ix.ordinal(id)
		return kept
	})
	if at = v.at; stop != v.tip {
		at, _ = v.ix.ordinal(stop)
	}
	return runs, stop, at, err
}

// Fork is an index of its own for another commit, made from ix without walking
// what both share. It doesn't wait for ix to grow.
func (ix *Index) Fork(ctx context.Context, tip object.ID) (*Index, error) {
	runs, stop, at, err := ix.View().reach(ctx, tip)
	if err != nil {
		return nil, err
	}
	next := ix.upTo(at, stop)
	next.grow(tip, runs)
	return next, nil
}

// Append is Advance to a commit whose first parent is the tip (none, if there
// is no tip), and that changes no other files than those named: what a writer
// knows already is not read back. The error is [ErrNotNext] when the commit
// doesn't follow the tip, and then nothing was done.
func (ix *Index) Append(commit object.ID, raw []byte, edits []Edit) (Update, error) {
	ix.growing <- struct{}{}
	defer func() { <-ix.growing }()
	l, parent, err := ix.parse(commit, raw)
	if err != nil {
		return Update{}, err
	}
	if parent != ix.tip {
		return Update{}, ErrNotNext
	}
	for _, e := range edits {
		if ix.scope.holds(e.Path) {
			l.edits = append(l.edits, e)
		}
	}
	return ix.grow(commit, []*run{{links: []link{l}}}), nil
}

// ErrNotNext is the error of [Index.Append] for a commit whose first parent is
// not the tip.
var ErrNotNext = errors.New("the commit does not follow the known tip; advance to it instead")

// upTo is a copy of the index as it was at an ordinal.
func (ix *Index) upTo(at uint32, tip object.ID) *Index {
	next := New(ix.objects, ix.scope, ix.over)
	ix.sort()
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	next.tip = tip
	next.commits = ix.commits[:at:at]
	next.times = ix.times[:at:at]
	count, versions := 0, 0
	for _, f := range ix.order {
		if n := f.high(at); n > 0 {
			count++
			versions += n
		}
	}
	files := make([]file, 0, count)
	room := make([]version, 0, versions)
	next.files = make(map[string]*file, count)
	next.order = make([]*file, 0, count)
	for _, f := range ix.order {
		if f.high(at) == 0 {
			continue
		}
		var own file
		own, room = f.upTo(at, room)
		files = append(files, own)
		next.files[f.path] = &files[len(files)-1]
		next.order = append(next.order, &files[len(files)-1])
	}
	next.sorted = len(next.order)
	return next
}

// rewritten compares the states of two indexes that have the commits up to an
// ordinal in common.
func (v View) rewritten(now View, at uint32) Update {
	up := Update{From: v.tip, To: now.tip, Rewritten: true}
	paths := map[string]bool{}
	for _, ix := range []*Index{v.ix, now.ix} {
		ix.mu.RLock()
		for path, f := range ix.files {
			if f.touched(at) {
				paths[path] = true
			}
		}
		ix.mu.RUnlock()
	}
	for path := range paths {
		_, was := v.Latest(path)
		_, is := now.Latest(path)
		if kind := kindOf(was, is); kind != 0 {
			up.Changed = append(up.Changed, Change{path, kind})
		}
		if v.renumbered(now, path) {
			up.Renumbered = append(up.Renumbered, path)
		}
	}
	up.sort()
	return up
}

// renumbered reports whether a number of v's means another blob now, or none.
func (v View) renumbered(now View, path string) (is bool) {
	var was []version
	v.look(path, func(f *file) { was = f.versions[:f.high(v.at)] })
	is = len(was) > now.HighWater(path)
	now.look(path, func(f *file) {
		for n, ver := range was[:min(len(was), len(f.versions))] {
			is = is || ver.blob != f.versions[n].blob
		}
	})
	return is
}
