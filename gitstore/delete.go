package gitstore

import (
	"context"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Delete removes the template's file in one commit: see
// [prompty.TemplateStorage]. The history keeps its versions, unseen by readers.
func (s *Store) Delete(ctx context.Context, name string) error {
	if err := s.beginOn(ctx, name); err != nil {
		return err
	}
	err := s.write(ctx, func(d *draft) error {
		path := s.layout.path(name)
		if err := s.committed(ctx, path); err != nil {
			return err
		}
		_, ok := d.base.view.Latest(path)
		if !ok {
			return prompty.NewStorageTemplateNotFoundError(name)
		}
		return d.drop(path, words{action: "Delete", name: name})
	})
	return s.failWrite(ctx, "delete", name, 0, err)
}

// drop adds a commit that removes a file.
func (d *draft) drop(path string, w words) error {
	before, err := d.file(path)
	if err != nil {
		return err
	}
	d.set(path, before, object.Entry{}, nil)
	_, err = d.commit(map[string]object.Entry{path: {}}, w, nil, d.moment(path))
	return err
}

// DeleteVersion hides a version by a commit with a trailer: see
// [prompty.TemplateStorage].
func (s *Store) DeleteVersion(ctx context.Context, name string, version int) error {
	if err := s.beginOn(ctx, name); err != nil {
		return err
	}
	err := s.write(ctx, func(d *draft) error { return d.hide(name, version) })
	return s.failWrite(ctx, "delete version", name, version, err)
}

func (d *draft) hide(name string, version int) error {
	path := d.s.layout.path(name)
	if err := d.s.committed(d.ctx, path); err != nil {
		return err
	}
	versions := d.base.view.Versions(path)
	at := -1
	for i, v := range versions {
		if v.N == version {
			at = i
		}
	}
	if at < 0 {
		return prompty.NewStorageVersionNotFoundError(name, version)
	}
	w := words{action: "Delete", name: name, version: versionWord(version), trailers: d.s.layout.deleted(path, version)}
	changes := map[string]object.Entry{}
	if at == 0 { // the one before takes its place
		before, err := d.file(path)
		if err != nil {
			return err
		}
		after, data := object.Entry{}, []byte(nil)
		if len(versions) > 1 {
			after = object.Entry{Mode: before.Mode, Name: before.Name, ID: versions[1].Blob}
			if data, err = d.read(after.ID, object.KindBlob); err != nil {
				return err
			}
		}
		d.set(path, before, after, data)
		if after.ID != before.ID {
			changes[path] = after
		}
	}
	_, err := d.commit(changes, w, nil, d.moment(path))
	return err
}
