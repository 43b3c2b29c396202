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

// sight is what both storages have of a prompt.
type sight struct {
	problems []Problem
	present  int       // versions that both have, and equal
	leftover []int     // placeholders that a run before this one has left
	last     int       // the destination's latest version
	missing  []missing // what is to be copied
}

// missing is a version to be copied. Its text is read again if it had no room.
type missing struct {
	version, bytes int
	t              *prompty.StoredTemplate
}

func (s *sight) problem(name string, version int, kind Kind, err error) {
	s.problems = append(s.problems, Problem{name, version, kind, err})
}

// refused reports whether a problem keeps the prompt from being written.
func (s *sight) refused() bool {
	return slices.ContainsFunc(s.problems, func(p Problem) bool { return p.Kind != Unread })
}

// notRead makes a problem of an error that is one prompt's affair.
func (s *sight) notRead(where, name string, version int, err error) error {
	if !isTheirs(err) {
		return fmt.Errorf("read %s: %w", where, err)
	}
	s.problem(name, version, Refused, err)
	return nil
}

// look compares a prompt with what the destination has of it; nil if there is
// nothing to compare.
func (c *copier) look(ctx context.Context, j job) (*sight, error) {
	if len(j.versions) == 0 {
		return nil, nil // deleted since it was listed
	}
	s := &sight{}
	var there []int
	err := c.gate.do(ctx, func() (err error) {
		there, err = c.to.ListVersions(ctx, j.name)
		return err
	})
	if err != nil {
		return s, s.notRead("the destination", j.name, 0, err)
	}
	slices.Sort(there)
	if len(there) > 0 {
		s.last = there[len(there)-1]
	}
	if err := c.compare(ctx, j, there, s); err != nil || s.refused() {
		return s, err
	}
	return s, c.check(ctx, j, s)
}

// prompt puts what is missing of a prompt into the batch; nothing if there is a
// problem.
func (c *copier) prompt(ctx context.Context, name string, s *sight) error {
	if s == nil {
		return nil
	}
	c.report.Prompts++
	c.report.Problems = append(c.report.Problems, s.problems...)
	for range s.present {
		c.report.Present++
		c.step(0)
	}
	switch {
	case c.opts.DryRun:
		last := s.last
		for _, m := range s.missing {
			c.report.Copied++
			c.report.Gaps += m.version - last - 1
			c.report.Bytes += int64(m.bytes)
			c.step(m.bytes)
			last = m.version
		}
		return nil
	case s.refused():
		c.leave(s.missing...)
		return nil
	}
	if len(s.leftover) > 0 {
		c.wrote(name, s.leftover[0])
	}
	if err := c.enqueue(ctx, name, s); err != nil {
		return err
	}
	// Not before the version after it is there: what readers see as the latest
	// must not go back.
	if len(s.leftover) > 0 && len(s.missing) > 0 {
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	return c.drop(ctx, name, s.leftover)
}

// seen is what was seen of one version. It holds no text for which there is no
// room.
type seen struct {
	diff            []string
	placeholder     bool
	missing         missing
	unfit           error // what keeps it from being written
	wantErr, gotErr error // of reading it in the source, and in the destination
}

// compare looks at what either has already.
func (c *copier) compare(ctx context.Context, j job, there []int, s *sight) error {
	n, found := slices.BinarySearch(j.versions, s.last)
	if found {
		n++
	}
	used := j.versions[:n] // whose numbers the destination has given
	err := ahead(ctx, n, func(ctx context.Context, i int) (v seen, err error) {
		err = c.gate.do(ctx, func() error {
			var want, got *prompty.StoredTemplate
			if want, v.wantErr = c.from.GetVersion(ctx, j.name, used[i]); v.wantErr != nil {
				return nil
			}
			if _, has := slices.BinarySearch(there, used[i]); !has {
				v.unfit = errors.New("the destination has later versions, but not this one; its number is used up there")
			} else if got, v.gotErr = c.to.GetVersion(ctx, j.name, used[i]); v.gotErr == nil {
				v.diff = differences(want, got)
			}
			return nil
		})
		return v, err
	}, func(i int, v seen) error {
		switch number := used[i]; {
		case v.wantErr != nil:
			return c.lost(j, number, v.wantErr, s)
		case v.unfit != nil:
			s.problem(j.name, number, Conflict, v.unfit)
		case v.gotErr != nil:
			return s.notRead("the destination", j.name, number, v.gotErr)
		case len(v.diff) > 0:
			s.problem(j.name, number, Conflict, fmt.Errorf("the destination has another version %d: %s", number, differs(v.diff)))
		default:
			s.present++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.compareOwn(ctx, j, there, s)
}

// compareOwn looks at what only the destination has.
func (c *copier) compareOwn(ctx context.Context, j job, there []int, s *sight) error {
	own := slices.DeleteFunc(slices.Clone(there), func(v int) bool {
		_, both := slices.BinarySearch(j.versions, v)
		return both
	})
	return ahead(ctx, len(own), func(ctx context.Context, i int) (v seen, err error) {
		err = c.gate.do(ctx, func() error {
			var t *prompty.StoredTemplate
			if t, v.gotErr = c.to.GetVersion(ctx, j.name, own[i]); v.gotErr == nil {
				v.placeholder = isPlaceholder(t)
			}
			return nil
		})
		return v, err
	}, func(i int, v seen) error {
		switch number := own[i]; {
		case v.gotErr != nil:
			return s.notRead("the destination", j.name, number, v.gotErr)
		case v.placeholder:
			s.leftover = append(s.leftover, number)
		case number < j.versions[len(j.versions)-1]: // what was saved on top is the destination's own affair
			s.problem(j.name, number, Conflict, errors.New("only the destination has this version"))
		}
		return nil
	})
}

// lost reports a version that the source cannot read, and which leaves a gap. An
// error that is not that version's affair is returned.
func (c *copier) lost(j job, version int, err error, s *sight) error {
	switch {
	case errors.Is(err, prompty.ErrTemplateNotFound):
		return nil // deleted since it was listed
	case !isTheirs(err):
		return fmt.Errorf("read the source: %w", err)
	}
	if last := j.versions[len(j.versions)-1]; version < last || !c.latestUnread[j.name] {
		s.problem(j.name, version, Unread, err)
	}
	return nil
}

// check reads the versions that are to be copied before the first of them is
// written, as one may be more than a storage holds.
func (c *copier) check(ctx context.Context, j job, s *sight) error {
	at, _ := slices.BinarySearch(j.versions, s.last+1)
	versions, last := j.versions[at:], s.last
	return ahead(ctx, len(versions), func(ctx context.Context, i int) (v seen, err error) {
		err = c.gate.do(ctx, func() error {
			var t *prompty.StoredTemplate
			if t, v.wantErr = c.from.GetVersion(ctx, j.name, versions[i]); v.wantErr != nil {
				return nil
			}
			v.missing = missing{version: versions[i], bytes: len(t.Source)}
			v.unfit = prompty.CheckTemplate(t)
			if v.unfit == nil && !c.opts.DryRun && c.keep(t) {
				v.missing.t = t
			}
			return nil
		})
		return v, err
	}, func(i int, v seen) error {
		number := versions[i]
		if v.unfit == nil && number-last-1 > mostGap {
			v.unfit = fmt.Errorf("%d versions before it are missing, too many to keep their numbers free; the limit is %d", number-last-1, mostGap)
		}
		switch {
		case v.wantErr != nil:
			return c.lost(j, number, v.wantErr, s)
		case v.unfit != nil && !s.refused():
			s.problem(j.name, number, Refused, v.unfit)
		}
		s.missing = append(s.missing, v.missing)
		last = number
		return nil
	})
}

// keep takes room for a text that is kept until it is written.
func (c *copier) keep(t *prompty.StoredTemplate) bool {
	w := int64(weight(t))
	if c.room.Add(-w) >= 0 {
		return true
	}
	c.room.Add(w)
	return false
}

// leave gives the room back of the texts that were kept.
func (c *copier) leave(list ...missing) {
	for _, m := range list {
		if m.t != nil {
			c.room.Add(int64(weight(m.t)))
		}
	}
}

// differences are the parts in which two versions differ, of what is copied.
func differences(a, b *prompty.StoredTemplate) []string {
	var parts []string
	for _, p := range []struct {
		name string
		same bool
	}{
		{"text", a.Source == b.Source},
		{"tags", slices.Equal(a.Tags, b.Tags)},
		{"metadata", maps.Equal(a.Metadata, b.Metadata)},
		{"author", a.CreatedBy == b.CreatedBy},
		{"tenant", a.TenantID == b.TenantID},
	} {
		if !p.same {
			parts = append(parts, p.name)
		}
	}
	return parts
}

// differs is a sentence about the first of the parts that differ.
func differs(parts []string) string {
	if p := parts[0]; p == "tags" || p == "metadata" {
		return "its " + p + " differ"
	}
	return "its " + parts[0] + " differs"
}
