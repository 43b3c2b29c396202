package gitstore

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/go-prompty/prompty"
)

// reader shows the templates of one place: where a branch is now, or a commit.
type reader struct {
	*repository
	where func(context.Context) (*state, error)
	edits *overlay     // nil: what is committed, and nothing else
	ended *atomic.Bool // of a view that is closed on its own; nil: there is no such thing
}

// begin is asked first by every call.
func (r *reader) begin(ctx context.Context) error {
	if r.closed.Load() || r.ended != nil && r.ended.Load() {
		return prompty.NewStorageClosedError()
	}
	return ctx.Err()
}

// beginOn is begin for a call about one name.
func (r *reader) beginOn(ctx context.Context, name string) error {
	if err := r.begin(ctx); err != nil {
		return err
	}
	return prompty.CheckName(name)
}

// look is the state, and what an uncommitted edit makes of the file at path.
func (r *reader) look(ctx context.Context, path string) (*state, edit, error) {
	if r.edits != nil {
		return r.edits.at(ctx, r.where, path)
	}
	st, err := r.where(ctx)
	return st, edit{}, err
}

// survey is the state, and what uncommitted edits make of all files.
func (r *reader) survey(ctx context.Context) (*state, map[string]edit, error) {
	if r.edits != nil {
		return r.edits.scan(ctx, r.where)
	}
	st, err := r.where(ctx)
	return st, nil, err
}

// latest is Get without the copy.
func (r *reader) latest(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	path := r.layout.path(name)
	st, e, err := r.look(ctx, path)
	switch {
	case err != nil:
		return nil, err
	case e.changed:
		return e.template(st, name, path)
	}
	v, ok := st.view.Latest(path)
	if !ok || e.gone {
		return nil, prompty.NewStorageTemplateNotFoundError(name)
	}
	return r.template(name, path, v)
}

// Get returns the latest version: see [prompty.TemplateStorage]. While the
// branch stays where it is, that takes one read of its ref.
func (r *reader) Get(ctx context.Context, name string) (*prompty.StoredTemplate, error) {
	if err := r.beginOn(ctx, name); err != nil {
		return nil, err
	}
	t, err := r.latest(ctx, name)
	return t.Clone(), r.fail(ctx, "get", name, 0, err)
}

// GetByID returns the version that has the ID, "<commit>:<path>": see
// [prompty.TemplateStorage]. The commit's whole name is needed.
func (r *reader) GetByID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	t, err := r.byID(ctx, id)
	if t == nil && err == nil {
		return nil, prompty.NewStorageTemplateNotFoundError(string(id))
	}
	return t.Clone(), r.fail(ctx, "get", string(id), 0, err)
}

// byID gives nil, without an error, if nothing has the ID.
func (r *reader) byID(ctx context.Context, id prompty.TemplateID) (*prompty.StoredTemplate, error) {
	commit, path, dirty, ok := parseID(id)
	if !ok {
		return nil, nil
	}
	name, err := r.layout.name(path)
	if name == "" || err != nil {
		return nil, nil
	}
	st, e, err := r.look(ctx, path)
	if err != nil || e.gone {
		return nil, err
	}
	if dirty {
		if !e.changed || e.makeID(path) != id {
			return nil, nil
		}
		return e.template(st, name, path)
	}
	v, ok := st.view.ByCommit(path, commit)
	if !ok {
		return nil, nil
	}
	return r.template(name, path, v)
}

// GetVersion returns a version: see [prompty.TemplateStorage].
func (r *reader) GetVersion(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	if err := r.beginOn(ctx, name); err != nil {
		return nil, err
	}
	t, err := r.version(ctx, name, version)
	return t.Clone(), r.fail(ctx, "get", name, version, err)
}

func (r *reader) version(ctx context.Context, name string, version int) (*prompty.StoredTemplate, error) {
	path := r.layout.path(name)
	st, e, err := r.look(ctx, path)
	switch {
	case err != nil:
		return nil, err
	case e.changed && version == st.view.HighWater(path)+1:
		return e.template(st, name, path)
	}
	v, ok := st.view.Version(path, version)
	if !ok || e.gone {
		return nil, prompty.NewStorageVersionNotFoundError(name, version)
	}
	return r.template(name, path, v)
}

// Exists reports whether Get would find the template. A file that is there but
// cannot be a template gives Get's error.
func (r *reader) Exists(ctx context.Context, name string) (bool, error) {
	if err := r.beginOn(ctx, name); err != nil {
		return false, err
	}
	_, err := r.latest(ctx, name)
	if errors.Is(err, prompty.ErrTemplateNotFound) {
		return false, nil
	}
	return err == nil, r.fail(ctx, "exists", name, 0, err)
}

// LatestID returns the ID of the latest version: see [prompty.Prober].
func (r *reader) LatestID(ctx context.Context, name string) (prompty.TemplateID, error) {
	if err := r.beginOn(ctx, name); err != nil {
		return "", err
	}
	t, err := r.latest(ctx, name)
	if err != nil {
		return "", r.fail(ctx, "get", name, 0, err)
	}
	return t.ID, nil
}

// ListVersions returns the version numbers, descending: see
// [prompty.TemplateStorage].
func (r *reader) ListVersions(ctx context.Context, name string) ([]int, error) {
	if err := r.beginOn(ctx, name); err != nil {
		return nil, err
	}
	path := r.layout.path(name)
	st, e, err := r.look(ctx, path)
	if err != nil || e.gone {
		return nil, r.fail(ctx, "list versions", name, 0, err)
	}
	var list []int
	if e.changed {
		list = append(list, st.view.HighWater(path)+1)
	}
	for _, v := range st.view.Versions(path) {
		list = append(list, v.N)
	}
	return list, nil
}
