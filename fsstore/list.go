package fsstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// List returns what matches: see [prompty.TemplateStorage]. A file that has
// not changed since the last look costs one stat. Files that cannot be
// templates are left out; Describe names them. Edits made by hand are recorded
// together, with one flush.
func (s *Store) List(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	return atItsPath(s, func() ([]*prompty.StoredTemplate, error) { return s.list(ctx, query) })
}

func (s *Store) list(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.end()
	var list []*prompty.StoredTemplate
	_, err := s.survey(ctx, query, func(name string, st *state) error {
		versions := []*prompty.StoredTemplate{st.latest}
		if query != nil && query.IncludeAllVersions {
			var err error
			if versions, err = s.everyVersion(ctx, name, st); err != nil {
				return err
			}
		}
		for _, t := range versions {
			if query.Match(t) {
				list = append(list, t.Clone())
			}
		}
		return nil
	})
	if err != nil {
		return nil, s.fail(ctx, "list", "", 0, err)
	}
	return query.Page(list), nil
}

// survey looks at every template whose name matches, and returns what it could
// not use.
func (s *Store) survey(ctx context.Context, query *prompty.TemplateQuery, visit func(string, *state) error) (problems []string, err error) {
	if err := s.inPlace(); err != nil {
		return nil, err
	}
	names, problems, err := s.scan(ctx)
	if err != nil {
		return nil, err
	}
	gone, err := s.gone(ctx, names)
	if err != nil {
		return nil, err
	}
	scanned := time.Now()
	allVersions := query != nil && query.IncludeAllVersions
	var work []suspect
	take := func(name string, st *state, err error) error {
		if isUnusable(err) {
			problems = append(problems, err.Error())
			return nil
		}
		if err != nil || st.latest == nil {
			return err
		}
		return visit(name, st)
	}
	for i, name := range append(names, gone...) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !query.MatchName(name) {
			continue
		}
		if !allVersions {
			if t := s.glance(name); t != nil {
				if err := visit(name, &state{latest: t}); err != nil {
					return nil, err
				}
				continue
			}
		}
		who := suspect{name: name}
		if i >= len(names) {
			who.missing = scanned
		}
		st, err := s.lookFree(ctx, name, who.start())
		if errors.Is(err, errWork) {
			work = append(work, who)
			continue
		}
		if err := take(name, st, err); err != nil {
			return nil, err
		}
	}
	if len(work) == 0 {
		return problems, nil
	}
	return problems, s.lookTogether(ctx, s.acquire(ctx), work, take)
}

// scan walks the tree and returns the names of the files that look like
// templates, and what else people may have meant to be one.
func (s *Store) scan(ctx context.Context) (names, problems []string, err error) {
	var walk func(dir string) error
	walk = func(dir string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := s.disk.list(dir)
		if err = s.explain(dir, err); isUnusable(err) && dir != "." {
			problems = append(problems, err.Error())
			return nil
		}
		if err != nil && (dir == "." || !missing(err)) {
			return err
		}
		for _, e := range entries {
			if s.layout.hidden(e) {
				continue
			}
			p := path.Join(dir, e.Name())
			mode := e.Type()
			if mode&fs.ModeSymlink != 0 {
				if fi, err := s.disk.stat(p); err == nil && fi.IsDir() {
					problems = append(problems, p+" is a symbolic link to a folder, which is not followed; put the folder itself there")
					continue
				}
			}
			if mode.IsDir() {
				if e.Name()[0] != '.' && strings.HasSuffix(e.Name(), s.layout.ext) {
					problems = append(problems, (&unusable{path: p, why: kinds(mode)}).Error())
					continue
				}
				if err := walk(p); err != nil {
					return err
				}
				continue
			}
			name, ok := s.layout.named(p)
			if !ok {
				continue
			}
			if err := prompty.CheckName(name); err != nil {
				problems = append(problems, err.Error()+"; rename the file")
				continue
			}
			names = append(names, name)
		}
		return nil
	}
	err = walk(".")
	return names, problems, err
}

// gone returns names that were there and have no file now: someone deleted it.
// Those that this process has seen are known; others are found by going
// through the versions once.
func (s *Store) gone(ctx context.Context, names []string) ([]string, error) {
	there := make(map[string]bool, len(names))
	for _, name := range names {
		there[name] = true
	}
	var list []string
	s.mu.RLock()
	for name := range s.names {
		if !there[name] {
			list = append(list, name)
		}
	}
	surveyed := s.surveyed
	s.mu.RUnlock()
	if surveyed {
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
			if e.IsDir() {
				if err := walk(dir + "/" + e.Name()); err != nil {
					return err
				}
			} else if _, m, ok := s.layout.parse(e.Name()); ok && m == live {
				alive = true
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

// Describe says what the folder holds and what in it should be mended: see
// [prompty.Describer].
func (s *Store) Describe(ctx context.Context) (prompty.Description, error) {
	return atItsPath(s, func() (prompty.Description, error) { return s.describe(ctx) })
}

func (s *Store) describe(ctx context.Context) (prompty.Description, error) {
	if err := s.begin(ctx); err != nil {
		return prompty.Description{}, err
	}
	defer s.end()
	count := 0
	byFold := map[string][]string{}
	var faults []string
	problems, err := s.survey(ctx, nil, func(name string, st *state) error {
		count++
		byFold[fold(name)] = append(byFold[fold(name)], name)
		if _, _, err := promptfile.Decode(s.layout.tree(name), []byte(st.latest.Source)); err != nil {
			faults = append(faults, err.Error())
		}
		return nil
	})
	if err != nil {
		return prompty.Description{}, s.fail(ctx, "describe", "", 0, err)
	}
	problems = append(problems, faults...)
	if w := s.WatchStatus(); w.Degraded != "" {
		problems = append(problems, "watching: "+w.Degraded)
	}
	for _, names := range byFold {
		if len(names) > 1 {
			slices.Sort(names)
			problems = append(problems, strings.Join(names, " and ")+" differ only in case: some systems cannot hold both; rename one")
		}
	}
	slices.Sort(problems)
	noun := "templates"
	if count == 1 {
		noun = "template"
	}
	d := prompty.Description{Driver: "filesystem", Location: s.dir, State: fmt.Sprintf("%d %s", count, noun), Problems: problems}
	switch err := s.tryWrite(); {
	case forbids(err):
		d.State += ", read-only"
	case err != nil:
		return prompty.Description{}, s.fail(ctx, "describe", "", 0, err)
	}
	return d, nil
}
