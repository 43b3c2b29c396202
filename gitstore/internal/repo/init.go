package repo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-prompty/prompty/gitstore/internal/refs"
)

// Init makes an empty repository at path, as "git init" does, with HEAD on the
// branch ("" means init.defaultBranch, else main), and returns it. A repository
// that is there already is returned by Find's rules. Templates
// (init.templateDir) are not copied.
func Init(path string, bare bool, branch string) (*Repo, error) {
	own := &configLoader{}
	if err := errors.Join(own.loadOwn(), own.loadEnv()); err != nil {
		return nil, err
	}
	if branch == "" {
		branch, _ = newConfig(own.settings).String("init.defaultBranch")
	}
	if branch == "" {
		branch = "main"
	}
	if err := refs.CheckName("refs/heads/" + branch); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, err
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if r, err := at(real); err != nil {
		return nil, err
	} else if r != nil {
		return Find(path, Options{})
	}
	dir := path
	if !bare {
		dir = filepath.Join(path, ".git")
	} else if entries, err := os.ReadDir(path); err != nil {
		return nil, err
	} else if len(entries) > 0 && !halfMade(path) {
		if r, _ := at(real); r != nil { // someone else has just made it
			return Find(path, Options{})
		}
		return nil, fmt.Errorf("%s is not empty; a bare repository needs a folder of its own", path)
	}
	if err := create(dir, bare, branch); err != nil {
		return nil, fmt.Errorf("init %s: %w", path, err)
	}
	return Find(path, Options{})
}

// halfMade reports whether an Init was interrupted in dir.
func halfMade(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "objects"))
	_, err2 := os.Stat(filepath.Join(dir, "HEAD"))
	return err == nil && errors.Is(err2, fs.ErrNotExist)
}

// create makes the git directory. HEAD, which makes it a repository, is last,
// so that nobody sees half of one; others may do the same at the same moment.
func create(dir string, bare bool, branch string) error {
	for _, sub := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o777); err != nil {
			return err
		}
	}
	config := fmt.Sprintf("[core]\n\trepositoryformatversion = 0\n\tfilemode = %t\n\tbare = %t\n", runtime.GOOS != "windows", bare)
	if !bare {
		config += "\tlogallrefupdates = true\n"
	}
	if err := place(dir, "config", config); err != nil {
		return err
	}
	return place(dir, "HEAD", "ref: refs/heads/"+branch+"\n")
}

// place makes a file, whole at once, unless it exists.
func place(dir, name, text string) error {
	if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
		return nil
	}
	f, err := os.CreateTemp(dir, ".tmp-"+name+"-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(0o666&^umask()), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
