package fsstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// Save stores tmpl as the next version: see [prompty.TemplateStorage]. An edit
// made by hand that nobody has looked at yet becomes a version of its own
// before. If only CreatedBy, tags or metadata changed, the file keeps every
// other byte.
func (s *Store) Save(ctx context.Context, tmpl *prompty.StoredTemplate) error {
	return s.save(ctx, tmpl, nil)
}

// SaveIf is Save on top of a known version: see [prompty.ConditionalSaver].
// An edit made by hand since then is a conflict, too.
func (s *Store) SaveIf(ctx context.Context, tmpl *prompty.StoredTemplate, base int) error {
	return s.save(ctx, tmpl, &base)
}

func (s *Store) save(ctx context.Context, tmpl *prompty.StoredTemplate, base *int) error {
	saved, err := atItsPath(s, func() (*prompty.StoredTemplate, error) {
		if err := s.begin(ctx); err != nil {
			return nil, err
		}
		defer s.end()
		if err := prompty.CheckTemplate(tmpl); err != nil {
			return nil, err
		}
		saved, err := s.saveLocked(ctx, tmpl, base)
		return saved, s.failWrite(ctx, "save", tmpl.Name, 0, err)
	})
	if saved != nil {
		tmpl.ID, tmpl.Version, tmpl.CreatedAt, tmpl.UpdatedAt = saved.ID, saved.Version, saved.CreatedAt, saved.UpdatedAt
	}
	return err
}

func (s *Store) saveLocked(ctx context.Context, tmpl *prompty.StoredTemplate, base *int) (*prompty.StoredTemplate, error) {
	if err := s.acquireInPlace(ctx); err != nil {
		return nil, err
	}
	defer s.release()
	for range 100 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		st, err := s.repair(ctx, tmpl.Name, nil)
		if err != nil {
			return nil, err
		}
		latest := 0
		if st.latest != nil {
			latest = st.latest.Version
		}
		if base != nil && *base != latest {
			return nil, prompty.NewStorageConflictError(tmpl.Name, *base, latest)
		}
		if err := s.mayWrite(ctx, tmpl.Name, st); err != nil {
			return nil, err
		}
		saved, err := s.put(ctx, tmpl, st)
		if !errors.Is(err, errMoved) {
			return saved, err
		}
	}
	return nil, errUnsettled
}

// errMoved says that T came or went between our look and our step.
var errMoved = errors.New("the file in the tree moved")

// mayWrite refuses what would damage something or cannot end well.
func (s *Store) mayWrite(ctx context.Context, name string, st *state) error {
	tree := s.layout.tree(name)
	if s.isSymlink(tree) {
		return fmt.Errorf("%s is a symbolic link; edit the file it leads to, or replace the link by a file", tree)
	}
	if st.tree != nil {
		return nil
	}
	other, err := s.clash(ctx, name)
	if err != nil {
		return err
	}
	if other != "" {
		return fmt.Errorf("%w: %s exists already and differs only in case, which some systems cannot hold side by side; use that name or another one", prompty.ErrConflict, other)
	}
	return nil
}

// encode makes the file's bytes and makes sure that they read back.
func encode(tmpl *prompty.StoredTemplate, base []byte) ([]byte, error) {
	fields := promptfile.Fields{Tags: tmpl.Tags, Metadata: tmpl.Metadata, TenantID: tmpl.TenantID, CreatedBy: tmpl.CreatedBy}
	data := promptfile.Encode(base, tmpl.Source, fields)
	source, back, err := promptfile.Decode("", data)
	same := source == tmpl.Source && slices.Equal(back.Tags, fields.Tags) && maps.Equal(back.Metadata, fields.Metadata) &&
		back.TenantID == fields.TenantID && back.CreatedBy == fields.CreatedBy
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

// put is the Save described in repair.go. The lock is held and st is what
// repair found.
func (s *Store) put(ctx context.Context, tmpl *prompty.StoredTemplate, st *state) (*prompty.StoredTemplate, error) {
	name, n := tmpl.Name, st.shelf.high()+1
	tree, dir := s.layout.tree(name), s.layout.versions(name)
	var base []byte
	if st.tree != nil {
		base = st.tree.data
	}
	data, err := encode(tmpl, base)
	if err != nil {
		return nil, err
	}
	at, err := s.after(name, st.shelf, time.Now())
	if err != nil {
		return nil, err
	}
	flush := []string{path.Dir(tree), dir}
	for _, d := range flush[:2] {
		touched, err := s.disk.mkdirs(d)
		if err != nil {
			return nil, err
		}
		flush = append(flush, touched...)
	}

	tmpVersion, hv, err := s.stage("version", data, 0o444, at)
	if err != nil {
		return nil, err
	}
	if fi, err := hv.Stat(); err == nil {
		at = fi.ModTime() // as precise as the file system keeps it
	}
	tmpTree, ht, err := s.stage("tree", data, 0o666, time.Time{})
	if err != nil {
		hv.Close()
		s.discard(tmpVersion)
		return nil, err
	}
	if st.tree != nil {
		keepOwner(ht, st.tree.info)
	}
	if err := s.disk.written(hv, ht); err != nil {
		s.discard(tmpVersion, tmpTree)
		return nil, err
	}

	if bytes.Equal(base, data) && st.tree != nil {
		if err := s.announce(ctx, name); err != nil {
			s.discard(tmpVersion, tmpTree)
			return nil, err
		}
	}
	pending, swap := s.layout.version(name, n, saving), s.layout.version(name, n, swapped)
	if err := s.disk.rename(tmpVersion, pending); err != nil {
		s.discard(tmpVersion, tmpTree)
		return nil, err
	}
	if err := ctx.Err(); err != nil { // the last moment
		s.discard(tmpTree, pending)
		return nil, err
	}
	if st.tree == nil {
		err = s.appear(tmpTree, tree)
	} else {
		err = s.swapIn(tmpTree, swap, tree)
	}
	if err != nil {
		s.discard(tmpTree)
		if rerr := s.disk.remove(swap); rerr == nil || missing(rerr) { // .swap alone would pass for an edit
			s.discard(pending)
		}
		return nil, err
	}

	err = s.disk.confirm(flush...)
	rerr := s.disk.rename(pending, s.layout.version(name, n, live))
	if err = errors.Join(err, rerr); err != nil {
		err = fmt.Errorf("version %d is in place, but the disk did not confirm it: %w", n, err)
	}
	if rerr == nil && st.tree != nil { // what fails here is done by the next look
		h := *st.shelf
		h.live, h.all, h.swap = append(h.live, n), append(h.all, n), n
		if plain, _ := s.finishSwap(context.WithoutCancel(ctx), name, &h); plain {
			h.swap = 0
			s.wroteShelf(name, &h)
		}
	}
	s.saved(name)
	s.touched(name)
	if st.tree == nil {
		s.appeared(tree)
	}
	if err != nil {
		return nil, err
	}
	return &prompty.StoredTemplate{ID: makeID(name, n), Version: n, CreatedAt: at.UTC(), UpdatedAt: at.UTC()}, nil
}

// saved notes that a name has a file, and that what is known of it is old.
func (s *Store) saved(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.seen, name)
	s.names[name] = true
}

// appear lays a new file into the tree, but not over one that came meanwhile.
func (s *Store) appear(tmp, tree string) error {
	err := s.disk.link(tmp, tree)
	if err == nil {
		s.discard(tmp)
		return nil
	}
	if !errors.Is(err, fs.ErrExist) {
		err = s.moveNew(tmp, tree)
	}
	if errors.Is(err, fs.ErrExist) || missing(err) {
		return errMoved
	}
	return err
}

// swapIn puts a file in T's place and T at swap.
func (s *Store) swapIn(tmp, swap, tree string) error {
	if err := s.disk.rename(tmp, swap); err != nil {
		return err
	}
	err := s.replace(swap, tree)
	if missing(err) {
		return errMoved
	}
	return err
}
