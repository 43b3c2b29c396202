package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

const ruleResume rule = "capability Resumer"

var resumeChecks = []check{
	{name: "what came since", rule: ruleResume, fn: checkResume},
	{name: "from now", rule: ruleResume, fn: checkResumeNow},
	{name: "again and again", rule: ruleResume, fn: checkResumeEach},
	{name: "a revision that nobody knows", rule: ruleResume, fn: checkResumeUnknown},
	{name: "in another handle", rule: ruleResume, fn: checkResumeOther},
	{name: "after a restart", rule: ruleResume, fn: checkResumeRestart},
	{name: "ends", rule: ruleResume, fn: checkResumeEnds},
}

func (t *trial) watchFrom(ctx context.Context, s prompty.TemplateStorage, revision string) *watch {
	t.Helper()
	ch, err := capabilityOf[prompty.Resumer](t, s, "Resumer").WatchFrom(ctx, revision)
	return t.watching(ch, err, fmt.Sprintf("WatchFrom(%.40q)", revision))
}

// resume goes on where f stood, as a reader who was away since.
func (f *follower) resume(ctx context.Context, s prompty.TemplateStorage) *follower {
	f.t.Helper()
	r := *f
	r.watch, r.s = f.t.watchFrom(ctx, s, f.revision), s
	r.copy, r.told, r.states, r.batches = maps.Clone(f.copy), maps.Clone(f.told), make(map[string]string), 0
	return &r
}

// begin follows s up to a revision that the storage has told.
func (t *trial) begin(s prompty.TemplateStorage) *follower {
	t.Helper()
	capabilityOf[prompty.Resumer](t, s, "Resumer")
	ctx, cancel := context.WithCancel(t.ctx())
	defer cancel()
	f := t.follow(ctx, s)
	t.saveText(s, "before", "text")
	if f.until("before"); f.revision == "" {
		t.Fatalf("a batch of a storage that can resume has no revision")
	}
	return f
}

// changes makes one of each kind, and one that comes and goes.
func (t *trial) changes(s prompty.TemplateStorage) {
	t.Helper()
	t.saveText(s, "new", "text")
	t.saveText(s, "changed", "two")
	t.deleteName(s, "gone")
	t.saveText(s, "brief", "text")
	t.deleteName(s, "brief")
	t.deleteName(s, "back")
	t.saveText(s, "back", "two")
	t.saveText(s, "end", "text")
}

// fill saves what changes needs.
func (t *trial) fill(s prompty.TemplateStorage) {
	t.Helper()
	for _, name := range []string{"back", "changed", "gone", "untouched"} {
		t.saveText(s, name, "one")
	}
}

func checkResume(t *trial) {
	a, b := t.two()
	t.fill(a)
	f := t.begin(a)
	stays := f.resume(t.ctx(), a)
	t.changes(b)
	stays.until("end")
	for range 2 { // it is as true the second time
		r := f.resume(t.ctx(), a)
		kinds := make(map[string]prompty.ChangeKind)
		for kinds["end"] == "" {
			batch := r.next("what came after a revision that was told")
			r.take(batch)
			if batch.All {
				t.Fatalf("WatchFrom a revision told eight changes ago gave All")
			}
			for _, c := range batch.Changes {
				kinds[c.Name] = c.Kind
			}
		}
		delete(kinds, "brief")
		want := map[string]prompty.ChangeKind{"new": prompty.Created, "changed": prompty.Changed, "gone": prompty.Deleted, "back": prompty.Changed, "end": prompty.Created}
		if r.batches > 1 { // told in steps
			want["back"] = kinds["back"]
		}
		if diff := cmp.Diff(want, kinds); diff != "" {
			t.Errorf("WatchFrom did not give what came after the revision (-want +got):\n%s", diff)
		}
		if diff := r.lag(); diff != "" {
			t.Errorf("a reader who resumed has another state than the storage (-storage +copy):\n%s", shorten(diff))
		}
		if r.revision != stays.revision {
			t.Errorf("a reader who resumed ends at the revision %q, one who stayed at %q", r.revision, stays.revision)
		}
	}
}

// checkResumeNow resumes where there is nothing to catch up with. The revision
// "" is nobody's, and means now.
func checkResumeNow(t *trial) {
	a, b := t.two()
	f := t.begin(a)
	r, w := f.resume(t.ctx(), a), t.watchFrom(t.ctx(), a, "")
	t.saveText(b, "next", "text")
	for call, w := range map[string]*watch{"the last revision": r.watch, `""`: w} {
		if got := w.next("the next change"); got.All || len(got.Changes) != 1 || got.Changes[0].Name != "next" {
			t.Errorf("WatchFrom %s first gave %+v, want the next change alone", call, got)
		}
	}
}

// checkResumeEach leaves after every batch and comes back, beside writers.
func checkResumeEach(t *trial) {
	p := t.place()
	handles := []prompty.TemplateStorage{p.handle(), p.handle()}
	f := t.begin(handles[0])
	var fns []func()
	for w := range 8 {
		fns = append(fns, func() { write(t, handles[w%2], w) })
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		all(fns...)
		if err := handles[0].Save(t.ctx(), t.draft("end", "text")); err != nil {
			t.Errorf("Save: %v", err)
		}
	}()
	for ended := false; !ended; _, ended = f.copy["end"] {
		ctx, cancel := context.WithCancel(t.ctx())
		f = f.resume(ctx, handles[0])
		f.take(f.next("the next of many changes"))
		cancel()
	}
	<-done
	f = f.resume(t.ctx(), handles[0])
	f.settle("settled")
}

// wantAll wants All to come of its own, and then what changes.
func (t *trial) wantAll(s prompty.TemplateStorage, revision, whose string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.ctx())
	defer cancel()
	f := t.following(t.watchFrom(ctx, s, revision), s)
	if b := f.next("that everything may have changed since " + whose); !b.All {
		t.Errorf("WatchFrom %s gave %+v, want All", whose, b)
	}
	f.settle(fmt.Sprintf("after%d", len(f.copy)))
}

func checkResumeUnknown(t *trial) {
	s, other := t.storage(), t.storage()
	var foreign []string
	for i := range 3 { // as many changes, so that a plain number would fit
		if t.claims.private || i > 0 {
			t.begin(s)
		}
		foreign = append(foreign, t.begin(other).revision)
	}
	for _, revision := range foreign {
		t.wantAll(s, revision, "a revision of another place")
	}
	for _, revision := range []string{"nonsense", " ", "\x00", "../..", strings.Repeat("0123456789", 1000), foreign[0] + "0"} {
		t.wantAll(s, revision, "a revision that nobody gave")
	}
}

// exactOrAll wants a reader who resumed elsewhere to be told of all that came
// since, and of nothing else, or to be told to read everything.
func (f *follower) exactOrAll(ctx context.Context, s prompty.TemplateStorage, where string) {
	t := f.t
	t.Helper()
	r := f.resume(ctx, s)
	may := []string{"new", "changed", "gone", "brief", "back", "end"}
	for ended := false; !ended; {
		b := r.next("what came after a revision told " + where)
		r.take(b)
		_, ended = of(b, "end")
		for _, c := range b.Changes {
			if !b.All && !slices.Contains(may, c.Name) {
				t.Errorf("WatchFrom a revision told %s reports %q, which did not change since", where, c.Name)
			}
		}
	}
	if diff := r.lag(); diff != "" {
		t.Errorf("a reader who resumed from a revision told %s has another state than the storage (-storage +copy):\n%s", where, shorten(diff))
	}
}

func checkResumeOther(t *trial) {
	t.needShared()
	a, b := t.two()
	stays := t.watch(t.ctx(), b) // b has seen it all
	t.fill(a)
	f := t.begin(a)
	t.changes(a)
	stays.until("end")
	f.exactOrAll(t.ctx(), b, "by another handle")
}

func checkResumeRestart(t *trial) {
	t.needShared()
	p := t.place()
	s := p.handle()
	t.fill(s)
	f := t.begin(s)
	t.changes(p.reopen()) // nobody watches
	f.exactOrAll(t.ctx(), p.reopen(), "before a restart")
}

func checkResumeEnds(t *trial) {
	s := t.storage()
	f := t.begin(s)
	ctx, cancel := context.WithCancel(t.ctx())
	defer cancel()
	cancelled, unknown, closed := f.resume(ctx, s), t.watchFrom(ctx, s, "no revision"), f.resume(t.ctx(), s)
	t.saveText(s, "doc", "text")
	cancel()
	cancelled.closed("its context ended")
	unknown.closed("its context ended")
	closed.until("doc")
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	closed.closed("Close")
	_, err := capabilityOf[prompty.Resumer](t, s, "Resumer").WatchFrom(t.ctx(), f.revision)
	t.wantErr(err, prompty.ErrClosed, "WatchFrom after Close")
}
