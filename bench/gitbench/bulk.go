package gitbench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-prompty/prompty"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// eachSaver is gitstore's: every template a commit, all or none, in one step.
type eachSaver interface {
	SaveEach(ctx context.Context, tmpls []*prompty.StoredTemplate) error
}

// Imports compare SaveEach with git fast-import of the same versions, both
// durable, into a repository that has templates and into an empty one.
func (c *Config) Imports() []Case {
	return []Case{
		{fmt.Sprintf("versions=%d/templates=%d", c.Bulk, c.Templates), c.importOnTop},
		{fmt.Sprintf("versions=%d/templates=0", c.Bulk), c.importIntoEmpty},
	}
}

// few is enough rounds of what takes long.
func few(most int) func(int) int { return func(wanted int) int { return min(wanted, most) } }

func (c *Config) importPair(where string) []Pair {
	work := fmt.Sprintf("bulk import, %d versions as %d commits, durable, into %s", c.Bulk, c.Bulk, where)
	return []Pair{{0, 1, work, "`git fast-import`", report.Target{Kind: "faster", Bound: 5}}}
}

func (c *Config) importOnTop(ctx context.Context) (*Comparison, error) {
	s := spec{c.Templates, 2, folders, false}
	theirs, err := c.build(ctx, s)
	if err != nil {
		return nil, err
	}
	ours, err := c.newSaver(ctx, s, "sync=batch")
	if err != nil {
		return nil, err
	}
	return &Comparison{
		Sides: []Side{
			{"us", func(round int) (time.Duration, error) {
				return saveEach(ctx, ours.storage, c.bulkVersions(s, round))
			}},
			{"git", func(round int) (time.Duration, error) {
				return fastImport(ctx, theirs, c.bulkVersions(s, round), true)
			}},
		},
		Pairs:  c.importPair(fmt.Sprintf("%d templates", c.Templates)),
		rounds: few(7),
		check: func(ctx context.Context, rounds int) error {
			for _, repo := range []string{ours.repo, theirs} {
				if err := checkCount(ctx, repo, 2+rounds*c.Bulk); err != nil {
					return err
				}
			}
			return sameTree(ctx, ours.repo, theirs)
		},
		close: []func() error{ours.storage.Close},
	}, nil
}

// importIntoEmpty is the same into a new repository each round; making and
// opening it does not count.
func (c *Config) importIntoEmpty(ctx context.Context) (*Comparison, error) {
	versions := c.bulkVersions(spec{c.Bulk, 1, folders, false}, 0)
	dir, err := os.MkdirTemp(c.Dir, "empty-")
	if err != nil {
		return nil, err
	}
	c.copies = append(c.copies, dir)
	var last [2]string // repositories
	into := func(i int, do func(repo string) (time.Duration, error)) func(int) (time.Duration, error) {
		return func(round int) (time.Duration, error) {
			last[i] = filepath.Join(dir, fmt.Sprintf("%d-%d.git", i, round))
			if _, err := git(ctx, "", "init", "-q", "--bare", "-b", "main", last[i]); err != nil {
				return 0, err
			}
			return do(last[i])
		}
	}
	return &Comparison{
		Sides: []Side{
			{"us", into(0, func(repo string) (time.Duration, error) {
				storage, err := prompty.OpenStorage("git", repo+"?sync=batch")
				if err != nil {
					return 0, err
				}
				defer storage.Close()
				return saveEach(ctx, storage, versions)
			})},
			{"git", into(1, func(repo string) (time.Duration, error) {
				return fastImport(ctx, repo, versions, false)
			})},
		},
		Pairs:  c.importPair("an empty repository"),
		rounds: few(7),
		check:  func(ctx context.Context, _ int) error { return sameTree(ctx, last[0], last[1]) },
	}, nil
}

// version is one to import.
type version struct {
	name string
	data []byte
}

// bulkVersions are the same for both sides.
func (c *Config) bulkVersions(s spec, round int) []version {
	rng := rand.New(rand.NewPCG(11, uint64(round)))
	versions := make([]version, c.Bulk)
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
