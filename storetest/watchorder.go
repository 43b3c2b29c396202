package storetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/go-prompty/prompty"
)

// two returns two handles of one new place, or twice the only one.
func (t *trial) two() (a, b prompty.TemplateStorage) {
	t.Helper()
	p := t.place()
	return p.handle(), p.handle()
}

// checkVisible reads through the handle that watches, a cache among them: it
// must show whatever it has told of.
func checkVisible(t *trial) {
	a, b := t.two()
	w := t.watch(t.ctx(), a)
	for i := range 12 {
		saved := t.saveText(b, "doc", fmt.Sprint(i))
		w.until("doc")
		t.wantSame(t.get(a, "doc"), saved, "Get after the batch that reported the save")
	}
	t.deleteVersion(b, "doc", 12)
	w.until("doc")
	if got := t.get(a, "doc"); got.Version != 11 {
		t.Errorf("Get after the batch that reported DeleteVersion(12) gave version %d, want 11", got.Version)
	}
	t.deleteName(b, "doc")
	w.until("doc")
	t.wantAbsent(a, "doc", "after the batch that reported Delete")
}

// checkToldOnce counts the batches for changes that are far apart.
func checkToldOnce(t *trial) {
	a, b := t.two()
	f := t.follow(t.ctx(), a)
	told := make(map[string]int)
	take := func(name string) {
		for before := told[name]; told[name] == before; {
			batch := f.next(fmt.Sprintf("the change of %q", name))
			if batch.All {
				t.Skipf("the storage says that everything may have changed: %+v", batch)
			}
			f.take(batch)
			for _, c := range batch.Changes {
				told[c.Name]++
			}
		}
	}
	for i := range 4 {
		for _, s := range []prompty.TemplateStorage{a, b} {
			name := fmt.Sprint("doc", i)
			t.saveText(s, name, "text")
			take(name)
		}
	}
	if c, ok := prompty.As[prompty.Syncer](a); ok {
		if err := c.Sync(t.ctx()); err != nil {
			t.Fatalf("Sync: %v", err)
		}
	}
	t.saveText(b, "end", "text")
	take("end")
	for name, n := range told {
		if want := 2; name != "end" && n != want {
			t.Errorf("%d changes of %q, each after the one before was told, were told %d times", want, name, n)
		}
	}
}

// checkRevisions saves only, so that no state comes back.
func checkRevisions(t *trial) {
	a, b := t.two()
	w := t.watch(t.ctx(), a)
	_, needed := prompty.As[prompty.Resumer](a)
	seen := make(map[string]string)
	for i := range 12 {
		name := fmt.Sprintf("doc%d", i%5)
		t.saveText(b, name, fmt.Sprint(i))
		batch, _ := w.until(name)
		what := fmt.Sprintf("save %d", i)
		if before, twice := seen[batch.Revision]; twice && batch.Revision != "" {
			t.Errorf("%s and %s made the same revision %q", before, what, batch.Revision)
		}
		if batch.Revision == "" && (needed || i > 0 && len(seen[""]) == 0) {
			t.Errorf("the batch for %s has no revision", what)
		}
		seen[batch.Revision] = what
	}
}

// checkNothingOld makes and deletes the same names again and again, before a
// reader who keeps up and then before one who may not. Whoever is told of it in
// any other order, or twice, is told what cannot be.
func checkNothingOld(t *trial) {
	a, b := t.two()
	t.saveText(a, "there", "text")
	f := t.follow(t.ctx(), a)
	change := func(i int, name string) {
		s, err := []prompty.TemplateStorage{a, b}[i%2], error(nil)
		if (i%2 == 0) == (name == "new") {
			err = s.Save(t.ctx(), t.draft(name, fmt.Sprint(i)))
		} else {
			err = s.Delete(t.ctx(), name)
		}
		if err != nil {
			t.Errorf("changing %q beside a watch: %v", name, err)
		}
	}
	for i := range 6 {
		for _, name := range []string{"there", "new"} {
			change(i, name)
			f.until(name)
		}
	}
	f.during(func() {
		for i := range 20 {
			change(i, "there")
			change(i, "new")
		}
	})
	f.settle("end")
}

// checkStream makes all kinds of changes, some of which find nothing to do.
func checkStream(t *trial) {
	a, b := t.two()
	t.saveText(a, "b", "old")
	f := t.follow(t.ctx(), a)
	f.during(func() {
		ctx, rnd := t.ctx(), rand.New(rand.NewPCG(5, 6))
		for i := range 60 {
			name := string(rune('a' + rnd.IntN(5)))
			s := []prompty.TemplateStorage{a, b}[rnd.IntN(2)]
			switch rnd.IntN(4) {
			case 0:
				s.Delete(ctx, name)
			case 1:
				s.DeleteVersion(ctx, name, 1+rnd.IntN(5))
			default:
				s.Save(ctx, t.draft(name, fmt.Sprint(i)))
			}
		}
	})
	saved := t.saveText(b, "a", "kept")
	for f.copy["a"] != fmt.Sprint(saved.Version, " kept") {
		f.until("a") // so far it was an earlier change
	}
	t.deleteVersion(b, "a", saved.Version)
	f.settle("end")
}
