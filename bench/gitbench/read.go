package gitbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-prompty/prompty"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// readsPerRound are timed together: the clock is too coarse for one.
const readsPerRound = 500

// WarmGet compares Get of templates that were read before with os.ReadFile of
// their files in a work tree, and with a git cat-file --batch asked for those
// at HEAD. Like Get it looks at the branch each time.
func (c *Config) WarmGet() []Case { return c.historyCase(c.warmGet) }

func (c *Config) warmGet(ctx context.Context) (_ *Comparison, err error) {
	var cmp Comparison
	defer func() {
		if err != nil {
			cmp.Close()
		}
	}()
	s := c.history()
	s.worktree = true
	repo, err := c.build(ctx, s)
	if err != nil {
		return nil, err
	}
	// Makes the branch a file of its own, as it is where people work.
	if _, err := git(ctx, repo, "commit", "-q", "--allow-empty", "-m", "Nothing"); err != nil {
		return nil, err
	}
	storage, err := prompty.OpenStorage("git", repo)
	if err != nil {
		return nil, err
	}
	cmp.close = append(cmp.close, storage.Close)
	batch, err := startCatFile(ctx, repo)
	if err != nil {
		return nil, err
	}
	cmp.close = append(cmp.close, batch.close)

	rng := rand.New(rand.NewPCG(5, 5))
	names := make([]string, readsPerRound)
	files := make([]string, readsPerRound)
	revs := make([]string, readsPerRound)
	for n := range names {
		i := rng.IntN(s.templates)
		names[n], revs[n] = folders.name(i), "HEAD:"+folders.path(i)
		files[n] = filepath.Join(repo, filepath.FromSlash(folders.path(i)))
		got, err := storage.Get(ctx, names[n])
		if err != nil {
			return nil, err
		}
		file, err := os.ReadFile(files[n])
		if err != nil {
			return nil, err
		}
		object, err := batch.read(revs[n])
		if err != nil {
			return nil, err
		}
		if got.Source != string(file) || !bytes.Equal(object, file) {
			return nil, fmt.Errorf("%s differs between us, its file and git", names[n])
		}
	}
	each := func(read func(n int) error) func(int) (time.Duration, error) {
		return func(int) (time.Duration, error) {
			start := time.Now()
			for n := range names {
				if err := read(n); err != nil {
					return 0, err
				}
			}
			return time.Since(start), nil
		}
	}
	cmp.Sides = []Side{
		{"us", each(func(n int) error { _, err := storage.Get(ctx, names[n]); return err })},
		{"file", each(func(n int) error { _, err := os.ReadFile(files[n]); return err })},
		{"git", each(func(n int) error { _, err := batch.read(revs[n]); return err })},
	}
	cmp.Pairs = []Pair{
		{0, 1, "warm Get, against reading the file", "`os.ReadFile`", report.Target{Kind: "time", Bound: 1}},
		{0, 2, "warm Get, against asking git", "`git cat-file --batch`", report.Target{Kind: "faster", Bound: 5}},
	}
	cmp.parts = readsPerRound
	cmp.rounds = func(wanted int) int { return 3 * wanted } // they are short
	return &cmp, nil
}

// OldVersion compares GetVersion of old versions, each read for the first time,
// with a git cat-file --batch that is given the blobs' ids.
func (c *Config) OldVersion() []Case { return c.historyCase(c.oldVersion) }

func (c *Config) oldVersion(ctx context.Context) (*Comparison, error) {
	repo, err := c.historyRepo(ctx)
	if err != nil {
		return nil, err
	}
	history, err := gitLog(ctx, repo, "main")
	if err != nil {
		return nil, err
	}
	type old struct {
		name    string
		version int
		blob    string
	}
	var olds []old
	for i := range c.Templates {
		versions := history[folders.path(i)]
		for n, v := range versions[1:] { // without the latest
			olds = append(olds, old{folders.name(i), len(versions) - 1 - n, v.blob})
		}
	}
	rand.New(rand.NewPCG(9, 9)).Shuffle(len(olds), func(i, j int) { olds[i], olds[j] = olds[j], olds[i] })
	perRound := min(readsPerRound, max(len(olds)/10, 1))
	lap := len(olds) / perRound // rounds until all were read

	var storage prompty.TemplateStorage
	var batch *catFile
	closeStorage := func() error {
		if storage == nil {
			return nil
		}
		return storage.Close()
	}
	closeBatch := func() error {
		if batch == nil {
			return nil
		}
		return batch.close()
	}
	ours, theirs := make([][]byte, perRound), make([][]byte, perRound)
	// each reads a round's versions. Both sides begin anew with every lap, so
	// that none remembers a version.
	each := func(open func() error, read func(n int, o old) error) func(int) (time.Duration, error) {
		return func(round int) (time.Duration, error) {
			if round %= lap; round == 0 {
				if err := open(); err != nil {
					return 0, err
				}
			}
			start := time.Now()
			for n, o := range olds[round*perRound:][:perRound] {
				if err := read(n, o); err != nil {
					return 0, err
				}
			}
			return time.Since(start), nil
		}
	}
	return &Comparison{
		Sides: []Side{
			{"us", each(func() (err error) {
				if err := closeStorage(); err != nil {
					return err
				}
				if storage, err = prompty.OpenStorage("git", repo); err != nil {
					return err
				}
				_, err = storage.ListVersions(ctx, olds[0].name)
				return err
			}, func(n int, o old) error {
				t, err := storage.GetVersion(ctx, o.name, o.version)
				if err == nil {
					ours[n] = []byte(t.Source)
				}
				return err
			})},
			{"git", each(func() (err error) {
				if err := closeBatch(); err != nil {
					return err
				}
				batch, err = startCatFile(ctx, repo)
				return err
			}, func(n int, o old) error {
				data, err := batch.read(o.blob)
				theirs[n] = bytes.Clone(data)
				return err
			})},
		},
		Pairs: []Pair{{0, 1, "GetVersion of an old version, packed, first time", "`git cat-file --batch`", report.Target{Kind: "time", Bound: 1}}},
		parts: perRound,
		check: func(context.Context, int) error {
			if !slices.EqualFunc(ours, theirs, bytes.Equal) {
				return errors.New("old versions differ between us and git")
			}
			return nil
		},
		close: []func() error{closeStorage, closeBatch},
	}, nil
}
