package storetest

import (
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

const ruleSnapshot rule = "capability Snapshotter"

var snapshotChecks = []check{
	{name: "frozen", rule: ruleSnapshot, fn: checkFrozen},
	{name: "read-only", rule: ruleSnapshot, fn: checkSnapshotReadOnly},
	{name: "closed on its own", rule: ruleSnapshot, fn: checkSnapshotClose},
	{name: "one state beside savers", rule: ruleSnapshot, fn: checkSnapshotState},
}

func (t *trial) snapshot(s prompty.TemplateStorage) prompty.TemplateStorage {
	t.Helper()
	frozen, err := capabilityOf[prompty.Snapshotter](t, s, "Snapshotter").Snapshot(t.ctx())
	if err != nil {
		t.Fatalf("Snapshot: %v", err)
	}
	t.Cleanup(func() {
		if err := frozen.Close(); err != nil {
			t.Errorf("Close of a snapshot: %v", err)
		}
	})
	return frozen
}

func checkFrozen(t *trial) {
	s := t.storage()
	empty := t.snapshot(s)
	one := t.save(s, t.fullDraft("doc"))
	two := t.save(s, t.fullDraft("doc"))
	kept := t.saveText(s, "kept", "text")
	gone := t.saveText(s, "gone", "text")
	frozen := t.snapshot(s)
	want := t.list(s, &prompty.TemplateQuery{IncludeAllVersions: true})

	t.saveText(s, "doc", "three")
	t.deleteVersion(s, "doc", 1)
	t.deleteVersion(s, "doc", 2)
	t.deleteName(s, "gone")
	t.saveText(s, "new", "text")

	for range 2 { // the second time from what the first one may have kept
		if diff := cmp.Diff(want, t.list(frozen, &prompty.TemplateQuery{IncludeAllVersions: true})); diff != "" {
			t.Errorf("List of a snapshot moved (-want +got):\n%s", diff)
		}
		t.wantSame(t.get(frozen, "doc"), two, "Get in a snapshot after Save")
		t.wantSame(t.getVersion(frozen, "doc", 1), one, "GetVersion in a snapshot after DeleteVersion")
		t.wantSame(t.get(frozen, "gone"), gone, "Get in a snapshot after Delete")
		byID, err := frozen.GetByID(t.ctx(), kept.ID)
		t.found(byID, err, "GetByID in a snapshot")
		t.wantSame(byID, kept, "GetByID in a snapshot")
		if diff := cmp.Diff([]int{2, 1}, t.versions(frozen, "doc")); diff != "" {
			t.Errorf("ListVersions of a snapshot moved (-want +got):\n%s", diff)
		}
		t.wantAbsent(frozen, "new", "in a snapshot of before its Save")
		t.wantAbsent(empty, "doc", "in a snapshot of the empty place")
	}
	if list := t.list(empty, nil); len(list) != 0 {
		t.Errorf("List of a snapshot of the empty place = %v", names(list))
	}
}

func checkSnapshotReadOnly(t *trial) {
	s, ctx := t.storage(), t.ctx()
	saved := t.saveText(s, "doc", "one")
	frozen := t.snapshot(s)
	t.wantErr(frozen.Save(ctx, t.draft("doc", "two")), prompty.ErrReadOnly, "Save in a snapshot")
	t.wantErr(frozen.Delete(ctx, "doc"), prompty.ErrReadOnly, "Delete in a snapshot")
	t.wantErr(frozen.DeleteVersion(ctx, "doc", 1), prompty.ErrReadOnly, "DeleteVersion in a snapshot")
	if c, ok := prompty.As[prompty.ConditionalSaver](frozen); ok {
		t.wantErr(c.SaveIf(ctx, t.draft("doc", "two"), 1), prompty.ErrReadOnly, "SaveIf in a snapshot")
	}
	if c, ok := prompty.As[prompty.BatchSaver](frozen); ok {
		t.wantErr(c.SaveAll(ctx, []*prompty.StoredTemplate{t.draft("doc", "two")}), prompty.ErrReadOnly, "SaveAll in a snapshot")
	}
	t.wantSame(t.get(s, "doc"), saved, "the template after its snapshot refused to change it")
	t.wantSame(t.get(frozen, "doc"), saved, "the snapshot after it refused to change")
}

func checkSnapshotClose(t *trial) {
	s, ctx := t.storage(), t.ctx()
	saved := t.saveText(s, "doc", "one")
	frozen, other := t.snapshot(s), t.snapshot(s)
	for range 2 {
		if err := frozen.Close(); err != nil {
			t.Errorf("Close of a snapshot: %v", err)
		}
	}
	_, err := frozen.Get(ctx, "doc")
	t.wantErr(err, prompty.ErrClosed, "Get in a closed snapshot")
	_, err = frozen.List(ctx, nil)
	t.wantErr(err, prompty.ErrClosed, "List in a closed snapshot")
	t.wantSame(t.get(s, "doc"), saved, "the storage after its snapshot was closed")
	t.wantSame(t.get(other, "doc"), saved, "a snapshot after another one was closed")
	t.saveText(s, "doc", "two")
}

// checkSnapshotState saves two names in turn. In any one state the first is
// never behind the second, nor more than one ahead.
func checkSnapshotState(t *trial) {
	s, ctx := t.storage(), t.ctx()
	c := capabilityOf[prompty.Snapshotter](t, s, "Snapshotter")
	t.saveText(s, "a", "1")
	t.saveText(s, "z", "1")
	all(func() {
		for v := 2; v <= 20; v++ {
			for _, name := range []string{"a", "z"} {
				if err := s.Save(ctx, t.draft(name, fmt.Sprint(v))); err != nil {
					t.Errorf("Save beside Snapshot: %v", err)
					return
				}
			}
		}
	}, func() {
		for range 10 {
			frozen, err := c.Snapshot(ctx)
			if err != nil {
				t.Errorf("Snapshot beside Save: %v", err)
				return
			}
			z, err1 := frozen.Get(ctx, "z")
			a, err2 := frozen.Get(ctx, "a")
			list, err3 := frozen.List(ctx, nil)
			if err1 != nil || err2 != nil || err3 != nil {
				t.Errorf("reading a snapshot: %v, %v, %v", err1, err2, err3)
			} else if ahead := a.Version - z.Version; ahead < 0 || ahead > 1 || len(list) != 2 || list[0].ID != a.ID || list[1].ID != z.ID {
				t.Errorf("a snapshot mixes states: Get gives a@%d, z@%d, List gives %v", a.Version, z.Version, names(list))
			}
			if err := frozen.Close(); err != nil {
				t.Errorf("Close of a snapshot: %v", err)
			}
		}
	})
}
