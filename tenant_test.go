package prompty_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/go-prompty/prompty"
)

func TestTenantsCannotMeet(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := prompty.NewMemoryStorage()
	defer m.Close()
	acme, rival := prompty.ForTenant(m, "acme"), prompty.ForTenant(m, "rival")
	save(t, m, "public", "everybody's")
	secret := save(t, rival, "plan", "secret")
	own := save(t, acme, "plan", "ours")
	if own.Name != "plan" || own.TenantID != "acme" {
		t.Errorf("Save set %+v, want name plan, tenant acme", own)
	}
	if got, err := m.Get(ctx, "@acme/plan"); err != nil || got.TenantID != "acme" {
		t.Errorf("the storage has %+v, %v, want tenant acme", got, err)
	}
	for _, name := range []string{"@rival/plan", "../rival/plan", "@acme/plan", "../@rival/plan", "/@rival/plan", "", "@rival"} {
		if got, err := acme.Get(ctx, name); !errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("Get(%q) = %+v, %v, want ErrInvalidName", name, got, err)
		}
		if err := acme.Save(ctx, &prompty.StoredTemplate{Name: name}); !errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("Save(%q) = %v, want ErrInvalidName", name, err)
		}
		if err := acme.Delete(ctx, name); !errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("Delete(%q) = %v, want ErrInvalidName", name, err)
		}
	}
	wantMissing(t, acme, "public")
	wantMissing(t, acme, "rival/plan")
	if got, err := acme.GetByID(ctx, secret.ID); !errors.Is(err, prompty.ErrTemplateNotFound) {
		t.Errorf("GetByID(another's) = %+v, %v, want ErrTemplateNotFound", got, err)
	}
	if got, err := acme.GetByID(ctx, own.ID); err != nil || got.Name != "plan" || got.Source != "ours" {
		t.Errorf("GetByID(own) = %+v, %v", got, err)
	}
	for _, q := range []*prompty.TemplateQuery{
		nil, {NamePrefix: ""}, {NameContains: "plan"}, {TenantID: "acme"}, {NamePrefix: "p", NameContains: "lan", Limit: 9}, {IncludeAllVersions: true},
	} {
		list, err := acme.List(ctx, q)
		if err != nil || len(list) != 1 || list[0].Name != "plan" || list[0].Source != "ours" {
			t.Errorf("List(%+v) = %+v, %v, want our plan alone", q, list, err)
		}
	}
	for _, q := range []*prompty.TemplateQuery{{TenantID: "rival"}, {NamePrefix: "@rival/"}, {NamePrefix: "../"}, {NameContains: "acme"}, {NameContains: "plan", Offset: 1}} {
		if list, err := acme.List(ctx, q); err != nil || len(list) != 0 {
			t.Errorf("List(%+v) = %+v, %v, want none", q, list, err)
		}
	}
	err := acme.Save(ctx, &prompty.StoredTemplate{Name: "x", TenantID: "rival"})
	if !errors.Is(err, prompty.ErrInvalidTemplate) || !strings.Contains(err.Error(), `for tenant "acme"`) {
		t.Errorf("Save for another tenant = %v, want ErrInvalidTemplate", err)
	}
	if _, err := acme.Get(ctx, "none"); err == nil || strings.Contains(err.Error(), "@acme") {
		t.Errorf("Get(none) = %v, want the name as the tenant knows it", err)
	}

	se := prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: acme})
	save(t, acme, "leak", `{~prompty.include template="@rival/plan" /~}`)
	if out, err := se.Execute(ctx, "leak", nil); !errors.Is(err, prompty.ErrInvalidName) {
		t.Errorf("an include of another tenant's = %q, %v, want ErrInvalidName", out, err)
	}
}

func TestTenantNamesThatCannotBe(t *testing.T) {
	t.Parallel()
	m := prompty.NewMemoryStorage()
	defer m.Close()
	for _, id := range []string{"", "a/b", "..", ".", "@x", "con", "a:b", "a ", strings.Repeat("t", 65), "\xff"} {
		s := prompty.ForTenant(m, id)
		if err := s.Save(t.Context(), &prompty.StoredTemplate{Name: "x"}); !errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("tenant %q: Save = %v, want ErrInvalidName", id, err)
		}
		if _, err := s.List(t.Context(), nil); !errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("tenant %q: List = %v, want ErrInvalidName", id, err)
		}
		if _, err := s.GetByID(t.Context(), "x"); !errors.Is(err, prompty.ErrInvalidName) {
			t.Errorf("tenant %q: GetByID = %v, want ErrInvalidName", id, err)
		}
	}
	if list, err := m.List(t.Context(), nil); err != nil || len(list) != 0 {
		t.Errorf("something was saved: %v, %v", list, err)
	}
}

func TestTenantCapabilities(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		m := prompty.NewMemoryStorage()
		defer m.Close()
		s := prompty.ForTenant(m, "acme")
		watched, err := s.(prompty.Watcher).Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		all := []*prompty.StoredTemplate{{Name: "a", Source: "1"}, {Name: "b", Source: "2"}}
		if err := prompty.SaveAll(ctx, s, all); err != nil || all[1].Version != 1 || all[1].Name != "b" || all[1].TenantID != "acme" {
			t.Errorf("SaveAll = %v, set %+v", err, all[1])
		}
		save(t, m, "other", "not the tenant's")
		want := []prompty.Change{{Name: "a", Kind: prompty.Created}, {Name: "b", Kind: prompty.Created}}
		if b := <-watched; !cmp.Equal(b.Changes, want) || b.All || b.Revision == "" {
			t.Errorf("Watch gave %+v, want %+v", b, want)
		}
		if err := prompty.SaveIf(ctx, s, &prompty.StoredTemplate{Name: "a", Source: "2"}, 1); err != nil {
			t.Errorf("SaveIf = %v", err)
		}
		err = prompty.SaveIf(ctx, s, &prompty.StoredTemplate{Name: "a", Source: "3"}, 1)
		if !errors.Is(err, prompty.ErrConflict) || strings.Contains(err.Error(), "@acme") {
			t.Errorf("SaveIf on an old base = %v, want ErrConflict, of a", err)
		}
		if list, err := prompty.History(ctx, s, "a"); err != nil || len(list) != 2 {
			t.Errorf("History = %+v, %v, want two", list, err)
		}
		snap, _ := prompty.As[prompty.Snapshotter](s)
		frozen, err := snap.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(ctx, "a"); err != nil {
			t.Errorf("Delete = %v", err)
		}
		wantSource(t, frozen, "a", "2")
		if err := frozen.Delete(ctx, "a"); !errors.Is(err, prompty.ErrReadOnly) {
			t.Errorf("Delete in a snapshot = %v, want ErrReadOnly", err)
		}
		wantMissing(t, frozen, "other")
		if err := frozen.Close(); err != nil {
			t.Errorf("Close of the snapshot = %v", err)
		}
		d, err := s.(prompty.Describer).Describe(ctx)
		if err != nil || d.Driver != "memory" || d.State != "seen by tenant acme" {
			t.Errorf("Describe = %+v, %v", d, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
		for range watched { // ends
		}
		for what, call := range map[string]func() error{
			"Get":      func() error { _, err := s.Get(ctx, "b"); return err },
			"List":     func() error { _, err := s.List(ctx, nil); return err },
			"Save":     func() error { return s.Save(ctx, &prompty.StoredTemplate{Name: "b"}) },
			"SaveAll":  func() error { return prompty.SaveAll(ctx, s, all) },
			"Watch":    func() error { _, err := s.(prompty.Watcher).Watch(ctx); return err },
			"Snapshot": func() error { _, err := snap.Snapshot(ctx); return err },
			"Describe": func() error { _, err := s.(prompty.Describer).Describe(ctx); return err },
		} {
			if err := call(); !errors.Is(err, prompty.ErrClosed) {
				t.Errorf("%s after Close = %v, want ErrClosed", what, err)
			}
		}
		wantSource(t, m, "@acme/b", "2") // the storage itself is open
	})
}

func TestMemorySnapshotAndWatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		m := prompty.NewMemoryStorage()
		watched, err := m.(prompty.Watcher).Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		// The reader is slow: the first batch is on its way, the rest merges.
		save(t, m, "first", "1")
		synctest.Wait()
		save(t, m, "first", "2")
		save(t, m, "created", "1")
		save(t, m, "created", "2")
		save(t, m, "passing", "1")
		for _, name := range []string{"passing", "first"} {
			if err := m.Delete(ctx, name); err != nil {
				t.Fatal(err)
			}
		}
		save(t, m, "gone and back", "1")
		if err := m.DeleteVersion(ctx, "gone and back", 1); err != nil {
			t.Fatal(err)
		}
		save(t, m, "gone and back", "2")
		synctest.Wait()
		if b := <-watched; !cmp.Equal(b.Changes, []prompty.Change{{Name: "first", Kind: prompty.Created}}) {
			t.Errorf("first batch = %+v", b)
		}
		want := []prompty.Change{
			{Name: "created", Kind: prompty.Created}, {Name: "first", Kind: prompty.Deleted}, {Name: "gone and back", Kind: prompty.Created},
			{Name: "passing", Kind: prompty.Deleted},
		}
		if b := <-watched; !cmp.Equal(b.Changes, want) || !strings.HasPrefix(b.Revision, "10.") {
			t.Errorf("second batch = %+v, want revision 10 and %+v", b, want)
		}
		cancel()
		if _, open := <-watched; open {
			t.Error("the channel stays open after its context ended")
		}
		again, err := m.(prompty.Watcher).Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		save(t, m, "created", "3") // nobody reads: Close must not wait for it
		synctest.Wait()
		if d, err := m.(prompty.Describer).Describe(t.Context()); err != nil || d.Driver != "memory" || d.State != "2 templates" {
			t.Errorf("Describe = %+v, %v", d, err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		for range again {
		}
		if _, err := m.(prompty.Watcher).Watch(t.Context()); !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("Watch after Close = %v, want ErrClosed", err)
		}
		if _, err := m.(prompty.Snapshotter).Snapshot(t.Context()); !errors.Is(err, prompty.ErrClosed) {
			t.Errorf("Snapshot after Close = %v, want ErrClosed", err)
		}
	})
}

// prying answers as a backend may that says more of what it has.
type prying struct{ plain }

func (p prying) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	t, err := p.s.GetByID(ctx, id)
	if err != nil {
		return nil, prompty.NewStorageVersionNotFoundError("@rival/plan", 7)
	}
	return t, nil
}

func (prying) Describe(context.Context) (prompty.Description, error) {
	return prompty.Description{State: "9 templates", Problems: []string{"@rival/plan is damaged"}}, errors.New("out of order")
}

func TestTenantsCannotTellWhatOthersHave(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := prompty.NewMemoryStorage()
	defer m.Close()
	s := prying{plain{m}}
	acme := prompty.ForTenant(s, "acme")
	secret := save(t, prompty.ForTenant(m, "rival"), "plan", "secret")
	_, there := acme.GetByID(ctx, secret.ID)
	_, absent := acme.GetByID(ctx, "@rival/none@1")
	a, b := strings.ReplaceAll(fmt.Sprint(there), "plan", "none"), fmt.Sprint(absent)
	if !errors.Is(there, prompty.ErrTemplateNotFound) || !errors.Is(absent, prompty.ErrTemplateNotFound) || a != b || errors.Is(absent, prompty.ErrVersionNotFound) {
		t.Errorf("GetByID of another tenant's = %q, of nobody's = %q: want the same", there, absent)
	}
	if d, err := acme.(prompty.Describer).Describe(ctx); err == nil || d.State != "" || d.Problems != nil {
		t.Errorf("Describe that fails = %+v, %v, want nothing of others", d, err)
	}
}
