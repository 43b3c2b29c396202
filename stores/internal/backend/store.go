package backend

import (
	"context"

	"github.com/go-prompty/prompty"
)

// New returns a backend as a storage: a prompty.ConditionalSaver, Historian,
// Prober, Describer, Watcher and Syncer, and what else b can do. Closing it
// closes b.
func New(b Backend, options Options) prompty.TemplateStorage {
	s := &store{view: newView(b, options, b.Close), b: b, follow: newFollower(b, options)}
	s.first = s.follow.end
	batcher, batches := b.(Batcher)
	snapshotter, snapshots := b.(Snapshotter)
	switch {
	case batches && snapshots:
		return &struct {
			*store
			batching
			freezing
		}{s, batching{s, batcher}, freezing{s, snapshotter}}
	case batches:
		return &struct {
			*store
			batching
		}{s, batching{s, batcher}}
	case snapshots:
		return &struct {
			*store
			freezing
		}{s, freezing{s, snapshotter}}
	}
	return s
}

// store is a backend under the contract.
type store struct {
	*view
	b      Backend
	follow *follower
}

func (s *store) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return s.save(ctx, tmpl, func(ctx context.Context, t *prompty.StoredTemplate) error {
		return s.b.Save(ctx, t, AnyVersion)
	})
}

// SaveIf implements [prompty.ConditionalSaver].
func (s *store) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return s.save(ctx, tmpl, func(ctx context.Context, t *prompty.StoredTemplate) error {
		if base != 0 && !possible(base) { // which backends need not understand
			latest, err := s.reads.LatestVersion(ctx, t.Name)
			if err != nil {
				return err
			}
			return prompty.NewStorageConflictError(t.Name, base, latest)
		}
		return s.b.Save(ctx, t, base)
	})
}

func (s *store) save(ctx context.Context, tmpl *prompty.StoredTemplate, put func(context.Context, *prompty.StoredTemplate) error) error {
	name := ""
	if tmpl != nil {
		name = tmpl.Name
	}
	return s.change(ctx, "save", name, 0, func(ctx context.Context) error {
		if err := prompty.CheckTemplate(tmpl); err != nil {
			return err
		}
		t := draft(tmpl)
		if err := put(ctx, t); err != nil {
			return err
		}
		tmpl.ID, tmpl.Version, tmpl.CreatedAt, tmpl.UpdatedAt = t.ID, t.Version, t.CreatedAt, t.UpdatedAt
		return nil
	})
}

// draft is what a backend saves of t.
func draft(t *prompty.StoredTemplate) *prompty.StoredTemplate {
	d := &prompty.StoredTemplate{Name: t.Name, Source: t.Source, CreatedBy: t.CreatedBy, TenantID: t.TenantID}
	if len(t.Metadata) > 0 {
		d.Metadata = t.Metadata
	}
	if len(t.Tags) > 0 {
		d.Tags = t.Tags
	}
	return d
}

// change is call for methods that change something.
func (s *store) change(ctx context.Context, op, name string, version int, fn func(context.Context) error) error {
	return s.call(ctx, op, name, version, func(ctx context.Context) error {
		err := fn(ctx)
		if err == nil {
			s.follow.nudge()
		}
		return err
	})
}

func (s *store) Delete(ctx context.Context, name string) error {
	return s.change(ctx, "delete", name, 0, func(ctx context.Context) error {
		if err := prompty.CheckName(name); err != nil {
			return err
		}
		return s.b.Delete(ctx, name)
	})
}

func (s *store) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.change(ctx, "delete", name, version, func(ctx context.Context) error {
		if err := prompty.CheckName(name); err != nil {
			return err
		}
		if !possible(version) {
			return prompty.NewStorageVersionNotFoundError(name, version)
		}
		return s.b.DeleteVersion(ctx, name, version)
	})
}
