package gitstore

import (
	"context"
	"sync/atomic"

	"github.com/go-prompty/prompty"
)

// frozen is a view that cannot be written: a snapshot, or what At gives.
type frozen struct{ reader }

var (
	_ prompty.TemplateStorage  = (*frozen)(nil)
	_ prompty.ConditionalSaver = (*frozen)(nil)
	_ prompty.BatchSaver       = (*frozen)(nil)
	_ prompty.Historian        = (*frozen)(nil)
	_ prompty.Snapshotter      = (*frozen)(nil)
	_ prompty.Prober           = (*frozen)(nil)
	_ prompty.Describer        = (*frozen)(nil)
)

// Snapshot returns the templates as they are at the commit that is served now,
// and with Worktree as edited now: see [prompty.Snapshotter].
func (r *reader) Snapshot(ctx context.Context) (prompty.TemplateStorage, error) {
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	st, edits, err := r.survey(ctx)
	if err != nil {
		return nil, r.fail(ctx, "snapshot", "", 0, err)
	}
	f := &frozen{reader{repository: r.repository, ended: new(atomic.Bool)}}
	f.where = func(context.Context) (*state, error) { return st, nil }
	if edits != nil {
		f.edits = &overlay{seen: edits}
	}
	return f, nil
}

// At returns the templates at another revision, read-only: a branch (followed
// as it moves), a tag, a commit or an abbreviation of one, with ~n and ^n as in
// git. Closing it leaves the store open; closing the store ends it too.
func (s *Store) At(ctx context.Context, rev string) (prompty.TemplateStorage, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	where, _, err := s.revision(rev)
	if err == nil {
		_, err = where(ctx)
	}
	if err != nil {
		return nil, s.fail(ctx, "at", rev, 0, err)
	}
	return &frozen{reader{repository: s.repository, where: where, ended: new(atomic.Bool)}}, nil
}

// refuse is the answer of every method that writes.
func (f *frozen) refuse(ctx context.Context) error {
	if err := f.begin(ctx); err != nil {
		return err
	}
	return &prompty.StorageError{Err: prompty.ErrReadOnly}
}

func (f *frozen) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return f.refuse(ctx)
}

func (f *frozen) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return f.refuse(ctx)
}

func (f *frozen) SaveAll(ctx context.Context, tmpls []*prompty.StoredTemplate) error {
	return f.refuse(ctx)
}

func (f *frozen) Delete(ctx context.Context, name string) error { return f.refuse(ctx) }

func (f *frozen) DeleteVersion(ctx context.Context, name string, version int) error {
	return f.refuse(ctx)
}

func (f *frozen) Close() error {
	f.ended.Store(true)
	return nil
}
