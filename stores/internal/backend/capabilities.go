package backend

import (
	"context"

	"github.com/go-prompty/prompty"
)

// batching is the part of a storage whose backend is a Batcher.
type batching struct {
	s *store
	b Batcher
}

// SaveAll implements [prompty.BatchSaver].
func (p batching) SaveAll(ctx context.Context, tmpls []*prompty.StoredTemplate) error {
	return p.s.change(ctx, "save all", "", 0, func(ctx context.Context) error {
		drafts := make([]*prompty.StoredTemplate, len(tmpls))
		for i, t := range tmpls {
			if err := prompty.CheckTemplate(t); err != nil {
				return err
			}
			drafts[i] = draft(t)
		}
		if len(drafts) == 0 {
			return nil
		}
		if err := p.b.SaveAll(ctx, drafts); err != nil {
			return err
		}
		for i, t := range drafts {
			tmpls[i].ID, tmpls[i].Version, tmpls[i].CreatedAt, tmpls[i].UpdatedAt = t.ID, t.Version, t.CreatedAt, t.UpdatedAt
		}
		return nil
	})
}

// freezing is the part of a storage whose backend is a Snapshotter.
type freezing struct {
	s *store
	b Snapshotter
}

// Snapshot implements [prompty.Snapshotter].
func (p freezing) Snapshot(ctx context.Context) (prompty.TemplateStorage, error) {
	var state frozen
	err := p.s.call(ctx, "take a snapshot", "", 0, func(ctx context.Context) error {
		snapshot, err := p.b.Snapshot(ctx)
		if err == nil {
			state.view = p.s.adopt(snapshot)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return state, nil
}

// adopt returns a snapshot as a view, which ends with the storage if not before.
func (s *store) adopt(snapshot Snapshot) *view {
	state := newView(snapshot, s.options, nil)
	state.release = func() error {
		s.mu.Lock()
		if !s.closed {
			delete(s.states, state)
		}
		s.mu.Unlock()
		return snapshot.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[state] = true
	return state
}

// frozen is a storage of one state.
type frozen struct{ *view }

func (f frozen) refuse(ctx context.Context, op, name string) error {
	return f.call(ctx, op, name, 0, func(context.Context) error {
		return &prompty.StorageError{Op: op, Name: name, Err: prompty.ErrReadOnly}
	})
}

func (f frozen) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return f.refuse(ctx, "save in a snapshot", "")
}

func (f frozen) Delete(ctx context.Context, name string) error {
	return f.refuse(ctx, "delete in a snapshot", name)
}

func (f frozen) DeleteVersion(ctx context.Context, name string, version int) error {
	return f.refuse(ctx, "delete in a snapshot", name)
}

// Describe implements [prompty.Describer].
func (s *store) Describe(ctx context.Context) (d prompty.Description, err error) {
	err = s.call(ctx, "describe", "", 0, func(ctx context.Context) (err error) {
		d, err = s.b.Describe(ctx)
		return err
	})
	d.Driver = s.options.Driver
	if status := s.WatchStatus(); status.Degraded != "" {
		d.Problems = append(d.Problems, status.Degraded)
	}
	return d, err
}
