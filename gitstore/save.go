package gitstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/promptfile"
)

// Save stores tmpl as the next version, in one commit: see
// [prompty.TemplateStorage]. CreatedBy is the commit's author. An uncommitted
// edit of the file is [prompty.ErrConflict].
func (s *Store) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return s.save(ctx, tmpl, nil)
}

// SaveIf is Save on top of a known version: see [prompty.ConditionalSaver].
func (s *Store) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return s.save(ctx, tmpl, &base)
}

func (s *Store) save(ctx context.Context, tmpl *prompty.StoredTemplate, base *int) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := check(tmpl); err != nil {
		return err
	}
	err := s.write(ctx, func(d *draft) error {
		if base != nil {
			if err := s.committed(ctx, s.layout.path(tmpl.Name)); err != nil {
				return err
			}
			v, _ := d.base.view.Latest(s.layout.path(tmpl.Name))
			if v.N != *base {
				return prompty.NewStorageConflictError(tmpl.Name, *base, v.N)
			}
		}
		return d.save([]*prompty.StoredTemplate{tmpl})
	})
	return s.failWrite(ctx, "save", tmpl.Name, 0, err)
}

func check(tmpl *prompty.StoredTemplate) error {
	if err := prompty.CheckTemplate(tmpl); err != nil {
		return err
	}
	return checkWrite(tmpl.Name)
}

// SaveAll saves all or none in one commit, or in as many as a name comes times:
// see [prompty.BatchSaver]. The branch moves once.
func (s *Store) SaveAll(ctx context.Context, tmpls []*prompty.StoredTemplate) error {
	return s.saveAll(ctx, tmpls, func(d *draft) error {
		for rest := tmpls; len(rest) > 0; {
			n := unique(rest)
			if err := d.save(rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
}

// unique is how many templates come before a name comes twice.
func unique(tmpls []*prompty.StoredTemplate) int {
	seen := make(map[string]bool, len(tmpls))
	for i, t := range tmpls {
		if seen[t.Name] {
			return i
		}
		seen[t.Name] = true
	}
	return len(tmpls)
}

// SaveEach is SaveAll with a commit for each template, in order: a whole history
// at once. All or none are saved, and the branch moves once.
func (s *Store) SaveEach(ctx context.Context, tmpls []*prompty.StoredTemplate) error {
	return s.saveAll(ctx, tmpls, func(d *draft) error {
		for i := range tmpls {
			if err := d.save(tmpls[i : i+1]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) saveAll(ctx context.Context, tmpls []*prompty.StoredTemplate, plan func(*draft) error) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	for _, tmpl := range tmpls {
		if err := check(tmpl); err != nil {
			return err
		}
	}
	if len(tmpls) == 0 {
		return nil
	}
	return s.failWrite(ctx, "save all", "", 0, s.write(ctx, plan))
}

// save adds one commit that saves templates of different names.
func (d *draft) save(tmpls []*prompty.StoredTemplate) error {
	changes := make(map[string]object.Entry, len(tmpls))
	by := make(map[string]string, len(tmpls))
	paths := make([]string, len(tmpls))
	w := words{action: "Save"}
	for i, tmpl := range tmpls {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		path := d.s.layout.path(tmpl.Name)
		before, after, data, err := d.encode(tmpl, path)
		if err != nil {
			return wrapName(tmpl.Name, err)
		}
		paths[i], by[path] = path, tmpl.CreatedBy
		if before.Mode == after.Mode && before.ID == after.ID {
			w.trailers = append(w.trailers, d.s.layout.saved(path)...)
		} else {
			changes[path] = after
		}
		d.set(path, before, after, data)
		w.list = append(w.list, tmpl.Name)
	}
	w.name = plural(len(tmpls), "prompt")
	if len(tmpls) == 1 {
		w.name, w.version = tmpls[0].Name, versionWord(d.number(paths[0]).n+1)
	}
	at := d.moment(paths...)
	id, err := d.commit(changes, w, by, at)
	if err != nil {
		return err
	}
	for i, tmpl := range tmpls {
		n := numbers{d.number(paths[i]).n + 1, at}
		d.latest[paths[i]] = n
		d.given = append(d.given, given{tmpl, paths[i], id, n.n, at})
	}
	return nil
}

// encode makes a template's blob, on top of the file that is there.
func (d *draft) encode(tmpl *prompty.StoredTemplate, path string) (before, after object.Entry, data []byte, err error) {
	if before, err = d.file(path); err != nil {
		return
	}
	var base []byte
	if before.IsZero() {
		if err = d.newcomer(path); err != nil {
			return
		}
	} else if base, err = d.content(path, before); err != nil {
		return
	}
	if data, err = encode(tmpl, base); err != nil {
		return
	}
	after = object.Entry{Mode: object.ModeFile, Name: []byte(path)}
	if before.Mode == object.ModeExec {
		after.Mode = object.ModeExec
	}
	after.ID, err = d.put(object.KindBlob, data, before.ID)
	if errors.Is(err, object.ErrCollision) {
		err = fmt.Errorf("%w: %w", prompty.ErrInvalidTemplate, err)
	}
	return
}

// content is the file that is there, whose front matter is kept as far as it
// can be; nothing if it is no text, and so cannot be kept.
func (d *draft) content(path string, e object.Entry) ([]byte, error) {
	if c := d.files[path]; c != nil && c.after.ID == e.ID {
		return c.data, nil
	}
	data, err := d.s.blob(path, e.ID)
	if err == nil {
		err = checkData(path, data)
	}
	if isUnusable(err) {
		return nil, nil
	}
	return data, err
}

// newcomer refuses the first version of a template beside another one whose
// name differs only in case.
func (d *draft) newcomer(path string) error {
	other := d.folds[fold(path)]
	if other == "" {
		var err error
		if other, err = d.s.line(d.base.ref).clash(d.ctx, d.base, path); err != nil {
			return err
		}
	}
	if other == "" {
		return nil
	}
	if name, err := d.s.layout.name(other); err == nil {
		other = name
	}
	return fmt.Errorf("%w: %s exists already and differs only in case, which some systems cannot hold side by side; use that name or another one", prompty.ErrConflict, other)
}

// encode makes a file's bytes and makes sure that they read back. Who saved it
// is the commit's affair.
func encode(tmpl *prompty.StoredTemplate, base []byte) ([]byte, error) {
	fields := promptfile.Fields{Tags: tmpl.Tags, Metadata: tmpl.Metadata, TenantID: tmpl.TenantID}
	data := promptfile.Encode(base, tmpl.Source, fields)
	source, back, err := promptfile.Decode("", data)
	same := source == tmpl.Source && slices.Equal(back.Tags, fields.Tags) && maps.Equal(back.Metadata, fields.Metadata) &&
		back.TenantID == fields.TenantID && back.CreatedBy == ""
	if len(data) > maxFile {
		same, err = false, fmt.Errorf("the file would have %d bytes, the limit is %d", len(data), maxFile)
	}
	if !same {
		if err == nil {
			err = errors.New("they do not read back as they are")
		}
		return nil, fmt.Errorf("%w: the tags and metadata cannot be kept in front matter: %w", prompty.ErrInvalidTemplate, err)
	}
	return data, nil
}

// wrapName says which template of many an error is about.
func wrapName(name string, err error) error {
	if _, ok := errors.AsType[*prompty.StorageError](err); ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &prompty.StorageError{Op: "save", Name: name, Err: err}
}
