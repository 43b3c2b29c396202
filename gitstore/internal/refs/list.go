package refs

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// A Ref is one reference.
type Ref struct {
	Name   string
	ID     object.ID // zero if it is symbolic and leads nowhere
	Target string    // what a symbolic reference names; else ""
}

// List returns the references whose names begin with prefix ("refs/heads/";
// "" or "refs/" for all), sorted by name. Broken ones are left out.
func (s *Store) List(prefix string) ([]Ref, error) {
	if len(prefix) < len("refs/") && strings.HasPrefix("refs/", prefix) {
		prefix = "refs/"
	}
	if !strings.HasPrefix(prefix, "refs/") {
		return nil, nil
	}
	loose := make(map[string]bool)
	dirs := []string{s.commonDir}
	if s.gitDir != s.commonDir {
		dirs = append(dirs, s.gitDir)
	}
	for _, dir := range dirs {
		if err := s.looseNames(dir, prefix, loose); err != nil {
			return nil, err
		}
	}
	all := make(map[string]Ref)
	for try := 1; ; try++ {
		for name := range loose {
			id, target, err := readFile(s.path(name))
			if err == errGarbage {
				continue // read again below
			}
			delete(loose, name)
			if err != nil {
				continue // packed just now, or unreadable
			}
			if target != "" {
				if _, id, err = s.resolve(target); err != nil {
					id = object.ID{}
				}
			}
			all[name] = Ref{Name: name, ID: id, Target: target}
		}
		if len(loose) == 0 || try == tornReads {
			break // what is left is broken
		}
		time.Sleep(time.Millisecond)
	}
	p, err := s.packedRefs()
	if err != nil {
		return nil, err
	}
	err = p.below(prefix, func(name string, id object.ID) bool {
		if _, ok := all[name]; !ok && !loose[name] && readable(name) {
			all[name] = Ref{Name: name, ID: id}
		}
		return true
	})
	return slices.SortedFunc(maps.Values(all), func(a, b Ref) int { return cmp.Compare(a.Name, b.Name) }), err
}

// looseNames adds the loose references of a git directory that begin with
// prefix and that belong there.
func (s *Store) looseNames(dir, prefix string, names map[string]bool) error {
	top := filepath.Join(dir, filepath.FromSlash(prefix[:strings.LastIndexByte(prefix, '/')]))
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil || d.IsDir() {
			return err
		}
		name := filepath.ToSlash(rel)
		if strings.HasPrefix(name, prefix) && readable(name) && (perWorktree(name) && dir == s.gitDir || !perWorktree(name) && dir == s.commonDir) {
			names[name] = true
		}
		return nil
	})
	if errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return err
}
