// Package transfer copies prompts from one storage into another, and compares
// two storages. What is copied is every version under its own number, oldest
// first, with source, tags, metadata, author and tenant as they are. Times are
// the destination's: a storage sets them itself.
//
// A number means one text for ever, so a version that was deleted in the source
// leaves the same gap in the destination: a placeholder takes the number and is
// deleted as soon as the version after it is there. Which numbers were used
// after the last version that is left, no storage tells, so those are not kept.
//
// What is there already, and equal, is skipped. So a copy that was stopped at
// any point, by a kill too, goes on when it is run again, and doubles nothing.
// Of a prompt with a version that differs nothing is written.
//
// No more is held in memory than two batches and the names with their numbers.
// Reading is done ahead of writing, for several prompts and versions at once.
package transfer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/go-prompty/prompty"
)

// Options say what is copied, and how.
type Options struct {
	Names  []string // these prompts; nil: all
	Prefix string   // of the names; "": any
	DryRun bool     // compare only

	// Reopen opens the destination afresh, to read what was written and compare
	// it with the source; nil: what was written is not looked at.
	Reopen func() (prompty.TemplateStorage, error)

	Progress func(Progress) // called now and then, from the goroutine of Copy; may be nil

	BatchVersions, BatchBytes int // the most that is written in one step; 0: 500 and 8 MiB
}

// Progress is how far a copy is.
type Progress struct {
	Phase           Phase
	Prompts, Of     int // dealt with, of how many
	Versions, OfAll int // dealt with, of how many
	Bytes           int64
	Name            string // the prompt at hand
}

// Phase is a part of a copy, or of a check.
type Phase string

const (
	Listing   Phase = "listing"
	Copying   Phase = "copying"
	Verifying Phase = "verifying"
	Comparing Phase = "comparing"
)

// Report is what a copy did.
type Report struct {
	Prompts  int       // looked at
	Copied   int       // versions written; with DryRun: to be written
	Present  int       // versions that were there, and equal
	Gaps     int       // numbers kept free, as their versions are deleted in the source
	Bytes    int64     // of the sources written
	Verified int       // versions read back, and equal
	Problems []Problem // prompts that were not copied, or not whole, by name
}

// Problem is why a prompt was not copied.
type Problem struct {
	Name    string // "" where the source names a file that is no prompt
	Version int    // 0: all of them
	Kind    Kind
	Err     error
}

// Kind is a kind of problem.
type Kind string

const (
	Conflict Kind = "conflict" // the destination has something else there
	Refused  Kind = "refused"  // one of the two storages cannot hold it
	Unequal  Kind = "unequal"  // it was written, but does not read back as it was
	Unread   Kind = "unread"   // the source cannot read it; what it can read of that prompt is copied
)

func (p Problem) Error() string {
	switch {
	case p.Name == "":
		return p.Err.Error()
	case p.Version == 0:
		return fmt.Sprintf("%s: %v", p.Name, p.Err)
	}
	return fmt.Sprintf("%s@%d: %v", p.Name, p.Version, p.Err)
}

// Copy copies from one storage into another. Prompts that cannot be copied are
// problems of the report, and the rest is copied; an error is what stopped all
// of it. The report then says what was done before. When ctx ends, Copy ends
// after the batch that is being written, with the context's error.
func Copy(ctx context.Context, from, to prompty.TemplateStorage, opts Options) (*Report, error) {
	c := &copier{from: from, to: to, opts: opts, gate: newGate(), report: &Report{}, broken: map[string]bool{}, latestUnread: map[string]bool{}}
	switch {
	case batchSave(to) == nil:
		c.opts.BatchVersions = 1
	case opts.BatchVersions <= 0:
		c.opts.BatchVersions = 500
	}
	if c.opts.BatchBytes <= 0 {
		c.opts.BatchBytes = 8 << 20
	}
	c.room.Store(int64(c.opts.BatchBytes))
	err := c.run(ctx)
	slices.SortStableFunc(c.report.Problems, func(a, b Problem) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return a.Version - b.Version
	})
	return c.report, err
}

// copier is one copy.
type copier struct {
	from, to prompty.TemplateStorage
	opts     Options
	files    bool         // the source's texts stand in files
	gate     gate         // of all reads
	room     atomic.Int64 // bytes of texts that may still be kept from looking to writing
	report   *Report
	progress Progress
	batch    batch
	written  []span          // for the verification
	broken   map[string]bool // prompts that could not be written on

	latestUnread map[string]bool // prompts of which that is reported
}

// span is what was written of a prompt: the versions from first on.
type span struct {
	name  string
	first int
}

func (c *copier) run(ctx context.Context) (err error) {
	_, c.files = prompty.As[prompty.Locator](c.from)
	if s, ok := prompty.As[prompty.Snapshotter](c.from); ok {
		frozen, err := s.Snapshot(ctx)
		if err != nil {
			return fmt.Errorf("read the source: %w", err)
		}
		defer func() { err = errors.Join(err, frozen.Close()) }()
		c.from = frozen
	}
	jobs, err := c.list(ctx)
	if err != nil {
		return err
	}
	c.tell(Copying)
	err = ahead(ctx, len(jobs), func(ctx context.Context, i int) (*sight, error) { return c.look(ctx, jobs[i]) }, func(i int, s *sight) error {
		c.progress.Name = jobs[i].name
		defer func() { c.progress.Prompts++ }()
		return c.prompt(ctx, jobs[i].name, s)
	})
	if err != nil {
		return err
	}
	if err := c.flush(ctx); err != nil || c.opts.DryRun || c.opts.Reopen == nil {
		return err
	}
	return c.verify(ctx)
}

func (c *copier) tell(phase Phase) {
	if phase != c.progress.Phase {
		c.progress = Progress{Phase: phase, Of: c.progress.Of, OfAll: c.progress.OfAll}
	}
	if c.opts.Progress != nil {
		c.opts.Progress(c.progress)
	}
}

// step counts a version that has been dealt with.
func (c *copier) step(bytes int) {
	c.progress.Versions++
	c.progress.Bytes += int64(bytes)
	c.tell(c.progress.Phase)
}

func (c *copier) problem(name string, version int, kind Kind, err error) {
	c.report.Problems = append(c.report.Problems, Problem{name, version, kind, err})
}
