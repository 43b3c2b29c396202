package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-prompty/prompty"
)

// eachSaver is gitstore's: every template a commit, all or none, in one step.
type eachSaver interface {
	SaveEach(ctx context.Context, tmpls []*prompty.StoredTemplate) error
}

// bulkImport compares SaveEach with git fast-import of the same versions, both
// durable, into a repository that has templates and into an empty one.
func (c *config) bulkImport(ctx context.Context) ([]row, error) {
	full := spec{c.templates, 2, folders, false}
	ours, err := c.newSaver(ctx, full, "sync=batch")
	if err != nil {
		return nil, err
	}
	defer ours.storage.Close()
	theirs, err := c.build(ctx, full)
	if err != nil {
		return nil, err
	}
	rounds := min(c.rounds, 7)
	samples, err := interleave(ctx, rounds,
		side{"SaveEach", func(round int) (time.Duration, error) {
			return saveEach(ctx, ours.storage, c.bulkVersions(full, round))
		}},
		side{"fast-import", func(round int) (time.Duration, error) {
			return fastImport(ctx, theirs, c.bulkVersions(full, round), true)
		}})
	if err != nil {
		return nil, err
	}
	commits := 2 + (rounds+1)*c.bulk
	for _, repo := range []string{ours.repo, theirs} {
		if err := checkCount(ctx, repo, commits); err != nil {
			return nil, err
		}
	}
	if err := sameTree(ctx, ours.repo, theirs); err != nil {
		return nil, err
	}
	into, err := c.emptyImport(ctx, rounds)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("bulk import, %d versions as %d commits, durable, ", c.bulk, c.bulk)
	return []row{
		compare(fmt.Sprintf("%sinto %d templates", what, c.templates), samples[0], samples[1], "`git fast-import`", target{"faster", 5}),
		compare(what+"into an empty repository", into[0], into[1], "`git fast-import`", target{"faster", 5}),
	}, nil
}

// emptyImport is the same into a new repository each round; making and opening
// it does not count.
func (c *config) emptyImport(ctx context.Context, rounds int) ([]sample, error) {
	s := spec{c.bulk, 1, folders, false}
	var trees [2]string
	into := func(i int, do func(repo string, round int) (time.Duration, error)) func(int) (time.Duration, error) {
		return func(round int) (d time.Duration, err error) {
			repo := filepath.Join(c.dir, fmt.Sprintf("empty-%d-%d.git", i, round))
			if _, err := git(ctx, "", "init", "-q", "--bare", "-b", "main", repo); err != nil {
				return 0, err
			}
			c.copies = append(c.copies, repo)
			if d, err = do(repo, round); err != nil {
				return 0, err
			}
			trees[i], err = git(ctx, repo, "rev-parse", "main^{tree}")
			return d, err
		}
	}
	samples, err := interleave(ctx, rounds,
		side{"SaveEach", into(0, func(repo string, round int) (time.Duration, error) {
			storage, err := prompty.OpenStorage("git", repo+"?sync=batch")
			if err != nil {
				return 0, err
			}
			defer storage.Close()
			return saveEach(ctx, storage, c.bulkVersions(s, 0))
		})},
		side{"fast-import", into(1, func(repo string, round int) (time.Duration, error) {
			return fastImport(ctx, repo, c.bulkVersions(s, 0), false)
		})})
	if err == nil && trees[0] != trees[1] {
		err = fmt.Errorf("the trees differ: %v", trees)
	}
	return samples, err
}

// version is one to import.
type version struct {
	name string
	data []byte
}

// bulkVersions are the same for both sides.
func (c *config) bulkVersions(s spec, round int) []version {
	rng := rand.New(rand.NewPCG(11, uint64(round)))
	versions := make([]version, c.bulk)
	for n := range versions {
		i := rng.IntN(s.templates)
		versions[n] = version{s.layout.name(i), text(i, 10000*(round+1)+n)}
	}
	return versions
}

func saveEach(ctx context.Context, storage prompty.TemplateStorage, versions []version) (time.Duration, error) {
	each, ok := prompty.As[eachSaver](storage)
	if !ok {
		return 0, errors.New("the storage has no SaveEach")
	}
	tmpls := make([]*prompty.StoredTemplate, len(versions))
	for i, v := range versions {
		tmpls[i] = &prompty.StoredTemplate{Name: v.name, Source: string(v.data)}
	}
	start := time.Now()
	err := each.SaveEach(ctx, tmpls)
	return time.Since(start), err
}

// fastImport flushes its pack as it is configured by default.
func fastImport(ctx context.Context, repo string, versions []version, onTop bool) (time.Duration, error) {
	var stream bytes.Buffer
	w := bufio.NewWriter(&stream)
	for n, v := range versions {
		commitLine(w, "refs/heads/main", n, "Save "+v.name)
		if n == 0 && onTop {
			fmt.Fprintln(w, "from refs/heads/main^0")
		}
		inlineFile(w, v.name+ext, v.data)
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	start := time.Now()
	_, err := gitInput(ctx, repo, &stream, "fast-import", "--quiet")
	return time.Since(start), err
}

func checkCount(ctx context.Context, repo string, commits int) error {
	got, err := git(ctx, repo, "rev-list", "--first-parent", "--count", "main")
	if err == nil && got != strconv.Itoa(commits) {
		err = fmt.Errorf("%s commits on main, want %d", got, commits)
	}
	return err
}

func sameTree(ctx context.Context, a, b string) error {
	ta, err := git(ctx, a, "rev-parse", "main^{tree}")
	if err != nil {
		return err
	}
	tb, err := git(ctx, b, "rev-parse", "main^{tree}")
	if err == nil && ta != tb {
		err = fmt.Errorf("the trees differ: %s and %s", ta, tb)
	}
	return err
}
