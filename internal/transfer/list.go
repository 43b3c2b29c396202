package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-prompty/prompty"
)

// job is a prompt with its versions, ascending.
type job struct {
	name     string
	versions []int
}

// A page of the listing holds as many prompts as this, or fewer, if they are long.
// The first one shows how long they are.
const (
	pageFirst   = 16
	pagePrompts = 256
	pageBytes   = 32 << 20
)

// list finds what is to be copied. Without a snapshot of the source, what is
// saved or deleted meanwhile may be missed, as with any listing.
func (c *copier) list(ctx context.Context) ([]job, error) {
	c.tell(Listing)
	names, err := c.chosen(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the source: %w", err)
	}
	jobs := make([]job, 0, len(names))
	err = ahead(ctx, len(names), func(ctx context.Context, i int) (l listed, err error) {
		err = c.gate.do(ctx, func() error {
			if c.opts.Names != nil {
				if _, err := c.from.Get(ctx, names[i]); isTheirs(err) {
					l.unread = err
				}
			}
			versions, err := c.from.ListVersions(ctx, names[i])
			l.versions, l.err = versions, err
			return nil
		})
		return l, err
	}, func(i int, l listed) error {
		name := names[i]
		if l.unread != nil {
			c.latestUnread[name] = true
			c.problem(name, 0, Unread, l.unread)
		}
		if isTheirs(l.err) && c.latestUnread[name] {
			return nil
		}
		if l.err == nil && len(l.versions) == 0 && c.opts.Names != nil && !c.latestUnread[name] {
			l.err = prompty.NewStorageTemplateNotFoundError(name)
		}
		if l.err != nil {
			return fmt.Errorf("read the source: %w", l.err)
		}
		slices.Sort(l.versions)
		jobs = append(jobs, job{name, l.versions})
		c.progress.Of++
		c.progress.OfAll += len(l.versions)
		c.tell(Listing)
		return nil
	})
	return jobs, err
}

// listed is what the source says of a name.
type listed struct {
	versions    []int
	unread, err error // of the latest, and of the listing
}

// chosen are the names to be copied, sorted.
func (c *copier) chosen(ctx context.Context) ([]string, error) {
	if c.opts.Names != nil {
		return slices.Compact(slices.Sorted(slices.Values(c.opts.Names))), nil
	}
	names, err := namesOf(ctx, c.from, c.opts.Prefix)
	if err != nil || !c.files {
		return names, err
	}
	more, problems, err := unread(ctx, c.from, c.opts.Prefix, names)
	for _, p := range problems {
		if c.problem(p.Name, 0, Unread, fmt.Errorf("the source cannot read it: %w", p.Err)); p.Name != "" {
			c.latestUnread[p.Name] = true
		}
	}
	return slices.Sorted(slices.Values(append(names, more...))), err
}

// namesOf are the names that a storage lists, sorted.
func namesOf(ctx context.Context, s prompty.TemplateStorage, prefix string) ([]string, error) {
	var names []string
	query := prompty.TemplateQuery{NamePrefix: prefix, Limit: pageFirst}
	for {
		page, err := s.List(ctx, &query)
		if err != nil {
			return nil, err
		}
		bytes := 0
		for _, t := range page {
			bytes += len(t.Source)
			if len(names) == 0 || t.Name > names[len(names)-1] { // the list may move below us
				names = append(names, t.Name)
			}
		}
		if len(page) < query.Limit {
			return names, nil
		}
		query.Offset += len(page)
		query.Limit = min(pagePrompts, 1+pageBytes*len(page)/(bytes+1))
	}
}

// isTheirs reports whether an error is one prompt's affair, so that the others
// can be copied all the same.
func isTheirs(err error) bool {
	return errors.Is(err, prompty.ErrInvalidTemplate) || errors.Is(err, prompty.ErrInvalidName) || errors.Is(err, prompty.ErrConflict)
}
