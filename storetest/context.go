package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

var contextChecks = []check{
	{name: "cancelled before", rule: ruleContext, fn: checkCancelled},
	{name: "deadline passed before", rule: ruleContext, fn: checkDeadline},
	{name: "cancelled within a Save", rule: ruleContext, fn: checkCancelledSave},
	{name: "cancelled within a Delete", rule: ruleContext, fn: checkCancelledDelete},
}

// calls is every method with a context, on a storage where "doc" has version 1.
func calls(t *trial, s prompty.TemplateStorage, id prompty.TemplateID) map[string]func(context.Context) error {
	m := map[string]func(context.Context) error{
		"Get":           func(ctx context.Context) error { _, err := s.Get(ctx, "doc"); return err },
		"GetByID":       func(ctx context.Context) error { _, err := s.GetByID(ctx, id); return err },
		"GetVersion":    func(ctx context.Context) error { _, err := s.GetVersion(ctx, "doc", 1); return err },
		"Save":          func(ctx context.Context) error { return s.Save(ctx, t.draft("doc", "two")) },
		"Delete":        func(ctx context.Context) error { return s.Delete(ctx, "doc") },
		"DeleteVersion": func(ctx context.Context) error { return s.DeleteVersion(ctx, "doc", 1) },
		"List":          func(ctx context.Context) error { _, err := s.List(ctx, nil); return err },
		"Exists":        func(ctx context.Context) error { _, err := s.Exists(ctx, "doc"); return err },
		"ListVersions":  func(ctx context.Context) error { _, err := s.ListVersions(ctx, "doc"); return err },
	}
	if c, ok := prompty.As[prompty.ConditionalSaver](s); ok {
		m["SaveIf"] = func(ctx context.Context) error { return c.SaveIf(ctx, t.draft("doc", "two"), 1) }
	}
	if c, ok := prompty.As[prompty.BatchSaver](s); ok {
		m["SaveAll"] = func(ctx context.Context) error {
			return c.SaveAll(ctx, []*prompty.StoredTemplate{t.draft("doc", "two"), t.draft("new", "text")})
		}
	}
	if c, ok := prompty.As[prompty.Historian](s); ok {
		m["History"] = func(ctx context.Context) error { _, err := c.History(ctx, "doc"); return err }
	}
	if c, ok := prompty.As[prompty.Prober](s); ok {
		m["LatestID"] = func(ctx context.Context) error { _, err := c.LatestID(ctx, "doc"); return err }
	}
	if c, ok := prompty.As[prompty.Describer](s); ok {
		m["Describe"] = func(ctx context.Context) error { _, err := c.Describe(ctx); return err }
	}
	if c, ok := prompty.As[prompty.Snapshotter](s); ok {
		m["Snapshot"] = func(ctx context.Context) error {
			frozen, err := c.Snapshot(ctx)
			if err == nil {
				frozen.Close()
			}
			return err
		}
	}
	if c, ok := prompty.As[prompty.Watcher](s); ok {
		m["Watch"] = func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			_, err := c.Watch(ctx)
			return err
		}
	}
	if c, ok := prompty.As[prompty.Resumer](s); ok {
		m["WatchFrom"] = func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			_, err := c.WatchFrom(ctx, "no revision")
			return err
		}
	}
	if c, ok := prompty.As[prompty.Syncer](s); ok {
		m["Sync"] = c.Sync
	}
	return m
}

func checkCancelled(t *trial) {
	ctx, cancel := context.WithCancel(t.ctx())
	cancel()
	t.refusedContext(ctx, "with a cancelled context")
}

func checkDeadline(t *trial) {
	ctx, cancel := context.WithDeadline(t.ctx(), time.Now().Add(-time.Second))
	defer cancel()
	t.refusedContext(ctx, "after the deadline")
}

func (t *trial) refusedContext(ctx context.Context, when string) {
	t.Helper()
	s := t.storage()
	saved := t.saveText(s, "doc", "one")
	t.get(s, "doc") // so that a cache holds it
	for method, call := range calls(t, s, saved.ID) {
		if err := call(ctx); !errors.Is(err, ctx.Err()) {
			t.Errorf("%s %s: error = %v, want %v", method, when, err, ctx.Err())
		} else if errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("%s %s: error = %v is also ErrTemplateNotFound", method, when, err)
		}
	}
	_, err := s.Get(ctx, "nobody")
	if !errors.Is(err, ctx.Err()) {
		t.Errorf("Get of a missing template %s: error = %v, want %v", when, err, ctx.Err())
	}
	t.wantSame(t.get(s, "doc"), saved, "the template after refused calls")
	if got := names(t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true})); len(got) != 1 {
		t.Errorf("after calls %s List has %v, want doc@1", when, got)
	}
}

// lookedAt is a context that cancels itself when it is looked at for the n-th
// time, by Err or by Done. So every moment within a call gets its turn.
type lookedAt struct {
	context.Context
	left   atomic.Int64
	once   sync.Once
	cancel context.CancelFunc
}

func (t *trial) lookedAt(n int64) *lookedAt {
	ctx, cancel := context.WithCancel(t.ctx())
	t.Cleanup(cancel)
	c := &lookedAt{Context: ctx, cancel: cancel}
	c.left.Store(n)
	return c
}

func (c *lookedAt) look() {
	if c.left.Add(-1) == 0 {
		c.once.Do(c.cancel)
	}
}

func (c *lookedAt) Err() error            { c.look(); return c.Context.Err() }
func (c *lookedAt) Done() <-chan struct{} { c.look(); return c.Context.Done() }

// most looks at a context that a call is followed through.
const mostLooks = 24

func checkCancelledSave(t *trial) {
	p := t.place()
	s := p.handle()
	sure := make(map[int]string) // acknowledged
	for n := int64(1); n <= mostLooks; n++ {
		ctx := t.lookedAt(n)
		tmpl := t.draft("doc", fmt.Sprintf("save %d", n))
		before := tmpl.Clone()
		switch err := s.Save(ctx, tmpl); {
		case err == nil:
			if _, twice := sure[tmpl.Version]; twice {
				t.Errorf("version %d was given twice", tmpl.Version)
			}
			sure[tmpl.Version] = tmpl.Source
		case errors.Is(err, context.Canceled):
			if diff := cmp.Diff(before, tmpl); diff != "" {
				t.Errorf("a cancelled Save touched its argument (-before +after):\n%s", diff)
			}
		default:
			t.Errorf("Save, cancelled at look %d: %v, want success or context.Canceled", n, err)
		}
		if ctx.left.Load() > 0 {
			break // the call looks no more often than that
		}
	}
	s = p.reader(s)
	versions := t.versions(s, "doc")
	for i, v := range versions {
		if v != len(versions)-i {
			t.Errorf("cancelled Saves left gaps: %v", versions)
			break
		}
		got := t.getVersion(s, "doc", v)
		if want, ok := sure[v]; ok && got.Source != want {
			t.Errorf("version %d holds %q, want %q", v, got.Source, want)
		}
	}
	for v := range sure {
		if v > len(versions) {
			t.Errorf("version %d was acknowledged and is lost", v)
		}
	}
	if got := t.saveText(s, "doc", "after").Version; got != len(versions)+1 {
		t.Errorf("Save after cancelled ones gave version %d, want %d", got, len(versions)+1)
	}
}

func checkCancelledDelete(t *trial) {
	p := t.place()
	s := p.handle()
	for n := int64(1); n <= mostLooks; n++ {
		ctx := t.lookedAt(n)
		t.saveText(s, "doc", "one")
		t.saveText(s, "doc", "two")
		err := s.Delete(ctx, "doc")
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Delete, cancelled at look %d: %v, want success or context.Canceled", n, err)
		}
		r := p.reader(s)
		left := len(t.versions(r, "doc"))
		if exists, xerr := r.Exists(t.ctx(), "doc"); xerr != nil || exists != (left > 0) || left == 1 || err == nil && left != 0 {
			t.Errorf("Delete, cancelled at look %d (error %v), left %d versions, Exists = %v: want all or none", n, err, left, exists)
		}
		if left > 0 {
			t.deleteName(s, "doc")
		}
		if ctx.left.Load() > 0 {
			break
		}
	}
}
