package repo

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-prompty/prompty/gitstore/internal/object"
)

// Find returns the repository at path: a bare one, a git directory, a work
// tree (main or linked) or any folder in it. The environment's GIT_DIR and the
// like are ignored. Without a repository the error is ErrNoRepository; one that
// cannot be used gives a *RefusedError.
func Find(path string, o Options) (*Repo, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	start, err := filepath.EvalSymlinks(abs)
	if err == nil {
		start, err = filepath.Abs(start)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: %w there; make one with git init, or open it with init=1", path, ErrNoRepository)
	}
	if err != nil {
		return nil, err
	}
	if fi, err := os.Stat(start); err != nil || !fi.IsDir() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a folder: %w there; give the folder of a repository", path, ErrNoRepository))
	}
	var broken error // the first thing met that looks like a repository
	for dir := start; ; dir = filepath.Dir(dir) {
		r, err := at(dir)
		if r != nil {
			if err := r.open(start, o); err != nil {
				return nil, err
			}
			return r, nil
		}
		broken = cmp.Or(broken, err)
		if dir == filepath.Dir(dir) {
			break
		}
	}
	if broken != nil {
		return nil, broken
	}
	return nil, fmt.Errorf("%s: %w there, nor in any folder above; make one with git init, or open it with init=1", path, ErrNoRepository)
}

// at returns the repository whose work tree's top or git directory dir is; nil
// if there is none, with an error if there seems to be one.
func at(dir string) (*Repo, error) {
	dotGit := filepath.Join(dir, ".git")
	fi, err := os.Stat(dotGit)
	var broken error
	switch {
	case err != nil:
	case fi.IsDir():
		real, err := filepath.EvalSymlinks(dotGit)
		if err != nil {
			return nil, err
		}
		r, err := gitDirAt(real)
		if r != nil {
			r.WorkTree = dir
			return r, nil
		}
		broken = err
	case fi.Mode().IsRegular():
		r, err := followGitFile(dotGit)
		if r != nil {
			r.WorkTree = dir
			r.gitFile = dotGit
		}
		return r, err
	}
	r, err := gitDirAt(dir)
	return r, cmp.Or(broken, err)
}

// followGitFile reads the file .git of a linked work tree or a submodule.
func followGitFile(file string) (*Repo, error) {
	text, err := readBounded(file, 1<<16)
	if err != nil {
		return nil, err
	}
	target, ok := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), "gitdir: ")
	if !ok {
		return nil, &RefusedError{Path: file, Reason: "is not of the form gitdir: <path>", Remedy: "correct it, or make the work tree anew (git worktree add)"}
	}
	dir := relativeTo(filepath.Dir(file), target)
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, &RefusedError{Path: file, Reason: fmt.Sprintf("names a git directory that cannot be opened: %v", err),
			Remedy: "if it was moved, run git worktree repair in the main work tree"}
	}
	r, err := gitDirAt(real)
	if r == nil {
		return nil, cmp.Or(err, error(&RefusedError{Path: file, Reason: "names " + dir + ", which is not a git directory",
			Remedy: "run git worktree repair in the main work tree"}))
	}
	return r, nil
}

// relativeTo resolves a path written in a file of git's.
func relativeTo(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// gitDirAt returns the repository whose git directory dir is; nil if it is
// none, with an error if it only seems to be one. Git's rule: HEAD is valid,
// and there are folders objects and refs.
func gitDirAt(dir string) (*Repo, error) {
	head := filepath.Join(dir, "HEAD")
	if _, err := os.Lstat(head); err != nil {
		return nil, nil
	}
	common := dir
	text, err := readBounded(filepath.Join(dir, "commondir"), 4096)
	switch {
	case err == nil:
		common = relativeTo(dir, strings.TrimRight(string(text), "\r\n"))
		if common, err = filepath.EvalSymlinks(common); err != nil {
			return nil, &RefusedError{Path: dir, Reason: fmt.Sprintf("names a common git directory that cannot be opened: %v", err), Remedy: "run git worktree repair in the main work tree"}
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	for _, sub := range []string{"objects", "refs"} {
		fi, err := os.Stat(filepath.Join(common, sub))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !fi.IsDir() {
			return nil, nil
		}
		if err != nil {
			return nil, &RefusedError{Path: common, Reason: fmt.Sprintf("cannot be read: %v", err), Remedy: "give this user the right to read it"}
		}
	}
	if err := checkHead(head); err != nil {
		return nil, &RefusedError{Path: dir, Reason: err.Error(), Remedy: "put it right with git symbolic-ref HEAD refs/heads/main, or clone again"}
	}
	return &Repo{GitDir: dir, CommonDir: common, ObjectsDir: filepath.Join(common, "objects")}, nil
}

func checkHead(file string) error {
	if target, err := os.Readlink(file); err == nil && strings.HasPrefix(target, "refs/") {
		return nil
	}
	text, err := readBounded(file, 4096)
	if err != nil {
		return fmt.Errorf("has a HEAD that cannot be read: %w", err)
	}
	line := strings.TrimSpace(string(text))
	if target, ok := strings.CutPrefix(line, "ref:"); ok && strings.HasPrefix(strings.TrimSpace(target), "refs/") {
		return nil
	}
	if len(line) == 64 { // sha256: the extension says so in a moment
		line = line[:40]
	}
	if _, err := object.ParseID(line); err != nil {
		return errors.New("has a HEAD that names neither a branch nor a commit")
	}
	return nil
}

// open checks whose the repository is, reads its configuration and checks what
// it uses. start is where the search began.
func (r *Repo) open(start string, o Options) error {
	l := &configLoader{gitDir: r.GitDir}
	if err := l.loadOwn(); err != nil {
		return err
	}
	if !o.AnyOwner {
		own := &configLoader{}
		if err := own.loadEnv(); err != nil {
			return err
		}
		if err := r.checkOwner(newConfig(append(l.settings[:len(l.settings):len(l.settings)], own.settings...))); err != nil {
			return err
		}
	}
	if err := l.load(filepath.Join(r.CommonDir, "config"), false, 0); err != nil {
		return err
	}
	if perWorktree, err := newConfig(l.settings).Bool("extensions.worktreeConfig", false); err != nil {
		return err
	} else if perWorktree {
		if err := l.load(filepath.Join(r.GitDir, "config.worktree"), false, 0); err != nil {
			return err
		}
	}
	if err := l.loadEnv(); err != nil {
		return err
	}
	r.Config = newConfig(l.settings)
	if err := r.checkFormat(l.settings); err != nil {
		return err
	}
	if err := r.setWorkTree(); err != nil {
		return err
	}
	r.Prefix = placeIn(r.WorkTree, r.GitDir, start)
	r.mainPath = sync.OnceValues(r.findMain)
	return nil
}

// setWorkTree finds the work tree where the search has not met it, and applies
// core.bare and core.worktree.
func (r *Repo) setWorkTree() error {
	if r.CommonDir != r.GitDir { // linked: those two are the main one's
		if r.WorkTree == "" {
			text, err := readBounded(filepath.Join(r.GitDir, "gitdir"), 1<<16)
			if err != nil {
				return err
			}
			r.WorkTree = filepath.Dir(relativeTo(r.GitDir, strings.TrimRight(string(text), "\r\n")))
		}
		return nil
	}
	inPlace := filepath.Base(r.GitDir) == ".git"
	bare, err := r.Config.Bool("core.bare", r.WorkTree == "" && !inPlace)
	if err != nil {
		return err
	}
	elsewhere := r.Config.Path("core.worktree")
	switch {
	case bare:
		r.WorkTree = ""
	case elsewhere != "":
		dir := relativeTo(r.GitDir, elsewhere)
		if r.WorkTree, err = filepath.EvalSymlinks(dir); err != nil {
			return &RefusedError{Path: r.GitDir, Reason: fmt.Sprintf("has its work tree (core.worktree) in a place that cannot be opened: %v", err), Remedy: "correct core.worktree"}
		}
	case r.WorkTree == "" && inPlace:
		r.WorkTree = filepath.Dir(r.GitDir)
	}
	r.Bare = r.WorkTree == ""
	return nil
}

// placeIn returns where in the work tree path lies.
func placeIn(workTree, gitDir, path string) string {
	if workTree == "" || inside(gitDir, path) {
		return ""
	}
	rel, err := filepath.Rel(workTree, path)
	if err != nil || rel == "." || !filepath.IsLocal(rel) {
		return ""
	}
	return filepath.ToSlash(rel)
}

func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}

// readBounded reads a small file. It does not wait if that is a named pipe.
func readBounded(file string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|nonBlock, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil {
		return nil, err
	} else if fi.IsDir() {
		return nil, fmt.Errorf("%s is a folder where git has a file", file)
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes, which no file of its kind is", file, limit)
	}
	return text, err
}
