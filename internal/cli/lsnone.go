package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/promptfile"
)

// warnOfNone says why a list is empty and, where a condition has no match, what
// may have been meant by it.
func (a *app) warnOfNone(cmd *cobra.Command, s prompty.TemplateStorage, q *prompty.TemplateQuery) {
	filtered := cmd.Flags().NArg() > 0
	for _, flag := range []string{"tag", "tenant", "by", "offset"} {
		filtered = filtered || cmd.Flags().Changed(flag)
	}
	if !filtered {
		a.warn("no prompts%s", a.noneBecause())
		return
	}
	a.warn("no prompts match")
	if hint := likelyMeant(cmd.Context(), s, q); hint != "" {
		a.hint(hint)
	}
}

// likelyMeant is a guess at the first condition that no prompt meets.
func likelyMeant(ctx context.Context, s prompty.TemplateStorage, q *prompty.TemplateQuery) string {
	list, err := s.List(ctx, &prompty.TemplateQuery{IncludeAllVersions: q.IncludeAllVersions})
	if err != nil {
		return ""
	}
	type condition struct {
		flag, word string
		met        bool
		known      map[string]bool
	}
	prefix := condition{word: q.NamePrefix, known: nameStarts(list)}
	by := condition{flag: "--by ", word: q.CreatedBy, known: make(map[string]bool)}
	tenant := condition{flag: "--tenant ", word: q.TenantID, known: make(map[string]bool)}
	tags := make(map[string]bool)
	for _, t := range list {
		prefix.met = prefix.met || strings.HasPrefix(t.Name, q.NamePrefix)
		for _, tag := range t.Tags {
			tags[tag] = true
		}
		by.known[t.CreatedBy], tenant.known[t.TenantID] = true, true
	}
	by.met, tenant.met = by.known[by.word], tenant.known[tenant.word]
	conditions := []condition{prefix, by, tenant}
	for _, tag := range q.Tags {
		conditions = append(conditions, condition{"--tag ", tag, tags[tag], tags})
	}
	for _, c := range conditions {
		if c.met || c.word == "" {
			continue
		}
		var found []string
		for _, word := range nearest(c.word, slices.Sorted(maps.Keys(c.known))) {
			found = append(found, c.flag+shellWord(word))
		}
		if len(found) > 0 {
			return didYouMean(found)
		}
	}
	return ""
}

// nameStarts are names and the folders that they are in.
func nameStarts(list []*prompty.StoredTemplate) map[string]bool {
	starts := make(map[string]bool)
	for _, t := range list {
		starts[t.Name] = true
		for i, r := range t.Name {
			if r == '/' {
				starts[t.Name[:i+1]] = true
			}
		}
	}
	return starts
}

// noneBecause says why a storage may seem to be empty.
func (a *app) noneBecause() string {
	where, err := a.where()
	if err != nil {
		return " here"
	}
	driver, connection := splitStorage(where)
	place, options, some := strings.Cut(connection, "?")
	if strings.Contains(options, "ext=") {
		return " here"
	}
	other := connection + "?ext=.md"
	if some {
		other = connection + "&ext=.md"
	}
	switch driver {
	case "filesystem", "fs":
		return fmt.Sprintf(" in %s; files that end otherwise than in %s show with --storage '%s'", place, promptfile.DefaultExt, other)
	case "git":
		return fmt.Sprintf(" are committed in git:%s; files that end otherwise than in %s show with --storage 'git:%s'", connection, promptfile.DefaultExt, other)
	}
	return " here"
}
