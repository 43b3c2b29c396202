package gitbench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-prompty/prompty"

	"github.com/go-prompty/prompty/bench/internal/report"
)

// historyRepo is the repository with a history.
func (c *Config) historyRepo(ctx context.Context) (string, error) {
	return c.build(ctx, c.history())
}

func (c *Config) history() spec { return spec{c.Templates, c.Commits, folders, false} }

// historyCase is a Comparison on that repository.
func (c *Config) historyCase(prepare func(context.Context) (*Comparison, error)) []Case {
	return []Case{{fmt.Sprintf("templates=%d/commits=%d", c.Templates, c.Commits), prepare}}
}

func (c *Config) size() string {
	return fmt.Sprintf("%d templates, %d commits", c.Templates, c.Commits)
}

// logged is a version as git log gives it.
type logged struct {
	commit, blob string
	author, time string
}

// gitLog makes the same of a history as the index does, by git log and a
// parser: for each path its versions, the newest first.
func gitLog(ctx context.Context, repo, revs string) (map[string][]logged, error) {
	cmd := gitCommand(ctx, repo, "log", "--first-parent", "--raw", "-z", "--no-abbrev", "--no-renames", "--format=%H %at %an <%ae>", revs)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	versions := make(map[string][]logged)
	r := bufio.NewReaderSize(out, 1<<20)
	var at logged
	for {
		// A field is a commit's line, or ":mode mode blob blob letter", then a
		// path. The one after a commit's line starts with a newline or a NUL.
		field, err := r.ReadSlice(0)
		if err != nil {
			break
		}
		field = bytes.Trim(field, "\n\x00")
		if len(field) == 0 {
			continue
		}
		if field[0] != ':' {
			commit, rest, _ := strings.Cut(string(field), " ")
			at = logged{commit: commit}
			at.time, at.author, _ = strings.Cut(rest, " ")
			continue
		}
		blob := string(field[56:96])
		path, err := r.ReadSlice(0)
		if err != nil {
			break
		}
		at.blob = blob
		name := string(path[:len(path)-1])
		versions[name] = append(versions[name], at)
	}
	return versions, cmd.Wait()
}

// removeIndex makes the store forget what it knows of the history.
func removeIndex(repo string) error {
	files, err := indexFiles(repo)
	for _, file := range files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}

func indexFiles(repo string) ([]string, error) {
	return filepath.Glob(filepath.Join(repo, "prompty", "history-*"))
}

// openAndLook is a process's start: the store is opened and asked for a
// template's versions. The closing does not count.
func openAndLook(ctx context.Context, repo, name string) (versions []int, took time.Duration, err error) {
	start := time.Now()
	storage, err := prompty.OpenStorage("git", repo)
	if err != nil {
		return nil, 0, err
	}
	defer storage.Close()
	versions, err = storage.ListVersions(ctx, name)
	return versions, time.Since(start), err
}

// FullIndex compares the first look at a repository with git log.
func (c *Config) FullIndex() []Case {
	return c.historyCase(func(ctx context.Context) (*Comparison, error) {
		return c.look(ctx, removeIndex, "full history index", report.Target{Kind: "time", Bound: 0.9})
	})
}

// ColdOpen compares opening with the index file with git log.
func (c *Config) ColdOpen() []Case {
	return c.historyCase(func(ctx context.Context) (*Comparison, error) {
		keep := func(repo string) error {
			files, err := indexFiles(repo)
			if err == nil && len(files) != 1 {
				err = fmt.Errorf("index files %q, want one", files)
			}
			return err
		}
		return c.look(ctx, keep, "cold open with the index file", report.Target{Kind: "time", Bound: 0.01})
	})
}

// look compares a process's start with git log.
func (c *Config) look(ctx context.Context, before func(repo string) error, work string, t report.Target) (*Comparison, error) {
	repo, err := c.historyRepo(ctx)
	if err != nil {
		return nil, err
	}
	name := folders.name(1)
	if _, _, err := openAndLook(ctx, repo, name); err != nil { // leaves the file
		return nil, err
	}
	ours, theirs := 0, 0 // versions
	return &Comparison{
		Sides: []Side{
			{"us", func(int) (time.Duration, error) {
				if err := before(repo); err != nil {
					return 0, err
				}
				versions, took, err := openAndLook(ctx, repo, name)
				ours = len(versions)
				return took, err
			}},
			{"git", func(int) (time.Duration, error) {
				start := time.Now()
				versions, err := gitLog(ctx, repo, "main")
				took := time.Since(start)
				theirs = len(versions[name+ext])
				return took, err
			}},
		},
		Pairs:  []Pair{{0, 1, work + ", " + c.size(), "`git log --first-parent --raw -z`, parsed", t}},
		rounds: few(5),
		check: func(context.Context, int) error {
			if ours != theirs {
				return fmt.Errorf("%s has %d versions for us, and %d in git log", name, ours, theirs)
			}
			return nil
		},
	}, nil
}

// CatchUp measures what commits by git cost the next call of an open store.
func (c *Config) CatchUp() []Case {
	return []Case{{fmt.Sprintf("commits=%d/templates=%d", c.Bulk, c.Templates), c.catchUp}}
}

func (c *Config) catchUp(ctx context.Context) (*Comparison, error) {
	repo, err := c.historyRepo(ctx)
	if err != nil {
		return nil, err
	}
	storage, err := prompty.OpenStorage("git", repo)
	if err != nil {
		return nil, err
	}
	s, name := c.history(), folders.name(1)
	if _, err := storage.ListVersions(ctx, name); err != nil {
		storage.Close()
		return nil, err
	}
	tip, seen := "", 0
	// Both sides look at the commits that ours makes first; where git's turn
	// comes before, they are those of the last round.
	commit := func(round int) (err error) {
		if tip, err = git(ctx, repo, "rev-parse", "main"); err != nil {
			return err
		}
		versions := c.bulkVersions(s, round)
		versions[0].name = name
		_, err = fastImport(ctx, repo, versions, true)
		return err
	}
	return &Comparison{
		Sides: []Side{
			{"us", func(round int) (time.Duration, error) {
				if err := commit(round); err != nil {
					return 0, err
				}
				start := time.Now()
				versions, err := storage.ListVersions(ctx, name)
				took := time.Since(start)
				if err == nil && len(versions) <= seen {
					err = fmt.Errorf("%s has %d versions after more commits, and had %d", name, len(versions), seen)
				}
				seen = len(versions)
				return took, err
			}},
			{"git", func(int) (time.Duration, error) {
				start := time.Now()
				_, err := gitLog(ctx, repo, tip+"..main")
				return time.Since(start), err
			}},
		},
		Pairs: []Pair{{0, 1, fmt.Sprintf("catch-up, each of %d commits that git made meanwhile", c.Bulk),
			"`git log` of them", report.Target{Kind: "ms", Bound: 0.1}}},
		parts:  c.Bulk,
		rounds: few(7),
		close:  []func() error{storage.Close},
	}, nil
}
