package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/go-prompty/prompty"
)

// CheckOptions say what is compared.
type CheckOptions struct {
	Names    []string // these prompts; nil: all of both storages
	Prefix   string   // of the names; "": any
	Progress func(Progress)
}

// Drift is what two storages do not have alike, of one prompt.
type Drift struct {
	Name     string // "" for what is no prompt
	Kind     DriftKind
	Versions []int    // ascending; none where the whole prompt cannot be read
	Parts    []string // in what one version differs: text, tags, metadata, author, tenant
	Err      error    // why it cannot be read
}

// DriftKind is a kind of drift.
type DriftKind string

const (
	OnlyInA DriftKind = "only in A"
	OnlyInB DriftKind = "only in B"
	Differs DriftKind = "differs"
	UnreadA DriftKind = "unread in A"
	UnreadB DriftKind = "unread in B"
)

// Checked is what a check has looked at, and found.
type Checked struct {
	Prompts  int // of both together
	Versions int // that both have
	Drift    int // what was told
}

// Check compares all versions that two storages have, by everything but IDs and
// times, and tells found what they do not have alike, sorted by name. Numbers of
// deleted versions are not compared, as no storage tells them.
//
// No more is held in memory than the names, the numbers of some prompts and the
// texts at hand. Without snapshots, what is changed meanwhile may be told or not.
func Check(ctx context.Context, a, b prompty.TemplateStorage, opts CheckOptions, found func(Drift) error) (_ *Checked, err error) {
	c := &checker{opts: opts, gate: newGate(), found: found, checked: &Checked{}}
	c.progress.Phase = Listing
	for i, s := range []prompty.TemplateStorage{a, b} {
		_, c.sides[i].files = prompty.As[prompty.Locator](s)
		if freezer, ok := prompty.As[prompty.Snapshotter](s); ok {
			frozen, serr := freezer.Snapshot(ctx)
			if serr != nil {
				return c.checked, fmt.Errorf("read %s: %w", sideName(i), serr)
			}
			defer func() { err = errors.Join(err, frozen.Close()) }()
			s = frozen
		}
		c.sides[i].TemplateStorage = s
	}
	names, err := c.names(ctx)
	if err != nil {
		return c.checked, err
	}
	c.progress.Phase, c.progress.Of = Comparing, len(names)
	c.checked.Prompts = len(names)
	return c.checked, ahead(ctx, len(names), func(ctx context.Context, i int) (*compared, error) { return c.look(ctx, names[i]) }, func(i int, p *compared) error {
		c.checked.Versions += p.versions
		c.progress.Name = names[i]
		c.progress.Prompts++
		c.progress.Versions += p.versions
		c.progress.Bytes += p.bytes
		c.tell()
		for _, d := range p.drift {
			if err := c.drift(d); err != nil {
				return err
			}
		}
		return nil
	})
}

// checker is one check.
type checker struct {
	sides    [2]side
	opts     CheckOptions
	gate     gate // of all reads
	found    func(Drift) error
	checked  *Checked
	progress Progress
}

// side is one of the two storages.
type side struct {
	prompty.TemplateStorage
	files bool // the texts stand in files
}

func sideName(i int) string { return "AB"[i : i+1] }

// Kinds of drift by side.
var (
	onlyIn   = [2]DriftKind{OnlyInA, OnlyInB}
	unreadIn = [2]DriftKind{UnreadA, UnreadB}
)

func (c *checker) tell() {
	if c.opts.Progress != nil {
		c.opts.Progress(c.progress)
	}
}

func (c *checker) drift(d Drift) error {
	c.checked.Drift++
	return c.found(d)
}

// names are those of both storages together, sorted. What a storage of files
// cannot read is told first.
func (c *checker) names(ctx context.Context) ([]string, error) {
	if c.opts.Names != nil {
		names := slices.Compact(slices.Sorted(slices.Values(c.opts.Names)))
		return names, c.exist(ctx, names)
	}
	var all []string
	for i, s := range c.sides {
		c.tell()
		names, err := namesOf(ctx, s, c.opts.Prefix)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", sideName(i), err)
		}
		all = append(all, names...)
		if !s.files {
			continue
		}
		more, problems, err := unread(ctx, s.TemplateStorage, c.opts.Prefix, names)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", sideName(i), err)
		}
		all = append(all, more...)
		for _, p := range problems {
			if err := c.drift(Drift{Name: p.Name, Kind: unreadIn[i], Err: p.Err}); err != nil {
				return nil, err
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

// exist refuses a name that neither storage has, as it may be mistyped.
func (c *checker) exist(ctx context.Context, names []string) error {
	for _, name := range names {
		some := false
		for i, s := range c.sides {
			found, err := s.Exists(ctx, name)
			if err != nil && !isTheirs(err) {
				return fmt.Errorf("read %s: %w", sideName(i), err)
			}
			some = some || found || err != nil
		}
		if !some {
			return prompty.NewStorageTemplateNotFoundError(name)
		}
	}
	return nil
}

// compared is what was seen of a prompt.
type compared struct {
	versions int // that both have
	bytes    int64
	drift    []Drift
}

// look compares a prompt.
func (c *checker) look(ctx context.Context, name string) (*compared, error) {
	p := &compared{}
	var lists [2][]int
	for i, s := range c.sides {
		err := c.gate.do(ctx, func() (err error) {
			lists[i], err = s.ListVersions(ctx, name)
			return err
		})
		if isTheirs(err) {
			p.drift = append(p.drift, Drift{Name: name, Kind: unreadIn[i], Err: err})
			return p, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", sideName(i), err)
		}
		slices.Sort(lists[i])
	}
	var common []int
	for i := range lists {
		var only []int
		for _, v := range lists[i] {
			if _, both := slices.BinarySearch(lists[1-i], v); !both {
				only = append(only, v)
			} else if i == 0 {
				common = append(common, v)
			}
		}
		if len(only) > 0 {
			p.drift = append(p.drift, Drift{Name: name, Kind: onlyIn[i], Versions: only})
		}
	}
	return p, ahead(ctx, len(common), func(ctx context.Context, i int) (versionSeen, error) {
		return c.version(ctx, name, common[i])
	}, func(i int, v versionSeen) error {
		p.versions++
		p.bytes += v.bytes
		for _, d := range v.drift {
			d.Name, d.Versions = name, common[i:i+1]
			p.drift = append(p.drift, d)
		}
		return nil
	})
}

// versionSeen is what was seen of one version.
type versionSeen struct {
	bytes int64
	drift []Drift
}

// version compares one version. One that was deleted meanwhile is nowhere.
func (c *checker) version(ctx context.Context, name string, version int) (v versionSeen, err error) {
	err = c.gate.do(ctx, func() error {
		var pair [2]*prompty.StoredTemplate
		for i, s := range c.sides {
			t, err := s.GetVersion(ctx, name, version)
			switch {
			case errors.Is(err, prompty.ErrTemplateNotFound):
				t = nil
				v.drift = append(v.drift, Drift{Kind: onlyIn[1-i]})
			case isTheirs(err):
				v.drift = append(v.drift, Drift{Kind: unreadIn[i], Err: err})
			case err != nil:
				return fmt.Errorf("read %s: %w", sideName(i), err)
			}
			pair[i] = t
		}
		switch {
		case pair[0] == nil && pair[1] == nil && v.drift[0].Err == nil && v.drift[1].Err == nil:
			v.drift = nil
			return nil
		case len(v.drift) > 0:
			return nil
		}
		v.bytes = int64(len(pair[0].Source))
		if parts := differences(pair[0], pair[1]); len(parts) > 0 {
			v.drift = []Drift{{Kind: Differs, Parts: parts}}
		}
		return nil
	})
	return v, err
}
