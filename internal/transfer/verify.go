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
	spans := slices.DeleteFunc(c.written, func(s span) bool { return c.broken[s.name] })
	c.progress.Prompts = len(c.written) - len(spans)
	return ahead(ctx, len(spans), func(ctx context.Context, i int) (*sight, error) {
		return c.verifyOne(ctx, to, spans[i])
	}, func(i int, s *sight) error {
		c.progress.Name = spans[i].name
		c.report.Problems = append(c.report.Problems, s.problems...)
		for _, m := range s.missing {
			c.report.Verified++
			c.step(m.bytes)
		}
		c.progress.Prompts++
		return nil
	})
}

// verifyOne reads a prompt in both storages. What is equal is in missing.
func (c *copier) verifyOne(ctx context.Context, to prompty.TemplateStorage, span span) (*sight, error) {
	var want, got []int
	err := c.gate.do(ctx, func() (err error) {
		if want, err = c.from.ListVersions(ctx, span.name); err != nil {
			return fmt.Errorf("read the source: %w", err)
		}
		if got, err = to.ListVersions(ctx, span.name); err != nil {
			return fmt.Errorf("read the destination: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	s := &sight{}
	slices.Sort(want)
	first, _ := slices.BinarySearch(want, span.first)
	written := want[first:]
	err = ahead(ctx, len(written), func(ctx context.Context, i int) (v seen, err error) {
		err = c.gate.do(ctx, func() error {
			var a, b *prompty.StoredTemplate
			if a, v.wantErr = c.from.GetVersion(ctx, span.name, written[i]); v.wantErr != nil {
				return nil
			}
			v.missing = missing{version: written[i], bytes: len(a.Source)}
			if b, v.gotErr = to.GetVersion(ctx, span.name, written[i]); v.gotErr == nil {
				v.diff = differences(a, b)
			}
			return nil
		})
		return v, err
	}, func(i int, v seen) error {
		switch number := written[i]; {
		case errors.Is(v.wantErr, prompty.ErrTemplateNotFound) || isTheirs(v.wantErr): // deleted since, or reported as unread
		case v.wantErr != nil:
			return fmt.Errorf("read the source: %w", v.wantErr)
		case errors.Is(v.gotErr, prompty.ErrTemplateNotFound):
			s.problem(span.name, number, Unequal, errors.New("it was written, but is not there"))
		case v.gotErr != nil:
			return fmt.Errorf("read the destination: %w", v.gotErr)
		case len(v.diff) > 0:
			s.problem(span.name, number, Unequal, fmt.Errorf("it was written, but %s", differs(v.diff)))
		default:
			s.missing = append(s.missing, v.missing)
		}
		return nil
	})
	for _, v := range got {
		if _, both := slices.BinarySearch(want, v); !both && v >= span.first && len(want) > 0 && v < want[len(want)-1] {
			s.problem(span.name, v, Unequal, errors.New("the destination has this version, which the source does not have"))
		}
	}
	return s, err
}
