package gitstore

import (
	"context"

	"github.com/go-prompty/prompty"
)

// List returns what matches: see [prompty.TemplateStorage]. Files that cannot be
// templates are left out; Describe names them.
func (r *reader) List(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	if err := r.begin(ctx); err != nil {
		return nil, err
	}
	list, err := r.list(ctx, query)
	if err != nil {
		return nil, r.fail(ctx, "list", "", 0, err)
	}
	page := query.Page(list)
	for i, t := range page {
		page[i] = t.Clone()
	}
	return page, nil
}

func (r *reader) list(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	st, edits, err := r.survey(ctx)
	if err != nil {
		return nil, err
	}
	var list []*prompty.StoredTemplate
	err = r.visit(ctx, st, edits, query, func(t *prompty.StoredTemplate, err error) error {
		if err == nil && query.Match(t) {
			list = append(list, t)
		}
		return nil
	})
	return list, err
}

// visit shows every template whose name matches, in no order that would
// matter: its latest version, or all of them. What cannot be a template is
// shown as an unusable error.
func (r *reader) visit(ctx context.Context, st *state, edits map[string]edit, query *prompty.TemplateQuery, show func(*prompty.StoredTemplate, error) error) error {
	shown := func(t *prompty.StoredTemplate, err error) error {
		if err != nil && !isUnusable(err) {
			return err
		}
		return show(t, err)
	}
	all := query != nil && query.IncludeAllVersions
	for _, e := range st.entries() {
		if err := ctx.Err(); err != nil {
			return err
		}
		ed := edits[e.path]
		if !query.MatchName(e.name) || ed.gone {
			continue
		}
		if ed.changed {
			if err := shown(ed.template(st, e.name, e.path)); err != nil {
				return err
			}
		}
		if all {
			for _, v := range st.view.Versions(e.path) {
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := shown(r.template(e.name, e.path, v)); err != nil {
					return err
				}
			}
		} else if v, ok := st.view.Latest(e.path); ok && !ed.changed {
			if err := shown(r.template(e.name, e.path, v)); err != nil {
				return err
			}
		}
	}
	for path, ed := range edits {
		if _, there := st.view.Latest(path); there || !ed.changed {
			continue
		}
		name, err := r.layout.name(path)
		if name == "" || err != nil || !query.MatchName(name) {
			continue
		}
		if err := shown(ed.template(st, name, path)); err != nil {
			return err
		}
	}
	return nil
}
