package fsstore

import (
	"context"
	"errors"
	"fmt"
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
	add := func(t *prompty.StoredTemplate) {
		if query.Match(t) {
			list = append(list, t.Clone())
		}
	}
	_, err := s.survey(ctx, query, func(name string, st *state) error {
		if query == nil || !query.IncludeAllVersions {
			add(st.latest)
			return nil
		}
		versions, err := s.everyVersion(ctx, name, st)
		for _, t := range versions {
			add(t)
		}
		return err
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
	found, problems, err := s.scan(ctx, query)
	if err != nil {
		return nil, err
	}
	scanned := time.Now()
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
	s.expect(len(found))
	looked := s.newNested(len(found))
	look := func(list []sighting) error {
		s.lookAtAll(ctx, list)
		for i, g := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			list[i].st = nil // what was read need not be kept
			looked.note(g)
			switch {
			case errors.Is(g.err, errWork):
				work = append(work, g.suspect)
			case g.st != nil || g.err != nil:
				if err := take(g.name, g.st, g.err); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := look(found); err != nil {
		return nil, err
	}
	gone, err := s.gone(ctx, found, looked)
	if err != nil {
		return nil, err
	}
	var missing []sighting
	for _, name := range gone {
		if query.MatchName(name) {
			missing = append(missing, sighting{suspect: suspect{name: name, missing: scanned}})
		}
	}
	if err := look(missing); err != nil {
		return nil, err
	}
	if len(work) == 0 {
		return problems, nil
	}
	return problems, s.lookTogether(ctx, s.acquire(ctx), work, take)
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
