package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

const ruleWatch rule = "capability Watcher"

var watchChecks = []check{
	{name: "armed before it returns", rule: ruleWatch, fn: checkArmed},
	{name: "kinds", rule: ruleWatch, fn: checkKinds},
	{name: "every way to change", rule: ruleWatch, fn: checkEveryChange},
	{name: "changes of another handle", rule: ruleWatch, fn: checkWatchOther},
	{name: "a slow reader", rule: ruleWatch, fn: checkSlowReader},
	{name: "the stream tells the state", rule: ruleWatch, fn: checkStream},
	{name: "ends with its context", rule: ruleWatch, fn: checkWatchCancelled},
	{name: "ends with Close", rule: ruleWatch, fn: checkWatchClose},
}

// watch is one subscription and what it said so far.
type watch struct {
	t  *trial
	ch <-chan prompty.ChangeBatch
}

func (t *trial) watch(ctx context.Context, s prompty.TemplateStorage) *watch {
	t.Helper()
	ch, err := capabilityOf[prompty.Watcher](t, s, "Watcher").Watch(ctx)
	if err != nil {
		t.Fatalf("Watch: %v", err)
	}
	if ch == nil {
		t.Fatalf("Watch gave neither a channel nor an error")
	}
	return &watch{t, ch}
}

// next waits for a batch and checks its form.
func (w *watch) next(what string) prompty.ChangeBatch {
	w.t.Helper()
	timer := time.NewTimer(w.t.claims.patience)
	defer timer.Stop()
	select {
	case b, ok := <-w.ch:
		if !ok {
			w.t.Fatalf("the channel was closed before it reported %s", what)
		}
		w.t.wantForm(b)
		return b
	case <-timer.C:
		w.t.Fatalf("nothing reported %s within %v", what, w.t.claims.patience)
	}
	return prompty.ChangeBatch{}
}

func (t *trial) wantForm(b prompty.ChangeBatch) {
	t.Helper()
	if !b.All && len(b.Changes) == 0 {
		t.Errorf("a batch names nothing: %+v", b)
	}
	byName := func(a, b prompty.Change) int { return strings.Compare(a.Name, b.Name) }
	for i, c := range b.Changes {
		if i > 0 && byName(b.Changes[i-1], c) >= 0 {
			t.Errorf("a batch is not sorted by name, one change a name: %+v", b.Changes)
		}
		if c.Kind != prompty.Created && c.Kind != prompty.Changed && c.Kind != prompty.Deleted {
			t.Errorf("a change of %q is of the kind %q", c.Name, c.Kind)
		}
		if err := prompty.CheckName(c.Name); err != nil {
			t.Errorf("a batch has a name that no template can have: %v", err)
		}
	}
}

// of returns how the batch says that name changed.
func of(b prompty.ChangeBatch, name string) (prompty.ChangeKind, bool) {
	i := slices.IndexFunc(b.Changes, func(c prompty.Change) bool { return c.Name == name })
	if i < 0 {
		return "", b.All
	}
	return b.Changes[i].Kind, true
}

// until waits for the batch that speaks of name.
func (w *watch) until(name string) (prompty.ChangeBatch, prompty.ChangeKind) {
	w.t.Helper()
	for {
		b := w.next(fmt.Sprintf("the change of %q", name))
		if kind, ok := of(b, name); ok {
			return b, kind
		}
	}
}

// closed waits for the channel's end.
func (w *watch) closed(why string) {
	w.t.Helper()
	timer := time.NewTimer(w.t.claims.patience)
	defer timer.Stop()
	for {
		select {
		case _, ok := <-w.ch:
			if !ok {
				return
			}
		case <-timer.C:
			w.t.Fatalf("the channel is still open %v after %s", w.t.claims.patience, why)
		}
	}
}

func checkArmed(t *trial) {
	s := t.storage()
	t.saveText(s, "before", "text")
	for i := range 12 { // a watch that arms itself late would miss one of them
		w := t.watch(t.ctx(), s)
		name := fmt.Sprintf("doc%d", i)
		t.saveText(s, name, "text")
		b, _ := w.until(name)
		if _, ok := of(b, "before"); ok && !b.All {
			t.Errorf("the first batch reports %q, which did not change: %+v", "before", b)
		}
	}
}

func checkKinds(t *trial) {
	s := t.storage()
	t.saveText(s, "old", "text")
	w, other := t.watch(t.ctx(), s), t.watch(t.ctx(), s)
	step := func(name string, want prompty.ChangeKind, change func()) {
		t.Helper()
		change()
		for _, w := range []*watch{w, other} {
			if b, kind := w.until(name); kind != want && !b.All {
				t.Errorf("a change of %q was reported as %q, want %q", name, kind, want)
			}
		}
	}
	step("doc", prompty.Created, func() { t.saveText(s, "doc", "one") })
	step("doc", prompty.Changed, func() { t.saveText(s, "doc", "two") })
	step("doc", prompty.Changed, func() { t.saveText(s, "doc", "two") })
	step("old", prompty.Changed, func() { t.saveText(s, "old", "new text") })
	step("doc", prompty.Changed, func() { t.deleteVersion(s, "doc", 3) })
	step("doc", prompty.Deleted, func() { t.deleteName(s, "doc") })
	step("doc", prompty.Created, func() { t.saveText(s, "doc", "four") })
	step("doc", prompty.Deleted, func() { t.deleteVersion(s, "doc", 4) })
}

func checkEveryChange(t *trial) {
	s := t.storage()
	w := t.watch(t.ctx(), s)
	if c, ok := prompty.As[prompty.ConditionalSaver](s); ok {
		if err := c.SaveIf(t.ctx(), t.draft("if", "text"), 0); err != nil {
			t.Fatalf("SaveIf: %v", err)
		}
		w.until("if")
	}
	if c, ok := prompty.As[prompty.BatchSaver](s); ok {
		if err := c.SaveAll(t.ctx(), []*prompty.StoredTemplate{t.draft("z", "1"), t.draft("a", "1"), t.draft("z", "2")}); err != nil {
			t.Fatalf("SaveAll: %v", err)
		}
		b, _ := w.until("a")
		if kind, ok := of(b, "z"); !ok || kind != prompty.Created && !b.All {
			t.Errorf("SaveAll is one step, but its batch %+v lacks one of its names", b)
		}
	}
	refused := t.draft("refused", "a\x00")
	if err := s.Save(t.ctx(), refused); err == nil {
		t.Errorf("Save of a NUL gave no error")
	}
	t.saveText(s, "end", "text")
	if b, _ := w.until("end"); len(b.Changes) > 1 && !b.All {
		t.Errorf("the batch %+v reports what did not change", b)
	}
}

func checkWatchOther(t *trial) {
	t.needShared()
	p := t.place()
	a, b := p.handle(), p.handle()
	w := t.watch(t.ctx(), a)
	wantChange := func(want prompty.ChangeKind) {
		t.Helper()
		if b, kind := w.until("doc"); kind != want && !b.All {
			t.Errorf("another handle's change was reported as %q, want %q", kind, want)
		}
	}
	saved := t.saveText(b, "doc", "one")
	wantChange(prompty.Created)
	t.wantSame(t.get(p.reader(a), "doc"), saved, "Get after the batch that reported another handle's save")
	saved = t.saveText(b, "doc", "two")
	wantChange(prompty.Changed)
	t.wantSame(t.get(p.reader(a), "doc"), saved, "Get after the batch that reported another handle's save")
	t.deleteName(b, "doc")
	wantChange(prompty.Deleted)
	t.wantAbsent(p.reader(a), "doc", "after the batch that reported another handle's Delete")
}

// checkSlowReader reads nothing while others write. That must not hold them
// up, nor cost a name.
func checkSlowReader(t *trial) {
	s, ctx := t.storage(), t.ctx()
	slow, quick := t.watch(ctx, s), t.watch(ctx, s)
	const rounds, many = 6, 40
	want := make(map[string]bool)
	for round := range rounds {
		for i := range many {
			name := fmt.Sprintf("doc%02d", i)
			t.saveText(s, name, fmt.Sprint(round))
			want[name] = true
		}
		quick.until(fmt.Sprintf("doc%02d", many-1))
	}
	t.saveText(s, "end", "text")
	batches := 0
	for done := false; !done; batches++ {
		b := slow.next("the changes it had no time for")
		if b.All {
			clear(want)
		}
		for _, c := range b.Changes {
			delete(want, c.Name)
			done = done || c.Name == "end"
		}
		done = done || b.All
	}
	if len(want) > 0 {
		t.Errorf("a slow reader missed %d of %d names", len(want), many)
	}
	if batches > rounds*many/2 {
		t.Errorf("a slow reader got %d batches for %d saves of %d names: they were not merged", batches, rounds*many, many)
	}
}

// checkStream keeps a copy that reads again what the batches name, and wants
// it to be the storage's state in the end.
func checkStream(t *trial) {
	p := t.place()
	s := p.handle()
	t.saveText(s, "b", "old")
	ctx := t.ctx()
	w := t.watch(ctx, s)
	state := make(map[string]string)
	look := func(name string) {
		got, err := s.Get(ctx, name)
		if err != nil {
			delete(state, name)
			return
		}
		state[name] = fmt.Sprint(got.Version, got.Source)
	}
	lookAtAll := func() {
		clear(state)
		for _, x := range t.list(s, nil) {
			state[x.Name] = fmt.Sprint(x.Version, x.Source)
		}
	}
	lookAtAll() // after Watch, so that nothing falls between
	done := make(chan struct{})
	go func() {
		defer close(done)
		rnd := rand.New(rand.NewPCG(5, 6))
		for i := range 60 {
			name := string(rune('a' + rnd.IntN(5)))
			switch rnd.IntN(4) {
			case 0:
				s.Delete(ctx, name) // it may be missing
			case 1:
				s.DeleteVersion(ctx, name, 1+rnd.IntN(5))
			default:
				s.Save(ctx, t.draft(name, fmt.Sprint(i)))
			}
		}
		s.Save(ctx, t.draft("end", "text"))
	}()
	for ended := false; !ended; {
		b := w.next("the last of many changes")
		if b.All {
			lookAtAll()
		}
		for _, c := range b.Changes {
			look(c.Name)
		}
		_, ended = state["end"]
	}
	<-done
	followed := make(map[string]string)
	for k, v := range state {
		followed[k] = v
	}
	lookAtAll()
	if diff := cmp.Diff(state, followed); diff != "" {
		t.Errorf("a copy that follows the batches differs from the storage (-storage +copy):\n%s", diff)
	}
}

func checkWatchCancelled(t *trial) {
	s := t.storage()
	ctx, cancel := context.WithCancel(t.ctx())
	defer cancel()
	w, abandoned, other := t.watch(ctx, s), t.watch(ctx, s), t.watch(t.ctx(), s)
	t.saveText(s, "doc", "one") // pending in both when they end
	cancel()
	w.closed("its context ended")
	other.until("doc")
	for i := range 5 { // nobody reads abandoned any more
		t.saveText(s, "doc", fmt.Sprint(i))
	}
	abandoned.closed("its context ended")
	other.until("doc")
}

func checkWatchClose(t *trial) {
	s := t.storage()
	w, abandoned := t.watch(t.ctx(), s), t.watch(t.ctx(), s)
	t.saveText(s, "doc", "one")
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	w.closed("Close")
	abandoned.closed("Close")
}
