package storetest

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-prompty/prompty"
)

const ruleSync rule = "capability Syncer"

var syncChecks = []check{
	{name: "what was changed before is told before", rule: ruleSync, fn: checkSyncOrder},
	{name: "what was changed before is told already", rule: ruleSync, fn: checkSyncSettled},
	{name: "waits for no reader", rule: ruleSync, fn: checkSyncUnread},
	{name: "beside writers and Close", rule: ruleSync, fn: checkSyncBeside},
	{name: "ends with its context", rule: ruleSync, fn: checkSyncContext},
}

func (t *trial) sync(s prompty.TemplateStorage) {
	t.Helper()
	c := capabilityOf[prompty.Syncer](t, s, "Syncer")
	t.within("Sync", func() error { return c.Sync(t.ctx()) })
}

// checkSyncOrder wants what another handle changed before Sync to be told no
// later than what this one changes after it.
func checkSyncOrder(t *trial) {
	a, b := t.two()
	w := t.watch(t.ctx(), a)
	for i := range 8 {
		doc, marker := fmt.Sprintf("doc%d", i), fmt.Sprintf("marker%d", i)
		t.saveText(b, doc, "text")
		if i%2 == 1 {
			t.deleteName(b, fmt.Sprintf("doc%d", i-1))
		}
		t.sync(a)
		t.saveText(a, marker, "text")
		told := make(map[string]bool)
		for !told[marker] {
			batch := w.next("what was changed before and after Sync")
			for _, c := range batch.Changes {
				told[c.Name] = true
			}
			if batch.All {
				told[doc], told[marker] = true, true
			}
		}
		if !told[doc] {
			t.Errorf("a change made after Sync was reported before one that another handle had made before it")
			w.until(doc)
		}
	}
}

// checkSyncSettled begins to watch after Sync: what was changed before it has
// been told, and is not told again.
func checkSyncSettled(t *trial) {
	a, b := t.two()
	t.watch(t.ctx(), a) // so that somebody could be told late
	for i := range 8 {
		doc, marker := fmt.Sprintf("doc%d", i), fmt.Sprintf("marker%d", i)
		t.saveText(b, doc, "text")
		t.sync(a)
		ctx, cancel := context.WithCancel(t.ctx())
		w := t.watch(ctx, a)
		t.saveText(b, marker, "text")
		for told := false; !told; {
			batch := w.next("a change made after Sync")
			if _, early := of(batch, doc); early {
				t.Errorf("a change made before Sync was reported to a watch that began after it: %+v", batch)
			}
			_, told = of(batch, marker)
		}
		cancel()
	}
}

func checkSyncUnread(t *trial) {
	a, b := t.two()
	t.sync(a) // with nobody to tell
	unread := t.follow(t.ctx(), a)
	for i := range 6 {
		t.saveText(b, fmt.Sprintf("doc%d", i), "text")
		t.sync(a)
	}
	t.sync(b)
	unread.settle("end")
}

func checkSyncBeside(t *trial) {
	p := t.place()
	s, other := p.handle(), p.handle()
	ctx := t.ctx()
	c := capabilityOf[prompty.Syncer](t, s, "Syncer")
	t.watch(ctx, s)
	var fns []func()
	for w := range 4 {
		fns = append(fns, func() {
			for i := range 4 {
				if err := other.Save(ctx, t.draft(fmt.Sprintf("doc%d", w), fmt.Sprint(i))); err != nil {
					t.Errorf("Save beside Sync: %v", err)
				}
			}
		}, func() {
			for range 4 {
				if err := c.Sync(ctx); err != nil {
					t.Errorf("Sync beside Save: %v", err)
				}
			}
		})
	}
	all(fns...)
	fns = nil
	for range 4 {
		fns = append(fns, func() {
			if err := c.Sync(ctx); err != nil {
				t.wantErr(err, prompty.ErrClosed, "Sync beside Close")
			}
		})
	}
	all(append(fns, func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close beside Sync: %v", err)
		}
	})...)
	t.wantErr(c.Sync(ctx), prompty.ErrClosed, "Sync after Close")
}

func checkSyncContext(t *trial) {
	a, b := t.two()
	c := capabilityOf[prompty.Syncer](t, a, "Syncer")
	t.watch(t.ctx(), a)
	for n := int64(1); n <= mostLooks; n++ {
		t.saveText(b, "doc", fmt.Sprint(n))
		ctx := t.lookedAt(n)
		if err := c.Sync(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Sync, cancelled at look %d: %v, want success or context.Canceled", n, err)
		}
		if ctx.left.Load() > 0 {
			break
		}
	}
	ended, cancel := context.WithCancel(t.ctx())
	cancel()
	if err := c.Sync(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("Sync with a cancelled context: %v, want context.Canceled", err)
	}
	t.sync(a)
}
