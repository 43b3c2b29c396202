package history

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// link is what the index wants to know of one commit of the chain.
type link struct {
	id, tree object.ID
	nano     int64
	verbs    *verbs // what its trailers ask for; nil: nothing
	edits    []Edit // the files it changed
}

// run is a stretch of the chain, the newest commit first, whose changes are
// found by one goroutine.
type run struct {
	links []link
	below object.ID // the tree before the oldest of them
}

const (
	runLength = 512
	maxWorker = 4
)

var errCycle = errors.New("its first parents lead back to it; `git replace -l` and info/grafts tell which commits were given other parents")

// walk follows the first parents from tip to the first commit for which known
// gives true, or to the end of the chain, and finds out what each commit before
// that did. The newest comes first. Before an end that is not known there is
// the empty tree.
func (ix *Index) walk(ctx context.Context, tip object.ID, known func(object.ID) bool) (runs []*run, stop object.ID, err error) {
	failed, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	workers := min(runtime.GOMAXPROCS(0), maxWorker)
	queue := make(chan *run, 2*workers)
	diff := func(d *differ) {
		for r := range queue {
			if err := d.run(failed, r); err != nil {
				fail(err)
			}
		}
	}
	// This goroutine reads the commits, and takes its share of the runs when
	// there are enough waiting. A walk of one run needs no other.
	own := newDiffer(ix)
	var work sync.WaitGroup
	stop, err = ix.chain(failed, tip, known, func(r *run) error {
		if runs = append(runs, r); len(r.links) < runLength {
			return own.run(failed, r)
		}
		if len(runs) == 1 {
			for range workers - 1 {
				work.Go(func() { diff(newDiffer(ix)) })
			}
		}
		select {
		case queue <- r:
			return nil
		default:
			return own.run(failed, r)
		}
	})
	if err != nil {
		fail(err)
	}
	close(queue)
	diff(own)
	work.Wait()
	if err := ctx.Err(); err != nil {
		return nil, stop, err
	}
	return runs, stop, context.Cause(failed)
}

// chain reads the commits, and hands them on in runs.
func (ix *Index) chain(ctx context.Context, tip object.ID, known func(object.ID) bool, hand func(*run) error) (stop object.ID, err error) {
	// A chain of commits cannot lead back into itself unless something was
	// replaced or damaged. That is found by meeting a commit again that is
	// remembered for twice as many steps each time (Brent's algorithm).
	var mark object.ID
	steps, next := 0, 1
	r := &run{links: make([]link, 0, 1)}
	id := tip
	for ; !id.IsZero() && !known(id); steps++ {
		if err := ctx.Err(); err != nil {
			return stop, err
		}
		if id == mark {
			return stop, fmt.Errorf("history of commit %s: %w", tip, errCycle)
		}
		if steps == next {
			mark, next = id, 2*next
		}
		l, parent, err := ix.link(id)
		if err != nil {
			return stop, err
		}
		if len(r.links) == runLength {
			r.below = l.tree
			if err := hand(r); err != nil {
				return stop, err
			}
			r = &run{links: make([]link, 0, runLength)}
		}
		r.links = append(r.links, l)
		id = parent
	}
	if len(r.links) == 0 {
		return id, nil
	}
	if !id.IsZero() {
		l, _, err := ix.link(id)
		if err != nil {
			return stop, err
		}
		r.below = l.tree
	}
	return id, hand(r)
}

// link reads a commit, and gives its first parent; zero ends the chain.
func (ix *Index) link(id object.ID) (l link, parent object.ID, err error) {
	read, err := ix.over.replace(id)
	if err != nil {
		return l, parent, err
	}
	raw, err := ix.objects.Commit(read)
	if err != nil {
		return l, parent, fmt.Errorf("history at commit %s: %w", id, err)
	}
	l, parent, err = ix.parse(id, raw)
	if err != nil {
		return l, parent, fmt.Errorf("history at commit %s: %w", id, err)
	}
	return l, parent, nil
}

func (ix *Index) parse(id object.ID, raw []byte) (l link, parent object.ID, err error) {
	l.id = id
	l.tree, parent, _, err = object.CommitLinks(raw)
	l.nano, l.verbs = ix.scope.read(raw)
	if others, ok := ix.over.Parents[id]; ok {
		parent = object.ID{}
		if len(others) > 0 {
			parent = others[0]
		}
	}
	return l, parent, err
}

// replace gives the object to read for id. What replaces it may be replaced
// itself, as often as git follows that.
func (o Overrides) replace(id object.ID) (object.ID, error) {
	read := id
	for range 5 {
		other, ok := o.Replace[read]
		if !ok {
			return read, nil
		}
		read = other
	}
	return read, fmt.Errorf("object %s: what replaces it is replaced, again and again; see `git replace -l`", id)
}
