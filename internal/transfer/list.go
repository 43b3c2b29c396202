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
const (
	pagePrompts = 256
	pageBytes   = 32 << 20
)

// list finds what is to be copied. Without a snapshot of the source, what is
// saved or deleted meanwhile may be missed, as with any listing.
func (c *copier) list(ctx context.Context) ([]job, error) {
	c.tell(Listing)
	names := slices.Sorted(slices.Values(c.opts.Names))
	names = slices.Compact(names)
	if c.opts.Names == nil {
		var err error
		if names, err = c.names(ctx); err != nil {
			return nil, fmt.Errorf("read the source: %w", err)
		}
		more, err := c.unread(ctx, names)
		if err != nil {
			return nil, fmt.Errorf("read the source: %w", err)
		}
		names = append(names, more...)
		slices.Sort(names)
	}
	jobs := make([]job, 0, len(names))
	for _, name := range names {
		if c.opts.Names != nil {
			if _, err := c.from.Get(ctx, name); isTheirs(err) {
				c.latestUnread[name] = true
				c.problem(name, 0, Unread, err)
			}
		}
		versions, err := c.from.ListVersions(ctx, name)
		if isTheirs(err) && c.latestUnread[name] {
			continue
		}
		if err == nil && len(versions) == 0 && c.opts.Names != nil && !c.latestUnread[name] {
			err = prompty.NewStorageTemplateNotFoundError(name)
		}
		if err != nil {
			return nil, fmt.Errorf("read the source: %w", err)
		}
		slices.Sort(versions)
		jobs = append(jobs, job{name, versions})
		c.progress.Of++
		c.progress.OfAll += len(versions)
		c.tell(Listing)
	}
	return jobs, nil
}

func (c *copier) names(ctx context.Context) ([]string, error) {
	var names []string
	query := prompty.TemplateQuery{NamePrefix: c.opts.Prefix, Limit: pagePrompts}
	for {
		page, err := c.from.List(ctx, &query)
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
