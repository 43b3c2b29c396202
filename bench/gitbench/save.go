package gitbench

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-prompty/prompty"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// savesPerRound are made one after the other in a round; a round's time is that
// of one.
const savesPerRound = 5

// Saves compare Save with `git add` and `git commit`, two processes.
func (c *Config) Saves() []Case {
	var cases []Case
	for _, templates := range c.sizes() {
		bareBound, worktreeBound := 25.0, 10.0
		if templates <= 1000 {
			bareBound, worktreeBound = 8, 8
		}
		for _, l := range []layout{flat, folders} {
			cases = append(cases, Case{
				fmt.Sprintf("templates=%d/layout=%s", templates, l),
				func(ctx context.Context) (*Comparison, error) {
					return c.save(ctx, spec{templates, 2, l, true}, bareBound, worktreeBound)
				},
			})
		}
	}
	return cases
}

// sizes are those of the repositories that are saved into.
func (c *Config) sizes() []int {
	if c.Templates <= 1000 {
		return []int{c.Templates}
	}
	return []int{c.Templates, 1000}
}

func (c *Config) save(ctx context.Context, s spec, bareBound, worktreeBound float64) (*Comparison, error) {
	theirs, err := c.build(ctx, s)
	if err != nil {
		return nil, err
	}
	worktree, err := c.newSaver(ctx, s, "sync=none")
	if err != nil {
		return nil, err
	}
	s.worktree = false
	bare, err := c.newSaver(ctx, s, "sync=none")
	if err != nil {
		worktree.storage.Close()
		return nil, err
	}

	rng := rand.New(rand.NewPCG(3, 3))
	byGit := func(round int) (time.Duration, error) {
		var sum time.Duration
		for n := range savesPerRound {
			i := rng.IntN(s.templates)
			path := s.layout.path(i)
			if err := os.WriteFile(filepath.Join(theirs, filepath.FromSlash(path)), text(i, 1000*(round+1)+n), 0o644); err != nil {
				return 0, err
			}
			start := time.Now()
			if _, err := git(ctx, theirs, "-c", "core.fsync=none", "add", "--", path); err != nil {
				return 0, err
			}
			if _, err := git(ctx, theirs, "-c", "core.fsync=none", "commit", "-q", "-m", "Save "+s.layout.name(i)); err != nil {
				return 0, err
			}
			sum += time.Since(start)
		}
		return sum / savesPerRound, nil
	}
	where := fmt.Sprintf("%d templates in one folder", s.templates)
	if s.layout == folders {
		where = fmt.Sprintf("%d templates in %d folders", s.templates, (s.templates+99)/100)
	}
	const name = "`git add && git commit`"
	return &Comparison{
		Sides: []Side{{"git", byGit}, {"us-bare", bare.save}, {"us-worktree", worktree.save}},
		Pairs: []Pair{
			{1, 0, "Save, " + where + ", bare, no flush", name, report.Target{Kind: "faster", Bound: bareBound}},
			{2, 0, "Save, " + where + ", work tree and index, no flush", name, report.Target{Kind: "faster", Bound: worktreeBound}},
		},
		check: func(ctx context.Context, rounds int) error {
			for _, v := range []*saver{bare, worktree} {
				if err := v.check(ctx, 2+savesPerRound*rounds); err != nil {
					return err
				}
			}
			return nil
		},
		close: []func() error{bare.storage.Close, worktree.storage.Close},
	}, nil
}

// saver saves random templates of a repository.
type saver struct {
	spec
	repo    string
	storage prompty.TemplateStorage
	rng     *rand.Rand
	last    *prompty.StoredTemplate
}

func (c *Config) newSaver(ctx context.Context, s spec, options string) (*saver, error) {
	repo, err := c.build(ctx, s)
	if err != nil {
		return nil, err
	}
	v := &saver{spec: s, repo: repo, rng: rand.New(rand.NewPCG(3, 3))}
	v.storage, err = prompty.OpenStorage("git", repo+"?"+options)
	return v, err
}

func (v *saver) save(round int) (time.Duration, error) {
	var sum time.Duration
	for n := range savesPerRound {
		i := v.rng.IntN(v.templates)
		t := &prompty.StoredTemplate{Name: v.layout.name(i), Source: string(text(i, 1000*(round+1)+n))}
		start := time.Now()
		if err := v.storage.Save(context.Background(), t); err != nil {
			return 0, err
		}
		sum += time.Since(start)
		v.last = t
	}
	return sum / savesPerRound, nil
}

// check has git say that the commits came and the work tree is clean.
func (v *saver) check(ctx context.Context, commits int) error {
	got, err := git(ctx, v.repo, "rev-list", "--first-parent", "--count", "main")
	if err != nil {
		return err
	}
	if got != strconv.Itoa(commits) {
		return fmt.Errorf("%s commits on main, want %d", got, commits)
	}
	data, err := git(ctx, v.repo, "show", string(v.last.ID))
	if err != nil {
		return err
	}
	if want := bytes.TrimSpace([]byte(v.last.Source)); data != string(want) {
		return fmt.Errorf("git show %s is not what was saved", v.last.ID)
	}
	if !v.worktree {
		return nil
	}
	if dirty, err := git(ctx, v.repo, "status", "--porcelain"); err != nil || dirty != "" {
		return fmt.Errorf("git status after saving: %w\n%s", err, dirty)
	}
	return nil
}

// DurableSaves compare Save with writing and flushing four files as large as
// those that a Save makes: blob, tree, commit and ref.
func (c *Config) DurableSaves() []Case {
	var cases []Case
	for _, templates := range c.sizes() {
		cases = append(cases, Case{
			fmt.Sprintf("templates=%d", templates),
			func(ctx context.Context) (*Comparison, error) {
				return c.durableSave(ctx, spec{templates, 2, flat, false})
			},
		})
	}
	return cases
}

func (c *Config) durableSave(ctx context.Context, s spec) (_ *Comparison, err error) {
	v, err := c.newSaver(ctx, s, "sync=batch")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			v.storage.Close()
		}
	}()
	before, err := looseSizes(v.repo)
	if err != nil {
		return nil, err
	}
	if err := v.storage.Save(ctx, &prompty.StoredTemplate{Name: v.layout.name(0), Source: string(text(0, 99))}); err != nil {
		return nil, err
	}
	after, err := looseSizes(v.repo)
	if err != nil {
		return nil, err
	}
	sizes := []int64{41} // the ref
	for path, size := range after {
		if _, old := before[path]; !old {
			sizes = append(sizes, size)
		}
	}
	if len(sizes) != 4 {
		return nil, fmt.Errorf("a Save made %d objects, want 3: the files to flush beside it are not known", len(sizes)-1)
	}
	junk := make([]byte, 4<<20)
	rand.NewChaCha8([32]byte{1}).Read(junk)
	dir := filepath.Join(v.repo, "flush")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	n := 0
	flush := func(int) (time.Duration, error) {
		start := time.Now()
		for range savesPerRound {
			for _, size := range sizes {
				n++
				if err := writeFlushed(filepath.Join(dir, strconv.Itoa(n)), junk[:size]); err != nil {
					return 0, err
				}
			}
		}
		return time.Since(start) / savesPerRound, nil
	}
	work := fmt.Sprintf("durable Save, %d templates in one folder, bare", v.templates)
	return &Comparison{
		Sides: []Side{{"us", v.save}, {"fsync", flush}},
		Pairs: []Pair{{0, 1, work, "write and fsync four such files", report.Target{Kind: "time", Bound: 1}}},
		check: func(ctx context.Context, rounds int) error { return v.check(ctx, 3+savesPerRound*rounds) },
		close: []func() error{v.storage.Close},
	}, nil
}

func writeFlushed(path string, data []byte) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func looseSizes(repo string) (map[string]int64, error) {
	sizes := make(map[string]int64)
	err := fs.WalkDir(os.DirFS(repo), "objects", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == "pack" || d.Name() == "info" {
			return fs.SkipDir
		}
		if !d.IsDir() {
			info, err := d.Info()
			if err != nil {
				return err
			}
			sizes[path] = info.Size()
		}
		return nil
	})
	return sizes, err
}
