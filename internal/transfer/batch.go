package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-prompty/prompty"
)

// gapKey is the metadata by which a placeholder is known, also by the next run
// if this one is killed before the placeholder is deleted.
const gapKey = "prompty-copy-gap"

func isPlaceholder(t *prompty.StoredTemplate) bool { return t.Metadata[gapKey] != "" }

// placeholder shows the text of the version before, or, at the beginning, of
// the one after: the text that a reader of the latest version gets anyway.
func placeholder(t *prompty.StoredTemplate) *prompty.StoredTemplate {
	return &prompty.StoredTemplate{
		Name: t.Name, Source: t.Source, Tags: t.Tags, TenantID: t.TenantID,
		Metadata: map[string]string{gapKey: "this version was deleted where it was copied from"},
	}
}

// item is a version to be written under its number. The number before it is
// always the destination's latest then.
type item struct {
	t       *prompty.StoredTemplate // Version is 0 until it is written
	version int
}

// batch is what is written in one step.
type batch struct {
	items []item
	bytes int
}

// weight is about what a version takes in memory.
func weight(t *prompty.StoredTemplate) int {
	n := len(t.Source) + 200
	for k, v := range t.Metadata {
		n += len(k) + len(v)
	}
	return n
}

func (c *copier) add(t *prompty.StoredTemplate, version int) {
	t = t.Clone()
	t.Version = 0
	c.batch.items = append(c.batch.items, item{t, version})
	c.batch.bytes += weight(t)
}

// enqueue puts the missing versions of a prompt into the batch, on top of the
// last one that is there.
func (c *copier) enqueue(ctx context.Context, name string, s *sight) error {
	list, last := s.missing, s.last
	if len(list) == 0 {
		return nil
	}
	c.wrote(name, list[0].version)
	// A prompt goes into one step as a whole, if it can: what somebody else saves
	// between two steps would take numbers that the rest of it needs.
	count, bytes := list[len(list)-1].version-last, 0
	for _, m := range list {
		bytes += m.bytes
	}
	if len(c.batch.items)+count > c.opts.BatchVersions || c.batch.bytes+bytes > c.opts.BatchBytes {
		if err := c.flush(ctx); err != nil {
			return err
		}
	}
	var before *prompty.StoredTemplate
	taken := 0
	err := ahead(ctx, len(list), func(ctx context.Context, i int) (t *prompty.StoredTemplate, err error) {
		if list[i].t != nil {
			return list[i].t, nil
		}
		err = c.gate.do(ctx, func() error {
			if t, err = c.from.GetVersion(ctx, name, list[i].version); err != nil {
				return fmt.Errorf("read the source: %w", err)
			}
			return nil
		})
		return t, err
	}, func(i int, t *prompty.StoredTemplate) (err error) {
		c.leave(list[i])
		taken = i + 1
		version := list[i].version
		gap := version - last - 1
		if before == nil && gap > 0 {
			if before = t; last > 0 {
				if before, err = c.to.GetVersion(ctx, name, last); err != nil {
					return fmt.Errorf("read the destination: %w", err)
				}
			}
		}
		// A gap and the version after it are one step where the destination can,
		// so that a placeholder is nobody's latest version.
		if len(c.batch.items)+gap+1 > c.opts.BatchVersions || c.batch.bytes+weight(t) > c.opts.BatchBytes {
			if err := c.flush(ctx); err != nil {
				return err
			}
		}
		if c.broken[name] {
			return errBroken
		}
		for v := last + 1; v < version; v++ {
			c.add(placeholder(before), v)
		}
		c.add(t, version)
		before, last = t, version
		return nil
	})
	if errors.Is(err, errBroken) {
		c.leave(list[taken:]...)
		return nil
	}
	return err
}

// errBroken ends what was begun of a prompt that could not be written on.
var errBroken = errors.New("it could not be written on")

// wrote notes from which version on a prompt is to be verified.
func (c *copier) wrote(name string, first int) {
	if n := len(c.written); n > 0 && c.written[n-1].name == name {
		c.written[n-1].first = min(c.written[n-1].first, first)
		return
	}
	c.written = append(c.written, span{name, first})
}

// flush writes the batch. What has begun is brought to its end, whether ctx
// ends meanwhile or not.
func (c *copier) flush(ctx context.Context) error {
	items := c.batch.items
	c.batch = batch{}
	if err := ctx.Err(); err != nil || len(items) == 0 {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	items, err := c.unmoved(ctx, items)
	if err != nil || len(items) == 0 {
		return err
	}
	err = c.save(ctx, items)
	if !isTheirs(err) {
		return errors.Join(err, c.settle(ctx, items, err == nil))
	}
	// One prompt's affair: which one's?
	for len(items) > 0 {
		n := slices.IndexFunc(items, func(it item) bool { return it.t.Name != items[0].t.Name })
		if n < 0 {
			n = len(items)
		}
		if err := c.one(ctx, items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// errBusy ends a copy beside which somebody else writes. To go on would make
// versions that are taken back, whose numbers are used up.
var errBusy = errors.New("somebody else saves into the destination at the same time; run the copy again when they have ended")

// unmoved leaves of a batch what still stands on top of the destination's
// latest version: neither saving many at once nor a plain save has a condition.
func (c *copier) unmoved(ctx context.Context, items []item) ([]item, error) {
	if _, conditional := prompty.As[prompty.ConditionalSaver](c.to); conditional && batchSave(c.to) == nil {
		return items, nil
	}
	firsts := slices.CompactFunc(slices.Clone(items), func(a, b item) bool { return a.t.Name == b.t.Name })
	err := ahead(ctx, len(firsts), func(ctx context.Context, i int) (latest int, err error) {
		err = c.gate.do(ctx, func() error {
			versions, err := c.to.ListVersions(ctx, firsts[i].t.Name)
			if err != nil && !isTheirs(err) { // else saving says the same
				return fmt.Errorf("read the destination: %w", err)
			}
			latest = slices.Max(append(versions, 0))
			return nil
		})
		return latest, err
	}, func(i, latest int) error {
		if it := firsts[i]; latest >= it.version {
			c.problem(it.t.Name, it.version, Conflict, errors.New("somebody has saved this number in the destination meanwhile"))
			c.broken[it.t.Name] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(items, func(it item) bool { return c.broken[it.t.Name] }), nil
}

// one writes what a failed batch has of one prompt.
func (c *copier) one(ctx context.Context, items []item) error {
	rest := items
	for len(rest) > 0 && rest[0].t.Version != 0 { // written before it failed
		rest = rest[1:]
	}
	err := c.save(ctx, rest)
	serr := c.settle(ctx, items, err == nil)
	if !isTheirs(err) {
		return errors.Join(err, serr)
	}
	kind, name := Refused, items[0].t.Name
	if errors.Is(err, prompty.ErrConflict) {
		kind = Conflict
	}
	c.problem(name, 0, kind, err)
	c.broken[name] = true
	return serr
}

// eacher saves a whole history at once: gitstore makes a commit for each
// version, and one pack.
type eacher interface {
	SaveEach(ctx context.Context, tmpls []*prompty.StoredTemplate) error
}

// batchSave is how the destination saves many at once; nil if it cannot.
func batchSave(to prompty.TemplateStorage) func(context.Context, []*prompty.StoredTemplate) error {
	if each, ok := prompty.As[eacher](to); ok {
		return each.SaveEach
	}
	if all, ok := prompty.As[prompty.BatchSaver](to); ok {
		return all.SaveAll
	}
	return nil
}

// save writes items, in one step if the destination can. What was written has
// a version then, also if there is an error.
func (c *copier) save(ctx context.Context, items []item) error {
	if batch := batchSave(c.to); batch != nil {
		tmpls := make([]*prompty.StoredTemplate, len(items))
		for i, it := range items {
			tmpls[i] = it.t
		}
		err := batch(ctx, tmpls)
		if errors.Is(err, errors.ErrUnsupported) && len(items) > 1 { // more than goes into one step
			half := len(items) / 2
			for half < len(items)-1 && isPlaceholder(items[half-1].t) { // it stays with the version after it
				half++
			}
			c.opts.BatchVersions = half
			if err := c.save(ctx, items[:half]); err != nil {
				return err
			}
			return c.save(ctx, items[half:])
		}
		return wrote(err)
	}
	_, conditional := prompty.As[prompty.ConditionalSaver](c.to)
	for _, it := range items {
		var err error
		if conditional {
			err = prompty.SaveIf(ctx, c.to, it.t, it.version-1)
		} else {
			err = c.to.Save(ctx, it.t)
		}
		if err != nil {
			return wrote(err)
		}
		if it.t.Version != it.version { // as it will be with those after it
			return nil
		}
	}
	return nil
}

func wrote(err error) error {
	if err != nil {
		return fmt.Errorf("write to the destination: %w", err)
	}
	return nil
}

// settle counts what was written, deletes the placeholders among it if all was
// written, and takes back what did not get its number.
func (c *copier) settle(ctx context.Context, items []item, whole bool) error {
	var busy error
	for _, it := range items {
		switch {
		case it.t.Version == 0:
		case it.t.Version != it.version:
			if !c.broken[it.t.Name] {
				c.broken[it.t.Name] = true
				others, err := c.others(ctx, it)
				if err != nil {
					return err
				}
				why := "it had such versions before"
				if others {
					why, busy = "somebody saves there now", errBusy
				}
				c.problem(it.t.Name, it.version, Conflict, fmt.Errorf("the destination would number it %d: %s; it is taken back", it.t.Version, why))
			}
		case isPlaceholder(it.t):
			c.report.Gaps++
		default:
			c.report.Copied++
			c.report.Bytes += int64(len(it.t.Source))
			c.step(len(it.t.Source))
		}
	}
	for _, it := range slices.Backward(items) {
		name, got := it.t.Name, it.t.Version
		if got == 0 || got == it.version && !(whole && isPlaceholder(it.t)) {
			continue
		}
		if err := c.drop(ctx, name, []int{got}); err != nil {
			return err
		}
	}
	return busy
}

// others reports whether the destination has a version, between the number that
// it was to give and the one that it gave, which this copy has not made.
func (c *copier) others(ctx context.Context, it item) (bool, error) {
	versions, err := c.to.ListVersions(ctx, it.t.Name)
	if err != nil {
		return false, fmt.Errorf("read the destination: %w", err)
	}
	return slices.ContainsFunc(versions, func(v int) bool { return v >= it.version && v < it.t.Version }), nil
}

// drop deletes versions of the destination that are not to stay.
func (c *copier) drop(ctx context.Context, name string, versions []int) error {
	for _, v := range versions {
		err := c.to.DeleteVersion(context.WithoutCancel(ctx), name, v)
		if err != nil && !errors.Is(err, prompty.ErrTemplateNotFound) {
			return fmt.Errorf("write to the destination: %w", err)
		}
	}
	return nil
}
