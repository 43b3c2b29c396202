package transfer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-prompty/prompty"
)

// mostGap is how many numbers in a row may be missing.
const mostGap = 10_000

// prompt compares a prompt with what the destination has of it, and puts what
// is missing into the batch; nothing if there is a problem.
func (c *copier) prompt(ctx context.Context, j job) error {
	if len(j.versions) == 0 {
		return nil // deleted since it was listed
	}
	c.report.Prompts++
	refusals := c.refusals
	there, err := c.to.ListVersions(ctx, j.name)
	if err != nil {
		return c.notRead("the destination", j.name, 0, err)
	}
	slices.Sort(there)
	leftover, err := c.compare(ctx, j, there)
	if err != nil || c.refusals > refusals {
		return err
	}
	last := 0
	if len(there) > 0 {
		last = there[len(there)-1]
	}
	at, _ := slices.BinarySearch(j.versions, last+1)
	missing, err := c.check(ctx, j, last, j.versions[at:])
	if err != nil || c.refusals > refusals {
		return err
	}
	if c.opts.DryRun {
		return nil
	}
	if len(leftover) > 0 {
		c.wrote(j.name, leftover[0])
	}
	if err := c.enqueue(ctx, j.name, last, missing); err != nil {
		return err
	}
	// Not before the version after it is there: what readers see as the latest
	// must not go back.
	if len(leftover) > 0 && len(missing) > 0 {
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	return c.drop(ctx, j.name, leftover)
}

// notRead makes a problem of an error that is one prompt's affair.
func (c *copier) notRead(where, name string, version int, err error) error {
	if !isTheirs(err) {
		return fmt.Errorf("read %s: %w", where, err)
	}
	c.problem(name, version, Refused, err)
	return nil
}

// lost reports a version that the source cannot read. It leaves a gap.
func (c *copier) lost(j job, version int, err error) {
	if last := j.versions[len(j.versions)-1]; version < last || !c.latestUnread[j.name] {
		c.problem(j.name, version, Unread, err)
	}
}

// compare looks at what both have. It returns the placeholders that a run
// before this one has left.
func (c *copier) compare(ctx context.Context, j job, there []int) (leftover []int, err error) {
	for _, v := range j.versions {
		switch _, has := slices.BinarySearch(there, v); {
		case has:
			want, err := c.from.GetVersion(ctx, j.name, v)
			if errors.Is(err, prompty.ErrTemplateNotFound) {
				continue // deleted since it was listed
			}
			if isTheirs(err) {
				c.lost(j, v, err)
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("read the source: %w", err)
			}
			got, err := c.to.GetVersion(ctx, j.name, v)
			if err != nil {
				return nil, c.notRead("the destination", j.name, v, err)
			}
			if diff := differences(want, got); diff != "" {
				c.problem(j.name, v, Conflict, fmt.Errorf("the destination has another version %d: %s", v, diff))
				continue
			}
			c.report.Present++
			c.step(0)
		case len(there) > 0 && v < there[len(there)-1]:
			if _, err := c.from.GetVersion(ctx, j.name, v); isTheirs(err) {
				c.lost(j, v, err) // as it was the last time
				continue
			}
			c.problem(j.name, v, Conflict, errors.New("the destination has later versions, but not this one; its number is used up there"))
		}
	}
	for _, v := range there {
		if _, both := slices.BinarySearch(j.versions, v); both {
			continue
		}
		t, err := c.to.GetVersion(ctx, j.name, v)
		switch {
		case err != nil:
			return nil, c.notRead("the destination", j.name, v, err)
		case isPlaceholder(t):
			leftover = append(leftover, v)
		case v < j.versions[len(j.versions)-1]: // what was saved on top is the destination's own affair
			c.problem(j.name, v, Conflict, errors.New("only the destination has this version"))
		}
	}
	return leftover, nil
}

// missing is a version to be copied. Its text is read again if it had no room.
type missing struct {
	version int
	t       *prompty.StoredTemplate
}

// check reads the versions that are to be copied before the first of them is
// written, as one may be more than a storage holds.
func (c *copier) check(ctx context.Context, j job, last int, versions []int) ([]missing, error) {
	var list []missing
	name := j.name
	room := c.opts.BatchBytes
	for _, v := range versions {
		t, err := c.from.GetVersion(ctx, name, v)
		if errors.Is(err, prompty.ErrTemplateNotFound) {
			continue // deleted since it was listed
		}
		if isTheirs(err) {
			c.lost(j, v, err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the source: %w", err)
		}
		if err := prompty.CheckTemplate(t); err != nil {
			c.problem(name, v, Refused, err)
			return nil, nil
		}
		if v-last-1 > mostGap {
			c.problem(name, v, Refused, fmt.Errorf("%d versions before it are missing, too many to keep their numbers free; the limit is %d", v-last-1, mostGap))
			return nil, nil
		}
		if c.opts.DryRun {
			c.report.Copied++
			c.report.Gaps += v - last - 1
			c.report.Bytes += int64(len(t.Source))
			c.step(len(t.Source))
		}
		m := missing{version: v}
		if room -= weight(t); room >= 0 && !c.opts.DryRun {
			m.t = t
		}
		list = append(list, m)
		last = v
	}
	return list, nil
}

// differences says in what two versions differ; "" if in nothing that is copied.
func differences(a, b *prompty.StoredTemplate) string {
	switch {
	case a.Source != b.Source:
		return "its text differs"
	case !slices.Equal(a.Tags, b.Tags):
		return "its tags differ"
	case !maps.Equal(a.Metadata, b.Metadata):
		return "its metadata differ"
	case a.CreatedBy != b.CreatedBy:
		return "its author differs"
	case a.TenantID != b.TenantID:
		return "its tenant differs"
	}
	return ""
}
