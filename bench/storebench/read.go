package storebench

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/go-prompty/prompty"
	"github.com/go-prompty/prompty/bench/internal/report"
	"github.com/go-prompty/prompty/fsstore"
)

// get compares Get of what has not changed since it was read with asking for a
// file's state and reading it.
func (c *Config) get(ctx context.Context) (_ []report.Row, err error) {
	dir, err := c.folder(ctx, "tree")
	if err != nil {
		return nil, err
	}
	s, err := fsstore.Open(dir, fsstore.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	rng := rand.New(rand.NewPCG(5, 5))
	names, files := make([]string, max(c.Calls/10, 1)), make([]string, max(c.Calls/10, 1))
	for n := range names {
		names[n] = c.name(rng.IntN(c.Files))
		files[n] = filepath.Join(dir, filepath.FromSlash(names[n])+".prompty")
		t, err := s.Get(ctx, names[n])
		if err != nil {
			return nil, err
		}
		if data, err := os.ReadFile(files[n]); err != nil || string(data) != t.Source {
			return nil, fmt.Errorf("Get(%s) is not what its file holds: %w", names[n], err)
		}
	}
	got, err := inTurn(ctx, 5*c.Rounds,
		timed("Get", len(names), func(i int) error { _, err := s.Get(ctx, names[i]); return err }),
		timed("os.ReadFile", len(names), func(i int) error {
			if _, err := os.Stat(files[i]); err != nil {
				return err
			}
			_, err := os.ReadFile(files[i])
			return err
		}))
	if err != nil {
		return nil, err
	}
	return []report.Row{ratio("filesystem: Get of what has not changed", got[0], got[1], "`os.Stat` and `os.ReadFile`", 1.3)}, nil
}

// list compares List of what has not changed with asking for the state of every
// file.
func (c *Config) list(ctx context.Context) (_ []report.Row, err error) {
	dir, err := c.folder(ctx, "tree")
	if err != nil {
		return nil, err
	}
	s, err := fsstore.Open(dir, fsstore.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var last []*prompty.StoredTemplate
	scanned := 0
	got, err := inTurn(ctx, 2*c.Rounds,
		timed("List", 1, func(int) (err error) { last, err = s.List(ctx, nil); return err }),
		timed("WalkDir", 1, func(int) error {
			scanned = 0
			return walk(dir, func(p string, d fs.DirEntry) error {
				scanned++
				_, err := d.Info()
				return err
			})
		}))
	if err != nil {
		return nil, err
	}
	if scanned != c.Files {
		return nil, fmt.Errorf("%d files scanned, want %d", scanned, c.Files)
	}
	work := fmt.Sprintf("filesystem: List of %d, none of them changed", c.Files)
	return []report.Row{ratio(work, got[0], got[1], "`filepath.WalkDir` and a stat of each file", 1.5)}, c.same(dir, last)
}

// open compares the first List of a store that was just opened with reading all
// files.
func (c *Config) open(ctx context.Context) ([]report.Row, error) {
	dir, err := c.folder(ctx, "tree")
	if err != nil {
		return nil, err
	}
	var last []*prompty.StoredTemplate
	bytes := 0
	got, err := inTurn(ctx, c.Rounds,
		side{"Open", func(int) (time.Duration, error) {
			start := time.Now()
			s, err := fsstore.Open(dir, fsstore.Options{})
			if err != nil {
				return 0, err
			}
			last, err = s.List(ctx, nil)
			d := time.Since(start)
			return d, errors.Join(err, s.Close())
		}},
		timed("os.ReadFile", 1, func(int) error {
			bytes = 0
			return walk(dir, func(p string, d fs.DirEntry) error {
				data, err := os.ReadFile(p)
				bytes += len(data)
				return err
			})
		}))
	if err != nil {
		return nil, err
	}
	for _, t := range last {
		bytes -= len(t.Source)
	}
	if bytes != 0 {
		return nil, fmt.Errorf("what is listed and the files differ by %d bytes", bytes)
	}
	work := fmt.Sprintf("filesystem: open a folder of %d prompts, first List", c.Files)
	return []report.Row{ratio(work, got[0], got[1], "`filepath.WalkDir` and `os.ReadFile`", 2)}, c.same(dir, last)
}
