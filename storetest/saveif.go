package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var saveIfChecks = []check{
	{name: "on top of the latest only", rule: ruleSaveIf, fn: checkSaveIf},
	{name: "no version is negative", rule: ruleSaveIf, fn: checkNegativeBase},
	{name: "after deletes", rule: ruleSaveIf, fn: checkSaveIfAfterDeletes},
	{name: "sets and keeps what Save does", rule: ruleSaveIf, fn: checkSaveIfLikeSave},
	{name: "one racer wins", rule: ruleSaveIf, fn: checkRacers},
	{name: "one racer wins a new name", rule: ruleSaveIf, fn: checkRacersOnNothing},
	{name: "no update is lost", rule: ruleSaveIf, fn: checkCounter},
	{name: "cancelled within", rule: ruleContext, fn: checkCancelledSaveIf},
}

// capabilityOf finds a capability or skips the check. That it is there at all
// is checked where it is claimed.
func capabilityOf[T any](t *trial, s prompty.TemplateStorage, name string) T {
	t.Helper()
	c, ok := prompty.As[T](s)
	if !ok {
		t.Skipf("%T has no %s", s, name)
	}
	return c
}

// wantConflict checks a refused SaveIf of "doc" and that it did nothing.
func (t *trial) wantConflict(s prompty.TemplateStorage, base, latest int) {
	t.Helper()
	c, ok := prompty.As[prompty.ConditionalSaver](s)
	if !ok {
		return
	}
	tmpl := t.draft("doc", "refused")
	tmpl.Version, tmpl.ID = 77, "held"
	before := tmpl.Clone()
	err := c.SaveIf(t.ctx(), tmpl, base)
	if !t.wantErr(err, prompty.ErrConflict, "SaveIf on base %d when the latest is %d", base, latest) {
		return
	}
	conflict, ok := errors.AsType[*prompty.ConflictError](err)
	if !ok {
		t.Errorf("SaveIf on base %d: error %v holds no *ConflictError", base, err)
	} else if conflict.Latest != latest || base >= 0 && conflict.Base != base {
		t.Errorf("SaveIf on base %d when the latest is %d: the conflict says %+v", base, latest, *conflict)
	}
	if diff := cmp.Diff(before, tmpl); diff != "" {
		t.Errorf("a refused SaveIf touched its argument (-before +after):\n%s", diff)
	}
}

func (t *trial) saveIf(s prompty.TemplateStorage, source string, base, want int) {
	t.Helper()
	tmpl := t.draft("doc", source)
	if err := capabilityOf[prompty.ConditionalSaver](t, s, "ConditionalSaver").SaveIf(t.ctx(), tmpl, base); err != nil {
		t.Errorf("SaveIf on base %d, which is the latest: %v", base, err)
		return
	}
	if tmpl.Version != want {
		t.Errorf("SaveIf on base %d gave version %d, want %d", base, tmpl.Version, want)
	}
	if got := t.get(s, "doc"); got.Version != want || got.Source != source {
		t.Errorf("Get after SaveIf = version %d, %q, want version %d, %q", got.Version, got.Source, want, source)
	}
}

func checkSaveIf(t *trial) {
	s := t.storage()
	for _, base := range []int{1, 2} {
		t.wantConflict(s, base, 0)
	}
	t.saveIf(s, "one", 0, 1)
	for _, base := range []int{0, 2, 3} {
		t.wantConflict(s, base, 1)
	}
	t.saveIf(s, "two", 1, 2)
	t.saveIf(s, "two", 2, 3)
	for _, base := range []int{0, 1, 2, 4} {
		t.wantConflict(s, base, 3)
	}
	if diff := cmp.Diff([]int{3, 2, 1}, t.versions(s, "doc")); diff != "" {
		t.Errorf("ListVersions after refused SaveIfs (-want +got):\n%s", diff)
	}
}

func checkNegativeBase(t *trial) {
	s := t.storage()
	capabilityOf[prompty.ConditionalSaver](t, s, "ConditionalSaver")
	t.wantConflict(s, -1, 0)
	t.wantAbsent(s, "doc", "after a SaveIf on base -1")
	t.saveText(s, "doc", "one")
	t.wantConflict(s, -1, t.get(s, "doc").Version)
}

func checkSaveIfAfterDeletes(t *trial) {
	s := t.storage()
	t.saveIf(s, "one", 0, 1)
	t.saveIf(s, "two", 1, 2)
	t.deleteVersion(s, "doc", 2)
	t.wantConflict(s, 2, 1)
	t.saveIf(s, "three", 1, 3)
	t.deleteName(s, "doc")
	t.wantConflict(s, 3, 0)
	t.saveIf(s, "four", 0, 4)
	t.deleteVersion(s, "doc", 4)
	t.wantConflict(s, 4, 0)
	t.saveIf(s, "five", 0, 5)
}

func checkSaveIfLikeSave(t *trial) {
	s := t.storage()
	c := capabilityOf[prompty.ConditionalSaver](t, s, "ConditionalSaver")
	tmpl := t.fullDraft("doc")
	tmpl.Source = "---\ntags: [x]\n---\r\nbody"
	if err := c.SaveIf(t.ctx(), tmpl, 0); err != nil {
		t.Fatalf("SaveIf: %v", err)
	}
	t.wantSame(t.get(s, "doc"), tmpl, "what SaveIf stored")
	if tmpl.ID == "" || tmpl.CreatedAt.IsZero() {
		t.Errorf("SaveIf set ID %q and CreatedAt %v", tmpl.ID, tmpl.CreatedAt)
	}
	t.wantErr(c.SaveIf(t.ctx(), t.draft("doc", "a\x00"), 1), prompty.ErrInvalidTemplate, "SaveIf of a NUL")
	t.wantErr(c.SaveIf(t.ctx(), nil, 1), prompty.ErrInvalidTemplate, "SaveIf(nil)")
}

// race lets n savers build on one base, over all handles, and wants one winner.
func (t *trial) race(handles []prompty.TemplateStorage, n, base int) {
	t.Helper()
	ctx := t.ctx()
	var won atomic.Int32
	var fns []func()
	for i := range n {
		c := capabilityOf[prompty.ConditionalSaver](t, handles[i%len(handles)], "ConditionalSaver")
		fns = append(fns, func() {
			err := c.SaveIf(ctx, t.draft("doc", fmt.Sprint("racer ", i)), base)
			if err == nil {
				won.Add(1)
			} else {
				t.wantErr(err, prompty.ErrConflict, "SaveIf of a racer who lost")
			}
		})
	}
	all(fns...)
	if won.Load() != 1 {
		t.Errorf("%d of %d racers on base %d won, want 1", won.Load(), n, base)
	}
}

func checkRacers(t *trial) {
	p := t.place()
	handles := []prompty.TemplateStorage{p.handle(), p.handle(), p.handle()}
	t.saveText(handles[0], "doc", "one")
	for base := 1; base <= 3; base++ {
		t.race(handles, 32, base)
		if got := t.get(p.reader(handles[0]), "doc").Version; got != base+1 {
			t.Fatalf("after a race on base %d the latest is %d, want %d", base, got, base+1)
		}
	}
}

func checkRacersOnNothing(t *trial) {
	p := t.place()
	handles := []prompty.TemplateStorage{p.handle(), p.handle()}
	for round := range 3 {
		t.race(handles, 16, 0)
		if got := t.get(p.reader(handles[0]), "doc").Version; got != round+1 {
			t.Fatalf("after a race for a new name the latest is %d, want %d", got, round+1)
		}
		t.deleteName(handles[1], "doc")
	}
}

// checkCounter adds one to the text until everybody had a turn, as an editor
// does that retries on a conflict.
func checkCounter(t *trial) {
	p, ctx := t.place(), t.ctx()
	s := p.handle()
	c := capabilityOf[prompty.ConditionalSaver](t, s, "ConditionalSaver")
	t.saveText(s, "doc", "0")
	const savers, turns = 4, 5
	var fns []func()
	for range savers {
		fns = append(fns, func() {
			for turn := 0; turn < turns; {
				got, err := s.Get(ctx, "doc")
				if err != nil {
					t.Errorf("Get beside SaveIf: %v", err)
					return
				}
				var n int
				fmt.Sscan(got.Source, &n)
				switch err := c.SaveIf(ctx, t.draft("doc", fmt.Sprint(n+1)), got.Version); {
				case err == nil:
					turn++
				case !errors.Is(err, prompty.ErrConflict):
					t.Errorf("SaveIf beside SaveIf: %v", err)
					return
				}
			}
		})
	}
	all(fns...)
	if got := t.get(s, "doc").Source; got != fmt.Sprint(savers*turns) {
		t.Errorf("%d turns of adding one gave %s: an update was lost", savers*turns, got)
	}
}

func checkCancelledSaveIf(t *trial) {
	p := t.place()
	s := p.handle()
	c := capabilityOf[prompty.ConditionalSaver](t, s, "ConditionalSaver")
	latest := 0
	for n := int64(1); n <= mostLooks; n++ {
		ctx := t.lookedAt(n)
		tmpl := t.draft("doc", fmt.Sprint("save ", n))
		err := c.SaveIf(ctx, tmpl, latest)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("SaveIf, cancelled at look %d: %v, want success or context.Canceled", n, err)
		}
		versions := t.versions(p.reader(s), "doc")
		if len(versions) > latest+1 || err == nil && len(versions) != latest+1 {
			t.Errorf("SaveIf, cancelled at look %d (error %v), left the versions %v", n, err, versions)
		}
		if latest = len(versions); ctx.left.Load() > 0 {
			break
		}
	}
}
