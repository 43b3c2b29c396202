package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-prompty/prompty"
)

// readsPerRound are timed together: the clock is too coarse for one.
const readsPerRound = 500

// warmGet compares Get of templates that were read before with os.ReadFile of
// their files in a work tree, and with a git cat-file --batch asked for those
// at HEAD. Like Get it looks at the branch each time.
func (c *config) warmGet(ctx context.Context) ([]row, error) {
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
	defer storage.Close()
	batch, err := startCatFile(ctx, repo)
	if err != nil {
		return nil, err
	}
	defer batch.close()

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
	samples, err := interleave(ctx, 3*c.rounds,
		side{"Get", each(func(n int) error { _, err := storage.Get(ctx, names[n]); return err })},
		side{"os.ReadFile", each(func(n int) error { _, err := os.ReadFile(files[n]); return err })},
		side{"cat-file", each(func(n int) error { _, err := batch.read(revs[n]); return err })})
	if err != nil {
		return nil, err
	}
	for i := range samples {
		samples[i] = samples[i].per(readsPerRound)
	}
	return []row{
		compare("warm Get, against reading the file", samples[0], samples[1], "`os.ReadFile`", target{"time", 1}),
		compare("warm Get, against asking git", samples[0], samples[2], "`git cat-file --batch`", target{"faster", 5}),
	}, nil
}

// oldVersion compares GetVersion of old versions, each read for the first time,
// with a git cat-file --batch that is given the blobs' ids.
func (c *config) oldVersion(ctx context.Context) ([]row, error) {
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
	for i := range c.templates {
		versions := history[folders.path(i)]
		for n, v := range versions[1:] { // without the latest
			olds = append(olds, old{folders.name(i), len(versions) - 1 - n, v.blob})
		}
	}
	rand.New(rand.NewPCG(9, 9)).Shuffle(len(olds), func(i, j int) { olds[i], olds[j] = olds[j], olds[i] })
	rounds := min(c.rounds, len(olds)/10)
	perRound := min(readsPerRound, len(olds)/(rounds+1))
	if perRound == 0 {
		return nil, fmt.Errorf("%d old versions are too few for %d rounds", len(olds), c.rounds)
	}
	storage, err := prompty.OpenStorage("git", repo)
	if err != nil {
		return nil, err
	}
	defer storage.Close()
	if _, err := storage.ListVersions(ctx, olds[0].name); err != nil {
		return nil, err
	}
	batch, err := startCatFile(ctx, repo)
	if err != nil {
		return nil, err
	}
	defer batch.close()
	ours, theirs := make([][]byte, perRound), make([][]byte, perRound)
	samples, err := interleave(ctx, rounds,
		side{"GetVersion", func(round int) (time.Duration, error) {
			start := time.Now()
			for n, o := range olds[round*perRound:][:perRound] {
				t, err := storage.GetVersion(ctx, o.name, o.version)
				if err != nil {
					return 0, err
				}
				ours[n] = []byte(t.Source)
			}
			return time.Since(start), nil
		}},
		side{"cat-file", func(round int) (time.Duration, error) {
			start := time.Now()
			for n, o := range olds[round*perRound:][:perRound] {
				data, err := batch.read(o.blob)
				if err != nil {
					return 0, err
				}
				theirs[n] = bytes.Clone(data)
			}
			return time.Since(start), nil
		}})
	if err != nil {
		return nil, err
	}
	if !slices.EqualFunc(ours, theirs, bytes.Equal) {
		return nil, fmt.Errorf("old versions differ between us and git")
	}
	return []row{compare("GetVersion of an old version, packed, first time", samples[0].per(perRound), samples[1].per(perRound), "`git cat-file --batch`", target{"time", 1})}, nil
}
