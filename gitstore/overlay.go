package gitstore

import (
	"context"
	"iter"
	"path/filepath"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/worktree"
	"github.com/go-prompty/prompty/promptfile"
)

// overlay are the uncommitted edits in the work tree, for worktree=1: as they
// are at each call, or as a snapshot saw them.
type overlay struct {
	tree *worktree.Tree
	seen map[string]edit // by path; nil: look

	served *served // is told what readers get; may be nil
}

// edit is what the work tree makes of a file. The zero edit is none.
type edit struct {
	changed bool // there is a file with other content, or where none is committed
	gone    bool // there is none where one is committed
	blob    object.ID
	data    []byte
	at      time.Time
}

func (r *repository) overlay() (*overlay, error) {
	t, err := r.openTree(r.WorkTree, r.GitDir)
	if err != nil {
		return nil, err
	}
	return &overlay{tree: t}, nil
}

// settle gives the state and what look finds in the work tree beside it. A file
// that differs may do so because a Save has moved the branch and is about to
// write the file, or has just done both: an edit is what differs before and
// after a moment at which nobody was saving and the branch stood still.
func (o *overlay) settle(ctx context.Context, where func(context.Context) (*state, error), look func(*state) (edited bool, err error)) (*state, error) {
	healed := false
	for start := time.Now(); ; {
		st, err := where(ctx)
		if err != nil {
			return nil, err
		}
		if edited, err := look(st); err != nil || !edited || o.seen != nil {
			return st, err
		}
		waited := time.Since(start)
		if !o.tree.Pending() || waited > waitForSave {
			if _, err := look(st); err != nil {
				return st, err
			}
			now, err := where(ctx)
			if err != nil || now == st || waited > waitForSave {
				return st, err
			}
			continue
		}
		if waited > healAfter && !healed { // whoever was saving may be dead
			healed = true
			if x, err := o.tree.Begin(ctx); err == nil {
				_ = x.Abort()
			}
		}
		if err := st.r.pause(ctx, time.Millisecond); err != nil {
			return nil, err
		}
	}
}

const (
	healAfter   = 50 * time.Millisecond
	waitForSave = 2 * time.Second
)

// pause waits, but no longer than ctx and the store live.
func (r *repository) pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.done:
		return prompty.NewStorageClosedError()
	}
}

// at looks at one file.
func (o *overlay) at(ctx context.Context, where func(context.Context) (*state, error), path string) (st *state, e edit, err error) {
	st, err = o.settle(ctx, where, func(st *state) (bool, error) {
		if o.seen != nil {
			e = o.seen[path]
			return false, nil
		}
		v, _ := st.view.Latest(path)
		f, err := o.tree.Dirty(path, v.Blob)
		e = newEdit(f)
		return e.changed || e.gone, err
	})
	if err == nil && o.served != nil {
		o.served.edit(path, e)
	}
	return st, e, err
}

func newEdit(f worktree.File) edit {
	switch f.State {
	case worktree.Changed, worktree.Added:
		return edit{changed: true, blob: f.ID, data: f.Data, at: f.Info.ModTime()}
	case worktree.Gone:
		return edit{gone: true}
	}
	return edit{}
}

// scan looks at all files and returns the edits by path.
func (o *overlay) scan(ctx context.Context, where func(context.Context) (*state, error)) (st *state, edits map[string]edit, err error) {
	st, err = o.settle(ctx, where, func(st *state) (bool, error) {
		if edits = o.seen; edits != nil {
			return false, nil
		}
		var err error
		edits, err = o.survey(ctx, st)
		return len(edits) > 0, err
	})
	if err == nil && o.served != nil {
		o.served.edits(edits)
	}
	return st, edits, err
}

func (o *overlay) survey(ctx context.Context, st *state) (map[string]edit, error) {
	var committed iter.Seq2[string, object.ID] = func(yield func(string, object.ID) bool) {
		for _, p := range st.view.Paths("") {
			v, _ := st.view.Latest(p)
			if !yield(p, v.Blob) {
				return
			}
		}
	}
	scope := st.r.scope()
	files, err := o.tree.Scan(ctx, scope.Dir, scope.Ext, committed)
	if err != nil {
		return nil, err
	}
	edits := make(map[string]edit, len(files))
	for _, f := range files {
		if e := newEdit(f); e.changed || e.gone {
			edits[f.Path] = e
		}
	}
	return edits, nil
}

func (e edit) makeID(path string) prompty.TemplateID {
	return dirtyPrefix + makeID(e.blob, path)
}

// template is an edit as the version that it would be. Who made it is not
// known yet.
func (e edit) template(st *state, name, path string) (*prompty.StoredTemplate, error) {
	t, err := decoded(path, e.data)
	if err != nil {
		return nil, err
	}
	at := e.at.UTC()
	if now := time.Now().UTC(); at.After(now) {
		at = now
	}
	if v, ok := st.view.Latest(path); ok && !at.After(v.Time()) {
		at = v.Time().Add(time.Millisecond)
	}
	t.ID, t.Name, t.Version = e.makeID(path), name, st.view.HighWater(path)+1
	t.CreatedAt, t.UpdatedAt = at, at
	return t, nil
}

// committed refuses to write over an edit that the caller may take for a
// version, as that is what it reads.
func (s *Store) committed(ctx context.Context, path string) error {
	if s.edits == nil {
		return nil
	}
	if _, e, err := s.look(ctx, path); err != nil || !e.changed {
		return err
	}
	return &worktree.DirtyError{Path: path, What: worktree.Edited}
}

// Locate returns where a version stands: see [prompty.Locator]. With Worktree the
// latest is the file in the work tree; any other is "<commit>:<path>", as git
// show takes it.
func (s *Store) Locate(ctx context.Context, name string, version, line int) (file string, fileLine int, err error) {
	if err := s.beginOn(ctx, name); err != nil {
		return "", 0, err
	}
	file, fileLine, err = s.locate(ctx, name, version, line)
	return file, fileLine, s.fail(ctx, "locate", name, version, err)
}

func (s *Store) locate(ctx context.Context, name string, version, line int) (string, int, error) {
	path := s.layout.path(name)
	st, e, err := s.look(ctx, path)
	if err != nil {
		return "", 0, err
	}
	inTree := filepath.Join(s.WorkTree, filepath.FromSlash(path))
	if e.changed && version == st.view.HighWater(path)+1 {
		return inTree, promptfile.FileLine(e.data, line), nil
	}
	v, ok := st.view.Version(path, version)
	if !ok || e.gone {
		return "", 0, prompty.NewStorageVersionNotFoundError(name, version)
	}
	data, err := s.blob(path, v.Blob)
	if err != nil {
		return "", 0, err
	}
	file := short(v.Commit) + ":" + path
	if latest, _ := st.view.Latest(path); s.edits != nil && !e.changed && latest.N == version {
		file = inTree
	}
	return file, promptfile.FileLine(data, line), nil
}
