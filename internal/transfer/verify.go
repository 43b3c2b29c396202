package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-prompty/prompty"
)

// verify reads what was written through a freshly opened destination. What was
// skipped has been compared before.
func (c *copier) verify(ctx context.Context) (err error) {
	if len(c.written) == 0 {
		return nil
	}
	to, err := c.opts.Reopen()
	if err != nil {
		return fmt.Errorf("open the destination again: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	c.progress.Of, c.progress.OfAll = len(c.written), c.report.Copied
	c.tell(Verifying)
	for _, s := range c.written {
		c.progress.Name = s.name
		if !c.broken[s.name] {
			if err := c.verifyOne(ctx, to, s); err != nil {
				return err
			}
		}
		c.progress.Prompts++
	}
	return nil
}

func (c *copier) verifyOne(ctx context.Context, to prompty.TemplateStorage, s span) error {
	want, err := c.from.ListVersions(ctx, s.name)
	if err != nil {
		return fmt.Errorf("read the source: %w", err)
	}
	got, err := to.ListVersions(ctx, s.name)
	if err != nil {
		return fmt.Errorf("read the destination: %w", err)
	}
	slices.Sort(want)
	for _, v := range want {
		if v < s.first {
			continue
		}
		a, err := c.from.GetVersion(ctx, s.name, v)
		if errors.Is(err, prompty.ErrTemplateNotFound) || isTheirs(err) {
			continue // deleted since, or reported as unread
		}
		if err != nil {
			return fmt.Errorf("read the source: %w", err)
		}
		b, err := to.GetVersion(ctx, s.name, v)
		switch {
		case errors.Is(err, prompty.ErrTemplateNotFound):
			c.problem(s.name, v, Unequal, errors.New("it was written, but is not there"))
		case err != nil:
			return fmt.Errorf("read the destination: %w", err)
		default:
			if diff := differences(a, b); diff != "" {
				c.problem(s.name, v, Unequal, fmt.Errorf("it was written, but %s", diff))
				continue
			}
			c.report.Verified++
			c.step(len(a.Source))
		}
	}
	for _, v := range got {
		if _, both := slices.BinarySearch(want, v); !both && v >= s.first && len(want) > 0 && v < want[len(want)-1] {
			c.problem(s.name, v, Unequal, errors.New("the destination has this version, which the source does not have"))
		}
	}
	return nil
}
