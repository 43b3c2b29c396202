package history_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/go-prompty/prompty/gitstore/internal/history"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// TestRandom grows indexes of random chains in random steps, rewrites and forks
// them, and compares every state with the model: when it is reached and at the
// end, for states don't change.
func TestRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		random(t, seed, 50)
	}
}

func random(t *testing.T, seed uint64, steps int) {
	r := rand.New(rand.NewPCG(seed, 1))
	w := newWorld()
	type state struct {
		what string
		v    history.View
		m    *model
	}
	models := []*model{newModel(scope)}
	ix := history.New(w, scope, history.Overrides{})
	m := models[0]
	states := []state{{"empty", ix.View(), m}}
	for step := range steps {
		what := fmt.Sprintf("seed %d, step %d", seed, step)
		before := m
		if r.IntN(10) == 0 { // go on elsewhere: reset, force push
			m = models[r.IntN(len(models))]
		}
		from := m
		for range r.IntN(5) {
			m = m.after(w.next(r, m, m.tip))
			models = append(models, m)
		}
		if m.tip == nil {
			m = before
			continue
		}
		switch r.IntN(6) {
		case 0:
			fork := must[*history.Index](t)(ix.Fork(t.Context(), m.tip.id))
			m.check(t, what+", fork", fork.View())
			before.check(t, what+", forked", ix.View())
			before.check(t, what+", by number", atTip(t, what, ix, before))
			if r.IntN(3) > 0 {
				m = before
				continue
			}
			ix = fork
		case 1:
			if from == before && from != m {
				m = from.after(w.next(r, from, from.tip))
				models = append(models, m)
				up, err := ix.Append(m.tip.id, m.tip.raw, edits(from.tip, m.tip))
				if err != nil {
					t.Fatalf("%s: Append: %v", what, err)
				}
				m.checkUpdate(t, what, before, up)
				break
			}
			fallthrough
		default:
			old := ix
			next, up, err := ix.Advance(t.Context(), m.tip.id)
			if err != nil {
				t.Fatalf("%s: Advance: %v", what, err)
			}
			if onChain(m, before) == up.Rewritten {
				t.Fatalf("%s: Rewritten = %v", what, up.Rewritten)
			}
			if up.From != old.View().Tip() && next != old || up.To != m.tip.id {
				t.Fatalf("%s: update from %s to %s", what, up.From, up.To)
			}
			if next != old {
				before.check(t, what+", before rewriting", old.View())
			}
			m.checkUpdate(t, what, before, up)
			ix = next
		}
		m.check(t, what, ix.View())
		states = append(states, state{what, ix.View(), m})
	}
	for _, s := range states {
		s.m.check(t, s.what+", later", s.v)
	}
	for i, before := range states {
		for _, now := range states[max(0, i-8):min(len(states), i+8)] {
			checkSince(t, fmt.Sprintf("seed %d, from %s to %s", seed, before.what, now.what), before.v, before.m, now.v, now.m)
		}
	}
	for _, m := range models[1:] {
		if v, ok := ix.At(m.tip.id); ok {
			m.check(t, fmt.Sprintf("seed %d, at an old commit", seed), v)
		}
	}
}

// atTip is the state of a commit that an index must know.
func atTip(t *testing.T, what string, ix *history.Index, m *model) history.View {
	t.Helper()
	if m.tip == nil {
		return ix.View()
	}
	v, ok := ix.At(m.tip.id)
	if !ok {
		t.Fatalf("%s: the tip is unknown", what)
	}
	return v
}

// onChain reports whether the chain of m goes through old.
func onChain(m, old *model) bool {
	if old.tip == nil {
		return true
	}
	return m.chain[old.tip.id]
}

// edits is what a writer knows of its own commit.
func edits(old, now *commit) []history.Edit {
	var list []history.Edit
	all := maps.Clone(now.files)
	if old != nil {
		maps.Copy(all, old.files)
	}
	for path := range all {
		var id object.ID
		if l := now.files[path]; l.mode&0o170000 == 0o100000 {
			id = l.blob
		}
		list = append(list, history.Edit{Path: path, Blob: id})
	}
	return list
}
