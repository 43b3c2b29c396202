package gitstore

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// state is what the templates are at one commit. It does not change.
type state struct {
	r      *repository
	ref    string    // the branch; "" at a commit that no branch is followed to
	tip    object.ID // zero: there is none yet
	number uint64    // of states so far
	ix     *history.Index
	view   history.View
	over   *history.Overrides // under which it was built

	once sync.Once // makes what follows
	all  []entry
	odd  []string // what has the extension of a template and cannot be one, and why
}

// entry is a template that is there.
type entry struct{ name, path string }

func (r *repository) newState(ref string, ix *history.Index, tip object.ID) *state {
	return &state{r: r, ref: ref, number: r.states.Add(1), tip: tip, ix: ix, view: ix.View(), over: r.grafts.Load()}
}

// before reports whether another state of the same branch has taken the place
// of st.
func (st *state) before(other *state) bool { return st.ref == other.ref && st.number < other.number }

// at is the state at a commit.
func (r *repository) at(ctx context.Context, commit object.ID) (*state, error) {
	base, err := r.head(ctx) // whatever is known is worth starting from
	if err != nil || base.tip.IsZero() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if _, err := r.refreshGrafts(); err != nil {
			return nil, err
		}
		ix, _, err := history.New(r.objects(), r.scope(), *r.grafts.Load()).Advance(ctx, commit)
		if err != nil {
			return nil, err
		}
		return r.newState("", ix, commit), nil
	}
	if view, ok := base.ix.At(commit); ok {
		return &state{r: r, tip: commit, ix: base.ix, view: view, over: base.over}, nil
	}
	ix, err := base.ix.Fork(ctx, commit)
	if err != nil {
		return nil, err
	}
	return r.newState("", ix, commit), nil
}

// entries are the templates by name, bytewise.
func (st *state) entries() []entry {
	st.once.Do(func() {
		paths := st.view.Paths("")
		st.all = make([]entry, 0, len(paths))
		for _, p := range paths {
			name, err := st.r.layout.name(p)
			switch {
			case err != nil:
				st.odd = append(st.odd, err.Error())
			case name != "":
				st.all = append(st.all, entry{name, p})
			}
		}
		slices.SortFunc(st.all, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	})
	return st.all
}
