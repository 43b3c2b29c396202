package main

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
)

// historyRepo is the repository with a history.
func (c *config) historyRepo(ctx context.Context) (string, error) {
	return c.build(ctx, c.history())
}

func (c *config) history() spec { return spec{c.templates, c.commits, folders, false} }

func (c *config) size() string {
	return fmt.Sprintf("%d templates, %d commits", c.templates, c.commits)
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

// fullIndex compares the first look at a repository with git log.
func (c *config) fullIndex(ctx context.Context) ([]row, error) {
	repo, err := c.historyRepo(ctx)
	if err != nil {
		return nil, err
	}
	name := folders.name(1)
	ours, theirs := 0, 0 // versions
	samples, err := interleave(ctx, min(c.rounds, 5),
		side{"store", func(int) (time.Duration, error) {
			if err := removeIndex(repo); err != nil {
				return 0, err
			}
			versions, took, err := openAndLook(ctx, repo, name)
			ours = len(versions)
			return took, err
		}},
		side{"git log", func(int) (time.Duration, error) {
			start := time.Now()
			versions, err := gitLog(ctx, repo, "main")
			took := time.Since(start)
			theirs = len(versions[name+ext])
			return took, err
		}})
	if err != nil {
		return nil, err
	}
	if ours != theirs {
		return nil, fmt.Errorf("%s has %d versions for us, and %d in git log", name, ours, theirs)
	}
	return []row{compare("full history index, "+c.size(), samples[0], samples[1], "`git log --first-parent --raw -z`, parsed", target{"time", 0.9})}, nil
}

// openAndCatchUp compares opening with the index file with git log, and
// measures what commits by others cost the next call.
func (c *config) openAndCatchUp(ctx context.Context) ([]row, error) {
	repo, err := c.historyRepo(ctx)
	if err != nil {
		return nil, err
	}
	name := folders.name(1)
	if _, _, err := openAndLook(ctx, repo, name); err != nil { // leaves the file
		return nil, err
	}
	if files, err := indexFiles(repo); err != nil || len(files) != 1 {
		return nil, fmt.Errorf("index files %q, %v, want one", files, err)
	}
	samples, err := interleave(ctx, min(c.rounds, 5),
		side{"store", func(int) (time.Duration, error) {
			_, took, err := openAndLook(ctx, repo, name)
			return took, err
		}},
		side{"git log", func(int) (time.Duration, error) {
			start := time.Now()
			_, err := gitLog(ctx, repo, "main")
			return time.Since(start), err
		}})
	if err != nil {
		return nil, err
	}
	caught, err := c.catchUp(ctx, repo)
	open := compare("cold open with the index file, "+c.size(), samples[0], samples[1], "`git log --first-parent --raw -z`, parsed", target{"time", 0.01})
	return append([]row{open}, caught), err
}

// catchUp lets git commit beside an open store.
func (c *config) catchUp(ctx context.Context, repo string) (row, error) {
	storage, err := prompty.OpenStorage("git", repo)
	if err != nil {
		return row{}, err
	}
	defer storage.Close()
	s, name := c.history(), folders.name(1)
	before, err := storage.ListVersions(ctx, name)
	if err != nil {
		return row{}, err
	}
	tip := ""
	rounds := min(c.rounds, 7)
	samples, err := interleave(ctx, rounds,
		side{"store", func(round int) (time.Duration, error) {
			if tip, err = git(ctx, repo, "rev-parse", "main"); err != nil {
				return 0, err
			}
			versions := c.bulkVersions(s, round)
			versions[0].name = name
			if _, err := fastImport(ctx, repo, versions, true); err != nil {
				return 0, err
			}
			start := time.Now()
			_, err := storage.ListVersions(ctx, name)
			return time.Since(start), err
		}},
		side{"git log", func(int) (time.Duration, error) {
			start := time.Now()
			_, err := gitLog(ctx, repo, tip+"..main")
			return time.Since(start), err
		}})
	if err != nil {
		return row{}, err
	}
	after, err := storage.ListVersions(ctx, name)
	if err != nil || len(after) < len(before)+rounds+1 {
		return row{}, fmt.Errorf("%d versions after %d commits to %d, %w", len(after), rounds+1, len(before), err)
	}
	ours, theirs := samples[0].per(c.bulk), samples[1].per(c.bulk)
	return row{
		Work:   fmt.Sprintf("catch-up, each of %d commits that git made meanwhile", c.bulk),
		Ours:   ours.String(),
		Beside: "`git log` of them: " + theirs.String(),
		Value:  ours.median.Seconds() * 1e3,
		Target: target{"ms", 0.1},
	}, nil
}
