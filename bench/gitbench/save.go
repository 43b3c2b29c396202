package main

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
)

// savesPerRound are made one after the other in a round; a round's time is that
// of one.
const savesPerRound = 5

// saves compares Save with `git add` and `git commit`, two processes.
func (c *config) saves(ctx context.Context) ([]row, error) {
	few := min(c.templates, 1000)
	var rows []row
	for _, s := range []struct {
		spec
		worktreeBound, bareBound float64
	}{
		{spec{c.templates, 2, flat, true}, 10, 25},
		{spec{c.templates, 2, folders, true}, 10, 25},
		{spec{few, 2, flat, true}, 8, 8},
		{spec{few, 2, folders, true}, 8, 8},
	} {
		got, err := c.saveRows(ctx, s.spec, s.bareBound, s.worktreeBound)
		if err != nil {
			return nil, err
		}
		rows = append(rows, got...)
	}
	return rows, nil
}

func (c *config) saveRows(ctx context.Context, s spec, bareBound, worktreeBound float64) ([]row, error) {
	theirs, err := c.build(ctx, s)
	if err != nil {
		return nil, err
	}
	worktree, err := c.newSaver(ctx, s, "sync=none")
	if err != nil {
		return nil, err
	}
	defer worktree.storage.Close()
	s.worktree = false
	bare, err := c.newSaver(ctx, s, "sync=none")
	if err != nil {
		return nil, err
	}
	defer bare.storage.Close()

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
	samples, err := interleave(ctx, c.rounds, side{"git", byGit}, side{"bare", bare.save}, side{"work tree", worktree.save})
	if err != nil {
		return nil, err
	}
	for _, v := range []*saver{bare, worktree} {
		if err := v.check(ctx, 2+savesPerRound*(c.rounds+1)); err != nil {
			return nil, err
		}
	}
	where := fmt.Sprintf("%d templates in one folder", s.templates)
	if s.layout == folders {
		where = fmt.Sprintf("%d templates in %d folders", s.templates, (s.templates+99)/100)
	}
	const name = "`git add && git commit`"
	return []row{
		compare("Save, "+where+", bare, no flush", samples[1], samples[0], name, target{"faster", bareBound}),
		compare("Save, "+where+", work tree and index, no flush", samples[2], samples[0], name, target{"faster", worktreeBound}),
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

func (c *config) newSaver(ctx context.Context, s spec, options string) (*saver, error) {
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

// durableSave compares Save with writing and flushing four files as large as
// those that a Save makes: blob, tree, commit and ref.
func (c *config) durableSave(ctx context.Context) ([]row, error) {
	var rows []row
	for _, templates := range []int{c.templates, min(c.templates, 1000)} {
		r, err := c.durableRow(ctx, spec{templates, 2, flat, false})
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (c *config) durableRow(ctx context.Context, s spec) (row, error) {
	v, err := c.newSaver(ctx, s, "sync=batch")
	if err != nil {
		return row{}, err
	}
	defer v.storage.Close()
	before, err := looseSizes(v.repo)
	if err != nil {
		return row{}, err
	}
	if err := v.storage.Save(ctx, &prompty.StoredTemplate{Name: v.layout.name(0), Source: string(text(0, 99))}); err != nil {
		return row{}, err
	}
	after, err := looseSizes(v.repo)
	if err != nil {
		return row{}, err
	}
	sizes := []int64{41} // the ref
	for path, size := range after {
		if _, old := before[path]; !old {
			sizes = append(sizes, size)
		}
	}
	if len(sizes) != 4 {
		return row{}, fmt.Errorf("a Save made %d objects, want 3: the files to flush beside it are not known", len(sizes)-1)
	}
	junk := make([]byte, 4<<20)
	rand.NewChaCha8([32]byte{1}).Read(junk)
	dir := filepath.Join(v.repo, "flush")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return row{}, err
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
	samples, err := interleave(ctx, c.rounds, side{"Save", v.save}, side{"fsync", flush})
	if err != nil {
		return row{}, err
	}
	if err := v.check(ctx, 3+savesPerRound*(c.rounds+1)); err != nil {
		return row{}, err
	}
	work := fmt.Sprintf("durable Save, %d templates in one folder, bare", v.templates)
	return compare(work, samples[0], samples[1], "write and fsync four such files", target{"time", 1}), nil
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
