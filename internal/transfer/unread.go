package transfer

import (
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/go-prompty/prompty"
)

// A listing leaves out what cannot be read: a file without the right to read
// it, one that is no text, a link that leads nowhere. A copy that is silent
// about those would be a backup with holes.

// copied are problems of prompts that are copied nevertheless, text and all:
// front matter that has no fields (with its place), names that some systems
// cannot hold side by side, and late news.
var copied = regexp.MustCompile(`^.+:\d+:\d+: | differ only in case|^watching: |^changes may show late: `)

// subject is the name or the path that a storage's problem is about.
var subject = regexp.MustCompile(`^(?:invalid template(?: name)?: |invalid template name )?(.+?)(?:: | is | has | cannot )`)

// unread asks a storage of files what it cannot read. Prompts whose latest text
// alone is broken are returned: their older versions can be read. The problems
// have a name where it is one of those.
func unread(ctx context.Context, s prompty.TemplateStorage, prefix string, known []string) (names []string, problems []Problem, err error) {
	d, ok := prompty.As[prompty.Describer](s)
	if !ok {
		return nil, nil, nil
	}
	desc, err := d.Describe(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, problem := range desc.Problems {
		candidates := candidates(problem)
		if copied.MatchString(problem) || !wanted(prefix, candidates) {
			continue
		}
		name := ""
		for _, n := range candidates {
			if slices.Contains(known, n) || slices.Contains(names, n) || prompty.CheckName(n) != nil {
				continue
			}
			versions, err := s.ListVersions(ctx, n)
			if err != nil && !isTheirs(err) {
				return nil, nil, err
			}
			if err == nil && len(versions) > 0 {
				name, names = n, append(names, n)
				break
			}
		}
		problems = append(problems, Problem{Name: name, Kind: Unread, Err: errors.New(problem)})
	}
	return names, problems, nil
}

// candidates are the names that a problem may be about: its path without the
// extension, and what is left of it below each of its folders.
func candidates(problem string) []string {
	m := subject.FindStringSubmatch(problem)
	if m == nil {
		return nil
	}
	name := strings.Trim(m[1], `"`)
	name = strings.TrimSuffix(name, path.Ext(name))
	list := []string{name}
	for {
		_, rest, more := strings.Cut(name, "/")
		if !more {
			return list
		}
		name = rest
		list = append(list, name)
	}
}

// wanted reports whether one of the names may be, or hold, what has the prefix.
func wanted(prefix string, candidates []string) bool {
	return len(candidates) == 0 || slices.ContainsFunc(candidates, func(name string) bool {
		return strings.HasPrefix(name, prefix) || strings.HasPrefix(prefix, name+"/")
	})
}
