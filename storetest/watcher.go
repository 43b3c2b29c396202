package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
)

const (
	ruleWatch      rule = "capability Watcher"
	ruleWatchOrder rule = "capability Watcher (order)"
	ruleWatchMerge rule = "capability Watcher (merged batches)"
	ruleWatchSlow  rule = "capability Watcher (slow readers)"
	ruleWatchAll   rule = "capability Watcher (all readers alike)"
	ruleWatchLoss  rule = "capability Watcher (nothing is missed)"
	ruleWatchEnd   rule = "capability Watcher (end)"
	ruleWatchLive  rule = "capability Watcher (live)"
)

var watchChecks = []check{
	{name: "armed before it returns", rule: ruleWatch, fn: checkArmed},
	{name: "kinds", rule: ruleWatch, fn: checkKinds},
	{name: "every way to change", rule: ruleWatch, fn: checkEveryChange},
	{name: "changes of another handle", rule: ruleWatch, fn: checkWatchOther},
	{name: "what is told is visible", rule: ruleWatchOrder, fn: checkVisible},
	{name: "revisions differ", rule: ruleWatchOrder, fn: checkRevisions},
	{name: "nothing old after what is new", rule: ruleWatchOrder, fn: checkNothingOld},
	{name: "told once", rule: ruleWatchOrder, fn: checkToldOnce},
	{name: "the stream tells the state", rule: ruleWatchOrder, fn: checkStream},
	{name: "kinds are merged", rule: ruleWatchMerge, fn: checkMergedKinds},
	{name: "what came and went", rule: ruleWatchMerge, fn: checkCameAndWent},
	{name: "a slow reader", rule: ruleWatchSlow, fn: checkSlowReader},
	{name: "a reader who left", rule: ruleWatchSlow, fn: checkReaderWhoLeft},
	{name: "all hear the same", rule: ruleWatchAll, fn: checkAllAlike},
	{name: "beside 32 writers", rule: ruleWatchLoss, fn: checkManyWriters},
	{name: "ends with its context", rule: ruleWatchEnd, fn: checkWatchCancelled},
	{name: "ends with Close", rule: ruleWatchEnd, fn: checkWatchClose},
	{name: "begins beside Close", rule: ruleWatchEnd, fn: checkWatchBesideClose},
	{name: "gives back its goroutines", rule: ruleWatchEnd, fn: checkWatchGoroutines},
	{name: "gives back its files", rule: ruleWatchEnd, fn: checkWatchFiles, alone: true},
	{name: "an engine", rule: ruleWatchLive, fn: checkLiveEngine},
	{name: "an engine's subscribers", rule: ruleWatchLive, fn: checkEngineSubscribers},
	{name: "a cache", rule: ruleWatchLive, fn: checkLiveCache},
}

// watch is one subscription.
type watch struct {
	t  *trial
	ch <-chan prompty.ChangeBatch
}

func (t *trial) watch(ctx context.Context, s prompty.TemplateStorage) *watch {
	t.Helper()
	ch, err := capabilityOf[prompty.Watcher](t, s, "Watcher").Watch(ctx)
	return t.watching(ch, err, "Watch")
}

// watching takes what a call that subscribes gave. A storage may have been
// told not to watch; that it can is checked where it is claimed.
func (t *trial) watching(ch <-chan prompty.ChangeBatch, err error, call string) *watch {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) && !t.claims.has("Watcher") {
		t.Skipf("%s: %v", call, err)
	}
	if err != nil {
		t.Fatalf("%s: %v", call, err)
	}
	if ch == nil {
		t.Fatalf("%s gave neither a channel nor an error", call)
	}
	return &watch{t, ch}
}

// receive waits for a batch that speaks of templates, and checks the form of
// all that come.
func (w *watch) receive(what string) (prompty.ChangeBatch, error) {
	timer := time.NewTimer(w.t.claims.patience)
	defer timer.Stop()
	for {
		select {
		case b, ok := <-w.ch:
			if !ok {
				return b, fmt.Errorf("the channel was closed before it reported %s", what)
			}
			w.t.wantForm(b)
			if b.All || len(b.Changes) > 0 {
				return b, nil
			}
		case <-timer.C:
			return prompty.ChangeBatch{}, fmt.Errorf("nothing reported %s within %v", what, w.t.claims.patience)
		}
	}
}

// next is receive, and ends the check if nothing comes.
func (w *watch) next(what string) prompty.ChangeBatch {
	w.t.Helper()
	b, err := w.receive(what)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return b
}

func (t *trial) wantForm(b prompty.ChangeBatch) {
	t.Helper()
	if !b.All && len(b.Changes) == 0 && b.Watch == nil {
		t.Errorf("a batch says nothing: %+v", b)
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
