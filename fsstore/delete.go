package fsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-prompty/prompty"
)

// Delete removes the template's file and hides all its versions: see
// [prompty.TemplateStorage]. The versions' files stay on disk, marked
// ".deleted". Folders that are empty then stay, too.
func (s *Store) Delete(ctx context.Context, name string) error {
	return s.hide(ctx, "delete", name, 0)
}

// DeleteVersion hides a version: see [prompty.TemplateStorage]. Its file stays
// on disk, marked ".deleted".
func (s *Store) DeleteVersion(ctx context.Context, name string, version int) error {
	return s.hide(ctx, "delete version", name, version)
}

// hide hides a version, or all of them if version is 0 in a Delete.
func (s *Store) hide(ctx context.Context, op, name string, version int) error {
	_, err := atItsPath(s, func() (struct{}, error) { return struct{}{}, s.hideHere(ctx, op, name, version) })
	return err
}

func (s *Store) hideHere(ctx context.Context, op, name string, version int) error {
	if err := s.beginOn(ctx, name); err != nil {
		return err
	}
	defer s.end()
	if err := s.acquireInPlace(ctx); err != nil {
		return s.failWrite(ctx, op, name, version, err)
	}
	defer s.release()
	var err error
	if op == "delete" {
		err = s.hideAll(ctx, name)
	} else {
		err = s.hideOne(ctx, name, version)
	}
	s.forget(name)
	if !errors.Is(err, prompty.ErrTemplateNotFound) {
		s.touched(name)
	}
	return s.failWrite(ctx, op, name, version, err)
}

func (s *Store) hideAll(ctx context.Context, name string) error {
	st, err := s.repair(ctx, name, nil)
	if err != nil {
		return err
	}
	if st.latest == nil {
		return prompty.NewStorageTemplateNotFoundError(name)
	}
	return s.step(ctx, name, st.shelf.newest(), removing)
}

func (s *Store) hideOne(ctx context.Context, name string, version int) error {
	st, err := s.repair(ctx, name, nil)
	if err != nil {
		return err
	}
	h := st.shelf
	switch {
	case !slices.Contains(h.live, version):
		return prompty.NewStorageVersionNotFoundError(name, version)
	case version != h.newest():
		if err := s.announce(ctx, name); err != nil {
			return err
		}
		if err := s.disk.rename(s.layout.version(name, version, live), s.layout.version(name, version, deleted)); err != nil {
			return err
		}
		return s.disk.confirm(s.layout.versions(name))
	case len(h.live) == 1:
		return s.step(ctx, name, version, removing)
	}
	tree := s.layout.tree(name)
	if s.isSymlink(tree) {
		return fmt.Errorf("%s is a symbolic link, so the version before cannot be laid in its place; edit the file it leads to, or replace the link by a file", tree)
	}
	return s.step(ctx, name, version, deleting)
}

// step marks the newest version, which decides, and does what follows. If the
// rest fails the next look does it: the error says so, and that the version is
// on its way out.
func (s *Store) step(ctx context.Context, name string, n int, m mark) error {
	if err := s.announce(ctx, name); err != nil {
		return err
	}
	if err := s.disk.rename(s.layout.version(name, n, live), s.layout.version(name, n, m)); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	dir := s.layout.versions(name)
	err := s.disk.barrier(dir)
	if err == nil {
		_, err = s.repair(ctx, name, nil)
	}
	if isUnusable(err) { // of what an editor put there meanwhile
		err = nil
	}
	if err == nil && s.disk.ordered {
		err = s.disk.confirm(dir)
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("deletion has begun and is finished by the next call that looks at it: %w", err)
}
