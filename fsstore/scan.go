package fsstore

import (
	"context"
	"io/fs"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-prompty/prompty"
)

// sighting is a name that has a file, or had one, and what was found out of it.
type sighting struct {
	suspect
	skip bool   // nobody asked for it
	st   *state // nil if it was not looked at
	err  error
}

// scan walks the tree and returns the names of the files that look like
// templates, and what else people may have meant to be one. What is known
// already, and has not changed, is found out in passing.
func (s *Store) scan(ctx context.Context, query *prompty.TemplateQuery) (found []sighting, problems []string, err error) {
	allVersions := query != nil && query.IncludeAllVersions
	file := func(p string, regular bool, stat func() (identity, bool)) {
		name, ok := s.layout.named(p)
		if !ok {
			return
		}
		g, known := s.sighted(name)
		if !known {
			if err := prompty.CheckName(name); err != nil {
				problems = append(problems, err.Error()+"; rename the file")
				return
			}
		}
		what := sighting{suspect: suspect{name: name, regular: regular}, skip: !query.MatchName(name)}
		switch {
		case !known || what.skip || allVersions:
		case regular:
			if id, ok := stat(); ok && id == g.id {
				what.st = &state{latest: g.latest}
			}
		default:
			if t := s.glance(name); t != nil {
				what.st = &state{latest: t}
			}
		}
		found = append(found, what)
	}
	var walk func(dir string) error
	walk = func(dir string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		var folders []string
		begin := len(found)
		err := s.disk.visit(dir, func(e dirent, stat func() (identity, bool)) error {
			if s.layout.hidden(e) {
				return nil
			}
			p := e.name
			if dir != "." {
				p = dir + "/" + p
			}
			if e.mode&fs.ModeSymlink != 0 {
				if fi, err := s.disk.stat(p); err == nil && fi.IsDir() {
					problems = append(problems, p+" is a symbolic link to a folder, which is not followed; put the folder itself there")
					return nil
				}
			}
			switch {
			case !e.mode.IsDir():
				file(p, e.mode.IsRegular(), stat)
			case e.name[0] != '.' && strings.HasSuffix(e.name, s.layout.ext):
				problems = append(problems, (&unusable{path: p, why: kinds(e.mode)}).Error())
			default:
				folders = append(folders, p)
			}
			return nil
		})
		if err = s.explain(dir, err); isUnusable(err) && dir != "." {
			problems = append(problems, err.Error())
			return nil
		}
		if err != nil && (dir == "." || !missing(err)) {
			return err
		}
		slices.SortFunc(found[begin:], func(a, b sighting) int { return strings.Compare(a.name, b.name) })
		slices.Sort(folders)
		for _, p := range folders {
			if err := walk(p); err != nil {
				return err
			}
		}
		return nil
	}
	err = walk(".")
	return found, problems, err
}

// lookAtAll looks at those of which nothing is known yet. Many are looked at on
// more than one core.
func (s *Store) lookAtAll(ctx context.Context, list []sighting) {
	look := func(g *sighting) {
		if !g.skip && g.st == nil && ctx.Err() == nil {
			g.st, g.err = s.lookFree(ctx, g.suspect)
			if g.st != nil {
				g.st.tree = nil // of many, that is much
			}
		}
	}
	workers := min(runtime.GOMAXPROCS(0), 4)
	if len(list) < 64 {
		workers = 1
	}
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers - 1 {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
				look(&list[i])
			}
		})
	}
	for i := next.Add(1) - 1; i < int64(len(list)); i = next.Add(1) - 1 {
		look(&list[i])
	}
	all.Wait()
}

// nested are the entries of the versions folders that were listed now and that
// are no versions: they may be folders of other names. It is nil if nobody needs
// to know.
type nested map[string][]string

// newNested is for one survey, of about n names.
func (s *Store) newNested(n int) nested {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.surveyed {
		return nil
	}
	return make(nested, n)
}

func (n nested) note(g sighting) {
	if n != nil && g.st != nil && g.st.shelf != nil {
		n[g.name] = g.st.shelf.others
	}
}

// gone returns names that were there and have no file now: someone deleted it.
// Those that this process has seen are known; others are found by going
// through the versions once.
func (s *Store) gone(ctx context.Context, found []sighting, looked nested) ([]string, error) {
	s.mu.RLock()
	known := 0
	for _, g := range found {
		if s.names[g.name] {
			known++
		}
	}
	all := known == len(s.names)
	s.mu.RUnlock()
	if all && looked == nil {
		return nil, nil
	}
	there := make(map[string]bool, len(found))
	for _, g := range found {
		there[g.name] = true
	}
	var list []string
	s.mu.RLock()
	for name := range s.names {
		if !there[name] {
			list = append(list, name)
		}
	}
	s.mu.RUnlock()
	if looked == nil {
		return list, nil
	}
	var walk func(dir string) error
	walk = func(dir string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := s.disk.list(dir)
		if err != nil && !missing(err) {
			return err
		}
		alive := false
		for _, e := range entries {
			if _, m, ok := s.layout.parse(e.name); ok && m == live && !e.mode.IsDir() {
				alive = true
			}
			if !e.mode.IsDir() {
				continue
			}
			inner := []string{dir + "/" + e.name}
			if others, ok := looked[s.layout.name(inner[0])]; ok {
				inner = append(inner, others...)[1:]
				for i := range inner {
					inner[i] = dir + "/" + e.name + "/" + inner[i]
				}
			}
			for _, p := range inner {
				if err := walk(p); err != nil {
					return err
				}
			}
		}
		if alive && dir != versionsDir {
			if name := s.layout.name(dir); !there[name] && !slices.Contains(list, name) && prompty.CheckName(name) == nil {
				list = append(list, name)
			}
		}
		return nil
	}
	if err := walk(versionsDir); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.surveyed = true
	s.mu.Unlock()
	return list, nil
}
