package storetest

import (
	"context"
	"fmt"
	"time"
)

// within runs what nobody may hold up.
func (t *trial) within(what string, fn func() error) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- fn() }()
	timer := time.NewTimer(t.claims.patience)
	defer timer.Stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	case <-timer.C:
		t.Fatalf("%s is held up by a reader who does not read: %v and no end", what, t.claims.patience)
	}
}

// checkMergedKinds changes everything in ways that amount to something else,
// while nobody reads but the first batch, if that.
func checkMergedKinds(t *trial) {
	a, b := t.two()
	const sets = 4
	for i := range sets {
		for _, name := range []string{"kept", "gone", "back"} {
			t.saveText(a, fmt.Sprintf("%s%d", name, i), "old")
		}
	}
	f := t.follow(t.ctx(), a)
	t.saveText(b, "first", "text")
	changes := 1
	for i := range sets {
		for _, way := range []struct{ name, steps string }{
			{"new", "++"}, {"brief", "+-"}, {"twice", "+-+"}, {"kept", "-+"}, {"gone", "+-"}, {"back", "-+-"},
		} {
			name := fmt.Sprint(way.name, i)
			for _, step := range way.steps {
				if step == '+' {
					t.saveText(b, name, "text")
				} else {
					t.deleteName(b, name)
				}
				changes++
			}
		}
	}
	f.settle("end")
	if f.batches > changes/4 {
		t.Errorf("a reader who did not read got %d batches for %d changes of %d names: they were not merged", f.batches, changes, 6*sets)
	}
}

// checkSlowReader lets one reader read nothing while others write and another
// one reads. That must hold nobody up, nor cost a name.
func checkSlowReader(t *trial) {
	a, b := t.two()
	ctx := t.ctx()
	slow, quick := t.follow(ctx, a), t.follow(ctx, a)
	const rounds, many = 4, 40
	for round := range rounds {
		for i := range many {
			draft := t.draft(fmt.Sprintf("doc%02d", i), fmt.Sprint(round))
			t.within("Save", func() error { return b.Save(ctx, draft) })
		}
		quick.until(fmt.Sprintf("doc%02d", many-1))
	}
	slow.settle("end")
	if slow.batches > rounds*many/4 {
		t.Errorf("a slow reader got %d batches for %d saves of %d names: they were not merged", slow.batches, rounds*many, many)
	}
}

// checkReaderWhoLeft ends one reader's context with something pending for it.
func checkReaderWhoLeft(t *trial) {
	s := t.storage()
	ctx, cancel := context.WithCancel(t.ctx())
	defer cancel()
	left, unread, stays := t.watch(ctx, s), t.watch(ctx, s), t.watch(t.ctx(), s)
	save := func(source string) {
		t.Helper()
		t.within("Save", func() error { return s.Save(t.ctx(), t.draft("doc", source)) })
		stays.until("doc")
	}
	save("one")
	cancel()
	for i := range 5 { // nobody reads any more what is meant for them
		save(fmt.Sprint(i))
	}
	left.closed("its context ended")
	unread.closed("its context ended")
	save("last")
}

// checkCameAndWent reads a template that is created and deleted while the one
// who watches is slow. It is in that reader's copy, and so must be told of. The
// other reader shows that the storage had noticed it.
func checkCameAndWent(t *trial) {
	s := t.storage()
	slow, quick := t.follow(t.ctx(), s), t.follow(t.ctx(), s)
	for i := range 4 {
		name := fmt.Sprint("brief", i)
		t.saveText(s, name, "text")
		quick.until(name)
		slow.look(name)
		t.deleteName(s, name)
		quick.until(name)
	}
	slow.settle("end")
}
