package storetest

import (
	"errors"
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

// checkAllAlike lets readers of different speed hear of the same changes. At a
// revision that two of them were told of, both know the same.
func checkAllAlike(t *trial) {
	a, b := t.two()
	t.saveText(a, "old", "text")
	ctx := t.ctx()
	quick, steady, late := t.follow(ctx, a), t.follow(ctx, a), t.follow(ctx, a)
	for i := range 10 {
		name := fmt.Sprintf("doc%d", i%4)
		t.saveText(b, name, "text")
		quick.until(name)
		switch i % 3 {
		case 0:
			t.deleteName(b, name)
			quick.until(name)
		case 1:
			steady.until(name)
		}
	}
	if quick.settle("end"); t.Failed() {
		return
	}
	for _, f := range []*follower{steady, late} {
		f.until("end")
		if diff := cmp.Diff(quick.copy, f.copy); diff != "" {
			t.Errorf("two readers were told of different changes (-quick +slow):\n%s", shorten(diff))
		}
		if f.revision != quick.revision {
			t.Errorf("two readers of the same changes end at different revisions: %q and %q", quick.revision, f.revision)
		}
		for revision, exist := range f.states {
			if want, ok := quick.states[revision]; ok && want != exist && revision != "" {
				t.Errorf("two readers were told of different states with the same revision %q: that there are %s, and that there are %s", revision, want, exist)
			}
		}
	}
}

// checkManyWriters lets 32 writers work at once, through several handles. One
// reader reads all the time, another one only afterwards.
func checkManyWriters(t *trial) {
	p := t.place()
	handles := []prompty.TemplateStorage{p.handle(), p.handle(), p.handle(), p.handle()}
	busy, late := t.follow(t.ctx(), handles[0]), t.follow(t.ctx(), handles[1])
	const writers = 32
	var fns []func()
	for w := range writers {
		fns = append(fns, func() { write(t, handles[w%len(handles)], w) })
	}
	busy.during(func() { all(fns...) })
	busy.settle("end/busy")
	late.settle("end/late")
	if n := len(late.copy); n < writers {
		t.Errorf("after %d writers saved a name each there are %d", writers, n)
	}
}

// write makes one writer's changes: of its own name, of one that it shares with
// others, and of one that comes and goes.
func write(t *trial, s prompty.TemplateStorage, writer int) {
	ctx := t.ctx()
	for _, name := range []string{fmt.Sprintf("own/%02d", writer), fmt.Sprintf("shared%d", writer%4), fmt.Sprintf("churn%d", writer%8)} {
		if err := s.Save(ctx, t.draft(name, fmt.Sprint("writer ", writer))); err != nil {
			t.Errorf("Save(%q) beside %d writers: %v", name, writer, err)
		}
	}
	if err := s.Delete(ctx, fmt.Sprintf("churn%d", writer%8)); err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("Delete beside %d writers: %v", writer, err)
	}
}
