package prompty_test

import (
	"context"
	"errors"
	"testing"

	"github.com/go-prompty/prompty"
)

// plain hides every capability of what it holds: a backend with ten methods.
type plain struct{ s prompty.TemplateStorage }

func (p plain) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	return p.s.Get(ctx, name)
}
func (p plain) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	return p.s.GetByID(ctx, id)
}
func (p plain) GetVersion(ctx context.Context, name string, v int) (*prompty.StoredTemplate, error) {
	return p.s.GetVersion(ctx, name, v)
}
func (p plain) Save(ctx context.Context, t *prompty.StoredTemplate) error { return p.s.Save(ctx, t) }
func (p plain) Delete(ctx context.Context, name string) error             { return p.s.Delete(ctx, name) }
func (p plain) DeleteVersion(ctx context.Context, name string, v int) error {
	return p.s.DeleteVersion(ctx, name, v)
}
func (p plain) List(ctx context.Context, q *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	return p.s.List(ctx, q)
}
func (p plain) Exists(ctx context.Context, name string) (bool, error) { return p.s.Exists(ctx, name) }
func (p plain) ListVersions(ctx context.Context, name string) ([]int, error) {
	return p.s.ListVersions(ctx, name)
}
func (p plain) Close() error { return p.s.Close() }

// wrapped is a decorator that says what it wraps.
type wrapped struct{ plain }

func (w wrapped) Unwrap() prompty.TemplateStorage { return w.s }

func save(t testing.TB, s prompty.TemplateStorage, name, source string) *prompty.StoredTemplate {
	t.Helper()
	tmpl := &prompty.StoredTemplate{Name: name, Source: source}
	if err := s.Save(t.Context(), tmpl); err != nil {
		t.Fatalf("Save(%q) = %v", name, err)
	}
	return tmpl
}

func TestAsThroughDecorators(t *testing.T) {
	t.Parallel()
	memory := prompty.NewMemoryStorage()
	defer memory.Close()
	for what, s := range map[string]prompty.TemplateStorage{
		"bare":      memory,
		"wrapped":   wrapped{plain{memory}},
		"cached":    prompty.NewCachedStorage(wrapped{plain{memory}}, prompty.CacheConfig{}),
		"tenant":    prompty.ForTenant(memory, "acme"),
		"engine":    prompty.MustNewStorageEngine(prompty.StorageEngineConfig{Storage: memory}),
		"all three": prompty.ForTenant(prompty.NewCachedStorage(wrapped{plain{memory}}, prompty.CacheConfig{}), "acme"),
	} {
		if _, ok := prompty.As[prompty.ConditionalSaver](s); !ok {
			t.Errorf("%s: As[ConditionalSaver] = false", what)
		}
		if _, ok := prompty.As[prompty.Watcher](s); !ok {
			t.Errorf("%s: As[Watcher] = false", what)
		}
		if _, ok := prompty.As[prompty.Snapshotter](s); !ok {
			t.Errorf("%s: As[Snapshotter] = false", what)
		}
	}
	for what, s := range map[string]prompty.TemplateStorage{
		"plain":  plain{memory},
		"cached": prompty.NewCachedStorage(plain{memory}, prompty.CacheConfig{}),
		"tenant": prompty.ForTenant(plain{memory}, "acme"),
		"nil":    nil,
	} {
		if _, ok := prompty.As[prompty.ConditionalSaver](s); ok {
			t.Errorf("%s: As[ConditionalSaver] = true, but the backend has none", what)
		}
	}
}

func TestFallbacks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	memory := prompty.NewMemoryStorage()
	defer memory.Close()
	for what, s := range map[string]prompty.TemplateStorage{
		"plain": plain{memory}, "cached": prompty.NewCachedStorage(plain{memory}, prompty.CacheConfig{}), "tenant": prompty.ForTenant(plain{memory}, "acme"),
	} {
		t.Run(what, func(t *testing.T) {
			one := &prompty.StoredTemplate{Name: what, Source: "one"}
			if err := prompty.SaveIf(ctx, s, one, 0); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("SaveIf = %v, want ErrUnsupported", err)
			}
			if err := prompty.SaveAll(ctx, s, []*prompty.StoredTemplate{one}); err != nil || one.Version != 1 {
				t.Errorf("SaveAll of one = %v, version %d", err, one.Version)
			}
			if err := prompty.SaveAll(ctx, s, []*prompty.StoredTemplate{one, one}); !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("SaveAll of two = %v, want ErrUnsupported", err)
			}
			if err := prompty.SaveAll(ctx, s, nil); err != nil {
				t.Errorf("SaveAll of none = %v", err)
			}
			save(t, s, what, "three!")
			list, err := prompty.History(ctx, s, what)
			if err != nil || len(list) != 2 || list[0].Version != 2 || list[0].Size != 6 || list[1].ID != one.ID {
				t.Errorf("History = %+v, %v", list, err)
			}
			if _, err := prompty.History(ctx, s, "none"); !errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("History(none) = %v, want ErrTemplateNotFound", err)
			}
			if id, err := prompty.LatestID(ctx, s, what); err != nil || id != list[0].ID {
				t.Errorf("LatestID = %q, %v, want %q", id, err, list[0].ID)
			}
			if _, err := prompty.LatestID(ctx, s, "none"); !errors.Is(err, prompty.ErrTemplateNotFound) {
				t.Errorf("LatestID(none) = %v, want ErrTemplateNotFound", err)
			}
			if w, ok := s.(prompty.Watcher); ok {
				if _, err := w.Watch(ctx); !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("Watch = %v, want ErrUnsupported", err)
				}
			}
			if sn, ok := s.(prompty.Snapshotter); ok {
				if _, err := sn.Snapshot(ctx); !errors.Is(err, errors.ErrUnsupported) {
					t.Errorf("Snapshot = %v, want ErrUnsupported", err)
				}
			}
		})
	}
}

// loop is a decorator that wraps itself.
type loop struct {
	plain
	prompty.Prober
}

func (l loop) Unwrap() prompty.TemplateStorage { return l }

func TestAsEnds(t *testing.T) {
	t.Parallel()
	memory := prompty.NewMemoryStorage()
	defer memory.Close()
	s := loop{plain{memory}, memory.(prompty.Prober)}
	if _, ok := prompty.As[prompty.Watcher](s); ok {
		t.Error("As[Watcher] of a decorator that wraps itself = true")
	}
	if _, ok := prompty.As[prompty.Prober](s); ok {
		t.Error("As[Prober] of a decorator that wraps itself = true, but nothing is behind it")
	}
	if _, ok := prompty.As[prompty.Prober](wrapped{plain{nil}}); ok {
		t.Error("As[Prober] of a decorator around nil = true")
	}
}

// silent answers reads with neither a template nor an error.
type silent struct{ plain }

func (silent) Get(context.Context, string) (*prompty.StoredTemplate, error) { return nil, nil }
func (silent) GetByID(context.Context, prompty.TemplateID) (*prompty.StoredTemplate, error) {
	return nil, nil
}
func (silent) GetVersion(context.Context, string, int) (*prompty.StoredTemplate, error) {
	return nil, nil
}

func TestStorageThatAnswersNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	memory := prompty.NewMemoryStorage()
	save(t, memory, "a", "x")
	s := silent{plain{memory}}
	se := newEngine(t, prompty.StorageEngineConfig{Storage: s})
	cached, tenant := prompty.NewCachedStorage(s, prompty.CacheConfig{}), prompty.ForTenant(s, "acme")
	for what, call := range map[string]func() error{
		"cached Get":        func() error { _, err := cached.Get(ctx, "a"); return err },
		"tenant Get":        func() error { _, err := tenant.Get(ctx, "a"); return err },
		"tenant GetByID":    func() error { _, err := tenant.GetByID(ctx, "a"); return err },
		"tenant GetVersion": func() error { _, err := tenant.GetVersion(ctx, "a", 1); return err },
		"LatestID":          func() error { _, err := prompty.LatestID(ctx, s, "a"); return err },
		"History":           func() error { _, err := prompty.History(ctx, s, "a"); return err },
		"Execute":           func() error { _, err := se.Execute(ctx, "a", nil); return err },
		"ExecuteVersion":    func() error { _, err := se.ExecuteVersion(ctx, "a", 1, nil); return err },
		"Validate":          func() error { _, err := se.Validate(ctx, "a"); return err },
		"ValidateVersion":   func() error { _, err := se.ValidateVersion(ctx, "a", 1); return err },
		"CompareVersions":   func() error { _, err := se.CompareVersions(ctx, "a", 1, 1); return err },
		"RollbackToVersion": func() error { _, err := se.RollbackToVersion(ctx, "a", 1); return err },
		"CloneVersion":      func() error { _, err := se.CloneVersion(ctx, "a", 1, "b"); return err },
	} {
		if err := call(); err == nil || errors.Is(err, prompty.ErrTemplateNotFound) {
			t.Errorf("%s = %v, want an error that blames the storage", what, err)
		}
	}
}

// whole is a storage with an ability that knows no tenants.
type whole struct{ prompty.TemplateStorage }

func (whole) Everything() {}

func TestAsThroughTenant(t *testing.T) {
	t.Parallel()
	s := whole{prompty.NewMemoryStorage()}
	view := prompty.ForTenant(s, "acme")
	type everything interface{ Everything() }
	if _, ok := prompty.As[everything](prompty.NewCachedStorage(view, prompty.CacheConfig{})); ok {
		t.Error("a tenant's view shows an ability of the storage that it does not have itself")
	}
	if _, ok := prompty.As[everything](wrapped{plain{s}}); !ok {
		t.Error("another decorator hides the ability")
	}
}
