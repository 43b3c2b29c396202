package repo

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-prompty/prompty/gitstore/internal/object"
	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

// A Worktree is one work tree of the repository.
type Worktree struct {
	Path       string    // "" for the main one of a bare repository
	GitDir     string    // its own git directory
	Branch     string    // what its HEAD names, in full; "" when detached
	Head       object.ID // what its HEAD leads to; zero when unborn
	InProgress string    // "rebase", "am", "merge", "cherry-pick", "revert", "bisect" or ""
	RebaseOf   string    // the branch being rebased there, in full
	UpdateRefs []string  // further branches that this rebase will move (git rebase --update-refs)
	Main       bool      // not a linked one
	Gone       bool      // its folder does not exist (yet, or any more)
}

// Worktrees returns the main work tree and the linked ones, the main one
// first. For a bare repository the main one has no Path. One whose HEAD cannot
// be read has neither Branch nor Head.
func (r *Repo) Worktrees() ([]Worktree, error) {
	path, err := r.mainPath()
	if err != nil {
		return nil, err
	}
	list := []Worktree{r.worktree(path, r.CommonDir)}
	list[0].Main = true
	entries, err := os.ReadDir(filepath.Join(r.CommonDir, "worktrees"))
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		gitDir := filepath.Join(r.CommonDir, "worktrees", e.Name())
		text, err := readBounded(filepath.Join(gitDir, "gitdir"), 1<<16)
		if err != nil {
			continue // being made or removed, or not a work tree's
		}
		dotGit := relativeTo(gitDir, strings.TrimRight(string(text), "\r\n"))
		list = append(list, r.worktree(filepath.Dir(dotGit), gitDir))
	}
	return list, nil
}

// findMain finds the path of the main work tree, as seen from a linked one.
func (r *Repo) findMain() (string, error) {
	if r.GitDir == r.CommonDir {
		return r.WorkTree, nil
	}
	main := &Repo{GitDir: r.CommonDir, CommonDir: r.CommonDir}
	if err := main.open(r.CommonDir, Options{AnyOwner: true}); err != nil {
		return "", err
	}
	return main.WorkTree, nil
}

func (r *Repo) worktree(path, gitDir string) Worktree {
	w := Worktree{Path: path, GitDir: gitDir}
	if path != "" {
		_, err := os.Lstat(filepath.Join(path, ".git"))
		w.Gone = errors.Is(err, fs.ErrNotExist) && gitDir != r.CommonDir
	}
	if head, err := refs.Open(gitDir, r.CommonDir, nil, refs.Options{}).Head(); err == nil {
		w.Branch, w.Head = head.Branch, head.ID
	}
	w.progress()
	return w
}

// progress finds out what git is in the middle of, as git status does.
func (w *Worktree) progress() {
	has := func(name string) bool {
		_, err := os.Lstat(filepath.Join(w.GitDir, filepath.FromSlash(name)))
		return err == nil
	}
	switch {
	case has("rebase-merge"):
		w.InProgress, w.RebaseOf = "rebase", w.branchIn("rebase-merge/head-name")
		// Three lines each: the branch, and the commits where it was and goes.
		text, _ := readBounded(filepath.Join(w.GitDir, "rebase-merge", "update-refs"), 1<<20)
		for line := range strings.SplitSeq(string(text), "\n") {
			if refs.CheckName(line) == nil {
				w.UpdateRefs = append(w.UpdateRefs, line)
			}
		}
	case has("rebase-apply/applying"):
		w.InProgress = "am"
	case has("rebase-apply"):
		w.InProgress, w.RebaseOf = "rebase", w.branchIn("rebase-apply/head-name")
	case has("MERGE_HEAD"):
		w.InProgress = "merge"
	case has("CHERRY_PICK_HEAD"):
		w.InProgress = "cherry-pick"
	case has("REVERT_HEAD"):
		w.InProgress = "revert"
	case has("BISECT_LOG"):
		w.InProgress = "bisect"
	}
}

// branchIn reads the name of a branch; "" if there is none, as when a detached
// HEAD is rebased.
func (w *Worktree) branchIn(file string) string {
	text, err := readBounded(filepath.Join(w.GitDir, filepath.FromSlash(file)), 4096)
	name := strings.TrimSpace(string(text))
	if err != nil || refs.CheckName(name) != nil {
		return ""
	}
	return name
}
