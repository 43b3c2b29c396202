package fsstore

import (
	"context"
	"path/filepath"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// Locate returns the file of a version: see [prompty.Locator]. For the latest
// that is the one people edit.
func (s *Store) Locate(ctx context.Context, name string, version, line int) (string, int, error) {
	if err := s.beginOn(ctx, name); err != nil {
		return "", 0, err
	}
	defer s.end()
	t, err := s.version(ctx, name, version)
	if err != nil {
		return "", 0, s.fail(ctx, "locate", name, version, err)
	}
	path := s.layout.version(name, version, live)
	f, err := s.readVersion(name, version, live)
	if latest, lerr := s.latest(ctx, name); lerr == nil && latest.Version == t.Version {
		path = s.layout.tree(name)
		if missing(err) { // an edit that could not be recorded
			f, err = s.readTree(ctx, name)
		}
	}
	if err == nil && f == nil {
		err = prompty.NewStorageVersionNotFoundError(name, version)
	}
	if err != nil {
		return "", 0, s.fail(ctx, "locate", name, version, err)
	}
	return filepath.Join(s.dir, filepath.FromSlash(path)), promptfile.FileLine(f.data, line), nil
}
