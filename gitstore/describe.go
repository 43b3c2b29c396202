package gitstore

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// Describe says what the repository holds and what in it should be mended: see
// [prompty.Describer].
func (r *reader) Describe(ctx context.Context) (prompty.Description, error) {
	if err := r.begin(ctx); err != nil {
		return prompty.Description{}, err
	}
	d, err := r.describe(ctx)
	return d, r.fail(ctx, "describe", "", 0, err)
}

// Describe says what the repository holds and what in it should be mended: see
// [prompty.Describer].
func (s *Store) Describe(ctx context.Context) (prompty.Description, error) {
	d, err := s.reader.Describe(ctx)
	if status := s.follower.status.Load(); err == nil && status != nil && status.Degraded != "" {
		d.Problems = append(d.Problems, "changes may show late: "+status.Degraded)
		slices.Sort(d.Problems)
	}
	return d, err
}

func (r *reader) describe(ctx context.Context) (prompty.Description, error) {
	d := prompty.Description{Driver: "git", Location: r.location()}
	st, edits, err := r.survey(ctx)
	if err != nil {
		return d, err
	}
	count := 0
	byFold := map[string][]string{}
	err = r.visit(ctx, st, edits, nil, func(t *prompty.StoredTemplate, err error) error {
		if err != nil {
			d.Problems = append(d.Problems, err.Error())
			return nil
		}
		count++
		byFold[fold(t.Name)] = append(byFold[fold(t.Name)], t.Name)
		if _, _, err := promptfile.Decode(r.layout.path(t.Name), []byte(t.Source)); err != nil {
			d.Problems = append(d.Problems, err.Error())
		}
		return nil
	})
	if err != nil {
		return d, err
	}
	for _, names := range byFold {
		if len(names) > 1 {
			slices.Sort(names)
			d.Problems = append(d.Problems, strings.Join(names, " and ")+" differ only in case: some systems cannot hold both; rename one")
		}
	}
	d.Problems = append(d.Problems, st.odd...)
	if r.keyless != "" {
		d.Problems = append(d.Problems, r.keyless)
	}
	if _, err := os.Stat(filepath.Join(r.CommonDir, "shallow")); err == nil {
		d.Problems = append(d.Problems, "the repository is a shallow clone: versions are numbered from where its history begins; git fetch --unshallow gives them their numbers")
	}
	where := "an empty branch"
	if !st.tip.IsZero() {
		where = short(st.tip)
	}
	if st.ref != "" {
		where = strings.TrimPrefix(st.ref, "refs/heads/") + " at " + where
		if l := r.line(st.ref).report.Load(); l != nil {
			for _, p := range []string{l.rewritten, l.unkept} {
				if p != "" {
					d.Problems = append(d.Problems, p)
				}
			}
		}
	}
	slices.Sort(d.Problems)
	d.State = fmt.Sprintf("%s, %s", plural(count, "template"), where)
	if forbids(mayWrite(r.ObjectsDir)) || forbids(mayWrite(r.CommonDir)) {
		d.State += ", read-only"
	}
	return d, nil
}

// location is where the templates are, for people.
func (r *repository) location() string {
	at := r.WorkTree
	if at == "" {
		at = r.GitDir
	}
	if r.layout.dir != "" {
		at += " (" + strings.TrimSuffix(r.layout.dir, "/") + ")"
	}
	return at
}
