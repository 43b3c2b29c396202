package fsstore

import (
	"context"
	"path"
	"strings"
)

// folder is a folder's entries by what they are without regard to case. It is
// good as long as the folder's identity stays. A name that someone makes in
// the very moment of our own change can be missed: then there are two names
// that differ in case, which works and which Describe reports.
type folder struct {
	id      identity
	entries map[string][]string
}

// fold maps names that a case-insensitive file system takes for one to one.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// clash returns the name of a template that is there and differs from name in
// case only; "" if there is none. The lock is held.
func (s *Store) clash(ctx context.Context, name string) (string, error) {
	tree := s.layout.tree(name)
	dirs := []string{"."}
	segs := strings.Split(tree, "/")
	for i, seg := range segs {
		var next []string
		for _, dir := range dirs {
			if err := ctx.Err(); err != nil {
				return "", err
			}
			f, err := s.folder(dir)
			if err != nil {
				return "", err
			}
			for _, e := range f.entries[fold(seg)] {
				next = append(next, path.Join(dir, e))
			}
		}
		if i < len(segs)-1 {
			dirs = next
			continue
		}
		for _, p := range next {
			if other, ok := s.layout.named(p); ok && p != tree {
				return other, nil
			}
		}
	}
	return "", nil
}

func (s *Store) folder(dir string) (*folder, error) {
	fi, err := s.disk.stat(dir)
	if missing(err) || err == nil && !fi.IsDir() {
		return &folder{}, nil
	}
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	f := s.folders[dir]
	s.mu.RUnlock()
	if f != nil && f.id == identify(fi) {
		return f, nil
	}
	list, err := s.disk.names(dir)
	if missing(err) {
		return &folder{}, nil
	}
	if err != nil {
		return nil, err
	}
	f = &folder{id: identify(fi), entries: make(map[string][]string, len(list))}
	for _, e := range list {
		f.entries[fold(e)] = append(f.entries[fold(e)], e)
	}
	s.mu.Lock()
	s.folders[dir] = f
	s.mu.Unlock()
	return f, nil
}

// appeared notes a file that we put into a folder, so that a thousand Saves
// don't list it a thousand times. The lock is held.
func (s *Store) appeared(tree string) {
	dir, base := path.Split(tree)
	dir = path.Clean(dir)
	fi, err := s.disk.stat(dir)
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[dir]
	if f == nil || err != nil {
		delete(s.folders, dir)
		return
	}
	f.entries[fold(base)] = append(f.entries[fold(base)], base)
	f.id = identify(fi)
}
